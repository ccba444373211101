"""How does a labelled example become a row of numbers?  One way for each of the four heads, and batches of them.

    a text      [CLS] text [SEP]                          one label
    a sentence  [CLS] word word ... [SEP]                 a label at the first piece of each word, -100 elsewhere
    a pair      [CLS] first [SEP] second [SEP]            segments 0 and 1; one label or one score
    a question  [CLS] question [SEP] document [SEP]       the first and the last token of the answer (windows.py)

A batch is as long as its longest row.  `batch(step)` depends on the seed and the step alone, as in pre-training.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tinyformer.data.batches import Rows
from tinyformer.data.masking import IGNORED
from tinyformer.data.order import EpochOrder
from tinyformer.data.windows import Window, between, windows
from tinyformer.errors import InputError
from tinyformer.text import ByteLevelBPE


@dataclass(frozen=True, eq=False)
class LabelledBatch(Rows):
    """Rows with a class each, a score each or several, or a tag for each position."""

    ids: np.ndarray                              # (B, T)
    segments: np.ndarray                         # (B, T) 1 in the second text of a pair
    keep: np.ndarray                             # (B, T) bool, False at padding
    labels: np.ndarray                           # (B,) classes, (B,) or (B, K) scores, (B, T) tags; -100 counts nothing

    @property
    def counts(self) -> dict[str, int]:
        """What the loss is divided by."""
        scores = self.labels.dtype.kind == "f"
        return {"labels": len(self) if scores else int((self.labels != IGNORED).sum())}


@dataclass(frozen=True, eq=False)
class SpanBatch(Rows):
    """Windows of documents, each with the places of the first and last token of the answer, (0, 0) for none."""

    ids: np.ndarray                              # (B, T)
    segments: np.ndarray                         # (B, T) 0 in the question, 1 in the document
    keep: np.ndarray                             # (B, T) bool, False at padding
    answerable: np.ndarray                       # (B, T) bool, True in the document and at [CLS]
    starts: np.ndarray                           # (B,)
    ends: np.ndarray                             # (B,)

    @property
    def counts(self) -> dict[str, int]:
        """What the loss is divided by."""
        return {"labels": len(self)}


# ---- from examples to rows -------------------------------------------------------------------------------------------


class EncodedRows(list):
    """Rows ready to be put into batches, and how many examples were cut (or, of documents, windowed) to fit.

    Where several tasks are mixed, `groups` has the name of each row's.
    """

    def __init__(self, rows=(), cut: int = 0, groups: Sequence[str] = ()):
        super().__init__(rows)
        self.cut, self.groups = cut, groups


@dataclass(frozen=True, eq=False)
class LabelledRow:
    """One text, sentence or pair as numbers; `label` is a class, a score, an array of several, or tags (T,)."""

    ids: np.ndarray                              # (T,)
    segments: np.ndarray                         # (T,)
    label: int | float | np.ndarray
    firsts: np.ndarray | None = None             # the place of the first piece of each word, in a tagged sentence


@dataclass(frozen=True, eq=False)
class SpanRow:
    """One window of a question's document; `question` is the number of the question among the examples."""

    window: Window
    start: int
    end: int
    question: int

    @property
    def ids(self) -> np.ndarray:
        return self.window.ids


def text_rows(examples: Sequence, tokenizer, labels: Sequence[str], max_length: int) -> EncodedRows:
    """Texts as [CLS] text [SEP]; a text that is longer than `max_length` is cut at its end and counted.

    A tokenizer without [CLS] (GPT's) puts nothing in front, and its end-of-text token, if it has one, behind.
    A label that is not among `labels` becomes -100 and counts for nothing: in a test set, or never seen in training.
    """
    numbers = {name: number for number, name in enumerate(labels)}
    head, tail = _frame(tokenizer)
    room = _room(max_length, len(head) + len(tail), 1)
    rows = EncodedRows()
    for example in examples:
        ids = tokenizer.encode(example.text)
        rows.cut += len(ids) > room
        ids = np.array([*head, *ids[:room], *tail])
        if not len(ids):
            raise InputError(f"{example.file}:{example.line}: the text {example.text[:40]!r} has no tokens; "
                             "remove the row")
        rows.append(LabelledRow(ids, np.zeros_like(ids), numbers.get(example.label, IGNORED)))
    return rows


def pair_rows(examples: Sequence, tokenizer, labels: Sequence[str], max_length: int) -> EncodedRows:
    """Pairs as [CLS] first [SEP] second [SEP]; what is too long loses tokens at the end of the longer text, one by one.

    A vocabulary of RoBERTa's kind has two [SEP] between the texts, as it was trained.  With no `labels` the examples
    have scores.
    """
    numbers = {name: number for number, name in enumerate(labels)}
    head, tail = _frame(tokenizer)
    middle = between(tokenizer) if head else tail
    room = _room(max_length, len(head) + len(middle) + len(tail), 2)
    rows = EncodedRows()
    for example in examples:
        first, second = tokenizer.encode(example.first), tokenizer.encode(example.second)
        rows.cut += len(first) + len(second) > room
        a, b = fit_pair(len(first), len(second), room)
        ids = np.array([*head, *first[:a], *middle, *second[:b], *tail])
        segments = (np.arange(len(ids)) >= len(head) + a + len(middle)).astype(np.int64)
        label = numbers.get(example.label, IGNORED) if labels else example.label
        rows.append(LabelledRow(ids, segments, np.nan if label is None else label))
    return rows


def fit_pair(first: int, second: int, room: int) -> tuple[int, int]:
    """How many tokens of each text stay, so that both fit: the longer one is cut, the second if they are equal.

    (Devlin et al. 2019, the published code's _truncate_seq_pair.)
    """
    over = max(0, first + second - room)
    longer = min(over, abs(first - second))                    # first the longer one comes down to the shorter
    first, second = (first - longer, second) if first > second else (first, second - longer)
    rest = over - longer                                       # then both in turn, the second before the first
    return first - rest // 2, second - (rest + 1) // 2


def tagged_rows(examples: Sequence, tokenizer, labels: Sequence[str], max_length: int) -> EncodedRows:
    """Sentences as [CLS] pieces of every word [SEP], the tag of a word at its first piece.

    Where bytes are joined to tokens, each word carries the space in front of it, the first one too, as in transformers
    with add_prefix_space; other vocabularies cut a word as it is, or put the space there themselves.  A word that the
    tokenizer makes nothing of (a control character, say) is read as [UNK], so that every word keeps its place.  Words
    beyond `max_length` are left out whole and the sentence is counted as cut.
    """
    numbers = {name: number for number, name in enumerate(labels)}
    head, tail = _frame(tokenizer)
    room = _room(max_length, len(head) + len(tail), 1)
    rows = EncodedRows()
    for example in examples:
        pieces, firsts = [], []
        for word in example.words:
            cut = _word_ids(word, tokenizer) or [tokenizer.unk_id]
            if len(pieces) + len(cut) > room:
                if not pieces:                                 # a first word that fills everything by itself
                    firsts, pieces = [len(head)], cut[:room]
                rows.cut += 1
                break
            firsts.append(len(head) + len(pieces))
            pieces += cut
        ids = np.array([*head, *pieces, *tail])
        tags = np.full(len(ids), IGNORED)
        tags[firsts] = [numbers.get(tag, IGNORED) for tag in example.tags[:len(firsts)]] if example.tags else IGNORED
        rows.append(LabelledRow(ids, np.zeros_like(ids), tags, np.array(firsts)))
    return rows


def _word_ids(word: str, tokenizer) -> list[int]:
    """The ids of a word as it stands in a sentence."""
    if not isinstance(tokenizer, ByteLevelBPE):
        return tokenizer.encode(word)
    return [id for _, part, token, _ in tokenizer.segments(word)
            for id in (tokenizer.encode(" " + part) if token is None else [tokenizer.vocab[token]])]


def question_rows(examples: Sequence, tokenizer, max_length: int, stride: int, max_question: int = 64) -> EncodedRows:
    """Every window of every question's document, with the tokens of the first answer: [CLS] where it is elsewhere."""
    rows = EncodedRows()
    for number, example in enumerate(examples):
        found = windows(tokenizer, example.question, example.document, max_length, stride, max_question)
        rows.cut += len(found) > 1
        for window in found:
            start, end = 0, 0
            if example.answers and not example.impossible and example.answers[0].start is not None:
                answer = example.answers[0]
                start, end = window.place(answer.start, answer.start + len(answer.text))
            rows.append(SpanRow(window, start, end, number))
    return rows


def _frame(tokenizer) -> tuple[list[int], list[int]]:
    """What stands in front of a text and behind it: [CLS] and [SEP], or nothing and the end-of-text token."""
    if tokenizer.cls_id is not None and tokenizer.sep_id is not None:
        return [tokenizer.cls_id], [tokenizer.sep_id]
    return [], [] if tokenizer.eos_id is None else [tokenizer.eos_id]


def _room(max_length: int, frame: int, least: int) -> int:
    if max_length < frame + least:
        raise InputError(f"max_length is {max_length}; with {frame} special tokens it must be at least "
                         f"{frame + least} (--max-length)")
    return max_length - frame


# ---- from rows to batches --------------------------------------------------------------------------------------------


class LabelledBatches:
    """Batches of rows in an order drawn anew for each epoch; `batch(step)` is pure in (seed, step).

    Each row comes once in an epoch, and the last batch of an epoch may be short.
    """

    def __init__(self, rows: Sequence, *, batch_size: int, seed: int, pad_id: int | None = 0):
        if not len(rows):
            raise InputError("there are no examples to train on")
        if batch_size < 1:
            raise InputError(f"batch_size is {batch_size}; it must be 1 or larger")
        self.rows, self.batch_size, self.pad_id = rows, batch_size, pad_id or 0
        self.order = EpochOrder(len(rows), seed)

    @property
    def steps_per_epoch(self) -> int:
        """Steps after which every row has been seen once."""
        return -(-len(self.rows) // self.batch_size)

    def batch(self, step: int) -> LabelledBatch | SpanBatch:
        """The batch of this step."""
        epoch, place = divmod(step, self.steps_per_epoch)
        chosen = self.order.epoch(epoch)[place * self.batch_size:(place + 1) * self.batch_size]
        return self._join([self.rows[number] for number in chosen])

    def in_order(self, batch_size: int = 64) -> Iterator[LabelledBatch | SpanBatch]:
        """Every row once, as they stand; for evaluation and prediction."""
        for first in range(0, len(self.rows), batch_size):
            yield self._join(self.rows[first:first + batch_size])

    def _join(self, rows: Sequence) -> LabelledBatch | SpanBatch:
        T = max(len(row.ids) for row in rows)

        def stack(part: Callable, filler=0) -> np.ndarray:     # (B, T): each row's part, padded at the right
            return np.stack([np.pad(part(row), (0, T - len(row.ids)), constant_values=filler) for row in rows])

        ids = stack(lambda row: row.ids, self.pad_id)
        keep = stack(lambda row: np.ones(len(row.ids), bool), False)
        if isinstance(rows[0], SpanRow):
            return SpanBatch(ids, stack(lambda row: row.window.segments), keep,
                             stack(lambda row: row.window.answerable, False),
                             np.array([row.start for row in rows]), np.array([row.end for row in rows]))
        tagged = rows[0].firsts is not None
        labels = stack(lambda row: row.label, IGNORED) if tagged else np.array([row.label for row in rows])
        return LabelledBatch(ids, stack(lambda row: row.segments), keep, labels)
