"""Which damage teaches most when it is repaired?  Eight corruptions with one budget, and what each is worth afterwards.

For each seed and corruption the same encoder and decoder, from the same weights, repair the same rows of tinyland in
the same order for as many steps.  Then three tasks are learned from few labels, with the same settings for all: two by
the encoder alone, one by the whole.  Beside them stand the same weights without any pre-training, and who reads
nothing.  What a step costs differs: deletion, infilling and T5's spans read less, T5 and MASS write the hidden part
alone.  Each has the best for it of three learning rates, by the mean of the three tasks on another seed: with one rate
for all, MASS goes to ruin at what is best for infilling.

Published: what hides tokens beats what only reorders them (Lewis et al. 2020, table 1; Raffel et al. 2020, table 4).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from statistics import mean

import numpy as np

from tinyformer.data.encode import sentence_ids
from tinyformer.data.masking import IGNORED
from tinyformer.data.noise import NOISES, sentinels_needed
from tinyformer.data.readers import Rewriting
from tinyformer.data.seq2seq import DenoisingBatches
from tinyformer.metrics.over_seeds import interval, spread
from tinyformer.models import Seq2Seq, Seq2SeqConfig
from tinyformer.phenomena.jobs import outcomes
from tinyformer.phenomena.parts.four_heads import FewLabels, examples
from tinyformer.rng import stream
from tinyformer.tasks import TASKS, learn
from tinyformer.tasks.finetuning_settings import Finetuning
from tinyformer.text import Tokenizer, WordPieceTokenizer
from tinyformer.text.base import sentinel_names
from tinyformer.tinyland import World
from tinyformer.tinyland.grammar import Sentence, finish, grammar
from tinyformer.train import Settings, train

NONE = "none"                                 # no pre-training at all
HIDE = ("infill", "mask", "delete", "mass", "spans")
REORDER = ("permute", "rotate", "deshuffle")
PEAKS = {"infill": 4e-3, "mask": 2e-3, "delete": 4e-3, "mass": 2e-3, "spans": 2e-3, "permute": 4e-3, "rotate": 4e-3,
         "deshuffle": 4e-3}                   # the learning rates, chosen on seed 100 among 1e-3, 2e-3 and 4e-3
OTHER_WORLD = 2_000_000                       # worlds from here on tell the sentences that are rewritten


@dataclass(frozen=True)
class Scale:
    """How much is read, by how large a model, and how long; `shorter` divides the steps of the tasks."""

    steps: int = 1250
    documents: int = 16_000
    vocabulary: int = 1500
    width: int = 64
    layers: int = 2
    batch_size: int = 32
    max_length: int = 32
    learning_rate: float = 4e-3
    shorter: int = 1
    dev: int = 300


QUICK = Scale(steps=8, documents=200, vocabulary=500, width=32, batch_size=8, shorter=50, dev=20)
FEW = (
    FewLabels("classify", "cola", 400, 300, "acceptable?", "matthews", max_length=32),
    FewLabels("tag", "ner", 50, 150, "names", "f1", max_length=32),
    FewLabels("rewrite", "tomorrow", 200, 300, "tell it of tomorrow", "exact", learning_rate=2e-3, max_length=32),
)


def run(folder: Path, seeds: Sequence[int], quick: bool) -> tuple[str, dict]:
    """Every corruption at every task, ranks, and whether hiding beats reordering; draws corruptions.png."""
    scale, arms = QUICK if quick else Scale(), (*NOISES, NONE)
    jobs = [(seed, noise) for seed in seeds for noise in arms]
    done = outcomes(folder, "corruptions", partial(one, scale), jobs, said)
    found = {noise: [each for each in done if each["noise"] == noise] for noise in arms}
    scores = {spec.title: {noise: [100 * each[spec.set][spec.figure] for each in found[noise]] for noise in arms}
              for spec in FEW}
    blind = {spec.title: 100 * mean(each[spec.set]["blind"] for each in found[NONE]) for spec in FEW}
    report = table(scores, blind, [each["budget"] for each in found["infill"]])
    gap = hiding_against_reordering(scores)
    draw(scores, blind, folder / "corruptions.png")
    return f"{report}\n{verdict(scores, gap)}", {
        "scores": scores, "reading nothing": blind, "ranks": ranks(scores), "hiding less reordering": gap,
        "runs": found}


def said(outcome: dict) -> str:
    """One outcome in a line."""
    return f"seed {outcome['seed']}, {outcome['noise']}: " + ", ".join(
        f"{spec.title} {100 * outcome[spec.set][spec.figure]:.1f}" for spec in FEW)


def one(scale: Scale, seed: int, noise: str) -> dict:
    """Pre-train with one corruption (or not at all) and learn every task: the figures, and what was read."""
    tokenizer, documents = corpus(seed, scale)
    if noise in PEAKS:
        scale = replace(scale, learning_rate=PEAKS[noise])
    model, budget = pretrained(noise, documents, tokenizer, scale, seed)
    return {"seed": seed, "noise": noise, "budget": budget,
            **{spec.set: learned(spec, model, tokenizer, scale, seed) for spec in FEW}}


# ---- reading ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def corpus(seed: int, scale: Scale) -> tuple[Tokenizer, list]:
    """The world of this seed: a vocabulary with all that any corruption needs, and the documents as ids."""
    texts = list(World(seed).documents(scale.documents))
    tokenizer = vocabulary(texts, scale)
    return tokenizer, sentence_ids(texts, tokenizer)


def vocabulary(texts: Sequence[str], scale: Scale) -> WordPieceTokenizer:
    """A WordPiece vocabulary of these texts, with T5's sentinels."""
    specials = (*Tokenizer.roles.values(), *sentinel_names(sentinels_needed(scale.max_length)))
    return WordPieceTokenizer.train(texts, scale.vocabulary, specials=specials)


class Counted(DenoisingBatches):
    """The same batches, which count the tokens of the text, of what the encoder reads, and of what is asked for."""

    text = read = asked = 0

    def pair(self, number, rng):
        source, target = super().pair(number, rng)
        self.text += sum(map(len, self.rows[number]))
        self.read += len(source)
        self.asked += int((np.asarray(target) != IGNORED).sum())
        return source, target


def pretrained(noise: str, documents: Sequence, tokenizer: Tokenizer, scale: Scale, seed: int) -> tuple[Seq2Seq, dict]:
    """A model that has repaired texts for `scale.steps` steps, or not at all, and what it read."""
    config = Seq2SeqConfig(vocabulary=len(tokenizer), layers=scale.layers, heads=4, width=scale.width,
                           context=scale.max_length, init_std=0.02 * (768 / scale.width) ** 0.5,
                           pad_id=tokenizer.pad_id, start_id=tokenizer.cls_id, end_id=tokenizer.sep_id)
    model = Seq2Seq(config, stream(seed, "weights"))
    if noise == NONE:
        return model, {"steps": 0, "text": 0, "read": 0, "asked": 0}
    batches = Counted(documents, tokenizer, batch_size=scale.batch_size, max_length=scale.max_length, seed=seed,
                      noise=noise)
    settings = Settings(steps=scale.steps, learning_rate=scale.learning_rate, warmup=min(100, scale.steps // 10),
                        seed=seed, log_every=max(1, scale.steps // 10))
    history = train(model, batches, settings, progress=False)
    return model, {"steps": history.final["steps"], "text": batches.text, "read": batches.read, "asked": batches.asked,
                   "learning rate": scale.learning_rate,
                   "loss": history.final["loss"], "seconds": history.final["seconds"]}


# ---- learning from few labels ----------------------------------------------------------------------------------------


def learned(spec: FewLabels, model: Seq2Seq, tokenizer: Tokenizer, scale: Scale, seed: int) -> dict[str, float]:
    """The official figures of one task, learned on a copy of the model; "blind" is that of who reads nothing."""
    train, dev = shown(replace(spec, dev=scale.dev), seed)
    task = TASKS[spec.head]
    settings = Finetuning(task=spec.head, steps=max(1, spec.steps // scale.shorter), learning_rate=spec.learning_rate,
                          batch_size=spec.batch_size, max_length=spec.max_length, seed=seed, dropout=0.0, device="cpu")
    prepared = learn.assemble(settings, task.part_of(model, seed), tokenizer, train, dev)
    learn.train(prepared, evaluations=1, progress=False)
    found = task.scores(dev, prepared.predictions())
    return found | {"blind": task.scores(dev, task.constant(train, dev))[spec.figure]}


@lru_cache(maxsize=len(FEW))
def shown(spec: FewLabels, seed: int) -> tuple[list, list]:
    """(training, development) examples, the same for every corruption."""
    if spec.set != "tomorrow":
        return examples(spec, seed)
    pairs = told_of_tomorrow(OTHER_WORLD + seed, spec.labels + spec.dev)
    return pairs[:spec.labels], pairs[spec.labels:]


def told_of_tomorrow(seed: int, count: int) -> list[Rewriting]:
    """Different sentences of what happened, each with the same told of tomorrow: "Ida saw a cat." -> "Ida will see ..."

    Most of the target stands in the source; the verbs have to be found, and their other forms known.
    """
    base = {forms["past"]: forms["base"] for forms in grammar().lexicon.verbs.values()}
    world, found, index = World(seed, kinds=("story", "retelling")), {}, 0
    while len(found) < count:
        for sentence in world.document(index).sentences:
            verbs = [word for word in sentence.words if word.tag in ("VERB", "AUX")]
            if verbs and all(word.tag == "VERB" and word.text in base for word in verbs):
                found[sentence.text] = _tomorrow(sentence, base)
        index += 1
    return [Rewriting(source, target, "tinyland", n) for n, (source, target) in enumerate(found.items(), 1)][:count]


def _tomorrow(sentence: Sentence, base: dict[str, str]) -> str:
    words = []
    for word in sentence.words:
        if word.tag == "VERB":
            words.append(type(word)("will", "AUX"))
            word = type(word)(base[word.text], "VERB")
        words.append(word)
    return finish(words).text


# ---- what is shown ---------------------------------------------------------------------------------------------------

Scores = dict[str, dict[str, list[float]]]    # figures x 100 by task and corruption, one for each seed


def ranks(scores: Scores) -> dict[str, float]:
    """The mean rank of each corruption over tasks and seeds, 1 the best; those that are equal share their ranks."""
    places: dict[str, list[float]] = {}
    for by_noise in scores.values():
        for row in zip(*by_noise.values(), strict=True):
            for noise, own in zip(by_noise, row, strict=True):
                better, equal = sum(other > own for other in row), sum(other == own for other in row)
                places.setdefault(noise, []).append(better + (equal + 1) / 2)
    return {noise: mean(each) for noise, each in places.items()}


def hiding_against_reordering(scores: Scores) -> list[float]:
    """For each seed by how many points, on average over tasks, what hides tokens is above what only reorders them."""
    def group(noises: Sequence[str], seed: int) -> float:
        return mean(by_noise[noise][seed] for by_noise in scores.values() for noise in noises)
    count = len(next(iter(scores.values()))[NONE])
    return [group(HIDE, seed) - group(REORDER, seed) for seed in range(count)]


def verdict(scores: Scores, gap: Sequence[float]) -> str:
    """One sentence on the two kinds of corruption, and what either is above no pre-training."""
    means = [mean(mean(by_noise[noise]) for by_noise in scores.values() for noise in noises)
             for noises in (HIDE, REORDER, (NONE,))]
    return (f"what hides tokens ({', '.join(HIDE)}) reaches {means[0]:.1f} on average, what only reorders them "
            f"({', '.join(REORDER)}) {means[1]:.1f}, no pre-training {means[2]:.1f}: hiding less reordering is "
            f"{interval(gap)} points")


def table(scores: Scores, blind: dict[str, float], budgets: Sequence[dict]) -> str:
    """One line for each corruption, mean ± standard deviation over the seeds, by mean rank."""
    place, tasks = ranks(scores), list(scores)
    kinds = {noise: "hides" if noise in HIDE else "reorders" if noise in REORDER else "" for noise in place}
    lines = [f"every corruption: {budgets[0]['steps']:,} steps over {mean(b['text'] for b in budgets):,.0f} tokens of "
             "text; figures x 100: " + ", ".join(f"{spec.title}: {spec.figure}, {spec.labels} labels" for spec in FEW),
             f"{'corruption':<11}{'':<10}" + "".join(f"{task:>22}" for task in tasks) + f"{'mean rank':>12}"]
    for noise in sorted(place, key=place.get):
        lines.append(f"{noise:<11}{kinds[noise]:<10}"
                     + "".join(f"{spread(scores[task][noise]):>22}" for task in tasks) + f"{place[noise]:>12.1f}")
    lines.append(f"{'reads nothing, copies':<21}" + "".join(f"{blind[task]:>22.1f}" for task in tasks))
    return "\n".join(lines)


def draw(scores: Scores, blind: dict[str, float], path: Path) -> None:
    """A panel for each task, a bar for each corruption, in the colour of its kind."""
    from tinyformer import plot
    figures = {spec.title: f"{spec.figure} x 100" for spec in FEW}
    levels = {spec.title: TASKS[spec.head].blind[1] for spec in FEW}
    panels = [{"title": task, "xlabel": figures[task], "values": by_noise, "level": (levels[task], blind[task])}
              for task, by_noise in scores.items()]
    plot.grouped(panels, {"hides tokens": HIDE, "only reorders": REORDER, "no pre-training": (NONE,)}, path,
                 title="The same model after the same budget of repairing")
