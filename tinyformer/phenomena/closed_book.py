"""Can a question be answered without its text?  Facts that reading told never, once, or hundreds of times.

A GPT reads sentences about the people of tinyland in one pass, in which every fact is told as often as was drawn for
it.  What a question is it learns from other people: from passages about strangers, who have other facts each time, and
from questions without a text about people whose facts it practises.  Then it is asked for what was only told: with a
text that says it; without one (closed book: Roberts, Raffel and Shazeer 2020); with a text on somebody else; and with
one that says something wrong (Longpre et al. 2021).  Published: what large models answer grows with the logarithm of
how many texts hold it (Kandpal et al. 2023).
"""

from pathlib import Path

import numpy as np

from tinyformer.metrics.over_seeds import spread
from tinyformer.models import GPT, GPTConfig
from tinyformer.nn.first_numbers import deviation_at
from tinyformer.phenomena.kit import Experiment, Found, Sizes, Table, Verdict, at_least, at_most, judged
from tinyformer.phenomena.parts.often_told import TEXTS, WITH, WITHOUT, WRONG, Pages, People, answer, vocabulary, writes
from tinyformer.rng import stream
from tinyformer.train import Settings, train

EXPERIMENT = Experiment(
    chapter="reading", minutes=3, optimizer="muon",
    full=Sizes(asked=28, practised=8, times=(0, 1, 4, 16, 64, 256), often=64, exercises=16, passages=24_000, width=64,
               layers=2, rows=8),
    quick=Sizes(asked=6, practised=2, times=(0, 4, 16), often=8, exercises=4, passages=200, width=32, layers=1, rows=8),
    control="Facts that were never told, of people of whom others were: what is right of these without a text is "
            "guessed.",
    not_found="That it holds to what it knows: of facts told 256 times 6 % are right with a wrong text, and 93 % of "
              "the answers say what stands there; so, too, with a text on somebody else.  Up to four tellings bring "
              "nothing.")
LENGTH, HEADS = 64, 4
RATE, MATRIX_RATE = 1e-2, 0.02
AS_TOLD = "says what is wrong"
CURVES = (*TEXTS, AS_TOLD)
KNOWN, GUESSED, READ = 50, 25, 60             # points at least, % at most, % at least


def one(sizes: Sizes, seed: int) -> dict:
    """Read once, and be asked in each way: % right of the facts told so often, in the order of `sizes.times`."""
    people, tokenizer = People(seed, sizes.asked, sizes.practised, sizes.times), vocabulary()
    documents = people.reading(sizes.often, sizes.exercises, sizes.passages)
    pages = Pages(documents, tokenizer, sizes.rows, LENGTH)
    model = GPT(GPTConfig(vocabulary=len(tokenizer), layers=sizes.layers, heads=HEADS, width=sizes.width,
                          context=LENGTH, dropout=0.0, init_std=deviation_at(sizes.width)),
                stream(seed, "weights"))
    settings = Settings(steps=pages.steps, learning_rate=RATE, matrix_rate=MATRIX_RATE, warmup=min(50, pages.steps),
                        betas=(0.9, 0.98), seed=seed, optimizer=EXPERIMENT.optimizer, log_every=pages.steps)
    train(model, pages, settings, progress=False)
    asked = {text: people.questions(text) for text in TEXTS}
    asked[AS_TOLD] = [(read, answer(each.wrong)) for (read, _), each in zip(asked[WRONG], people.asked, strict=True)]
    often = np.array([each.times for each in people.asked])
    return {"parameters": model.count(), "documents": len(documents), "steps": pages.steps,
            "facts": [int((often == times).sum()) for times in sizes.times],
            "right": {curve: by_times(writes(model, tokenizer, questions), often, sizes)
                      for curve, questions in asked.items()}}


def by_times(right: np.ndarray, often: np.ndarray, sizes: Sizes) -> list[float]:
    """The percent that are right of the facts told so often."""
    return [100 * float(right[often == times].mean()) for times in sizes.times]


def said(outcome: dict) -> str:
    """One outcome in a line."""
    return f"seed {outcome['seed']}: without a text % right " + " ".join(
        f"{value:.0f}" for value in outcome["right"][WITHOUT])


def right(found: Found, curve: str, place: int) -> list[float]:
    """% right of the facts that were told so often, seed by seed."""
    return [each["right"][curve][place] for each in found.outcomes]


def verdict(found: Found) -> Verdict:
    """Without a text what was told most often is known, and what was never told is not; with one, even that is.

    Of the facts told most often at least 50 points more are right without a text than of those never told; of those
    never told, with their text, at least 60 %; and the control: of those never told, without a text, at most 25 %.
    Each in every seed.  The rule was written before any seed was run but 100, on which the settings were chosen.
    """
    never, most = (right(found, WITHOUT, place) for place in (0, -1))
    return judged(at_least(KNOWN, "without a text: points of the facts told most often above those never told",
                           [a - b for a, b in zip(most, never, strict=True)]),
                  at_least(READ, "with its text: % right of the facts never told", right(found, WITH, 0)),
                  controls=[at_most(GUESSED, "without a text: % right of the facts never told", never)])


def table(found: Found) -> Table:
    """A line for each way to be asked, a column for how often the facts were told."""
    rows = [(curve, *(spread(right(found, curve, place)) for place in range(len(found.sizes.times))))
            for curve in CURVES]
    first = found.outcomes[0]
    head = [{0: "never told", 1: "once"}.get(times, f"{times:,} times") for times in found.sizes.times]
    return Table(("", *head), rows,
                 note=f"% right, mean ± deviation over the seeds, {first['facts'][0]} facts in a column; the last "
                      f"line: with a wrong text, % that say what stands there; {first['documents']:,} documents, read "
                      "once")


def draw(found: Found, folder: Path) -> None:
    """closed-book.png: % right over how often a fact was told, a curve for each way to be asked."""
    from tinyformer import plot
    places = [times + 1 for times in found.sizes.times]                        # 0 has no logarithm

    def runs(curve: str) -> list:
        return [list(zip(places, each["right"][curve], strict=True)) for each in found.outcomes]

    titles = {"Is it right?": TEXTS, "With a wrong text": (WRONG, AS_TOLD)}
    plot.compared([plot.Panel(title, "% of the facts", {curve: runs(curve) for curve in curves},
                              "times that reading told it, plus 1", percent=True, logarithmic=True)
                   for title, curves in titles.items()],
                  folder / "closed-book.png", title="Questions with their text and without")
