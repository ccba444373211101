"""What is it worth to have read, seen or heard before anybody names a thing?

The same question to text, pictures and speech: how many examples are told right when one, three or ten of each class
have a label, or all?  Text: which of sixteen meanings has a word here (a BERT of three layers that has guessed masked
words of tinyland, by Muon).  Pictures: which digit, at a random place (an MLP that has found views of the same one,
SimCLR).  Speech: which of twenty words (a GPT of three layers that has foreseen frames, APC).  A linear probe reads
what the encoder says in the end, what it says before it has learned anything, the input as it is (counts of words,
pixels, the mean spectrogram), and the input's principal components (of counts: latent semantic analysis).  And the same
encoder is taught by the labels alone; of pictures it sees views, too.
"""

from pathlib import Path

from tinyformer.data.pictures import DIGITS, SHAPES
from tinyformer.metrics.over_seeds import spread
from tinyformer.phenomena.kit import Experiment, Found, Sizes, Table, Verdict, at_least, at_most, judged
from tinyformer.phenomena.parts.digits_to_tell import digits
from tinyformer.phenomena.parts.few_to_all import COMPONENTS, INPUT, LEARNED, RANDOM, TAUGHT, WAYS, shares
from tinyformer.phenomena.parts.senses_to_tell import senses
from tinyformer.phenomena.parts.words_to_hear import words

MATERIALS = {"text": senses, "pictures": digits, "speech": words}
EXPERIMENT = Experiment(
    chapter="beyond", minutes=3, optimizer="adamw",
    full=Sizes(arms=tuple(MATERIALS), counts=(1, 3, 10), draws=5, width=48, layers=3,
               documents=2000, vocabulary=1000, rows=48, steps_of_text=400, least=10, most=40,
               lessons_of_text=(120, 32),
               corpus=DIGITS, seen=1297, shown=500, units=256, pictures=256, steps_of_pictures=400,
               lessons_of_pictures=(300, 64),
               heard=500, asked=500, steps_of_speech=300, lessons_of_speech=(150, 32)),
    quick=Sizes(arms=tuple(MATERIALS), counts=(1, 3), draws=1, width=16, layers=1,
                documents=200, vocabulary=600, rows=8, steps_of_text=5, least=4, most=6, lessons_of_text=(3, 8),
                corpus=SHAPES, seen=90, shown=30, units=16, pictures=16, steps_of_pictures=4,
                lessons_of_pictures=(3, 8), heard=30, asked=80, steps_of_speech=4, lessons_of_speech=(3, 8)),
    control="The same encoder before it has learned anything, the input as it is, and its principal components: what a "
            "probe finds in those needed no learning to see, read or hear.",
    not_found="What is frozen does not stay ahead: from ten labels of each class on the same encoder, taught by them "
              "alone, is better in text and in speech, and about as good with pictures.  One label of each is too few "
              "in speech for anybody.  The components of an input tell hardly more than the input anywhere.")
FEWEST, GAIN = 3, 5                            # labels of each class; points


def one(sizes: Sizes, seed: int, arm: str) -> dict:
    """What each way knows of one kind of data, from few labels to all."""
    material = MATERIALS[arm](sizes, seed)
    names = {*material.labels[0].tolist()}
    return {"shares": shares(material, sizes.counts, sizes.draws, seed, optimizer=EXPERIMENT.optimizer),
            "counts": [*sizes.counts, len(material.labels[0]) / len(names)], "classes": len(names)}


def said(outcome: dict) -> str:
    """One outcome in a line."""
    return f"seed {outcome['seed']}, {outcome['arm']}: " + "; ".join(
        f"{way} {', '.join(f'{100 * share:.1f}' for share in outcome['shares'][way])} %" for way in WAYS)


def right(found: Found, arm: str, way: str, labels: int) -> list[float]:
    """The percent right from so many labels of each class, seed by seed; from all where `labels` is -1."""
    place = labels if labels < 0 else found.sizes.counts.index(labels)
    return [100 * each["shares"][way][place] for each in found[arm]]


def gains(found: Found, arm: str, labels: int) -> list[float]:
    """The points that learning without labels is above the best of what has learned nothing, seed by seed."""
    others = zip(*(right(found, arm, way, labels) for way in (INPUT, COMPONENTS, RANDOM)), strict=True)
    return [own - max(each) for own, each in zip(right(found, arm, LEARNED, labels), others, strict=True)]


def verdict(found: Found) -> Verdict:
    """With three labels of each class, who has learned without labels knows more than whatever has learned nothing.

    In text, in pictures and in speech the encoder is in every seed at least 5 points above the best of the input, its
    components and the random encoder.  The input tells at most 85 % of the examples from all labels, or there was
    nothing to learn.  Whether labels alone catch up is shown, and nothing is asked of it.  The rule was written before
    any of these runs, after a look at seed 100, on which the settings were chosen.
    """
    return judged(*(at_least(GAIN, f"{arm}, points above the best of what has learned nothing",
                             gains(found, arm, FEWEST)) for arm in MATERIALS),
                  controls=[at_most(85, f"{arm}, % right from the input, all labels", right(found, arm, INPUT, -1))
                            for arm in MATERIALS])


def table(found: Found) -> Table:
    """A line for each kind of data and number of labels."""
    rows = []
    for arm in MATERIALS:
        for place, labels in enumerate([*found.sizes.counts, -1]):
            each = f"{labels}" if labels > 0 else f"all, {found[arm][0]['counts'][place]:.0f}"
            rows.append((arm, each, *(spread(right(found, arm, way, labels)) for way in WAYS),
                         f"{100 / found[arm][0]['classes']:.1f}"))
    return Table(("of", "labels of each class", *WAYS, "by chance"), rows,
                 note="% right of examples that have never been seen, mean ± deviation over the seeds; all but the "
                      "last way read by a linear probe")


def draw(found: Found, folder: Path) -> None:
    """self-supervised.png: a panel for each kind of data, the share right over the number of labels."""
    from tinyformer import plot

    def runs(arm: str, way: str) -> list:
        counts = [*found.sizes.counts, round(found[arm][0]["counts"][-1])]                 # of all, in the first seed
        return [list(zip(counts, [100 * share for share in each["shares"][way]], strict=True)) for each in found[arm]]

    plot.compared([plot.Panel(f"{arm.capitalize()}: one of {found[arm][0]['classes']}", "% right",
                              {way: runs(arm, way) for way in (LEARNED, TAUGHT, COMPONENTS)}, "labels of each class",
                              controls={way: runs(arm, way) for way in (RANDOM, INPUT)}, logarithmic=True)
                   for arm in MATERIALS], folder / "self-supervised.png",
                  title="What labels are worth to who has learned without them, and to who has not")
