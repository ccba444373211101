"""What are vectors of words, ELMo, GPT and BERT worth after the same reading?  From words to contexts, in one table.

For each seed all read a world of tinyland that this seed tells, in the same word pieces, and as many tokens of it: CBOW
finds a vector for each piece, ELMo reads in two directions apart, GPT in one, BERT in both at once.  Then each is
fine-tuned, whole, on the nine sets of TinyGLUE with the same examples in the same order.  A vector of a word does not
know what stands beside it; above it and above ELMo one layer reads the mean of a text, or the means of two beside each
other (Conneau et al. 2017); GPT is read at its last position, BERT at its first.

Files of yours are learned in the same way: sentences with labels, after reading your texts.
"""

import statistics
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from tinyformer import tinyland
from tinyformer.data.corpus import read_documents
from tinyformer.errors import InputError
from tinyformer.metrics.classification import accuracy
from tinyformer.metrics.over_seeds import spread
from tinyformer.nn import Module
from tinyformer.phenomena.kit import Experiment, Files, Found, Sizes, Table, Verdict, above, at_most, judged
from tinyformer.phenomena.parts.few_examples import FewLabels, examples, learned
from tinyformer.phenomena.parts.same_reading import UNREAD, cost_of, read
from tinyformer.tasks import TASKS
from tinyformer.text import Tokenizer, WordPieceTokenizer
from tinyformer.tinyland.bag_of_words import bag_of_words, figure

BAG, WORDS, ONE_SIDED, BERT = "single words", "CBOW", ("ELMo", "GPT"), "BERT"
ARMS = (BAG, WORDS, *ONE_SIDED, BERT, UNREAD)
GROUPS = {"a vector a word": (WORDS,), "words in context": (*ONE_SIDED, BERT), "nothing read": (UNREAD, BAG)}
EXPERIMENT = Experiment(
    chapter="words", minutes=19, optimizer="muon",
    full=Sizes(arms=ARMS, tokens=2_400_000, documents=6000, vocabulary=1500, width=64, max_length=40, labels=1000,
               lessons=240, dev=200, given=800_000, sentences=2000),
    quick=Sizes(arms=ARMS, tokens=3072, documents=60, vocabulary=300, width=16, max_length=32, labels=12, lessons=2,
                dev=12, given=3072, sentences=40),
    control="Softmax regression on which words there are, of the same labels (\"single words\"); the same BERT with "
            "fresh weights, which has read nothing; and on the scale of the table who always says the same is at 0, "
            "and a perfect reader at 100.",
    not_found="That both sides at once are worth more than one: ELMo, GPT and BERT are level, and a BERT that has read "
              "is 3 to 6 points above the same unread.  In paraphrases, entailment and pronouns nobody is above the "
              "majority, and in the other four sets, of pairs, single words are ahead of all that read.",
    takes={"data": "given three times or more: sentences with labels to learn from, as finetune classify takes them, "
                   "others to be judged by, and texts to read, each a file or a folder of them"})
CONTEXT = ("cola", "sst2", "mrpc", "rte", "wnli")          # where single words were below 20 points, on seed 100
BLIND = 10                                                 # points that they may reach there, on average
RATE, OF_WORDS = 3e-3, 2e-2                                # of fine-tuning, the second CBOW's: chosen on seed 100,
MATRICES = ("optimizer", "muon"), ("matrix_rate", 0.01)    # and where there are some between hidden vectors
BATCH = 16                                                 # examples in a step of it
HEADS = {"text": "classify", "pair": "pair", "score": "score"}


def one(sizes: Sizes, seed: int, arm: str) -> dict:
    """Read the world of this seed and learn every set: its score between 0 and 100, and what the reading took."""
    specs = {name: FewLabels(HEADS[each.kind], name, sizes.labels, sizes.lessons, name, each.metrics[0],
                             batch_size=BATCH, max_length=sizes.max_length, dev=sizes.dev)
             for name, each in tinyland.TINYGLUE.items()}
    if arm == BAG:
        found, cost = {name: figure(name, *bag_of_words(*examples(spec, seed))) for name, spec in specs.items()}, {}
    else:
        tokenizer, texts = world(seed, sizes)
        model, cost = read(arm, texts, tokenizer, sizes, seed, optimizer=EXPERIMENT.optimizer)
        found = {name: taught(spec, arm, model, tokenizer, examples(spec, seed), seed) for name, spec in specs.items()}
    scores = {name: tinyland.on_scale(name, value, tinyland.ceiling(name, "dev", sizes.dev, seed))
              for name, value in found.items()}
    return {"sets": scores, "context": statistics.mean(scores[name] for name in CONTEXT),
            "average": statistics.mean(scores.values()), "reading": cost}


def one_given(sizes: Sizes, seed: int, files: Files) -> dict:
    """The accuracy of each on the user's sentences, after reading a third as many tokens of the user's texts."""
    if len(files.data) < 3:
        raise InputError(f"ancestors: --data was given {len(files.data)} times; it takes sentences with labels to "
                         "learn from, sentences to be judged by, and a text to read")
    task, (training, dev, *paths) = TASKS["classify"], files.data
    options = task.options()
    labelled = task.read(training, options, training=True)[:sizes.sentences], task.read(dev, options)
    texts = [text for path in paths for text in read_documents(path)]
    tokenizer = WordPieceTokenizer.train(texts, 2 * sizes.vocabulary)
    sizes = sizes.but(tokens=sizes.given)
    spec = FewLabels("classify", training, len(labelled[0]), max(1, 3 * len(labelled[0]) // BATCH), "sentences",
                     "accuracy", batch_size=BATCH, max_length=sizes.max_length)
    found = {BAG: accuracy(*bag_of_words(*labelled))}
    for arm in ARMS[1:]:
        model, _ = read(arm, texts, tokenizer, sizes, seed, optimizer=EXPERIMENT.optimizer)
        found[arm] = taught(spec, arm, model, tokenizer, labelled, seed)
    blind = task.scores(labelled[1], task.constant(*labelled))
    return {"accuracy": found, "blind": blind["accuracy"], "labels": len(labelled[0]), "judged": len(labelled[1]),
            "characters": sum(map(len, texts))}


def taught(spec: FewLabels, arm: str, model: Module, tokenizer: Tokenizer, shown: tuple[Sequence, Sequence],
           seed: int) -> float:
    """The figure that a model reaches on a set that it is fine-tuned on."""
    spec = replace(spec, learning_rate=OF_WORDS if arm == WORDS else RATE,
                   own=() if arm == WORDS else MATRICES)
    start = TASKS[spec.head].part_of(model, seed)
    return learned(spec, start, tokenizer, shown, seed).figures[spec.figure]


@lru_cache(maxsize=1)
def world(seed: int, sizes: Sizes) -> tuple[Tokenizer, Sequence[str]]:
    """The world of this seed, and word pieces for it."""
    texts, _ = tinyland.read_world(sizes.documents, seed, 0.0)
    return WordPieceTokenizer.train(texts, sizes.vocabulary), texts


def said(outcome: dict) -> str:
    """One outcome in a line."""
    return (f"seed {outcome['seed']}, {outcome['arm']}: {outcome['context']:.1f} where context decides, "
            f"{outcome['average']:.1f} on all nine")


def verdict(found: Found) -> Verdict:
    """Where context decides, words are below what reads to one side, and that is below what reads both at once.

    On average over five sets: ELMo and GPT each lie above CBOW, and BERT above ELMo and above GPT; the interval of each
    difference over the seeds lies above 0.  The control: single words reach 10 points at most in these sets, and BERT
    lies above the same BERT unread.
    """
    def gains(one: str, other: str) -> list[float]:
        return [a - b for a, b in zip(found.values("context", one), found.values("context", other), strict=True)]

    pairs = [*((arm, WORDS) for arm in ONE_SIDED), *((BERT, arm) for arm in ONE_SIDED)]
    return judged(*(above(0, f"points that {one} is above {other}", gains(one, other)) for one, other in pairs),
                  controls=[at_most(BLIND, "single words, points where context decides", found.values("context", BAG)),
                            above(0, "points that BERT is above the same unread", gains(BERT, UNREAD))])


def table(found: Found) -> list[Table]:
    """What the reading took and what it is worth; every set; and the user's sentences."""
    rows = [(arm, *cost_of(found[arm]), spread(found.values("context", arm)), spread(found.values("average", arm)))
            for arm in ARMS]
    sets = [(arm, *(statistics.mean(each["sets"][name] for each in found[arm]) for name in tinyland.TINYGLUE))
            for arm in ARMS]
    head = ("model", "parameters", "tokens read", "steps", "processor-seconds", "where context decides", "all nine")
    tables = [Table(head, rows, note="scores between 0 (the majority) and 100 (a perfect reader) after "
                                     f"{found.sizes.labels:,} labels each, mean ± deviation over the seeds; context "
                                     f"decides in {', '.join(CONTEXT)}"),
              Table(("model", *tinyland.TINYGLUE), sets, note="every set, means over the seeds")]
    if found.given:
        kept = {arm: [100 * each["accuracy"][arm] for each in found.given] for arm in ARMS}
        first = found.given[0]
        tables.append(Table(("model", "% right"), [(arm, spread(values)) for arm, values in kept.items()],
                            f"On {Path(found.files.data[1]).name}:",
                            f"{first['judged']:,} sentences after {first['labels']:,} with labels, and a text of "
                            f"{first['characters']:,} characters; the commonest class {100 * first['blind']:.1f}"))
    return tables


def draw(found: Found, folder: Path) -> None:
    """ancestors.png: a panel for the sets where context decides, one for the others, one for the user's sentences."""
    from tinyformer import plot
    others = [name for name in tinyland.TINYGLUE if name not in CONTEXT]
    panels = [plot.Bars(title, "points", {arm: [statistics.mean(each["sets"][name] for name in names)
                                                for each in found[arm]] for arm in ARMS}, ("a perfect reader", 100))
              for title, names in (("Where context decides", CONTEXT), ("The other four sets", others))]
    if found.given:
        panels.append(plot.Bars("Sentences of yours", "% right", {
            arm: [100 * each["accuracy"][arm] for each in found.given] for arm in ARMS},
            ("commonest", 100 * found.given[0]["blind"])))
    plot.grouped(panels, GROUPS, folder / "ancestors.png", title="What each is worth after the same reading")
