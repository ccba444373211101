"""What is a choice between two answers worth, as a number for each?  Scores whose difference says which is chosen.

    p(a is chosen over b) = sigmoid(score(a) - score(b))            loss = -log p(what was chosen)

Nobody gives marks: people see two answers and say which is better, and from many such choices follows a score for every
answer, up to a constant.  (Bradley and Terry, Rank analysis of incomplete block designs, 1952; Christiano et al., Deep
reinforcement learning from human preferences, 2017, section 2.2.3; Ouyang et al. 2022, equation 1.)
"""

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.preferences import PreferenceBatch, real_positions
from tinyformer.engine import Tensor, no_grad
from tinyformer.models.heads import PairScorer
from tinyformer.ops import binary_cross_entropy_with_logits

LEAST = 0.85                                  # share of choices; below it what follows will find the errors


def choice_loss(chosen: Tensor, rejected: Tensor, count: int) -> Tensor:
    """The sum of -log sigmoid(chosen - rejected) over `count`; both (B,)."""
    rows = chosen.shape[0]
    return binary_cross_entropy_with_logits(chosen - rejected, target=np.ones(rows)) * (rows / count)


def scores(model: PairScorer, ids: np.ndarray, answers: np.ndarray, rng=None) -> Tensor:
    """The score of each conversation of ids (B, T), read at the last token of its answer: (B,)."""
    return model(ids, None, real_positions(answers), rng)


def reward_loss(model: PairScorer, batch: PreferenceBatch, counts: dict | None = None, rng=None) -> Tensor:
    """The mean loss of a batch of choices, in nats."""
    found = scores(model, *batch.both, rng)
    rows = len(batch)
    return choice_loss(found[:rows], found[rows:], (counts or batch.counts)["pairs"])


def reward_measure(model: PairScorer, batch: PreferenceBatch) -> dict[str, tuple[float, int]]:
    """The loss of the choices, and how many the score agrees with, as sums and counts."""
    with no_grad():
        found = scores(model, *batch.both)
        rows = len(batch)
        loss = choice_loss(found[:rows], found[rows:], 1).item()
    numbers = to_host(found.data)
    return {"choice loss": (loss, rows), "choice accuracy": (int((numbers[:rows] > numbers[rows:]).sum()), rows)}
