"""Which tokens should be hidden, and how many?  [MASK] always, 80/10/10, random words, nothing hidden; and rates.

For each seed and arm the same BERT of two layers and width 48 reads the same tinyland, from the same weights.  What
differs is what becomes of the tokens that it is asked for (which share is hidden behind [MASK], which becomes a random
token, which stays) and how many of all tokens they are.  Then names are learned from few labelled sentences, once with
everything learning along, and once from the last layer's vectors as they are ("frozen"), as in table 8 of Devlin et al.
2019.  There fine-tuning hardly minds (95.4 against 94.9 F1), and frozen features are worst where [MASK] stood always
(94.9 against 94.0): such a model never had to keep a picture of the words that it saw.  On rates: Wettig et al. 2023,
"Should You Mask 15% in Masked Language Modeling?".
"""

from dataclasses import dataclass, replace
from pathlib import Path

from tinyformer.metrics.over_seeds import interval, spread
from tinyformer.models import encoder_of
from tinyformer.phenomena.kit import Experiment, Found, Sizes, Table, Verdict, above, at_most, judged
from tinyformer.phenomena.parts.few_examples import FewLabels, examples, learned
from tinyformer.phenomena.parts.small_berts import fresh, read, told


@dataclass(frozen=True)
class Masking:
    """How many tokens are asked for, and which shares of them are hidden, random, and as they were."""

    rate: float = 0.15
    shares: tuple[float, float, float] = (0.8, 0.1, 0.1)


PUBLISHED, ALWAYS, KEPT = "80/10/10", "[MASK] always", "nothing hidden"
SHARES = {PUBLISHED: Masking(), ALWAYS: Masking(shares=(1, 0, 0)), "random only": Masking(shares=(0, 1, 0)),
          KEPT: Masking(shares=(0, 0, 1))}
RATES = {"5 %": Masking(0.05), "30 %": Masking(0.3), "60 %": Masking(0.6)}
ARMS = (*SHARES, *RATES)
EXPERIMENT = Experiment(
    chapter="reading", minutes=6, optimizer="muon",
    full=Sizes(arms=ARMS, steps=300, documents=2500, width=48, batch_size=64, shorter=1, dev=200),
    quick=Sizes(arms=ARMS, steps=4, documents=120, width=32, batch_size=8, shorter=50, dev=20),
    control="Nothing hidden: there the answer stands in the text, and nothing is to be learned but to copy it.",
    not_found="With 100 labelled sentences fine-tuning does mind what was hidden, by 5 to 9 points; in the paper, with "
              "some 14,000, it hardly does.  Between rates from 5 to 60 % nothing is told apart with three seeds.")
LENGTH, CONTEXT, VOCABULARY = 24, 64, 900
KINDS = (("story", 2), ("facts", 1), ("passage", 1))
TUNED = FewLabels("tag", "ner", 100, 150, "fine-tuned", "f1", max_length=48)
FROZEN = replace(TUNED, title="frozen", learning_rate=1e-2, own=(("freeze", "all"),))
NEARLY = 3                                         # points of F1 that count as the same


def one(sizes: Sizes, seed: int, arm: str) -> dict:
    """Read with one masking, and learn names in both ways: F1."""
    text, masking = told(seed, sizes.documents, VOCABULARY, KINDS), (SHARES | RATES)[arm]
    model = fresh(text.tokenizer, seed, 2, sizes.width, CONTEXT)
    batches = text.batches(LENGTH, sizes.batch_size, seed, rate=masking.rate, proportions=masking.shares)
    final = read(model, batches, sizes.steps, seed, optimizer=EXPERIMENT.optimizer)
    found = {"loss": final["loss"]}
    for spec in (TUNED, FROZEN):
        short = replace(spec, steps=spec.steps // sizes.shorter, dev=sizes.dev)
        reached = learned(short, encoder_of(model), text.tokenizer, examples(short, seed), seed)
        found[spec.title] = reached.figures[spec.figure]
    return found


def said(outcome: dict) -> str:
    """One outcome in a line."""
    return f"seed {outcome['seed']}, {outcome['arm']}: names " + ", ".join(
        f"{spec.title} {100 * outcome[spec.title]:.1f}" for spec in (TUNED, FROZEN))


def gained(found: Found, spec: FewLabels, arm: str = PUBLISHED, other: str = ALWAYS) -> list[float]:
    """The points of F1 that one arm is above another, seed by seed."""
    pairs = zip(found.values(spec.title, arm, 100), found.values(spec.title, other, 100), strict=True)
    return [a - b for a, b in pairs]


def verdict(found: Found) -> Verdict:
    """From frozen vectors 80/10/10 is above [MASK] always, by the interval; fine-tuned the two are within 3 points.

    The control: where nothing is hidden, frozen vectors are below 80/10/10, by the interval too.
    """
    return judged(above(0, "frozen, points of F1 that 80/10/10 is above [MASK] always", gained(found, FROZEN)),
                  at_most(NEARLY, "fine-tuned, points of F1 between the two", [*map(abs, gained(found, TUNED))]),
                  controls=[above(0, "frozen, points of F1 that 80/10/10 is above nothing hidden",
                                  gained(found, FROZEN, other=KEPT))])


def table(found: Found) -> Table:
    """A line for each arm: F1 of names in both ways, and what it is above [MASK] always."""
    rows = [(f"{masking.rate:.0%}".replace("%", " %"), " / ".join(f"{100 * share:.0f}" for share in masking.shares),
             *(spread(found.values(spec.title, arm, 100)) for spec in (TUNED, FROZEN)),
             "" if arm == ALWAYS else interval(gained(found, FROZEN, arm)))
            for arm, masking in (SHARES | RATES).items()]
    return Table(("asked for", "[MASK] / random / kept", "fine-tuned", "frozen", "frozen, above [MASK] always"), rows,
                 note=f"F1 of names x 100 from {TUNED.labels} labelled sentences, mean ± deviation over the seeds; of "
                      "the difference the 95 % interval")


def draw(found: Found, folder: Path) -> None:
    """masks.png: names from frozen vectors and fine-tuned, a bar for each arm, a point for each seed."""
    from tinyformer import plot
    panels = [plot.Bars(title, "F1 of names x 100", {arm: found.values(spec.title, arm, 100) for arm in ARMS},
                        (PUBLISHED, sum(found.values(spec.title, PUBLISHED, 100)) / len(found.seeds)))
              for spec, title in ((FROZEN, "From frozen vectors"), (TUNED, "Fine-tuned"))]
    plot.grouped(panels, {"what becomes of the 15 %": tuple(SHARES), "80/10/10 of so many": tuple(RATES)},
                 folder / "masks.png", title="What is hidden in reading, and what it is worth afterwards")
