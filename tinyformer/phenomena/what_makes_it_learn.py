"""What must be in a text for a model to learn from its prompt?  Repetition, and names that are never known by heart.

Rows are things and their names, one behind the other, and the model learns to say the names.  Three properties can be
in such a text, or not:

    repetition       a thing comes several times in a row; without it, once
    many mappings    each row has names of its own for its things; without it, a thing has one name for ever
    long tail        of a thousand things the n-th comes 1/n as often as the first; without it, 64 equally often

Each is put alone into a text that has none, and taken alone out of one that has all.  Then nothing is trained any more:
a prompt shows eight things and their names, and asks for one of them, which no text has ever named; or one that is well
known, under a name that it never had.  And a known thing that the prompt does not show is asked for by heart.

A position reads its token and the one before, so that a name knows whose it is, and one layer is enough.  Otherwise a
head of a first layer has to find that out, which takes longer than all the rest.  (Olsson et al. 2022: "smeared key".)

Chan et al., Data distributional properties drive emergent in-context learning in transformers, 2022, sections 3 and 4.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.batches import TextBatch
from tinyformer.data.masking import IGNORED
from tinyformer.engine import no_grad
from tinyformer.metrics.over_seeds import spread
from tinyformer.models import GPT, GPTConfig
from tinyformer.ops import affine
from tinyformer.phenomena.kit import Experiment, Found, Sizes, Table, Verdict, at_least, at_most, judged, watch
from tinyformer.phenomena.parts.list_readers import InPairs
from tinyformer.rng import stream
from tinyformer.train import Settings

REPETITION, MAPPINGS, TAIL = "repetition", "many mappings", "long tail"
NONE, ALL = "none", "all three"
PROPERTIES = {NONE: (), REPETITION: (REPETITION,), MAPPINGS: (MAPPINGS,), TAIL: (TAIL,),
              f"no {REPETITION}": (MAPPINGS, TAIL), f"no {MAPPINGS}": (REPETITION, TAIL),
              f"no {TAIL}": (REPETITION, MAPPINGS), ALL: (REPETITION, MAPPINGS, TAIL)}
EXPERIMENT = Experiment(
    chapter="prompts", minutes=2, optimizer="adamw", full=Sizes(arms=tuple(PROPERTIES), steps=300, rows=32, looks=10),
    quick=Sizes(arms=tuple(PROPERTIES), steps=20, rows=8, looks=2),
    control="A text with none of the three, of as many rows; its names are known by heart.",
    not_found="A long tail does not take the place of many mappings: a thousand things are known by heart before "
              "anybody looks for them in the row.  With eight thousand, 600 steps and two layers a seed that was tried "
              "before had begun to look, at 22 %.  In the paper, whose things are pictures, many rare ones are enough.")
NAMES, COMMON, THINGS, NEW = 16, 64, 1024, 64  # names, things without a tail and with it, and those of no text
PLACES, SHOWN = 16, 8                         # things in a row, and different ones where they are repeated
ASKED = 256                                   # prompts of each kind
RATE, LEARNED, GUESSED = 2e-3, 50, 25         # % of the names that are learned from a prompt, and that are not
KINDS = UNREAD, RENAMED, BY_HEART = "new things", "known things, new names", "by heart"


@dataclass(frozen=True)
class NamedThings:
    """Rows of things and their names with some of the three properties; `batch(step)` is pure in (seed, step)."""

    rows: int
    seed: int
    properties: tuple[str, ...]

    def batch(self, step: int) -> TextBatch:
        """The batch of this step: names are asked for, things are not."""
        rng, repeated = stream(self.seed, "rows", step), REPETITION in self.properties
        things = self._different(rng, SHOWN if repeated else PLACES)                   # (B, D)
        names = known_names(self.seed)[things]
        if MAPPINGS in self.properties:
            names = rng.integers(0, NAMES, names.shape)
        if repeated:
            places = rng.integers(0, SHOWN, (self.rows, PLACES))
            things, names = (np.take_along_axis(each, places, 1) for each in (things, names))
        return as_rows(things, names)

    def _different(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """So many different things for each row, (B, count): drawn one by one, and passed over when they come again."""
        often = 1 / np.arange(1, THINGS + 1) if TAIL in self.properties else np.ones(COMMON)
        reached, found = np.cumsum(often) / often.sum(), []
        while len(found) < self.rows:
            drawn = dict.fromkeys(np.searchsorted(reached, rng.random(8 * count)).tolist())
            if len(drawn) >= count:
                found.append([*drawn][:count])
        return np.array(found)


def known_names(seed: int) -> np.ndarray:
    """The one name of each thing where names do not change, (THINGS + NEW,)."""
    return stream(seed, "names").integers(0, NAMES, THINGS + NEW)


def as_rows(things: np.ndarray, names: np.ndarray) -> TextBatch:
    """Thing, name, thing, name, ...: what a GPT reads, and behind each thing its name as target."""
    ids = np.stack([NAMES + things, names], axis=-1).reshape(len(things), -1)          # (B, 2 P)
    targets = ids[:, 1:].copy()
    targets[:, 1::2] = IGNORED
    return TextBatch(ids[:, :-1], targets)


def prompts(seed: int, kind: str) -> TextBatch:
    """Eight things and their names, and one more as question; its name alone is asked for."""
    rng = stream(seed, f"prompts {kind}")
    least, count = (THINGS, NEW) if kind == UNREAD else (0, COMMON)
    things = least + rng.random((ASKED, count)).argsort(1)[:, :SHOWN + 1]              # (B, D + 1)
    names = known_names(seed)[things]
    if kind != BY_HEART:                                       # one of those shown is asked for, all renamed
        asked = rng.integers(0, SHOWN, ASKED)[:, None]
        names = (names + rng.integers(1, NAMES, names.shape)) % NAMES
        for each in (things, names):
            each[:, -1:] = np.take_along_axis(each, asked, 1)
    batch = as_rows(things, names)
    batch.targets[:, :-1] = IGNORED
    return batch


class Asked(GPT):
    """A GPT that expects names alone, and whose evaluation says how often it is right, by kind of prompt."""

    def __init__(self, config: GPTConfig, rng: np.random.Generator):
        super().__init__(config, rng)
        self.words = InPairs(config.vocabulary, config.width, rng, config.init_std)

    def word_logits(self, hidden):
        """hidden (..., C) -> logits (..., NAMES)."""
        return affine(hidden, self.words.weight[:NAMES])

    def measure(self, batch: tuple[str, TextBatch]) -> dict[str, tuple[float, int]]:
        """How many names are right, and of how many."""
        kind, rows = batch
        with no_grad():
            answers = to_host(self(rows.ids).data)[:, -1].argmax(-1)                   # (B,)
        return {kind: (int((answers == rows.targets[:, -1]).sum()), len(rows))}


def one(sizes: Sizes, seed: int, arm: str) -> dict:
    """One text with one seed: what its model answers, over the steps."""
    config = GPTConfig(vocabulary=NAMES + THINGS + NEW, layers=1, heads=2, width=64, context=2 * PLACES - 1,
                       dropout=0.0, init_std=0.1)
    settings = Settings(steps=sizes.steps, learning_rate=RATE, schedule="constant", warmup=min(100, sizes.steps),
                        betas=(0.9, 0.98), seed=seed, optimizer=EXPERIMENT.optimizer, log_every=sizes.steps,
                        evaluate_every=max(1, sizes.steps // sizes.looks))
    curve = watch(Asked(config, stream(seed, "weights")), NamedThings(sizes.rows, seed, PROPERTIES[arm]), settings,
                  [(kind, prompts(seed, kind)) for kind in KINDS])
    return {**curve[-1], "curve": curve}


def said(outcome: dict) -> str:
    """One outcome in a line."""
    return f"{outcome['arm']}, seed {outcome['seed']}: " + ", ".join(f"{kind} {outcome[kind]:.0%}" for kind in KINDS)


def verdict(found: Found) -> Verdict:
    """A text makes it learn that has repetition and many mappings, and only such a one.

    With both, whether there is a long tail or not, the names of new things are read off the prompt, in every seed.
    Without one of the two they are not: what stands once in a row teaches nobody to look for it, and what is always the
    same is learned by heart.
    """
    def right(arm: str) -> list[float]:
        return found.values(UNREAD, arm, 100)

    both = [arm for arm, has in PROPERTIES.items() if {REPETITION, MAPPINGS} <= {*has}]
    return judged(*(at_least(LEARNED, f"% of new things, {arm}", right(arm)) for arm in both),
                  *(at_most(GUESSED, f"% of new things, {arm}" + " alone" * (len(has) == 1), right(arm))
                    for arm, has in PROPERTIES.items() if arm not in (NONE, *both)),
                  controls=[at_most(GUESSED, f"% of new things, {NONE}", right(NONE)),
                            at_least(LEARNED, f"% by heart, {NONE}", found.values(BY_HEART, NONE, 100))])


def table(found: Found) -> list[Table]:
    """A line for each text: what is in it, and what its model answers."""
    rows = []
    for arm in found.sizes.arms:
        marks = ["yes" if name in PROPERTIES[arm] else "" for name in (REPETITION, MAPPINGS, TAIL)]
        answers = [spread(found.values(kind, arm, 100)) for kind in KINDS]
        rows.append((*marks, *answers))
    return [Table((REPETITION, MAPPINGS, TAIL, *KINDS), rows,
                  note=f"% of the questions, mean ± deviation over the seeds after {found.sizes.steps} steps; a name "
                       f"at random: {100 / NAMES:.1f}, one of those in the prompt: {100 / SHOWN:.1f}; by heart: a "
                       "known thing that the prompt does not show, by its old name, where there is one")]


def draw(found: Found, folder: Path) -> None:
    """what-makes-it-learn.png: how names are learned from the prompt and by heart, text by text."""
    from tinyformer import plot
    arms = [*PROPERTIES]
    panels = [plot.Panel(f"{title}, {which}", "% right", {arm: found.curves(kind, arm, 100) for arm in some},
                         levels={"one of those in the prompt": 100 / SHOWN}, percent=True)
              for some, which in ((arms[:4], "one property alone"), (arms[4:], "one taken away"))
              for title, kind in (("New things", UNREAD), ("By heart", BY_HEART))]
    plot.single_runs(panels, folder / "what-makes-it-learn.png", title="What makes a model learn from its prompt")
