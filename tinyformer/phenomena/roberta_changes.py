"""What did RoBERTa change in how BERT learns, and what is each change worth?  One after the other, at the same budget.

For each seed the same encoder of two layers reads a small world many times over: as BERT does, in pairs of which half
are false, judging them, with masks that were drawn once; without judging the pairs; with masks drawn anew at each
visit; with rows full of whole documents in place of pairs; and with byte-level BPE in place of word pieces.  So each
has one change more than the one above it, and all see as many batches of as many tokens.  They are asked for hidden
words of documents that none has read, in pairs and in full rows, since each is used to one of the two; and they learn
a task from few labels.

With bytes neither loss nor share can be compared with word pieces: other tokens are hidden, of more or fewer letters,
and capitals are to be guessed as well.  So all are put on a character: bits of a hidden token, over the characters that
a token stands for in the held-out text; and even these are of other letters and others that are seen beside them.

Published: new masks are as good as ten fixed ones or slightly better, full rows without pairs above pairs with next
sentence, bytes slightly worse on some tasks (Liu et al. 2019, tables 1 and 2, section 4.4).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from tinyformer.data.batches import MaskedBatches
from tinyformer.data.corpus import read_text, split_documents
from tinyformer.data.encode import sentence_ids
from tinyformer.metrics.over_seeds import interval, spread
from tinyformer.models import BertForPretraining, encoder_of
from tinyformer.phenomena.kit import Experiment, Files, Found, Sizes, Table, Verdict, above, judged
from tinyformer.phenomena.parts.few_examples import FewLabels, examples, learned
from tinyformer.phenomena.parts.held_out_words import told
from tinyformer.phenomena.parts.small_berts import fresh, read
from tinyformer.rng import stream
from tinyformer.text import ByteLevelBPE, Tokenizer, WordPieceTokenizer
from tinyformer.text.bpe import BART_ROLES
from tinyformer.train import evaluate


@dataclass(frozen=True)
class Way:
    """How a text is read."""

    judged: bool = False                      # the pairs
    static: bool = False                      # masks drawn once
    packed: bool = False                      # full rows, without pairs
    bytes: bool = False


BERT, UNJUDGED, DYNAMIC, PACKED, BYTES = ARMS = ("BERT", "no pair loss", "new masks", "full rows", "bytes")
WAYS = dict(zip(ARMS, (Way(judged=True, static=True), Way(static=True), Way(), Way(packed=True),
                       Way(packed=True, bytes=True)), strict=True))
EXPERIMENT = Experiment(
    chapter="reading", minutes=3, optimizer="muon",
    full=Sizes(arms=ARMS, documents=900, characters=150_000, vocabulary=800, width=48, batch_size=16, steps=600,
               shorter=1, dev=200),
    quick=Sizes(arms=ARMS, documents=100, characters=30_000, vocabulary=400, width=16, batch_size=8, steps=6,
                shorter=50, dev=20),
    control="The model above, which differs in one change, with the same text, budget and learning rates.",
    not_found="Why full rows fall so far behind here, and whether they catch up when more is read: after 600 steps "
              "those who read them guess less in both kinds of rows.  From 50 labels no change is told apart from its "
              "neighbours.",
    takes={"data": "a plain text, such as a novel; given again, another: the last tenth of all is held out"})
LAYERS, LENGTH, RATE = 2, 32, 0.25
TASK = FewLabels("tag", "ner", 50, 100, "names", "f1", max_length=LENGTH)
ROWS = {"pairs": False, "full rows": True}    # of held-out text: are they packed?


class Unjudged(MaskedBatches):
    """The same rows of pairs, and nobody says which of them are true."""

    def batch(self, step: int):
        return replace(super().batch(step), pair_labels=None)

    def in_order(self, batch_size: int | None = None) -> Iterator:
        return (replace(batch, pair_labels=None) for batch in super().in_order(batch_size))


@dataclass(frozen=True, eq=False)
class Text:
    """What is read, and what is held out, in one vocabulary."""

    tokenizer: Tokenizer
    training: list
    held_out: list
    per_token: float                          # characters of a token that is held out

    def batches(self, documents: list, way: Way, size: int, seed: int) -> MaskedBatches:
        """These documents as this way has them."""
        kind = MaskedBatches if way.judged or way.packed else Unjudged
        return kind(documents, self.tokenizer, batch_size=size, max_length=LENGTH, seed=seed, rate=RATE,
                    static=way.static, objective="none" if way.packed else "nsp")


def one(sizes: Sizes, seed: int, arm: str) -> dict:
    """Read tinyland in this way, guess what is hidden of other documents, and learn the task."""
    model, text, found = guessed(told, (seed, sizes.documents), sizes, seed, arm)
    task = replace(TASK, steps=max(1, TASK.steps // sizes.shorter), dev=sizes.dev)
    reached = learned(task, encoder_of(model, stream(seed, "head")), text.tokenizer, examples(task, seed), seed)
    return {**found, TASK.title: reached.figures[TASK.figure]}


def one_given(sizes: Sizes, seed: int, files: Files) -> dict:
    """The same of the user's texts, all arms, without the task: as many characters as the sizes say, from the front."""
    return {"arms": {arm: guessed(brought, (files.data, sizes.characters), sizes, seed, arm)[2] for arm in ARMS}}


@lru_cache(maxsize=1)
def brought(paths: tuple[str, ...], characters: int) -> tuple[Sequence[str], Sequence[str]]:
    """(training, held out) of these files, as many characters of both from their front."""
    training, held_out = split_documents([read_text(Path(path)) for path in paths])
    share = min(1, characters / sum(map(len, (*training, *held_out))))
    return tuple([text[:int(len(text) * share)] for text in texts] for texts in (training, held_out))


@lru_cache(maxsize=1)
def in_tokens(source, which: tuple, size: int, of_bytes: bool) -> Text:
    """The texts that source(*which) gives, and a vocabulary of those to be read."""
    training, held_out = source(*which)
    tokenizer = (ByteLevelBPE.train(training, size, end_of_text=False, specials=tuple(BART_ROLES.values()))
                 if of_bytes else WordPieceTokenizer.train(training, size))
    ids, held = (sentence_ids(texts, tokenizer, of_bytes) for texts in (training, held_out))
    return Text(tokenizer, ids, held, sum(map(len, held_out)) / sum(len(each) for one in held for each in one))


def guessed(source, which: tuple, sizes: Sizes, seed: int, arm: str) -> tuple[BertForPretraining, Text, dict]:
    """Read in this way: the model, the text, and loss and share of hidden tokens of both kinds of held-out rows."""
    way = WAYS[arm]
    text = in_tokens(source, which, sizes.vocabulary, way.bytes)
    model = fresh(text.tokenizer, seed, LAYERS, sizes.width, LENGTH, "nsp" if way.judged else "none")
    batches = text.batches(text.training, way, sizes.batch_size, seed)
    read(model, batches, sizes.steps, seed, optimizer=EXPERIMENT.optimizer)
    found = {"times": sizes.steps / batches.steps_per_epoch, "parameters": model.count()}
    for rows, packed in ROWS.items():
        reached = evaluate(model, text.batches(text.held_out, Way(packed=packed), 64, seed).in_order())
        found[rows] = {"loss": reached["mlm loss"], "accuracy": reached["mlm accuracy"],
                       "bits": reached["mlm loss"] / math.log(2) / text.per_token}
    return model, text, found


def said(outcome: dict) -> str:
    """One outcome in a line."""
    return f"seed {outcome['seed']}, {outcome['arm']}: " + ", ".join(
        f"in {rows} loss {outcome[rows]['loss']:.3f}, {100 * outcome[rows]['accuracy']:.1f} %" for rows in ROWS
    ) + f"; {TASK.title} {100 * outcome[TASK.title]:.1f}"


def values(outcomes: Sequence[dict], arm: str, rows: str, name: str = "accuracy", scale: float = 100) -> list[float]:
    """One figure of one kind of rows, seed by seed."""
    return [scale * each[rows][name] for each in outcomes if each["arm"] == arm]


def gained(outcomes: Sequence[dict], arm: str, rows: str) -> list[float]:
    """How many points of the hidden words an arm guesses more than the one above it, seed by seed."""
    before = ARMS[ARMS.index(arm) - 1]
    return [a - b for a, b in zip(*(values(outcomes, which, rows) for which in (arm, before)), strict=True)]


def verdict(found: Found) -> Verdict:
    """Each change but the bytes helps to guess hidden words: without pair loss, with new masks, in full rows.

    The first two are asked in pairs, where all three read alike, the last in full rows, to which it is used; by the
    interval.
    """
    return judged(*(above(0, f"points of hidden words in {rows} that {arm!r} is worth",
                          gained(found.outcomes, arm, rows))
                    for arm, rows in ((UNJUDGED, "pairs"), (DYNAMIC, "pairs"), (PACKED, "full rows"))))


def table(found: Found) -> list[Table]:
    """A line for each change; and the same for the texts of the user."""
    tables = [changes_of(found.outcomes, task=True)]
    if found.given:
        flat = [{**each, "arm": arm} for outcome in found.given for arm, each in outcome["arms"].items()]
        tables.append(changes_of(flat, f"On {', '.join(Path(path).name for path in found.files.data)}:"))
    return tables


def changes_of(outcomes: Sequence[dict], title: str = "", task: bool = False) -> Table:
    """The figures of one text."""
    rows = []
    for arm in ARMS:
        own = [each for each in outcomes if each["arm"] == arm]
        share = [cell for kind in ROWS for cell in (
            spread(values(outcomes, arm, kind)), "" if arm in (BERT, BYTES) else interval(gained(outcomes, arm, kind)))]
        bits = spread(values(outcomes, arm, "full rows", "bits", 1), 2)
        rows.append((arm, own[0]["times"], *share, bits,
                     *([spread([100 * each[TASK.title] for each in own])] if task else [])))
    gains = [cell for kind in ROWS for cell in (f"in {kind}, %", "gained")]
    return Table(("with", "times read", *gains, "bits a character", *[TASK.title] * task), rows, title,
                 "each line: one change more than the line above; hidden words guessed of documents that none has "
                 "read, mean ± deviation over the seeds, gained on the line above in points, with the 95 % interval; "
                 "bits: in full rows" + f"; {TASK.title}: F1 x 100 from {TASK.labels} labels" * task)


def draw(found: Found, folder: Path) -> None:
    """roberta-changes.png: hidden words guessed in both kinds of rows, and the task: a bar for each change."""
    from tinyformer import plot
    panels = [plot.Bars(f"In {kind}", "hidden words guessed, %", {
        arm: () if arm == BYTES else values(found.outcomes, arm, kind) for arm in ARMS}) for kind in ROWS]
    panels.append(plot.Bars(TASK.title, f"F1 x 100, {TASK.labels} labels", {
        arm: found.values(TASK.title, arm, 100) for arm in ARMS}))
    plot.grouped(panels, {"as BERT reads": (BERT,), "changes, added up": ARMS[1:]}, folder / "roberta-changes.png",
                 title="From BERT to RoBERTa, one change at a time")
