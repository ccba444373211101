"""How far does a step go along each direction?  Gradient descent: nearly all the way along one.  Muon: equally far.

Eight words reach a layer, some often and some rarely, so that its gradient has large singular values and small ones.
An odd polynomial of a matrix acts on each singular value alone; taken five times, it brings all of them near 1.
With a file name behind it (newton-schulz.png) this also draws what the polynomial does to every number from 0 to 1.
"""

import sys

import numpy as np

from tinyformer.train.muon import TIMES, A, B, C, orthogonalized


def p(s):
    return A * s + B * s ** 3 + C * s ** 5


rng = np.random.default_rng(0)
often = 0.4 ** np.arange(8)                                    # how often each word is read: 1, 0.4, 0.16, ...
words, errors = (np.linalg.qr(rng.normal(size=(16, 8)))[0] for _ in range(2))      # (16, 8): a direction for each
gradient = (errors * often) @ words.T                          # (16, 16) = U diag(s) Vᵀ
step = orthogonalized(np, gradient)

print("how often   gradient, and its values after one to five times of p" + " " * 15 + "the step")
shares = [often / np.linalg.norm(often)]
for _ in range(TIMES):
    shares.append(p(shares[-1]))
along = np.diag(errors.T @ step @ words)                       # how far the step goes for each word
for word in range(8):
    print(f"{often[word]:9.4f}   " + "  ".join(f"{share[word]:7.4f}" for share in shares) + f"   {along[word]:9.4f}")

if sys.argv[1:]:
    from tinyformer.plot import repeated
    x = np.logspace(-4, 0, 2000)
    values = [x := p(x) for _ in range(TIMES)]
    repeated(np.logspace(-4, 0, 2000), values, sys.argv[1], band=(0.6818, 1.2024), xlabel="singular value at first",
             title="Five times the same polynomial: whatever is above 0.0016 comes near 1")
turned = np.abs(errors.T @ step @ words - np.diag(along)).max()
print(f"gradient: the longest direction {often[0] / often[-1]:.0f} times the shortest; step: "
      f"{along.max() / along.min():.2f} times, and none is turned ({turned:.0e})")
assert np.allclose(along, shares[-1]) and 0.68 < along.min() and along.max() < 1.21 and turned < 1e-12
