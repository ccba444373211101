"""How does a list of a task become a row, to be learned from or to be gone on with?

A row begins with the words that say its task, or without them, and goes on line by line.  What is asked of a model is
each output, up to the mark that ends it; inputs are drawn at random, and nobody can foretell them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinyformer.data.batches import TextBatch
from tinyformer.data.masking import IGNORED
from tinyformer.phenomena.parts.forty_two_tasks import ARROW, SAYS, STOP, Line, Task, tasks, vocabulary
from tinyformer.rng import stream
from tinyformer.tinyland import Chance

LENGTH = 139                                                   # tokens: two words, 16 examples and a question of three


class NamedLists:
    """Batches for a GPT, (size, length), a list in every row; `batch(step)` is pure in (seed, step).

    Half of the lists are named, and half of them follow a rule that was made up for that list.
    """

    def __init__(self, size: int, seed: int, length: int = LENGTH):
        self.size, self.seed, self.length = size, seed, length
        trained = [task for task in tasks().values() if task.trained]
        self.tasks = [[task for task in trained if task.made_up == anew] for anew in (False, True)]

    def batch(self, step: int) -> TextBatch:
        """The batch of this step."""
        ids, asked = np.zeros((2, self.size, self.length + 1), int)
        for number in range(self.size):
            chance = Chance(stream(self.seed, "named list", step * self.size + number))
            task = chance.choose(self.tasks[chance.coin()])
            rule, row = task.drawn(chance, False), begun(task.said * chance.coin())
            while len(row) <= self.length:
                row += told(*task.lines(rule, 1, chance))
            ids[number], asked[number] = np.array(row[:self.length + 1]).T
        return TextBatch(ids[:, :-1], np.where(asked, ids, IGNORED)[:, 1:])


def begun(said: str) -> list[tuple[int, bool]]:
    """The beginning of a row: (id, whether it is asked for)."""
    return [(vocabulary()[word], False) for word in (*said.split(), SAYS)]


def told(line: Line) -> list[tuple[int, bool]]:
    """A line in a row: (id, whether it is asked for)."""
    given, output = line
    return [(vocabulary()[word], False) for word in (*given, ARROW)] + [
        (vocabulary()[word], True) for word in (*output, STOP)]


@dataclass(frozen=True)
class Question:
    """A line that is asked for, the words that say its task, and what is shown before it."""

    said: str
    shown: tuple[Line, ...]
    asked: Line

    def behind(self, shots: int) -> "Question":
        """The same question behind fewer examples, the last ones."""
        return replace(self, shown=self.shown[len(self.shown) - shots:])

    def unnamed(self) -> "Question":
        """The same, without the words that say its task."""
        return replace(self, said="")

    def behind_those(self, other: "Question") -> "Question":
        """The same behind the examples of another: a control."""
        return replace(self, shown=other.shown)

    def exchanged(self) -> "Question":
        """The same, each example with the output of the next one: a control."""
        outputs = [output for _, output in self.shown]
        return replace(self, shown=tuple((given, output) for (given, _), output in zip(
            self.shown, [*outputs[1:], *outputs[:1]], strict=True)))


def questions(task: Task, count: int, shots: int, seed: int) -> list[Question]:
    """So many questions of a task, each of a list of its own, with what no list of training has."""
    found = []
    for number in range(count):
        chance = Chance(stream(seed, f"questions {task.name}", number))
        rule = task.drawn(chance, True)
        (asked,) = task.lines(rule, 1, chance, held_out=True)
        found.append(Question(task.said, tuple(task.lines(rule, shots, chance)), asked))
    return found


def as_rows(asked: Sequence[Question]) -> TextBatch:
    """Questions as rows, (B, T), of which the last output alone is asked for; shorter ones are filled up behind it."""
    rows = []
    for one in asked:
        before = [pair for line in one.shown for pair in told(line)]
        rows.append([(id, False) for id, _ in begun(one.said) + before] + told(one.asked))
    ids, targets = np.full((2, len(rows), max(map(len, rows))), IGNORED)
    for number, row in enumerate(rows):
        both = np.array(row)
        ids[number, :len(row)], targets[number, :len(row)] = both[:, 0], np.where(both[:, 1], both[:, 0], IGNORED)
    return TextBatch(np.where(ids[:, :-1] == IGNORED, vocabulary()[STOP], ids[:, :-1]), targets[:, 1:])
