"""What does a prompt show of how two numbers are to be combined?  The sign between them, or only worked examples.

A row is a list of questions of one operation, each with its answer, the last digit first: "0012+0034=64000".  Half of
the lists name the operation by its sign.  In the others the sign is "?" whatever is meant, "0012?0034=64000", and
nothing but the answers before says that it is a sum.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tinyformer.data.batches import TextBatch
from tinyformer.data.masking import IGNORED
from tinyformer.phenomena.parts.sums import digits, odd_ones
from tinyformer.rng import stream


@dataclass(frozen=True)
class Operation:
    """Its sign, what it makes of the numbers a and b (N,), and how many of 16 lists are named so, and hidden."""

    sign: str
    result: Callable[[np.ndarray, np.ndarray], np.ndarray]
    named: int
    hidden: int


SUM, FIRST, LOGIC = "sum", "first number", "logic"
OPERATIONS = {SUM: Operation("+", lambda a, b: a + b, 6, 3), FIRST: Operation("<", lambda a, b: a, 1, 4),
              LOGIC: Operation("^", odd_ones, 1, 1)}
UNKNOWN = "?"                                                  # the sign that says nothing
CHARACTERS = "0123456789+<^?="
ROOM, ANSWER = 4, 5                                            # characters of a number, zeros in front; of an answer
LINE, LINES = 2 * ROOM + 2 + ANSWER, 4                         # characters of a line, and lines of a row
TRAINED = (2, 3)                                               # digits of the numbers that are trained on
KEPT_BACK = 0.1                                                # share of their pairs that never are


def carries(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How many places of a + b hand one on, (N,)."""
    found, carry = np.zeros(len(a), int), np.zeros(len(a), int)
    for x, y in zip(digits(a, ROOM).T[::-1], digits(b, ROOM).T[::-1], strict=True):
        carry = (x + y + carry) // 10
        found += carry
    return found


def lines(operation: str, named: bool, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Questions with their answers as ids (N, LINE): "0012+0034=64000"."""
    task = OPERATIONS[operation]
    sign, equals = (np.full((len(a), 1), CHARACTERS.index(c)) for c in (task.sign if named else UNKNOWN, "="))
    answer = digits(task.result(a, b), ANSWER)[:, ::-1]                                    # (N, ANSWER)
    return np.concatenate([digits(a, ROOM), sign, digits(b, ROOM), equals, answer], axis=1)


def as_batch(rows: np.ndarray) -> TextBatch:
    """Rows of lines (B, T + 1) as a GPT reads them, asked for the answers alone."""
    asked = np.arange(rows.shape[1]) % LINE >= LINE - ANSWER                               # (T + 1,)
    return TextBatch(rows[:, :-1], np.where(asked, rows, IGNORED)[:, 1:])


def kept_back(seed: int) -> np.ndarray:
    """Which pairs of numbers below 1,000 are never trained on, in neither order: (1000, 1000), symmetrical."""
    drawn = np.triu(stream(seed, "kept back").random((1000, 1000)) < KEPT_BACK)
    return drawn | drawn.T


def pairs(rng: np.random.Generator, count: int, size: int, back: np.ndarray, kept: bool = False) -> np.ndarray:
    """`size` pairs of numbers of so many digits, (2, size), all kept back or none; of longer numbers any."""
    found = np.empty((2, 0), int)
    while found.shape[1] < size:
        a, b = drawn = rng.integers(10 ** (count - 1), 10 ** count, (2, size))
        fits = back[a, b] == kept if count in TRAINED else np.ones(size, bool)
        found = np.concatenate([found, drawn[:, fits]], axis=1)
    return found[:, :size]


class Lists:
    """Batches of lists, a row each; `batch(step)` is pure in (seed, step)."""

    def __init__(self, rows: int, seed: int):
        self.rows, self.seed, self.back = rows, seed, kept_back(seed)
        self.kinds = [(name, named) for name, each in OPERATIONS.items()
                      for named in [True] * each.named + [False] * each.hidden]

    def batch(self, step: int) -> TextBatch:
        """The batch of this step: every kind of list in turn, a quarter of them with numbers of two digits."""
        rng, found = stream(self.seed, "lists", step), []
        few, many = (pairs(rng, count, self.rows * LINES, self.back).reshape(2, self.rows, LINES) for count in TRAINED)
        for number in range(self.rows):
            a, b = (few if rng.random() < 0.25 else many)[:, number]
            name, named = self.kinds[(step * self.rows + number) % len(self.kinds)]
            found.append(lines(name, named, a, b).ravel())
        return as_batch(np.stack(found))


def question(asked: str, shown: str, named: bool, numbers: np.ndarray) -> TextBatch:
    """What one operation makes of the last of (k + 1, 2, B) pairs, behind examples of `shown` with the others."""
    operations = [shown] * (len(numbers) - 1) + [asked]
    batch = as_batch(np.concatenate([lines(operation, named, *pair) for operation, pair in zip(
        operations, numbers, strict=True)], axis=1))
    batch.targets[:, :-ANSWER] = IGNORED
    return batch
