"""Can a small GPT learn to calculate?  Three-digit addition, with the digits of the answer in one order or the other.

"123+456=9750" has the answer 0579 written from its last digit: each digit then needs one digit of either number and a
carry, which follows from the place that has just been written.  From the first digit on, "123+456=0579", the carry of
every place to the right has to be known before one of them is written.  Beside both stands a task of logic on the same
numbers and of the same length, "123^456=0000": have the binary forms of both numbers together an odd number of ones?
No part of it can be worked out alone: who reads all digits but one is right in at most 64 of 100 cases, and who lacks a
last digit in 50, as by tossing a coin.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.batches import TextBatch
from tinyformer.data.masking import IGNORED
from tinyformer.engine import no_grad
from tinyformer.metrics.over_seeds import spread
from tinyformer.models import GPT, GPTConfig
from tinyformer.phenomena.jobs import outcomes
from tinyformer.rng import stream
from tinyformer.train import Settings, evaluate, train

CHARACTERS = "0123456789+^="
NUMBERS = 1000                                                 # 000 to 999: a million pairs
ANSWER = 4                                                     # characters
PLACES = ("thousands", "hundreds", "tens", "ones")
HELD_OUT, LOOKED_AT = 2000, 500                                # pairs never trained on, and those that curves are of
STEPS, EVALUATIONS, BATCH = 1500, 30, 64
QUICK = dict(steps=20, evaluations=2, count=200)


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


def learn(name: str, seed: int, steps: int = STEPS, evaluations: int = EVALUATIONS, count: int = HELD_OUT) -> dict:
    """Train one model of 201,600 parameters on one task; its figures on pairs that were held out, and its curve."""
    task, held = TASKS[name], held_out(seed, count)
    model = Calculator(GPTConfig(vocabulary=len(CHARACTERS), layers=4, heads=4, width=64, context=11, dropout=0.0,
                                 init_std=0.05), stream(seed, "weights"))
    a, b = held.T
    looked = [batch_of(task, a[:LOOKED_AT], b[:LOOKED_AT])]
    settings = Settings(steps=steps, learning_rate=3e-3, warmup=min(100, steps), betas=(0.9, 0.98), seed=seed,
                        log_every=steps, evaluate_every=max(1, steps // evaluations))
    before = {"step": 0, **evaluate(model, looked)}
    history = train(model, Sums(task, held, BATCH, seed), settings, validation=lambda: looked, progress=False)
    final = evaluate(model, [batch_of(task, a, b), batch_of(task, b, a)])
    return {"task": name, "seed": seed, "parameters": model.count(), **final, "curve": [before, *history.evaluations]}


def run(folder: Path, seeds: Sequence[int], quick: bool) -> tuple[str, dict]:
    """How many answers of each task are right, and which of their characters; draws addition.png."""
    found = outcomes(folder, "models", partial(learn, **(QUICK if quick else {})),
                     [(name, seed) for name in TASKS for seed in seeds],
                     lambda each: f"{each['task']}, seed {each['seed']}: {100 * each['exact']:.2f} % right")
    by_task = {name: [each for each in found if each["task"] == name] for name in TASKS}
    draw(by_task, folder)
    return "\n".join(report(by_task)), {
        "held out": QUICK["count"] if quick else HELD_OUT, "models": found,
        "always the same answer": {name: commonest(task) for name, task in TASKS.items()}}


def report(by_task: dict[str, list[dict]]) -> list[str]:
    """The table: whole answers by seed, and the characters as they are written."""
    lines = [f"{'answers right':<20}{'':>16}{'one answer':>12}{'99 % at step':>20}   each character as it is written"]
    for name, models in by_task.items():
        said = spread([100 * each["exact"] for each in models])
        each_place = "  ".join(f"{place} {spread([100 * each[f'character {n}'] for each in models])}"
                               for n, place in enumerate(TASKS[name].written, 1))
        learned = ", ".join(str(next((row["step"] for row in each["curve"] if row["exact"] >= 0.99), "never"))
                            for each in models)
        lines.append(f"{name:<20}{said:>16}{100 * commonest(TASKS[name]):>12.2f}{learned:>20}   {each_place}")
    by_seed = "; ".join(f"{name} " + ", ".join(f"{100 * each['exact']:.2f}" for each in models)
                        for name, models in by_task.items())
    return [*lines, f"in %, mean ± deviation over the seeds; one answer: always the commonest; each seed: {by_seed}"]


def draw(by_task: dict[str, list[dict]], folder: Path) -> None:
    """addition.png: whole answers over the steps, and for both orders which digit is learned when."""
    from tinyformer import plot

    def curves(name: str, key: str) -> list:
        return [[(row["step"], 100 * row[key]) for row in each["curve"]] for each in by_task[name]]

    panels = [{"title": "Answers on pairs never trained on", "ylabel": "% right",
               "curves": {name: curves(name, "exact") for name in TASKS}, "levels": {"logic by a coin": 50}}]
    for name in ("last digit first", "first digit first"):
        panels.append({"title": f"Each digit, {name}", "ylabel": "% right", "curves": {
            place: curves(name, f"character {n}") for n, place in enumerate(TASKS[name].written, 1)}})
    plot.single_runs(panels, folder / "addition.png", title="Three-digit addition, every seed")
