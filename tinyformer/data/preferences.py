"""What does a model get that learns from choices?  Two answers to each question, the better and the worse one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinyformer.data.batches import Rows
from tinyformer.data.conversations import Row
from tinyformer.data.labelled import EncodedRows
from tinyformer.data.masking import IGNORED
from tinyformer.data.order import EpochOrder
from tinyformer.errors import InputError
from tinyformer.text.chat import Chat, Message


@dataclass(frozen=True, eq=False)
class PreferenceBatch(Rows):
    """Pairs of conversations that differ in the last answer; both are padded at the right to one length."""

    chosen: np.ndarray                           # (B, T) ids
    rejected: np.ndarray                         # (B, T)
    chosen_answer: np.ndarray                    # (B, T) bool, True at the tokens of the last answer
    rejected_answer: np.ndarray                  # (B, T)
    chosen_base: np.ndarray | None = None        # (B,) log p of the answer, before anything was learned from choices
    rejected_base: np.ndarray | None = None      # (B,)

    @property
    def counts(self) -> dict[str, int]:
        """What the loss is divided by."""
        return {"pairs": len(self)}

    @property
    def both(self) -> tuple[np.ndarray, np.ndarray]:
        """(ids, answers) of all rows, (2B, T): the chosen ones, and then the rejected."""
        return (np.concatenate([self.chosen, self.rejected]),
                np.concatenate([self.chosen_answer, self.rejected_answer]))


def real_positions(answers: np.ndarray) -> np.ndarray:
    """Which positions of rows are no padding, (B, T): all up to the last token of the answer."""
    return np.maximum.accumulate(answers[:, ::-1], axis=-1)[:, ::-1]


def answer_targets(ids: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """What comes next at each place of ids[:, :-1] where that is of an answer, and -100 elsewhere, (B, T - 1)."""
    return np.where(answers[:, 1:], ids[:, 1:], IGNORED)


def padded(rows: Sequence[Row], length: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(ids, answers) of rows, (B, T) each, filled up at the right."""
    longest = length or max(len(row.ids) for row in rows)
    ids, answers = np.zeros((len(rows), longest), np.int64), np.zeros((len(rows), longest), bool)
    for place, row in enumerate(rows):
        ids[place, :len(row.ids)], answers[place, :len(row.ids)] = row.ids, row.answers
    return ids, answers


def preference_rows(examples: Sequence, chat: Chat, max_length: int) -> EncodedRows:
    """Choices as pairs of rows; one of which a row is longer than `max_length` is left out and counted as cut.

    InputError where all are too long: half an answer is not what somebody chose.
    """
    rows = EncodedRows()
    for example in examples:
        prompt = chat.prompt(example.asked)
        pair = []
        for content in (example.chosen, example.rejected):
            ids, _ = chat.row([*example.asked, Message("assistant", content)])
            pair.append(Row(ids, [place >= len(prompt) for place in range(len(ids))]))
        if any(len(row.ids) > max_length for row in pair):
            rows.cut += 1
        else:
            rows.append(tuple(pair))
    if not rows:
        raise InputError(f"all {len(examples):,} pairs are longer than {max_length:,} tokens; raise --max-length, up "
                         "to the context of the model, or give shorter ones")
    return rows


class PreferenceBatches:
    """Batches of pairs (chosen, rejected): each comes once in an epoch; `batch(step)` is pure in (seed, step)."""

    def __init__(self, rows: Sequence[tuple[Row, Row]], *, batch_size: int, seed: int):
        self.rows, self.batch_size = rows, batch_size
        self.base: np.ndarray | None = None          # (N, 2) log p of both answers, where somebody has asked for them
        self.order = EpochOrder(len(rows), seed)

    @property
    def steps_per_epoch(self) -> int:
        """Steps after which every pair has been seen once."""
        return -(-len(self.rows) // self.batch_size)

    def batch(self, step: int) -> PreferenceBatch:
        """The batch of this step."""
        return self._build(self.order.batch(step, self.batch_size))

    def in_order(self, batch_size: int | None = None) -> Iterator[PreferenceBatch]:
        """Every pair once; the last batch may be short."""
        size = batch_size or self.batch_size
        for first in range(0, len(self.rows), size):
            yield self._build(range(first, min(first + size, len(self.rows))))

    def _build(self, numbers: Sequence[int]) -> PreferenceBatch:
        pairs = [self.rows[number] for number in numbers]
        longest = max(len(row.ids) for pair in pairs for row in pair)
        (chosen, ours), (rejected, theirs) = (padded([pair[side] for pair in pairs], longest) for side in (0, 1))
        found = PreferenceBatch(chosen, rejected, ours, theirs)
        if self.base is None:
            return found
        base = self.base[list(numbers)]
        return replace(found, chosen_base=base[:, 0], rejected_base=base[:, 1])
