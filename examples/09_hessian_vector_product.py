"""How does the gradient of a whole BERT change when its weights move?  The Hessian knows; nobody could write it down.

The one below would have 15 billion entries.  Its product with a single direction v costs little more than a gradient:
forward and backward both run on complex numbers, so H v = imag(gradient(weights + i h v)) / h, exactly.
"""

import numpy as np

from tinyformer.gradcheck import hvp
from tinyformer.models import BertConfig, BertForPretraining
from tinyformer.ops import cross_entropy

rng = np.random.default_rng(0)
model = BertForPretraining(BertConfig(vocabulary=200, layers=2, heads=4, width=64, context=16), rng)
model.to(dtype=np.float64)
ids = rng.integers(0, 200, (4, 16))
masked = np.array([3, 17, 30, 44, 61])                         # the positions to guess, and what stood there
answers = rng.integers(0, 200, 5)


def loss():
    return cross_entropy(model.word_logits(model(ids), masked), target=answers)


def dot(one, other):
    return sum((a * b).sum() for a, b in zip(one, other, strict=True))


u, v = ([rng.normal(size=p.shape) for p in model.parameters()] for _ in range(2))
Hv, Hu = hvp(loss, model, v), hvp(loss, model, u)

# It does not matter which of two derivatives is taken first, so H is symmetric.
there, back = dot(u, Hv), dot(v, Hu)
print(f"{model.count():,} weights, {model.count() ** 2:,} entries\nu.Hv = {there:.15f}   v.Hu = {back:.15f}")
print(f"curvature along v: {dot(v, Hv) / dot(v, v):.2e}   symmetric to {abs(there - back) / abs(there):.0e}")
assert abs(there - back) < 1e-12 * abs(there)
