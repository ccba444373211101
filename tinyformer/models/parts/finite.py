"""Is what a model says a number at all?  Where its sums overflow it is none, and no answer is made of that."""

from tinyformer import backend
from tinyformer.engine import Tensor
from tinyformer.errors import NumericError


def checked(logits: Tensor, masked: bool = False) -> Tensor:
    """The same logits; NumericError where one is infinite or NaN.  With `masked`, minus infinity leaves out a place."""
    xp = backend.library(logits.data)
    wrong = xp.isnan(logits.data) | (logits.data == xp.inf) if masked else ~xp.isfinite(logits.data)
    count = int(backend.to_host(wrong.sum()))
    if count:
        raise NumericError(f"{count:,} of {logits.size:,} numbers that the model computes are not finite, which is no "
                           "answer: take an earlier checkpoint, or train it anew at a lower learning rate")
    return logits
