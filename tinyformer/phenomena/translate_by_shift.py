"""Is the mean difference of two languages a translation?

A BERT has read two languages that share a grammar and no word (parts/two_languages.py).  A sentence of language 0 goes
through it, and to each of its last hidden vectors is added alpha times (mean vector of language 1 - mean vector of
language 0); then its head says which word that is.  How many of the words are now of language 1, and have they the part
of speech and the topic of the word that they stand for?  Some have its topic by chance: as many as if those with the
right part of speech were exchanged among each other.  The settings were chosen on seed 100.

After Liu, Hsu, Chuang and Lee 2020, "A Study of Cross-Lingual Ability and Language-specific Information in Multilingual
BERT": unsupervised translation by a shift of the mean.
"""

from pathlib import Path

import numpy as np

from tinyformer.backend import to_host
from tinyformer.engine import Tensor, no_grad
from tinyformer.metrics.over_seeds import spread
from tinyformer.models import BertForPretraining
from tinyformer.phenomena.kit import Experiment, Found, Sizes, Table, Verdict, at_least, at_most, judged
from tinyformer.phenomena.parts.aligned import read, word_vectors
from tinyformer.phenomena.parts.two_languages import FIRST_WORD, PAD, TOPICS, WORDS, Languages, part_of, topic_of
from tinyformer.rng import stream

BOTH, APART = ARMS = ("two languages", "nothing shared")
ALPHAS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
EXPERIMENT = Experiment(
    chapter="languages", minutes=2, optimizer="adamw",
    full=Sizes(arms=ARMS, steps=700, batch_size=64, layers=2, width=32, looked_at=2000, asked=300),
    quick=Sizes(arms=ARMS, steps=10, batch_size=8, layers=1, width=16, looked_at=50, asked=10),
    control="The same with positions and special tokens of their own for each language and without random replacement: "
            "there the mean difference leads to language 1 as well, but its words are not those that were meant.")
SWITCHED, MEANT, ABOVE, UNSHARED = 70, 15, 5, 10           # %, %, points: at least; %: at most


def one(sizes: Sizes, seed: int, arm: str) -> dict:
    """Read both languages, and shift sentences of the one by each alpha."""
    languages = Languages(seed, shared=arm == BOTH)
    model = read(languages, sizes.steps, sizes.batch_size, sizes.layers, sizes.width, optimizer=EXPERIMENT.optimizer)
    vectors = word_vectors(model, languages, sizes.looked_at)
    shift = vectors[1].mean(0) - vectors[0].mean(0)
    return {"shifts": [shifted(model, languages, alpha * shift, sizes.asked) | {"alpha": alpha} for alpha in ALPHAS]}


def shifted(model: BertForPretraining, languages: Languages, shift: np.ndarray, count: int) -> dict[str, float]:
    """Of the words of `count` new sentences of language 0: how many come out in language 1, and how many rightly so.

    "exchanged" are those with the right part of speech and, were they exchanged among each other, the right topic.
    """
    rng = stream(languages.seed, "shifted")
    ids, _ = languages.rows(languages.told(rng, 0, count)[0], 0)
    places = np.flatnonzero(ids >= FIRST_WORD)
    with no_grad():
        hidden = model.bert(ids, keep=ids != PAD)
        moved = Tensor((to_host(hidden.data) + shift).astype(hidden.dtype))
        said = to_host(model.word_logits(moved, places).data).argmax(-1) - FIRST_WORD
    meant, foreign = ids.reshape(-1)[places] - FIRST_WORD, said >= WORDS
    word = said % WORDS
    part = foreign & (part_of(word) == part_of(meant))
    topic = part & (topic_of(word) == topic_of(meant))
    shares = [np.bincount(topic_of(each[part]), minlength=TOPICS) for each in (word, meant)]
    return {"switched": float(foreign.mean()), "part": float(part.mean()), "topic": float(topic.mean()),
            "exchanged": float(shares[0] @ shares[1] / max(1, part.sum()) / len(part)),
            "word": float((foreign & (word == meant)).mean())}


def best(outcome: dict) -> dict:
    """The shift after which most words have the right part of speech and topic."""
    return max(outcome["shifts"], key=lambda each: each["topic"])


def said(outcome: dict) -> str:
    """One outcome in a line."""
    at = best(outcome)
    return (f"seed {outcome['seed']}, {outcome['arm']}: alpha {at['alpha']:g}, switched {100 * at['switched']:.1f} %, "
            f"part of speech right {100 * at['part']:.1f} %, topic too {100 * at['topic']:.1f} %")


def verdict(found: Found) -> Verdict:
    """At the best alpha 70 % of the words switch, and 15 % have part of speech and topic of the word that was there.

    That is 5 points more than if their topics were exchanged; in every seed.  And where nothing is shared at most 10 %
    have both, at whatever alpha is best there.
    """
    shifts = [best(each) for each in found[BOTH]]
    return judged(
        at_least(SWITCHED, "% of words that switch", [100 * at["switched"] for at in shifts]),
        at_least(MEANT, "% with part of speech and topic", [100 * at["topic"] for at in shifts]),
        at_least(ABOVE, "points above what topics exchanged would have",
                 [100 * (at["topic"] - at["exchanged"]) for at in shifts]),
        controls=[at_most(UNSHARED, "nothing shared, % with part of speech and topic",
                          [100 * best(each)["topic"] for each in found[APART]])])


def table(found: Found) -> Table:
    """A line for each alpha and arm."""
    rows = [(arm, f"{alpha:g}", *(spread([100 * each["shifts"][place][name] for each in found[arm]])
                                  for name in ("switched", "part", "topic", "exchanged", "word")))
            for arm in ARMS for place, alpha in enumerate(ALPHAS)]
    return Table(("", "alpha", "switched", "part of speech", "and topic", "topics exchanged", "the word itself"), rows,
                 note="% of all words, mean ± deviation over the seeds")


def draw(found: Found, folder: Path) -> None:
    """translate-by-shift.png: what comes out over alpha, a panel for each arm."""
    from tinyformer import plot
    names = {"in language 1": "switched", "part of speech right": "part", "and topic": "topic",
             "topics exchanged": "exchanged"}
    plot.compared([plot.Panel(arm.capitalize(), "% of words", {
        words: [[(at["alpha"], 100 * at[name]) for at in each["shifts"]] for each in found[arm]]
        for words, name in names.items()}, "alpha", percent=True) for arm in ARMS],
        folder / "translate-by-shift.png", title="Adding the mean difference of two languages")
