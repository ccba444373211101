"""Does reading help to translate?  Texts in two languages, few sentences of which stand in both.

For each seed an encoder and decoder repairs documents of tinyland (text infilling) in its two languages, never the same
document in both: language b has words of its own, and its adjectives stand behind their nouns.  Then it is shown 200,
800 or 3,000 sentences of a with their translation, and asked for others, which it has read in neither language; beside
it the same model with fresh weights is shown and asked the same.

With real sentences, line n of one file the translation of line n of the other, the same by commands:

    python -m tinyformer pretrain seq2seq --corpus FILE --noise infill --out runs/start
    python -m tinyformer finetune rewrite --model runs/start --train news/train --dev news/dev --endings en,fr --out ...
    python -m tinyformer predict --model ... "A sentence."
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path
from statistics import mean

from tinyformer.data.encode import sentence_ids
from tinyformer.data.readers import Rewriting
from tinyformer.metrics.bleu import words_of
from tinyformer.metrics.over_seeds import interval, spread
from tinyformer.phenomena.kit import Experiment, Found, Sizes, Table, Verdict, at_least, judged
from tinyformer.phenomena.parts.few_examples import FewLabels, learned
from tinyformer.phenomena.parts.repairing import MAX_LENGTH, NONE, repaired, vocabulary
from tinyformer.text import Tokenizer
from tinyformer.tinyland import World

READ, FRESH = ARMS = ("pre-trained", "from scratch")
EXPERIMENT = Experiment(
    chapter="languages", minutes=7, optimizer="adamw",
    full=Sizes(arms=ARMS, steps=1800, documents=16_000, vocabulary=2500, width=64, batch_size=32,
               pairs=(200, 800, 3000), lessons=600, dev=150, lesson_size=32),
    quick=Sizes(arms=ARMS, steps=10, documents=200, vocabulary=500, width=32, batch_size=8, pairs=(20, 60), lessons=8,
                dev=10, lesson_size=8),
    control="The same model with fresh weights, and copying the source.  A dictionary of the words in the pairs would "
            "get at most those sentences right as a whole all of whose words it holds.",
    not_found="What one of the two languages would have brought alone is not told apart.")
OTHER_WORLD = 2_000_000                       # worlds from here on tell the sentences that are translated
ORDER = "noun-first"                          # the word order of language b
SPARE = 5                                     # pairs from which one is chosen that was not read
FIGURES = {"bleu": "BLEU", "exact": "exact", "token_accuracy": "tokens right"}
GAIN = 5                                      # points of BLEU, in every seed


def one(sizes: Sizes, seed: int, arm: str) -> dict:
    """Read (or not), then learn from each number of pairs, always from the same beginning: the figures of each."""
    tokenizer, documents = corpus(seed, sizes.documents, sizes.vocabulary)
    model, _ = repaired("infill" if arm == READ else NONE, documents, tokenizer, sizes, seed,
                        optimizer=EXPERIMENT.optimizer)
    dev, rest = separated(parallel(OTHER_WORLD + seed, max(sizes.pairs) + SPARE * sizes.dev), sizes.dev,
                          {tuple(sentence) for document in documents for sentence in document}, tokenizer)
    return {"by pairs": [taught(model, tokenizer, rest[:count], dev, sizes, seed) for count in sizes.pairs]}


def separated(pairs: Sequence[Rewriting], count: int, read: set[tuple[int, ...]],
              tokenizer: Tokenizer) -> tuple[list[Rewriting], list[Rewriting]]:
    """(the first `count` pairs of which neither side was read, all other pairs)."""
    new = [number for number, pair in enumerate(pairs)
           if not read & {tuple(tokenizer.encode(pair.source)), tuple(tokenizer.encode(pair.target))}][:count]
    if len(new) < count:
        raise ValueError(f"translation: of {len(pairs)} pairs {len(new)} were not read, and {count} are asked for")
    chosen = set(new)
    return [pairs[n] for n in new], [pair for n, pair in enumerate(pairs) if n not in chosen]


@lru_cache(maxsize=1)
def corpus(seed: int, count: int, size: int) -> tuple[Tokenizer, list]:
    """Documents of both languages in turn, no document in both: a vocabulary of all, and the documents as ids."""
    world, half = World(seed), count // 2
    both = zip(world.documents(half), world.documents(half, "b", start=half, order=ORDER), strict=True)
    texts = list(chain.from_iterable(both))
    tokenizer = vocabulary(texts, size)
    return tokenizer, sentence_ids(texts, tokenizer)


def parallel(seed: int, count: int) -> list[Rewriting]:
    """Different sentences of language a, each with its translation, of a world that was not read."""
    world, found, start = World(seed), {}, 0
    while len(found) < count:
        found |= world.parallel(count, start, ORDER)
        start += count
    return [Rewriting(a, b, "tinyland", number) for number, (a, b) in enumerate(found.items(), 1)][:count]


def taught(model, tokenizer: Tokenizer, train: Sequence[Rewriting], dev: Sequence[Rewriting], sizes: Sizes,
           seed: int) -> dict:
    """A copy of the model learns these pairs: its figures on `dev`, those of copying, and what a dictionary reaches."""
    spec = FewLabels("rewrite", "parallel", len(train), sizes.lessons, "translation", "bleu", learning_rate=2e-3,
                     batch_size=sizes.lesson_size, max_length=MAX_LENGTH)
    reached = learned(spec, model, tokenizer, (train, dev), seed)
    seen = {word for example in train for word in words_of(example.source)}
    covered = [seen.issuperset(words_of(example.source)) for example in dev]
    return {**reached.figures, **{f"copy {name}": value for name, value in reached.blind.items()},
            "all words in the pairs": sum(covered) / len(dev),
            "examples": [{"source": e.source, "target": e.target, "said": p["text"]}
                         for e, p in zip(dev[:5], reached.predictions, strict=False)]}


def said(outcome: dict) -> str:
    """One outcome in a line."""
    return f"seed {outcome['seed']}, {outcome['arm']}: BLEU " + ", ".join(
        f"{100 * each['bleu']:.1f}" for each in outcome["by pairs"])


def at(found: Found, arm: str, place: int, figure: str) -> list[float]:
    """A figure x 100 of one arm with one number of pairs, seed by seed."""
    return [100 * each["by pairs"][place][figure] for each in found[arm]]


def gains(found: Found, place: int) -> list[float]:
    """The points of BLEU that reading brought, seed by seed."""
    return [a - b for a, b in zip(at(found, READ, place, "bleu"), at(found, FRESH, place, "bleu"), strict=True)]


def verdict(found: Found) -> Verdict:
    """With each number of pairs the model that has read is 5 points of BLEU and more above the fresh one, every seed.

    Written when the figures of seeds 0 to 2 were known: means of 38.9, 77.1 and 92.4 against 11.0, 57.7 and 78.7.
    """
    return judged(*(at_least(GAIN, f"{count:,} pairs, points of BLEU that reading brings", gains(found, place))
                    for place, count in enumerate(found.sizes.pairs)))


def table(found: Found) -> Table:
    """A line for each number of pairs and arm: means ± standard deviation x 100, and what pre-training brought."""
    rows = []
    for place, count in enumerate(found.sizes.pairs):
        for arm in ARMS:
            rows.append((f"{count:,}", arm, *(spread(at(found, arm, place, figure)) for figure in FIGURES),
                         interval(gains(found, place)) if arm == READ else ""))
        rows.append((f"{count:,}", "copying the source",
                     *(mean(at(found, FRESH, place, f"copy {figure}")) for figure in ("bleu", "exact")), "", ""))
        rows.append((f"{count:,}", "a perfect dictionary", "", mean(at(found, FRESH, place, "all words in the pairs")),
                     "", ""))
    return Table(("pairs", "", *FIGURES.values(), "BLEU gained"), rows,
                 note="figures x 100, mean ± deviation over the seeds; of the gain the 95 % interval")


def draw(found: Found, folder: Path) -> None:
    """translation.png: BLEU and exact matches over the number of pairs, both arms."""
    from tinyformer import plot

    def curves(arm: str, figure: str) -> list:
        return [[(count, 100 * each["by pairs"][place][figure]) for place, count in enumerate(found.sizes.pairs)]
                for each in found[arm]]

    panels = [plot.Panel(words, words, {arm: curves(arm, figure) for arm in ARMS} | more, "sentences with translation",
                         logarithmic=True) for figure, words, more in (
        ("bleu", "BLEU x 100", {}),
        ("exact", "sentences right, %", {"perfect dictionary": curves(FRESH, "all words in the pairs")}))]
    plot.compared(panels, folder / "translation.png",
                  title="Translating from few pairs, with and without having read both languages")
