"""Does the checker notice a wrong gradient?  Break one on purpose and watch.

A primitive is one function: forward above, backward inside, both on plain arrays.  Here is SiLU, x times sigmoid(x),
twice: once as the product rule says, and once with the second half of the product rule forgotten.
"""

import numpy as np

from tinyformer import primitive
from tinyformer.gradcheck import check


@primitive(register=False)
def silu(xp, x):
    s = 1 / (1 + xp.exp(-x))

    def backward(dout):
        return dout * (s + x * s * (1 - s))

    return x * s, backward


@primitive(register=False)
def broken_silu(xp, x):
    s = 1 / (1 + xp.exp(-x))

    def backward(dout):
        return dout * s                                        # looks right, and near x = 0 it almost is

    return x * s, backward


point = np.random.default_rng(0).normal(size=(2, 3))
right, wrong = check(silu, point), check(broken_silu, point)
print(right, wrong, sep="\n\n")

error = {row.check: row.error for row in wrong.rows}["complex step"]
print(f"\nthe broken gradient is off by {error:.3f} of its size")
assert right.ok and not wrong.ok and error > 0.01
