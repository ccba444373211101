"""When does BERT learn parts of speech, syntax and meaning?  Twenty looks at one model while it learns to read.

Chiang, Huang and Lee 2020, "Pretrained Language Model Embryology: The Birth of ALBERT".  A BERT of four layers reads
tinyland.  At twenty of its steps, on a logarithmic axis, words of every part of speech are hidden, one by one, and
probes are fitted to its layers side by side: is this spelling a noun or a verb here (part of speech), who did it and to
whom was it done (syntax), which of its two senses has this word, and what is the sentence about (meaning)?  In none of
them the spelling alone says more than chance.
"""

from pathlib import Path

import numpy as np

from tinyformer.metrics.over_seeds import spread
from tinyformer.phenomena.kit import Experiment, Found, Sizes, Table, Verdict, at_least, judged
from tinyformer.phenomena.parts import one_reader
from tinyformer.phenomena.parts.hidden_words import (
    CONTENT,
    FUNCTION,
    frequencies,
    grouped,
    guessed,
    kind_of,
    matched,
    tag_of,
    whole_words,
)
from tinyformer.phenomena.parts.marked import vectors
from tinyformer.phenomena.parts.probes import on_scale, right, side_by_side
from tinyformer.phenomena.parts.properties import OTHER_WORLD, properties
from tinyformer.rng import stream
from tinyformer.tinyland import Chance, World

EXPERIMENT = Experiment(
    chapter="reading", minutes=8, optimizer="muon",
    full=Sizes(**one_reader.FULL, looks=20, told=2000, most=900),
    quick=Sizes(**one_reader.QUICK, looks=4, told=150, most=120),
    control="The same probes on a random encoder, which is the model before its first step, and function words beside "
            "content words that are as common as they.",
    not_found="That function words come first is a matter of how common they are: content words that are as common "
              "come at the same time.  The part of speech comes before the sense in two seeds of three.  Who did it is "
              "read off last and then at once; its half-way step says little, since its early figures scatter.")
PROBED = {"part of speech": "part of speech", "who did it": "syntax: who did it", "sense": "meaning: sense",
          "topic": "meaning: topic"}
SHOWN = ("DET", "ADP", "PRON", "AUX", "NOUN", "VERB", "PROPN")                 # parts of speech, in the picture
GAIN = 10                                     # points on the scale of the probes, in every seed
LATER = 1.1                                   # of the half-way steps of two curves, the second over the first
MATCHED = {kind: f"{kind}, as common" for kind in (FUNCTION, CONTENT)}


def one(sizes: Sizes, seed: int) -> dict:
    """One seed: the curve of everything that is looked at, and what the model reached at its own task."""
    prepared = one_reader.reader(sizes, seed, optimizer=EXPERIMENT.optimizer)
    asked = [each for each in properties(seed, sizes.told, sizes.most) if each.name in PROBED]
    chance, tokenizer = Chance(stream(seed, "hidden words")), prepared.tokenizer
    words = whole_words(World(OTHER_WORLD + seed, one_reader.KINDS), sizes.told // 4, tokenizer)
    counts = frequencies(one_reader.texts(sizes, seed), tokenizer)
    sets = grouped(words, tag_of, sizes.most // 9, chance) | grouped(words, kind_of, sizes.most // 3, chance)
    sets |= {MATCHED[kind]: places for kind, places in
             matched(words, counts, tokenizer, sizes.most // 3, chance).items()}

    def look(model, tokenizer) -> dict:
        seen = {name: guessed(model, tokenizer, places) for name, places in sets.items()}
        for each in asked:
            x, n = side_by_side(vectors(model.bert, tokenizer, each.all)), len(each.train)
            share = right(x[:n], [one.label for one in each.train], x[n:], [one.label for one in each.test])
            seen[PROBED[each.name]] = on_scale(share, each.chance)
        return seen

    curve, reached = one_reader.watched(prepared, looks_at(sizes), look)
    return {"curve": curve, "masked words": reached, "hidden": list(sets)}


def looks_at(sizes: Sizes) -> list[int]:
    """The steps before which the model is looked at: before the first, and so many on a logarithmic axis."""
    after = np.geomspace(max(1, sizes.steps // 200), sizes.steps, sizes.looks)
    return [0, *np.unique(after[:-1].round().astype(int)).tolist()]


def half_way(outcome: dict, name: str) -> float:
    """The step at which a curve has come half the way that it goes in all; the last one, where it does not rise.

    Between two looks it is interpolated on the logarithmic axis.
    """
    steps, values = np.array([(row["step"], row[name]) for row in outcome["curve"]], float).T
    middle = (values[0] + values[-1]) / 2
    if values[-1] <= values[0]:
        return float(steps[-1])
    after = next(at for at in range(1, len(values)) if values[at] >= middle)
    if after == 1:
        return float(steps[1])
    share = (middle - values[after - 1]) / (values[after] - values[after - 1])
    return float(steps[after - 1] ** (1 - share) * steps[after] ** share)


def halves(found: Found, name: str) -> list[float]:
    """The half-way steps of a curve, seed by seed."""
    return [half_way(each, name) for each in found.outcomes]


def told(found: Found, name: str) -> str:
    """The same in words."""
    rises = [each["curve"][-1][name] > each["curve"][0][name] for each in found.outcomes]
    return ", ".join(f"{step:,.0f}" if rose else "never" for step, rose in zip(halves(found, name), rises, strict=True))


def later(found: Found, second: str, first: str) -> list[float]:
    """How many times as many steps the second curve takes to its half way, seed by seed."""
    return [a / b for a, b in zip(halves(found, second), halves(found, first), strict=True)]


def verdict(found: Found) -> Verdict:
    """Parts of speech come before senses, and function words before content words, also where both are as common.

    What comes later takes at least a tenth more steps to its half way, in every seed; and at the end every probe is at
    least 10 points above what it was before the first step.  (Chiang et al. find the parts of speech first, and
    function words before content words.)  The rule was written before any run.
    """
    speech, _, sense, _ = PROBED.values()
    gained = [at_least(GAIN, f"{name}: points above the random encoder",
                       [run[-1][1] - run[0][1] for run in found.curves(name)]) for name in PROBED.values()]
    return judged(*gained, at_least(LATER, f"{sense}, half-way step over that of the {speech}",
                                    later(found, sense, speech)),
                  at_least(LATER, "content words, half-way step over that of function words",
                           later(found, CONTENT, FUNCTION)),
                  controls=[at_least(LATER, "the same of words that are as common",
                                     later(found, MATCHED[CONTENT], MATCHED[FUNCTION]))])


def table(found: Found) -> list[Table]:
    """For every curve what it begins and ends with, and when it has come half the way."""
    def rows(names) -> list:
        return [(name, *(spread([each["curve"][place][name] for each in found.outcomes]) for place in (0, -1)),
                 told(found, name)) for name in names]

    head = "before the first step", "after the last", "half the way at step"
    return [Table(("probe", *head), rows(PROBED.values()),
                  note="guessing is at 0 and knowing all at 100; mean ± deviation over the seeds"),
            Table(("hidden words", *head), rows(found.outcomes[0]["hidden"]),
                  note="% guessed; as common: drawn so that in each octave of frequency there are as many function "
                       "words as content words")]


def draw(found: Found, folder: Path) -> None:
    """embryology.png: the probes, hidden words by part of speech, and by kind as they come and as common."""
    from tinyformer import plot

    def runs(names, above: bool = False) -> dict:
        """The curves behind step 0, which a logarithmic axis does not hold; `above` what they were at it."""
        return {name: [[(step, value - above * run[0][1]) for step, value in run[1:]] for run in found.curves(name)]
                for name in names}

    tags = [name for name in SHOWN if name in found.outcomes[0]["hidden"]]
    guess = "% of them guessed"
    panels = [plot.Panel("What can be read off its layers", "points above the random encoder",
                         runs(PROBED.values(), above=True), levels={"random encoder": 0.0}, logarithmic=True),
              plot.Panel("Hidden words by part of speech", guess, runs(tags), logarithmic=True),
              plot.Panel("Hidden words, as they come", guess, runs([FUNCTION, CONTENT]), logarithmic=True),
              plot.Panel("Hidden words, as common as one another", guess, dict(zip(
                  (FUNCTION, CONTENT), runs(MATCHED.values()).values(), strict=True)), logarithmic=True)]
    plot.compared(panels, folder / "embryology.png", title="What BERT learns when")
