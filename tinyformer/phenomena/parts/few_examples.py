"""What does a model learn from few labelled examples?  One head, one set, and the official figure afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tinyformer import tinyland
from tinyformer.data.readers import PairExample
from tinyformer.nn import Module
from tinyformer.tasks import TASKS, learn
from tinyformer.text import Tokenizer
from tinyformer.train import evaluate

NEXT_WORLD = 1_000_000                        # worlds from here on tell the pairs of the set "next"


@dataclass(frozen=True)
class FewLabels:
    """One head with its set: how many examples it sees, and how it learns."""

    head: str                                 # the name of a task
    set: str                                  # the name in tinyland.TASKS, or "next"
    labels: int
    steps: int
    title: str
    figure: str                               # the official figure that is reported
    learning_rate: float = 1e-3
    batch_size: int = 16
    max_length: int = 80
    dev: int = 200
    own: tuple[tuple[str, Any], ...] = ()     # settings that this head alone has


@dataclass(frozen=True)
class Learned:
    """What came of it on examples not seen."""

    figures: dict[str, float]                 # the official figures of the task
    blind: dict[str, float]                   # those of who reads nothing
    curve: list[tuple[int, float]]            # (step, share right in percent)
    predictions: list[dict]


def learned(spec: FewLabels, start: Module, tokenizer: Tokenizer, examples: tuple[Sequence, Sequence], seed: int,
            looks: int = 0) -> Learned:
    """Teach a copy of `start` these (training, development) examples, and judge it on the latter.

    With `looks` the curve has so many points behind the one that stands before the first step.
    """
    training, dev = examples
    device = next(iter(start.parameters())).device
    settings = TASKS[spec.head].options(
        steps=spec.steps, learning_rate=spec.learning_rate, dropout=0.0, seed=seed, batch_size=spec.batch_size,
        max_length=spec.max_length, device="cpu" if device == "cpu" else "cuda", **dict(spec.own))
    task = learn.task_under(settings)
    prepared = learn.assemble(settings, start, tokenizer, training, dev)
    before = [{"step": 0, **evaluate(prepared.model, prepared.dev_batches())}] if looks else []
    history = learn.train(prepared, evaluations=max(looks, 1), progress=False)
    curve = [(row["step"], 100 * _share(row)) for row in [*before, *history.evaluations]] if looks else []
    predictions = prepared.predictions()
    return Learned(task.scores(dev, predictions), task.scores(dev, task.constant(training, dev)), curve, predictions)


def examples(spec: FewLabels, seed: int) -> tuple[list, list]:
    """(training, development) examples; the set "next" asks whether a sentence of a story follows another.

    Its stories are of worlds that are not the one that was read; a false one is of the same stage and people.
    """
    if spec.set != "next":
        return (tinyland.task(spec.set, "train", spec.labels, seed), tinyland.task(spec.set, "dev", spec.dev, seed))
    pairs = tinyland.World(NEXT_WORLD + seed).pairs(spec.labels + spec.dev)
    rows = [PairExample(a, b, str(label), "tinyland", number) for number, (a, b, label) in enumerate(pairs, 1)]
    return rows[:spec.labels], rows[spec.labels:]


def _share(row: dict) -> float:
    """The share of labels, or of spans, that an evaluation found right."""
    return next(value for name, value in row.items() if name.endswith("accuracy"))
