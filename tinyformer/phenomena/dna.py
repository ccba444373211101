"""Does having read English help with DNA?  Its letters are taken for words of English, any four of them.

Kao and Lee 2021, "Is BERT a Cross-Disciplinary Knowledge Learner?": BERT, fine-tuned on DNA, proteins and music whose
symbols stand for arbitrary words, is better and faster than from scratch.  Here a small BERT reads tinyland, or the
same texts with the words of each sentence in another order, or as many words drawn at random, or nothing.  Then each is
taught, by the same examples in the same order, which stretches of DNA are promoters; the word for each letter is drawn
anew for every seed.  Promoters are made by the rule of `promoters.py`, so that it is known how good one can be.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from statistics import mean

from tinyformer.metrics.over_seeds import interval, spread
from tinyformer.models import encoder_of
from tinyformer.phenomena.kit import Experiment, Files, Found, Sizes, Table, Verdict, above, judged
from tinyformer.phenomena.parts.few_examples import FewLabels, learned
from tinyformer.phenomena.parts.letters_as_words import Shown, brought, in_words, plain_words, spelled
from tinyformer.phenomena.parts.one_reader import shuffled
from tinyformer.phenomena.parts.promoters import best_share, stretches
from tinyformer.pretraining import stages
from tinyformer.pretraining.pretraining_settings import resolve
from tinyformer.rng import stream
from tinyformer.text import WordPieceTokenizer
from tinyformer.tinyland import Chance, World

ARMS = READ, SHUFFLED, RANDOM, FRESH = "after English", "after shuffled words", "after random words", "from scratch"
EXPERIMENT = Experiment(
    chapter="beyond", minutes=4, optimizer="muon",
    full=Sizes(arms=ARMS, documents=3000, vocabulary=1000, width=64, length=84, steps=400, labels=600, dev=300,
               lessons=160, looks=8),
    quick=Sizes(arms=ARMS, documents=100, vocabulary=300, width=16, length=84, steps=6, labels=40, dev=40, lessons=6,
                looks=2),
    control="Reading the same texts with the words of each sentence shuffled, and reading words drawn at random: who "
            "has read these has weights that have learned something as long, but no English.  Who always says the same "
            "is right in half of the cases; who knows the rule, in 95 %.",
    not_found="That reading helps at all: who has read English, in any order, or random words, ends where a fresh "
              "model does, within what the seeds scatter, after a reading this short.",
    takes={"data": "given twice or more: sequences in FASTA, DNA or proteins, those of each kind in a file of their "
                   "own, of at most 82 letters; or music, a folder of MIDI files for each kind, of which the first 82 "
                   "notes are read"})
READING = dict(corpus="tinyland", objective="none", mask_rate=0.25, layers=2, heads=4, batch_size=12,
               learning_rate=8e-3, matrix_rate=0.02, beta2=0.98, device="cpu", workers="1")
BATCH, RATE = 16, 2e-3                        # of the teaching
OWN = ("optimizer", "muon"), ("matrix_rate", 0.01), ("workers", "1")


def one(sizes: Sizes, seed: int, arm: str) -> dict:
    """Read in this way and be taught promoters: % right in the end, on the way, and of who knows the rule."""
    learn, judge = stretches("train", sizes.labels, seed), stretches("dev", sizes.dev, seed)
    return {**taught(sizes, seed, arm, (spelled(learn), spelled(judge))), "best": best_share(judge)}


def one_given(sizes: Sizes, seed: int, files: Files) -> dict:
    """The same of the user's sequences."""
    shown = brought(files.data, sizes.length - 2, sizes.labels, sizes.dev, seed)
    return {"arms": {arm: taught(sizes, seed, arm, shown) for arm in ARMS}, "labels": len(shown[0]),
            "judged": len(shown[1]), "kinds": len(files.data)}


def taught(sizes: Sizes, seed: int, arm: str, shown: Shown) -> dict:
    """What a start of this kind makes of the examples: % right in the end, and the curve."""
    prepared = reader(sizes, seed, arm)
    learn, judge = in_words(shown, prepared.tokenizer, seed)
    spec = FewLabels("classify", "dna", len(learn), sizes.lessons, "promoters", "accuracy", learning_rate=RATE,
                     batch_size=BATCH, max_length=sizes.length, dev=len(judge), own=OWN)
    start = encoder_of(prepared.model, stream(seed, "pooler"))
    done = learned(spec, start, prepared.tokenizer, (learn, judge), seed, sizes.looks)
    return {"right": 100 * done.figures["accuracy"], "on the way": mean(right for _, right in done.curve[1:]),
            "curve": done.curve}


def reader(sizes: Sizes, seed: int, arm: str) -> stages.Prepared:
    """A BERT that has read what its arm reads, all with the same vocabulary."""
    texts, tokenizer = told(seed, sizes.documents, sizes.vocabulary)
    chance = Chance(stream(seed, "random words"))
    if arm == SHUFFLED:
        texts = [shuffled(text, number) for number, text in enumerate(texts)]
    if arm == RANDOM:
        known = plain_words(tokenizer)
        texts = [" ".join(chance.choose(known) for _ in text.split()) for text in texts]
    settings = resolve("bert", dict(**READING, steps=sizes.steps, width=sizes.width, max_length=sizes.length,
                                    vocabulary=sizes.vocabulary, seed=seed, optimizer=EXPERIMENT.optimizer))
    prepared = stages.prepare(settings, texts, [], tokenizer=tokenizer)
    if arm != FRESH:
        stages.train(prepared, arm, progress=False)
    return prepared


@lru_cache(maxsize=1)
def told(seed: int, documents: int, vocabulary: int) -> tuple[list[str], WordPieceTokenizer]:
    """The texts of the world with this seed, and a vocabulary of them."""
    texts = list(World(seed).documents(documents))
    return texts, WordPieceTokenizer.train(texts, vocabulary)


def said(outcome: dict) -> str:
    """One outcome in a line."""
    return (f"seed {outcome['seed']}, {outcome['arm']}: {outcome['right']:.1f} % right, "
            f"{outcome['on the way']:.1f} on the way")


# ---- what is made of it ----------------------------------------------------------------------------------------------


def gains(found: Found, name: str, over: str) -> list[float]:
    """The points by which who has read English is above another, seed by seed."""
    return [a - b for a, b in zip(found.values(name, READ), found.values(name, over), strict=True)]


def verdict(found: Found) -> Verdict:
    """Who has read English tells promoters better than a fresh model, and faster; and it is English that does it.

    Better: % right in the end.  Faster: the mean of % right over the looks on the way.  The 95 % interval of each
    difference over the seeds lies above 0; and so does that of the mean on the way over either control.  The rule was
    written before any seed was run but 100, on which the rates were chosen.
    """
    return judged(above(0, "better: points above from scratch in the end", gains(found, "right", FRESH)),
                  above(0, "faster: points above from scratch on the way", gains(found, "on the way", FRESH)),
                  controls=[above(0, f"points on the way above who comes {arm}", gains(found, "on the way", arm))
                            for arm in (SHUFFLED, RANDOM)])


def table(found: Found) -> list[Table]:
    """A line for each start, on promoters and on the user's sequences."""
    best = spread(found.values("best", READ))
    tables = [of_arms("Promoters made by rule", {arm: found[arm] for arm in ARMS},
                      f"{found.sizes.labels:,} to learn from; who knows the rule: {best}")]
    if found.given:
        runs = {arm: [each["arms"][arm] for each in found.given] for arm in ARMS}
        first = found.given[0]
        tables.append(of_arms(", ".join(Path(path).name for path in found.files.data), runs,
                              f"{first['labels']:,} to learn from, {first['judged']:,} to be judged by, of "
                              f"{first['kinds']} kinds, as many of each"))
    return tables


def of_arms(title: str, runs: dict[str, Sequence[dict]], note: str) -> Table:
    """Both figures of each start, and what reading English is worth beside it."""
    def row(arm: str) -> tuple[str, ...]:
        values = {name: [each[name] for each in runs[arm]] for name in ("right", "on the way")}
        worth = ("" if arm == READ else interval([a[name] - b for a, b in zip(runs[READ], own, strict=True)])
                 for name, own in values.items())
        return (arm, *map(spread, values.values()), *worth)

    return Table(("start", "right in the end", "on the way", "English above it, in the end", "on the way"),
                 [row(arm) for arm in ARMS], title=title,
                 note=f"% of stretches that none was taught, mean ± deviation over the seeds; points of English above "
                      f"it with the 95 % interval; {note}")


def draw(found: Found, folder: Path) -> None:
    """dna.png: % right over the steps of the teaching, a panel for promoters and one for the user's sequences."""
    from tinyformer import plot

    def panel(title: str, runs: dict[str, Sequence[dict]], levels: dict[str, float]) -> plot.Panel:
        curves = {arm: [each["curve"] for each in runs[arm]] for arm in ARMS}
        return plot.Panel(title, "% right", {arm: curves[arm] for arm in (READ, FRESH)}, levels=levels,
                          controls={arm: curves[arm] for arm in (SHUFFLED, RANDOM)})

    panels = [panel("Promoters made by rule", {arm: found[arm] for arm in ARMS},
                    {"who knows the rule": mean(found.values("best", READ))})]
    if found.given:
        panels.append(panel("Sequences of yours", {arm: [each["arms"][arm] for each in found.given] for arm in ARMS},
                            {"always the same": 100 / found.given[0]["kinds"]}))
    plot.compared(panels, folder / "dna.png", title="DNA in words of English, after reading and from scratch")
