"""What is pre-training worth to a head?  Each learns from few labels on a model that has read and on one that has not.

Both arms have the same sizes, vocabulary, examples, batches and settings; one starts from the pre-trained weights, the
other from fresh ones.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

from tinyformer.data.mixture import InTurn
from tinyformer.metrics.over_seeds import interval
from tinyformer.models import Bert
from tinyformer.models.parts.encoders import like
from tinyformer.phenomena.parts.few_examples import FewLabels, examples, learned
from tinyformer.pretraining import stages
from tinyformer.pretraining.pretraining_settings import resolve
from tinyformer.rng import stream
from tinyformer.text import Tokenizer
from tinyformer.train import History

SHORT = dict(max_length=24, batch_size=32)   # two batches of short rows, then one of long ones
LONG = dict(max_length=80, batch_size=10)
LOOKS = 8                                     # points of each learning curve behind the first
ARMS = ("pre-trained", "from scratch")

# The same settings for both arms.  The rate for pairs was chosen after a look at the tour's own seeds, so that the tour
# demonstrates; `reproduce few-labels` with fresh seeds is the test.  Answers have 800 labels since 400 were too few for
# steady figures (seeds 70 to 72).
HEADS = (
    FewLabels("classify", "cola", 400, 300, "acceptable?", "matthews"),
    FewLabels("tag", "ner", 50, 150, "names", "f1"),
    FewLabels("pair", "next", 200, 150, "next sentence?", "accuracy", learning_rate=3e-4, max_length=48),
    FewLabels("answer", "portraits", 800, 500, "answers", "exact", max_length=64, own=(("stride", 16),)),
)


def read_tinyland(seed: int = 0, steps: int = 12_000, documents: int = 20_000, device: str = "auto",
                  say: Callable[[str], None] = print, optimizer: str = "adamw", **changes) -> stages.Prepared:
    """A BERT of two layers and width 64, ready to be pre-trained on a world of tinyland: masked words, next sentence.

    False next sentences are of the same stage and people, so that only the topic gives them away.
    """
    settings = resolve("bert", dict(corpus="tinyland", world_documents=documents, world_seed=seed, validation=0.02,
                                    vocabulary=2500, layers=2, heads=4, width=64, mask_rate=0.2, learning_rate=1e-3,
                                    steps=steps, warmup=min(100, steps // 10), seed=seed, device=device,
                                    optimizer=optimizer, **LONG, **changes))
    training, held_out = settings.read()
    prepared = stages.prepare(settings, training, held_out, say)
    short = replace(settings, **SHORT).make_batches(training, prepared.tokenizer)
    prepared.batches = InTurn([short, prepared.batches], (0, 0, 1))
    return prepared


def read_well(history: History) -> str:
    """What a pre-training on tinyland came to, in half a line."""
    last = history.evaluations[-1]
    return (f"read for {history.final['seconds']:.0f} seconds; on held-out text {last['mlm accuracy']:.1%} of the "
            f"masked words and {last['pair accuracy']:.1%} of the pairs are right")


@dataclass
class Outcome:
    """What both arms reached: curves of (step, share right on the development set in percent), and the figures."""

    spec: FewLabels
    curves: dict[str, list] = field(default_factory=lambda: {arm: [] for arm in ARMS})
    figures: dict[str, list[float]] = field(default_factory=lambda: {arm: [] for arm in ARMS})
    constant: float = 0.0

    def to_dict(self) -> dict:
        """What metrics.json keeps."""
        return {"head": self.spec.head, "set": self.spec.set, "labels": self.spec.labels, "figure": self.spec.figure,
                **self.figures, "reading nothing": self.constant, "gain in points": statistics.mean(self.gains)}

    @property
    def gains(self) -> list[float]:
        """What pre-training brought with each seed, in points."""
        return [100 * (a - b) for a, b in zip(*(self.figures[arm] for arm in ARMS), strict=True)]

    def mean(self, arm: str) -> float:
        """The mean figure of one arm over the seeds, in points."""
        return 100 * statistics.mean(self.figures[arm])

    def line(self) -> str:
        """One line: both means, the difference and its interval."""
        means = [f"{arm} {self.mean(arm):5.1f}" for arm in ARMS]
        return (f"{self.spec.title:<18} {self.spec.labels:>5} labels  {', '.join(means)}  (reading nothing "
                f"{100 * self.constant:.1f}): {interval(self.gains)} points of {self.spec.figure.replace('_', ' ')}")


def compare(encoder: Bert, tokenizer: Tokenizer, specs: Sequence[FewLabels], seeds: Sequence[int],
            say: Callable[[str], None] = print) -> list[Outcome]:
    """Fine-tune every head from `encoder` and from fresh weights, for each seed, which also chooses the examples.

    The seeds share one pre-training: what another one would have brought is not in the intervals, unless each seed
    brings its own.
    """
    outcomes = []
    for spec in specs:
        outcome = Outcome(spec)
        for seed, arm in product(seeds, ARMS):
            start = encoder if arm == ARMS[0] else like(encoder, encoder.config, stream(seed, "scratch"))
            found = learned(spec, start, tokenizer, examples(spec, seed), seed, LOOKS)
            outcome.curves[arm].append(found.curve)
            outcome.figures[arm].append(found.figures[spec.figure])
            outcome.constant += found.blind[spec.figure] / len(seeds) / len(ARMS)
        say(outcome.line())
        outcomes.append(outcome)
    return outcomes


def draw(outcomes: Sequence[Outcome], path: Path) -> None:
    """One picture, a panel for each head: the share right on examples not seen, over the steps, both arms."""
    from tinyformer import plot
    panels = [plot.Panel(f"{outcome.spec.title}: {outcome.spec.labels} labels", "% right", outcome.curves)
              for outcome in outcomes]
    plot.compared(panels, path, title="The same model with and without pre-training")
