"""Does reading help to translate, where few sentences stand in both languages?

For each seed an encoder and decoder repairs documents of tinyland (text infilling) in its two languages, never the same
document in both: language b has words of its own, and its adjectives stand behind their nouns.  Then it is shown 200,
800 or 3,000 sentences of a with their translation, and asked for others, which it has read in neither language; beside
it the same model with fresh weights is shown and asked the same.  What one of the two languages would have brought
alone is not told apart.  Copying the source is the baseline; a dictionary of the words in the pairs would get at most
those sentences right as a whole all of whose words it holds.

With real sentences, line n of one file the translation of line n of the other, the same by commands:

    python -m tinyformer pretrain seq2seq --corpus FILE --noise infill --out runs/start
    python -m tinyformer finetune rewrite --model runs/start --train news/train --dev news/dev --endings en,fr --out ...
    python -m tinyformer predict --model ... "A sentence."
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from statistics import mean

from tinyformer.data.encode import sentence_ids
from tinyformer.data.readers import Rewriting
from tinyformer.metrics.bleu import words_of
from tinyformer.metrics.over_seeds import interval, spread
from tinyformer.models import Seq2Seq
from tinyformer.phenomena.corruptions import NONE, OTHER_WORLD, Scale, pretrained, vocabulary
from tinyformer.phenomena.jobs import outcomes
from tinyformer.tasks import TASKS, learn
from tinyformer.tasks.finetuning_settings import Finetuning
from tinyformer.text import Tokenizer
from tinyformer.tinyland import World

ORDER = "noun-first"                          # the word order of language b
SPARE = 5                                     # pairs from which one is chosen that was not read
ARMS = {"pre-trained": "infill", "from scratch": NONE}
FIGURES = ("bleu", "exact", "token_accuracy")


@dataclass(frozen=True)
class Lesson:
    """How many pairs are shown, for how many steps, and how many others are asked for."""

    pairs: tuple[int, ...] = (200, 800, 3000)
    steps: int = 600
    dev: int = 150
    batch_size: int = 32
    learning_rate: float = 2e-3


FULL = Scale(steps=1800, documents=16_000, vocabulary=2500), Lesson()
QUICK = Scale(steps=10, documents=200, vocabulary=500, width=32, batch_size=8), Lesson((20, 60), 8, 10, 8)


def run(folder: Path, seeds: Sequence[int], quick: bool) -> tuple[str, dict]:
    """BLEU and exact matches of both arms for each number of pairs; draws translation.png."""
    scale, lesson = QUICK if quick else FULL
    plan = [(seed, arm) for seed in seeds for arm in ARMS]
    done = outcomes(folder, "translation", partial(one, scale, lesson), plan, lambda rows: ", ".join(
        f"{count:,} pairs BLEU {100 * each['bleu']:.1f}" for count, each in zip(lesson.pairs, rows, strict=True)))
    found = {arm: [rows for (_, whose), rows in zip(plan, done, strict=True) if whose == arm] for arm in ARMS}
    draw(found, lesson.pairs, folder / "translation.png")
    return table(found, lesson.pairs), {"pairs": lesson.pairs, "order": ORDER, "runs": found}


def one(scale: Scale, lesson: Lesson, seed: int, arm: str) -> list[dict]:
    """Read (or not), then learn from each number of pairs, always from the same beginning: the figures of each."""
    tokenizer, documents = corpus(seed, scale)
    model, _ = pretrained(ARMS[arm], documents, tokenizer, scale, seed)
    dev, rest = separated(parallel(OTHER_WORLD + seed, max(lesson.pairs) + SPARE * lesson.dev), lesson.dev,
                          {tuple(sentence) for document in documents for sentence in document}, tokenizer)
    return [taught(model, tokenizer, rest[:count], dev, scale, lesson, seed) for count in lesson.pairs]


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
def corpus(seed: int, scale: Scale) -> tuple[Tokenizer, list]:
    """Documents of both languages in turn, no document in both: a vocabulary of all, and the documents as ids."""
    world, half = World(seed), scale.documents // 2
    both = zip(world.documents(half), world.documents(half, "b", start=half, order=ORDER), strict=True)
    texts = list(chain.from_iterable(both))
    tokenizer = vocabulary(texts, scale)
    return tokenizer, sentence_ids(texts, tokenizer)


def parallel(seed: int, count: int) -> list[Rewriting]:
    """Different sentences of language a, each with its translation, of a world that was not read."""
    world, found, start = World(seed), {}, 0
    while len(found) < count:
        found |= world.parallel(count, start, ORDER)
        start += count
    return [Rewriting(a, b, "tinyland", number) for number, (a, b) in enumerate(found.items(), 1)][:count]


def taught(model: Seq2Seq, tokenizer: Tokenizer, train: Sequence[Rewriting], dev: Sequence[Rewriting], scale: Scale,
           lesson: Lesson, seed: int) -> dict[str, float]:
    """A copy of the model learns these pairs: its figures on `dev`, those of copying, and what a dictionary reaches."""
    task = TASKS["rewrite"]
    settings = Finetuning(task="rewrite", steps=lesson.steps, learning_rate=lesson.learning_rate, dropout=0.0,
                          batch_size=lesson.batch_size, max_length=scale.max_length, seed=seed, device="cpu")
    prepared = learn.assemble(settings, model, tokenizer, train, dev)
    learn.train(prepared, evaluations=1, progress=False)
    said = prepared.predictions()
    seen = {word for example in train for word in words_of(example.source)}
    covered = [seen.issuperset(words_of(example.source)) for example in dev]
    copied = task.scores(dev, task.constant(train, dev))
    return {**task.scores(dev, said), **{f"copy {name}": value for name, value in copied.items()},
            "all words in the pairs": sum(covered) / len(dev),
            "examples": [{"source": e.source, "target": e.target, "said": p["text"]}
                         for e, p in zip(dev[:5], said, strict=False)]}


# ---- what is shown ---------------------------------------------------------------------------------------------------


def table(found: dict[str, list[list[dict]]], pairs: Sequence[int]) -> str:
    """A line for each number of pairs and arm: means ± standard deviation x 100, and what pre-training brought."""
    lines = [f"{'pairs':>6}  {'':<20}{'BLEU':>14}{'exact':>14}{'tokens right':>14}"]
    for place, count in enumerate(pairs):
        at = {arm: [rows[place] for rows in runs] for arm, runs in found.items()}
        for arm, each in at.items():
            lines.append(f"{count:>6,}  {arm:<20}" + "".join(
                f"{spread([100 * one[name] for one in each]):>14}" for name in FIGURES))
        whole = at["from scratch"]
        lines.append(f"{'':>6}  {'copying the source':<20}" + "".join(
            f"{100 * mean(one[f'copy {name}'] for one in whole):>14.1f}" for name in FIGURES[:2]))
        lines.append(f"{'':>6}  {'a perfect dictionary':<20}{'':>14}"
                     f"{100 * mean(one['all words in the pairs'] for one in whole):>14.1f}")
        gains = [100 * (one["bleu"] - other["bleu"]) for one, other in zip(*at.values(), strict=True)]
        lines.append(f"{'':>6}  pre-training brings {interval(gains)} points of BLEU")
    return "\n".join(lines)


def draw(found: dict[str, list[list[dict]]], pairs: Sequence[int], path: Path) -> None:
    """BLEU and exact matches over the number of pairs, both arms."""
    from tinyformer import plot
    panels = []
    for name, words in (("bleu", "BLEU x 100"), ("exact", "sentences right, %")):
        curves = {arm: [[(count, 100 * one[name]) for count, one in zip(pairs, rows, strict=True)]
                        for rows in runs] for arm, runs in found.items()}
        if name == "exact":
            curves["perfect dictionary"] = [
                [(count, 100 * one["all words in the pairs"]) for count, one in zip(pairs, rows, strict=True)]
                for rows in found["from scratch"]]
        panels.append({"title": words, "ylabel": words, "xlabel": "sentences with translation", "curves": curves})
    plot.compared(panels, path, title="Translating from few pairs, with and without having read both languages")
