"""How far may a model go on the strength of answers that it gave before?  While their probability changes little.

    gain = min(ratio A, clip(ratio, 1 - eps, 1 + eps) A)            ratio = p(token) / p(token) when it was drawn

To draw answers is what costs time, so several steps are made of each.  After the first the answers are no longer the
model's own: the ratio corrects for that, and where it has left the interval in the direction in which A pulls, nothing
is gained by going on.  The lesser of the two never hides a change for the worse.  While the ratio is 1, as at the first
step, the gradient is A times that of log p: the plain policy gradient (Williams 1992).

Schulman et al., Proximal policy optimization algorithms, 2017, equation 7 (PPO).
"""

from tinyformer.engine import Tensor
from tinyformer.ops import clip, exp, minimum

EPS = 0.2                                     # the published interval


def clipped_gain(log_p: Tensor, drawn, advantage, eps: float = EPS) -> Tensor:
    """What is gained at each token; log_p, drawn (N, T) and advantage (N, 1)."""
    ratio = exp(log_p - drawn)
    return minimum(ratio * advantage, clip(ratio, min=1 - eps, max=1 + eps) * advantage)
