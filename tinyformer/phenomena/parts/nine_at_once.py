"""How does one model learn the nine sets of TinyGLUE at once?  A head for each on one encoder, and they take turns.

What one set teaches of comparing two sentences is there for the next.  (Wang et al. 2019, GLUE, section 5, whose
baselines learn so; Liu et al. 2019, MT-DNN, section 3.)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinyformer import tinyland
from tinyformer.data.labelled import LabelledBatch, LabelledBatches
from tinyformer.models.heads import Head
from tinyformer.nn import Module
from tinyformer.tasks import TASKS, learn
from tinyformer.text import Tokenizer
from tinyformer.tinyland.bag_of_words import bag_of_words, figure
from tinyformer.train import Settings, train

HEADS = {"text": "classify", "pair": "pair", "score": "score"}
Shown = Mapping[str, tuple[Sequence, Sequence]]                # of every set, (training, development) examples


def examples(labels: int, dev: int, seed: int) -> Shown:
    """The nine sets of this seed, so many examples to learn from and to be judged by."""
    return {name: (tinyland.task(name, "train", labels, seed), tinyland.task(name, "dev", dev, seed))
            for name in tinyland.TINYGLUE}


@dataclass(frozen=True, eq=False)
class OfOne(LabelledBatch):
    """Rows of one set, and which."""

    name: str = ""


class NineHeads(Module):
    """Heads by the names of their sets, all on the encoder of the first; a batch says whose turn it is."""

    def __init__(self, heads: Mapping[str, Head]):
        self.heads = dict(heads)
        first, *others = self.heads.values()
        for head in others:
            head.encoder = first.encoder

    def loss(self, batch: OfOne, counts: dict | None = None, rng=None):
        """The loss of the head whose turn it is."""
        return self.heads[batch.name].loss(batch, counts, rng)


@dataclass(frozen=True)
class InTurn:
    """A batch of each set, one after the other, for ever; `batch(step)` is pure in (seed, step)."""

    batches: Mapping[str, LabelledBatches]

    def batch(self, step: int) -> OfOne:
        """The batch of this step."""
        visit, place = divmod(step, len(self.batches))
        name = [*self.batches][place]
        rows = self.batches[name].batch(visit)
        return OfOne(rows.ids, rows.segments, rows.keep, rows.labels, name)


def learned(start: Module, tokenizer: Tokenizer, shown: Shown, settings: Settings, batch_size: int,
            max_length: int) -> dict[str, float]:
    """Teach a copy of `start` all sets at once: the first official figure of each on its development examples."""
    prepared = {}
    for name, (training, dev) in shown.items():
        task = TASKS[HEADS[tinyland.TINYGLUE[name].kind]]
        options = task.options(dropout=0.0, seed=settings.seed, batch_size=batch_size, max_length=max_length,
                               device="cpu")
        prepared[name] = learn.assemble(options, task.part_of(start, settings.seed), tokenizer, training, dev)
    train(NineHeads({name: each.model for name, each in prepared.items()}),
          InTurn({name: each.batches for name, each in prepared.items()}), settings, progress=False)
    return {name: each.task.scores(each.dev, each.predictions())[tinyland.TINYGLUE[name].metrics[0]]
            for name, each in prepared.items()}


def of_single_words(shown: Shown) -> dict[str, float]:
    """The same figures of who knows which words there are and nothing of their order: one regression for each set."""
    return {name: figure(name, *bag_of_words(*both)) for name, both in shown.items()}


def perfect(dev: int, seed: int) -> dict[str, float]:
    """The same figures of a perfect reader of these very development examples."""
    return {name: tinyland.ceiling(name, "dev", dev, seed) for name in tinyland.TINYGLUE}


def scored(figures: Mapping[str, float], tops: Mapping[str, float]) -> dict[str, float]:
    """Every figure between 0 (the majority) and 100 (a perfect reader, whose figures are `tops`)."""
    return {name: tinyland.on_scale(name, value, tops[name]) for name, value in figures.items()}
