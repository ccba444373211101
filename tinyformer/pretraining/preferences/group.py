"""Was this answer good, for its question?  Better or worse than others to the same question, drawn at the same time.

    A_i = (r_i - mean(r_1 ... r_G)) / std(r_1 ... r_G)

Some questions have no good answer and some have no bad one; what counts is which of its answers to give more often.
The group's mean takes the place of a second network that would foretell the reward.  And the model is held near where
it began, token by token, by an estimate of KL(p || base) that is never negative and has little variance:

    apart = base(t)/p(t) - log(base(t)/p(t)) - 1

Shao et al., DeepSeekMath, 2024, section 4.1 and equation 4 (GRPO).  They divide by the length of an answer, which
favours long wrong ones (Liu et al. 2025); here its tokens are added up, so that the sum is the answer's own.
"""

import numpy as np

from tinyformer.engine import Tensor
from tinyformer.ops import exp

TINY = 1e-6                                   # below it a group has one opinion of all its answers


def advantages(rewards: np.ndarray, group: int, scaled: bool = True) -> np.ndarray:
    """How much better each answer is than those of its group, (N,); `group` answers to one question lie together.

    With `scaled` in deviations of the group; a group whose answers are all alike teaches nothing.
    """
    rows = np.asarray(rewards, np.float64).reshape(-1, group)
    above = rows - rows.mean(-1, keepdims=True)
    if scaled:
        above = above / (rows.std(-1, keepdims=True) + TINY)
    return above.reshape(-1)


def apart(log_p: Tensor, base) -> Tensor:
    """How far each token's probability has moved from the base's, in nats; log_p and base (...).

    Its mean over tokens that are drawn from p is KL(p || base), for then the mean of base/p is 1.  The mean of its
    gradient is another's: that of KL(base || p).  It pulls a token back by 1 - base/p, never by more than 1 however
    improbable the token was, where KL(p || base) pulls by log p/base.  (Tang and Munos, On a few pitfalls in KL
    divergence gradient estimation for RL, 2025.)  What is to be held firmly is priced in the reward: drawn_batches.py.
    """
    less = (log_p - base) * -1.0                               # log(base / p)
    return exp(less) - less - 1.0
