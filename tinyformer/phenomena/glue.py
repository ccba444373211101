"""Is each model better on nine tasks than the one before it, and what is there left to a perfect reader?

The best known picture of these models is a leaderboard: GLUE's nine tasks, their average, and how far it is from what
people reach (Wang et al. 2019, SuperGLUE, figure 1).  Here it is with TinyGLUE.  For each seed all read the same text,
in the same word pieces, told by a world that often says a thing twice: in passages with questions and in retellings.
As in history the BERTs read more of it than ELMo and GPT, and of the two one has the size of GPT, and one is nearly
three times as large; ELMo has GPT's width in each direction.  Then each learns every task by itself, whole, from where
its reading left it (Devlin et al. 2019, section 4.1), all from the same examples in the same order.

Nobody asked people here.  In place of their line stands a perfect reader's, at 100: of every task it is right wherever
the text decides, and of what the text leaves open as often as anybody can be.  The other line is that of single words,
one regression for each task on which words there are, of the same labels.
"""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tinyformer import tinyland
from tinyformer.metrics.over_seeds import spread
from tinyformer.phenomena.kit import Experiment, Found, Sizes, Table, Verdict, above, at_least, judged
from tinyformer.phenomena.parts import nine_sets
from tinyformer.phenomena.parts.same_reading import cost_of, read_by
from tinyformer.text import Tokenizer, WordPieceTokenizer
from tinyformer.tinyland.documents import World
from tinyformer.tinyland.world_texts import WorldTexts

BAG, WORDS, ELMO, GPT, SMALL, LARGE = "single words", "CBOW", "ELMo", "GPT", "BERT small", "BERT large"
UNREAD = f"{LARGE}, unread"
MODELS = (WORDS, ELMO, GPT, SMALL, LARGE)     # as they were published
ARMS = (BAG, *MODELS, UNREAD)
EXPERIMENT = Experiment(
    chapter="words", minutes=30, optimizer="muon",
    full=Sizes(arms=ARMS, documents=6000, vocabulary=1500, tokens=800_000, more=1_800_000, max_length=64,
               widths=(32, 64), labels=4000, dev=800, steps=900),
    quick=Sizes(arms=ARMS, documents=60, vocabulary=300, tokens=3072, more=6144, max_length=32, widths=(16, 24),
                labels=12, dev=12, steps=2),
    control="The large BERT with fresh weights, which has read nothing, and learns from the same labels.  On the scale "
            "of the table who always says the same is at 0.",
    not_found="That models which read words in their contexts pass vectors of words, all of them, on average of nine "
              "tasks.  They tell acceptable sentences and opinions; where two sentences are compared the means of both "
              "texts, their difference and their product, as they stand above vectors of words, are worth more.")
KINDS = {"story": 20, "facts": 20, "review": 15, "passage": 25, "retelling": 20}     # of a hundred documents
BATCH = 16                                    # examples in a step of learning a task
PASSED = 5                                    # tasks of nine in which the large BERT is above single words


@dataclass(frozen=True)
class Reader:
    """How a model reads, whether it is large and reads more than others, and how fast it then learns its tasks."""

    published: str
    objective: str
    own: Mapping[str, Any]
    rate: float
    matrix_rate: float | None = 0.003         # where there are matrices between hidden vectors
    large: bool = False
    more: bool = False
    sides: int = 1                            # that a vector has, each as wide as a vector of one


# Rates of learning were chosen on seed 100, the small BERT's with the large one's.  A head has 16 numbers in each.
MASKED = dict(layers=2, batch_size=16, learning_rate=3e-3, matrix_rate=0.01, beta2=0.98, mask_rate=0.3)
READERS = {
    WORDS: Reader("2013", "words", dict(kind="cbow", batch_size=48, optimizer="adamw", learning_rate=2e-2), 2e-2, None),
    ELMO: Reader("Feb 2018", "elmo", dict(layers=2, batch_size=24, learning_rate=5e-3, matrix_rate=0.02), 1e-2,
                 sides=2),
    GPT: Reader("Jun 2018", "gpt", dict(layers=2, heads=2, batch_size=16, learning_rate=5e-3, matrix_rate=0.02), 2e-3,
                0.006),
    SMALL: Reader("Oct 2018", "bert", MASKED | dict(heads=2), 1e-3, more=True),
    LARGE: Reader("Oct 2018", "bert", MASKED | dict(heads=4), 1e-3, large=True, more=True),
}


def one(sizes: Sizes, seed: int, arm: str) -> dict:
    """Read, and learn the nine tasks: every first figure, its score between 0 and 100, and their average."""
    shown = examples(sizes, seed)
    if arm == BAG:
        figures, cost = nine_sets.of_single_words(shown), {}
    else:
        reader, (tokenizer, texts) = READERS[arm.removesuffix(", unread")], world(sizes, seed)
        own = {"optimizer": EXPERIMENT.optimizer, "max_length": sizes.max_length,
               "width": reader.sides * sizes.widths[reader.large], **reader.own}
        model, cost = read_by(reader.objective, own, texts, tokenizer, sizes.more if reader.more else sizes.tokens,
                              seed, unread=arm == UNREAD)
        figures = nine_sets.learned(model, tokenizer, shown, seed, **taught(reader, sizes))
    tops = nine_sets.perfect(sizes.dev, seed)
    scores = nine_sets.scored(figures, tops)
    return {"figures": figures, "perfect": tops, "scores": scores, "average": statistics.mean(scores.values()),
            "reading": cost}


def taught(reader: Reader, sizes: Sizes) -> dict[str, Any]:
    """How a model learns a task."""
    own: dict[str, Any] = dict(workers="1")
    if reader.matrix_rate is not None:
        own |= dict(optimizer=EXPERIMENT.optimizer, matrix_rate=reader.matrix_rate)
    return dict(steps=sizes.steps, learning_rate=reader.rate, batch_size=BATCH, max_length=sizes.max_length,
                own=tuple(own.items()))


@lru_cache(maxsize=1)
def world(sizes: Sizes, seed: int) -> tuple[Tokenizer, WorldTexts]:
    """What the world of this seed tells, and word pieces for it."""
    texts = WorldTexts(World(seed, KINDS), sizes.documents)
    return WordPieceTokenizer.train(texts, sizes.vocabulary), texts


@lru_cache(maxsize=1)
def examples(sizes: Sizes, seed: int) -> nine_sets.Shown:
    """The labelled examples of this seed."""
    return nine_sets.examples(sizes.labels, sizes.dev, seed)


def said(outcome: dict) -> str:
    """One outcome in a line."""
    return f"seed {outcome['seed']}, {outcome['arm']}: {outcome['average']:.1f} on average of nine tasks"


def verdict(found: Found) -> Verdict:
    """Reading words in their contexts is worth more than vectors of words, and a larger BERT more than a smaller.

    On average over the nine tasks: ELMo, GPT and the large BERT each lie above CBOW, and the large BERT above the small
    one and above single words; the interval of each difference over the seeds lies above 0.  Task by task the large
    BERT is above single words in five of nine at least, in every seed.  The control: it lies above the same BERT that
    has read nothing.
    """
    def gains(one: str, other: str) -> list[float]:
        return [a - b for a, b in zip(found.values("average", one), found.values("average", other), strict=True)]

    pairs = ((ELMO, WORDS), (GPT, WORDS), (LARGE, WORDS), (LARGE, SMALL), (LARGE, BAG))
    return judged(*(above(0, f"points that {one} is above {other}", gains(one, other)) for one, other in pairs),
                  at_least(PASSED, f"tasks of nine in which {LARGE} is above {BAG}", passed(found, LARGE)),
                  controls=[above(0, f"points that {LARGE} is above the same unread", gains(LARGE, UNREAD))])


def passed(found: Found, arm: str) -> list[int]:
    """In how many tasks a model is above single words, seed by seed."""
    return [sum(score > other["scores"][name] for name, score in own["scores"].items())
            for own, other in zip(found[arm], found[BAG], strict=True)]


def table(found: Found) -> list[Table]:
    """What each is and has read, and its average; its score in every task; and the task's own figure."""
    rows = [(arm, READERS[arm].published if arm in READERS else "", *cost_of(found[arm]),
             spread(found.values("average", arm)), spread(passed(found, arm)) if arm != BAG else "") for arm in ARMS]
    head = ("model", "published", "parameters", "tokens read", "steps", "processor-seconds", "average of nine",
            "tasks above single words")
    tasks = tinyland.TINYGLUE

    def means(kind: str, arm: str, scale: int = 1) -> list[float]:
        return [scale * statistics.mean(each[kind][name] for each in found[arm]) for name in tasks]

    return [Table(head, rows, note="average of the scores, between 0 (the majority) and 100 (a perfect reader), after "
                                   f"{found.sizes.labels:,} labels of each task, mean ± deviation over the seeds"),
            Table(("model", *tasks), [(arm, *means("scores", arm)) for arm in ARMS], "The scores, task by task:",
                  "means over the seeds"),
            Table(("model", *(f"{name}, {task.metrics[0]}" for name, task in tasks.items())),
                  [*((arm, *means("figures", arm, 100)) for arm in ARMS),
                   ("a perfect reader", *means("perfect", BAG, 100)),
                   ("the majority", *(100 * task.majority for task in tasks.values()))],
                  "Each task in its own figure:", "figures x 100, means over the seeds")]


def draw(found: Found, folder: Path) -> None:
    """glue.png: the models as they were published, their average and every task, and the two lines to pass."""
    from tinyformer import plot
    plot.standings({arm: [each["scores"] for each in found[arm]] for arm in MODELS}, folder / "glue.png",
                   levels={"a perfect reader": 100, BAG: statistics.mean(found.values("average", BAG))},
                   title="Nine tasks of TinyGLUE: every model after its reading")
