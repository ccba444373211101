"""What is there to calculate?  Sums of three-digit numbers in either order, and a task of logic of the same length."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.batches import TextBatch
from tinyformer.data.masking import IGNORED
from tinyformer.engine import no_grad
from tinyformer.models import GPT
from tinyformer.rng import stream

CHARACTERS = "0123456789+^="
NUMBERS = 1000                                                 # 000 to 999: a million pairs
ANSWER = 4                                                     # characters
PLACES = ("thousands", "hundreds", "tens", "ones")


@dataclass(frozen=True)
class Task:
    """What is asked: the sign between the numbers a and b (N,), and the digits (N, 4) of the answer as written."""

    sign: str
    answer: Callable[[np.ndarray, np.ndarray], np.ndarray]
    written: tuple[str, ...]                                   # what each of the four characters says


def digits(numbers: np.ndarray, count: int) -> np.ndarray:
    """Numbers (N,) as so many decimal digits (N, count), zeros in front."""
    return numbers[:, None] // 10 ** np.arange(count)[::-1] % 10


def odd_ones(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """1 where the binary forms of a and b have an odd number of ones together, else 0: the parity of a xor b."""
    return np.bitwise_count(a ^ b).astype(int) % 2


TASKS = {
    "last digit first": Task("+", lambda a, b: digits(a + b, ANSWER)[:, ::-1], PLACES[::-1]),
    "first digit first": Task("+", lambda a, b: digits(a + b, ANSWER), PLACES),
    "logic": Task("^", lambda a, b: digits(1000 * odd_ones(a, b), ANSWER), ("odd", "0", "00", "000")),
}


def commonest(task: Task) -> float:
    """The share of all pairs whose answer is the one that comes most often: right by always saying the same."""
    answers = task.answer(*np.divmod(np.arange(NUMBERS ** 2), NUMBERS)) @ 10 ** np.arange(ANSWER)
    return np.bincount(answers).max() / NUMBERS ** 2


def rows(task: Task, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The questions with their answers as ids (N, 12): "123+456=9750"."""
    sign, equals = (np.full((len(a), 1), CHARACTERS.index(c)) for c in (task.sign, "="))
    return np.concatenate([digits(a, 3), sign, digits(b, 3), equals, task.answer(a, b)], axis=1)


def batch_of(task: Task, a: np.ndarray, b: np.ndarray) -> TextBatch:
    """Rows for a GPT, asked for the answer alone."""
    whole = rows(task, a, b)
    targets = whole[:, 1:].copy()
    targets[:, :-ANSWER] = IGNORED
    return TextBatch(whole[:, :-1], targets)


def held_out(seed: int, count: int) -> np.ndarray:
    """`count` pairs a <= b, (count, 2), that are never trained on, neither as a, b nor as b, a."""
    a, b = np.triu_indices(NUMBERS)
    chosen = stream(seed, "held out").choice(len(a), count, replace=False)
    return np.stack([a[chosen], b[chosen]], axis=1)


class Sums:
    """Batches of pairs that are not held out; `batch(step)` is pure in (seed, step)."""

    def __init__(self, task: Task, held: np.ndarray, size: int, seed: int):
        self.task, self.size, self.seed = task, size, seed
        self.closed = np.zeros((NUMBERS, NUMBERS), bool)
        self.closed[held[:, 0], held[:, 1]] = self.closed[held[:, 1], held[:, 0]] = True

    def batch(self, step: int) -> TextBatch:
        """The batch of this step."""
        a, b = stream(self.seed, "sums", step).integers(0, NUMBERS, (2, 2 * self.size))
        free = np.flatnonzero(~self.closed[a, b])[:self.size]
        return batch_of(self.task, a[free], b[free])


class Calculator(GPT):
    """A GPT that is judged by whole answers.

    Each character is guessed behind the right ones.  Where all four are right so would they be if it wrote them itself,
    greedily; so the share of whole answers is that of writing.
    """

    def measure(self, batch: TextBatch) -> dict[str, tuple[int, int]]:
        """The share of answers that are right, and of each of their characters."""
        with no_grad():
            right = (to_host(self(batch.ids).data.argmax(-1)) == batch.targets)[:, -ANSWER:]     # (N, 4)
        return {"exact": (int(right.all(1).sum()), len(right)),
                **{f"character {n}": (int(column.sum()), len(right)) for n, column in enumerate(right.T, 1)}}
