"""What does a model lose that is to be sure, but not too sure?

    logits (N, V), target (N,)        N positions, V classes; target -100 counts nothing
    wanted[n, v] = 1 - s + s / V      at the target of position n
                   s / V              at every other class
    loss = the mean over counted n of  -sum over v of wanted[n, v] log p[n, v],   p = softmax(logits[n])

Return the loss, in nats (Szegedy et al. 2016, section 7).  If nothing counts it is 0.  Logits may be as large as 1e4.
"""

import numpy as np

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="PyTorch's smoothed loss was wrong where rows are ignored, until 1.12 (issue 73205); OpenNMT-py has s "
    "shared among V - 2 classes and sets one of them to 0 with ignore_index, whatever that is (1463).", hints=(
        "The share s goes to all V classes alike, the target among them. How much is wanted there?",
        "log p = logits - max - log(sum(exp(logits - max))). Then the loss of a row is (1 - s) times that of the "
        "target plus s times the mean over all classes.",
        "keep = target != -100; logp = log p of logits[keep]; loss = -((1 - s) * logp[range(M), target[keep]] + s * "
        "logp.mean(-1)).mean(), with M rows kept."))


@EXERCISE.solution
def label_smoothing(logits, target, s: float) -> float:
    """The mean smoothed cross-entropy of the counted rows, in nats."""
    rows, labels = logits[target != -100], target[target != -100]
    if not len(rows):
        return 0.0
    shifted = rows - rows.max(-1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))            # (M, V)
    return float(-((1 - s) * logp[np.arange(len(rows)), labels] + s * logp.mean(-1)).mean())


@EXERCISE.case
def _(rng):
    """one row, no smoothing"""
    return Call(np.array([[1.0, 2.0, 0.0]]), np.array([1]), 0.0)


@EXERCISE.case
def _(rng):
    """one row of three classes"""
    return Call(np.array([[1.0, 2.0, 0.0]]), np.array([1]), 0.3)


@EXERCISE.case
def _(rng):
    """class 0 is a class"""
    return Call(rng.normal(size=(2, 4)), np.array([0, 3]), 0.1)


@EXERCISE.case
def _(rng):
    """one of three rows is ignored"""
    return Call(rng.normal(size=(3, 4)), np.array([2, -100, 1]), 0.1)


@EXERCISE.case
def _(rng):
    """logits of 10,000"""
    return Call(np.array([[1e4, 0.0]]), np.array([1]), 0.2)


@EXERCISE.case
def _(rng):
    """nothing counts"""
    return Call(rng.normal(size=(2, 3)), np.array([-100, -100]), 0.1)


@EXERCISE.drawn
def _(rng, size):
    """rows that were drawn"""
    target = np.where(rng.random(size) < 0.3, -100, rng.integers(0, 4, size))
    return Call(rng.normal(size=(size, 4)) * 3, target, float(rng.uniform(0, 0.5)))


def log_p(rows):
    shifted = rows - rows.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def wrong(logits, target, s, *, ignored=-100, at_target=None, others=None, shared="all", count=None):
    """The solution with one thing in it changed."""
    keep = target != ignored
    V, logp, labels = logits.shape[1], log_p(logits)[keep], target[keep]
    if not len(labels):
        return 0.0
    wanted = np.full(logp.shape, s / V if others is None else others(V))
    wanted[np.arange(len(labels)), labels] = 1 - s + s / V if at_target is None else at_target
    return float(-(wanted * logp).sum() / (count or len(labels)))


@EXERCISE.mistake
def _(logits, target, s):
    """ignored rows are counted below the line: divide by those that have a target"""
    return wrong(logits, target, s, count=len(target))


@EXERCISE.mistake
def _(logits, target, s):
    """s is shared among the V - 1 other classes, and the target gets none of it; here all V share it"""
    return wrong(logits, target, s, at_target=1 - s, others=lambda V: s / (V - 1))


@EXERCISE.mistake
def _(logits, target, s):
    """the target gets 1 - s alone, without its part s / V, so that what is wanted does not sum to 1"""
    return wrong(logits, target, s, at_target=1 - s)


@EXERCISE.mistake
def _(logits, target, s):
    """s is not shared but given whole to each of the other classes"""
    return wrong(logits, target, s, others=lambda V: s)


@EXERCISE.mistake
def _(logits, target, s):
    """exp of large logits overflows: take the maximum out of each row first"""
    rows, labels = logits[target != -100], target[target != -100]
    if not len(rows):
        return 0.0
    logp = np.log(np.exp(rows) / np.exp(rows).sum(-1, keepdims=True))
    return float(-((1 - s) * logp[np.arange(len(rows)), labels] + s * logp.mean(-1)).mean())


@EXERCISE.mistake
def _(logits, target, s):
    """nothing is smoothed: that is the plain cross-entropy"""
    return wrong(logits, target, 0.0)
