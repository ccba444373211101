"""Which tokens of a conversation are learned?  Those of the answers; the others are read, and nobody asks for them.

At every place of a row the target is the next token where that belongs to an answer, and -100 elsewhere.  Rows are
padded at their right, which a model that looks to the left never sees; or packed, several conversations in a row from
end to end, so that hardly a place is idle.  Of a packed row a later conversation sees those before it, as a model that
goes on writing has always seen the texts before.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from tinyformer.data.batches import TextBatch
from tinyformer.data.labelled import EncodedRows
from tinyformer.data.masking import IGNORED
from tinyformer.data.order import EpochOrder
from tinyformer.errors import InputError
from tinyformer.rng import stream
from tinyformer.text.chat import Chat


class Row(NamedTuple):
    """A conversation as numbers: ids (T,), and of each whether it is part of an answer."""

    ids: Sequence[int]
    answers: Sequence[bool]


def conversation_rows(examples: Sequence, chat: Chat, max_length: int) -> EncodedRows:
    """Conversations as rows; one that is longer than `max_length` is cut at its end and counted.

    InputError where nothing is left to be learned, since the question alone is as long.
    """
    rows = EncodedRows()
    for example in examples:
        ids, answers = chat.row(example.messages) if example.answer is not None else (chat.prompt(example.messages), [])
        rows.cut += len(ids) > max_length
        if example.answer is not None and not any(answers[1:max_length]):
            raise InputError(f"{example.file}:{example.line}: the question has {answers.index(True):,} tokens, and a "
                             f"row has room for {max_length:,}, so that no answer is left; raise --max-length, or "
                             "remove the row")
        rows.append(Row(ids[:max_length], answers[:max_length]))
    return rows


def conversation_batch(rows: Sequence[Row]) -> TextBatch:
    """Rows of any lengths as one batch, padded at their right."""
    longest = max(len(row.ids) for row in rows) - 1
    ids, targets = np.zeros((len(rows), longest), np.int64), np.full((len(rows), longest), IGNORED)
    for place, row in enumerate(rows):
        whole = np.array(row.ids)
        ids[place, :len(whole) - 1] = whole[:-1]
        targets[place, :len(whole) - 1] = np.where(row.answers[1:], whole[1:], IGNORED)
    return TextBatch(ids, targets)


def packed(rows: Sequence[Row], max_length: int, seed: int) -> list[Row]:
    """The rows in an order that is drawn once, as many whole ones from end to end as fit into `max_length`."""
    found: list[Row] = []
    for number in stream(seed, "packing").permutation(len(rows)):
        ids, answers = list(rows[number].ids), list(rows[number].answers)
        if found and len(found[-1].ids) + len(ids) <= max_length:
            last = found.pop()
            ids, answers = [*last.ids, *ids], [*last.answers, *answers]
        found.append(Row(ids, answers))
    return found


class ConversationBatches:
    """Batches of rows: each comes once in an epoch, in an order of its own; `batch(step)` is pure in (seed, step)."""

    def __init__(self, rows: Sequence[Row], *, batch_size: int, seed: int):
        self.rows, self.batch_size = rows, batch_size
        self.order = EpochOrder(len(rows), seed)

    @property
    def steps_per_epoch(self) -> int:
        """Steps after which every row has been seen once."""
        return -(-len(self.rows) // self.batch_size)

    def batch(self, step: int) -> TextBatch:
        """The batch of this step."""
        return conversation_batch([self.rows[number] for number in self.order.batch(step, self.batch_size)])

    def in_order(self) -> Iterator[TextBatch]:
        """Every row once; the last batch may be short."""
        for first in range(0, len(self.rows), self.batch_size):
            yield conversation_batch(self.rows[first:first + self.batch_size])
