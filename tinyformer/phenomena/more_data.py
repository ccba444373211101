"""How much text does it take until two languages lie in one place?

Two languages with a grammar in common and no word (parts/two_languages.py) are read by a BERT for the same number of
steps: 3 to 300 sentences of each again and again, or always new ones.  What grows is how often the nearest foreign word
has the right part of speech, and how well tags are carried over that were learned in the other language.  The words are
sought by their places in new sentences, in which there are also words that were never read.  The settings were chosen
on seed 100.

In a course's figure multilingual BERT aligns languages that it read in 1,000,000 sentences each, and not in 200,000.
"""

from pathlib import Path

from tinyformer.metrics.over_seeds import spread
from tinyformer.phenomena.kit import Experiment, Found, Sizes, Table, Verdict, above, at_least, judged
from tinyformer.phenomena.parts.aligned import crossed, fresh, read, retrieval, word_vectors
from tinyformer.phenomena.parts.two_languages import Languages

ENDLESS = 0
AMOUNTS = (3, 30, 300, ENDLESS)
EXPERIMENT = Experiment(
    chapter="languages", minutes=2, optimizer="adamw",
    full=Sizes(arms=AMOUNTS, steps=700, batch_size=64, layers=2, width=32, looked_at=2000, lessons=100),
    quick=Sizes(arms=(30, ENDLESS), steps=10, batch_size=8, layers=1, width=16, looked_at=50, lessons=3),
    control="The number of steps is the same for all: what differs is how many sentences are different.  Beside them "
            "stands the model before it has read anything, which knows the places of words alone; a part of speech at "
            "random is right in 17 %.")
RISE, ENOUGH = 10, 90                         # points, %
FIGURES = {"met": "words met", "part": "part of speech", "part of met": "of words met", "topic": "and topic",
           "word": "the word itself", "tag 0 to 1": "tags carried over"}


def one(sizes: Sizes, seed: int, arm: int) -> dict:
    """Read so many sentences of each language again and again, and look where the words lie."""
    languages = Languages(seed, count=arm)
    model = read(languages, sizes.steps, sizes.batch_size, sizes.layers, sizes.width, optimizer=EXPERIMENT.optimizer)
    vectors, met = word_vectors(model, languages, sizes.looked_at), languages.met()
    unread = word_vectors(fresh(languages, sizes.layers, sizes.width), languages, sizes.looked_at)
    return {"met": float(met.mean()), **retrieval(vectors), "part of met": retrieval(vectors, met)["part"],
            "unread": retrieval(unread)["part"], **crossed(model, languages, sizes.lessons, ["tag"])}


def amount(arm: int) -> str:
    """The number of sentences in words."""
    return f"{arm:,}" if arm else "new ones in every batch"


def said(outcome: dict) -> str:
    """One outcome in a line."""
    part, topic, tags = (f"{100 * outcome[name]:.1f} %" for name in ("part", "topic", "tag 0 to 1"))
    return (f"seed {outcome['seed']}, {amount(outcome['arm'])} sentences: part of speech {part}, topic too {topic}, "
            f"tags {tags}")


def verdict(found: Found) -> Verdict:
    """From the fewest sentences to the most the share of right parts of speech rises by 10 points or more, to 90 %.

    The rise above 10 by the interval of its mean over the seeds, the end in every seed.
    """
    least, most = found.sizes.arms[0], found.sizes.arms[-1]
    rise = [end - begin for end, begin in zip(found.values("part", most, 100), found.values("part", least, 100),
                                              strict=True)]
    return judged(above(RISE, "points that the right parts of speech rise", rise),
                  at_least(ENOUGH, "% right in the end", found.values("part", most, 100)))


def table(found: Found) -> Table:
    """A line for each amount of text."""
    rows = [(amount(arm), *(spread(found.values(name, arm, 100)) for name in FIGURES)) for arm in found.sizes.arms]
    rows.insert(0, ("none", "", spread(found.values("unread", found.sizes.arms[0], 100)), "", "", "", ""))
    return Table(("sentences of each language", *FIGURES.values()), rows,
                 note="% of the words, and of the nearest foreign words that are right, mean ± deviation over the "
                      "seeds; by chance 16.7, 3.3 and 0.8")


def draw(found: Found, folder: Path) -> None:
    """more-data.png: what is right over the number of sentences."""
    from tinyformer import plot
    counted = [arm for arm in found.sizes.arms if arm]

    def runs(name: str) -> list:
        return [[(arm, 100 * found[arm][number][name]) for arm in counted] for number in range(len(found.seeds))]

    def mean(name: str, arm: int = ENDLESS) -> float:
        return sum(found.values(name, arm, 100)) / len(found.seeds)

    nearest = {"part of speech": runs("part"), "and topic": runs("topic"), "the word": runs("word")}
    levels = {"part of speech, without end": mean("part"), "unread": mean("unread")}
    plot.compared([plot.Panel("The nearest foreign word", "% right", nearest, "sentences of each language",
                              levels=levels, percent=True, logarithmic=True),
                   plot.Panel("Tags learned in the other language", "% right", {"tags": runs("tag 0 to 1")},
                              "sentences of each language", levels={"without end": mean("tag 0 to 1")}, percent=True,
                              logarithmic=True)],
                  folder / "more-data.png", title="How much text aligns two languages?")
