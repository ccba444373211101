"""Why is a gradient check that starts backward from ones worth nothing?  Because a backward full of zeros passes.

The numbers of a softmax sum to one whatever goes in, so the gradient of their sum is zero, truly.  An answer that is
always zero is right there, and nowhere else.  Weighted by random numbers, the sum does change.
"""

import numpy as np

from tinyformer import primitive
from tinyformer.gradcheck import check


@primitive(register=False)
def lazy_softmax(xp, x):
    """A softmax whose author never wrote the backward."""
    weights = xp.exp(x - x.real.max(-1, keepdims=True))

    def backward(dout):
        return xp.zeros(x.shape, dout.dtype)

    return weights / weights.sum(-1, keepdims=True), backward


x = np.random.default_rng(0).normal(size=(3, 5))
fooled = check(lazy_softmax, x, cotangent=np.ones((3, 5)))
caught = check(lazy_softmax, x)                                # the checker's own choice: a random cotangent

print("started from ones:", fooled, "\nstarted from random numbers:", caught, sep="\n")
passed = [sum(row.ok for row in report.rows) for report in (fooled, caught)]
print(f"\nchecks that a backward of zeros passes: {passed[0]} from ones, {passed[1]} from random numbers")
assert fooled.ok and not caught.ok
