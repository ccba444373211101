"""What does the model get at step 1,000?  A batch that depends on the seed and the step, and on nothing before it.

So there is no iterator to save or to wind forward: `batch(step)` of a resumed run is that of the unbroken one.
Batches stay on the host: ids are checked there, and each op brings what it needs to the device of its weights.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np

from tinyformer.data.masking import IGNORED, mask_tokens, word_numbers
from tinyformer.data.order import EpochOrder
from tinyformer.data.pairs import SentencePairs
from tinyformer.errors import InputError
from tinyformer.rng import stream


class Rows:
    """What every kind of batch shares: a dataclass of arrays, or None, whose first axis is the rows.

    `counts` says what each part of the loss is divided by; a batch whose rows depend on one another, so that its parts
    do not add up to it, says `divisible = False`.
    """

    divisible = True

    def __len__(self) -> int:
        return len(next(array for array in self._arrays() if array is not None))

    def split(self, n: int) -> list:
        """At most n micro-batches of consecutive rows."""
        return [type(self)(*(None if array is None else array[first:last] for array in self._arrays()))
                for first, last in self._cuts(n)]

    def _arrays(self):
        return [getattr(self, field.name) for field in fields(self)]

    def _cuts(self, n: int) -> list[tuple[int, int]]:
        """The first and last + 1 row of n parts that differ by at most one row (fewer parts if rows are fewer)."""
        if n < 1:
            raise ValueError(f"split: n is {n}; a batch splits into 1 part or more")
        n = max(1, min(n, len(self)))
        edges = [len(self) * part // n for part in range(n + 1)]
        return list(zip(edges, edges[1:], strict=False))


@dataclass(frozen=True, eq=False)
class PretrainingBatch(Rows):
    """Rows for BERT; the masked positions are listed, so that the head reads these alone."""

    ids: np.ndarray                              # (B, T) with the noise in it
    segments: np.ndarray                         # (B, T) 0 for [CLS] A [SEP], 1 for B [SEP]
    keep: np.ndarray                             # (B, T) bool, False at padding
    positions: np.ndarray                        # (M,) places of the chosen tokens in the flattened (B * T)
    targets: np.ndarray                          # (M,) what stood there
    pair_labels: np.ndarray | None = None        # (B,) 0 = in order, 1 = not; None without a pair objective

    @property
    def counts(self) -> dict[str, int]:
        """What each loss is divided by: masked tokens, and pairs."""
        pairs = {} if self.pair_labels is None else {"pairs": len(self)}
        return {"tokens": len(self.targets), **pairs}

    def split(self, n: int) -> list["PretrainingBatch"]:
        """At most n micro-batches of consecutive rows, positions counted from each one's first row."""
        T, parts = self.ids.shape[1], []
        for first, last in self._cuts(n):
            inside = (self.positions >= first * T) & (self.positions < last * T)
            labels = None if self.pair_labels is None else self.pair_labels[first:last]
            parts.append(PretrainingBatch(
                self.ids[first:last], self.segments[first:last], self.keep[first:last],
                self.positions[inside] - first * T, self.targets[inside], labels))
        return parts


@dataclass(frozen=True, eq=False)
class TextBatch(Rows):
    """Rows for GPT: at every place the target is the next token, or -100 where there is none."""

    ids: np.ndarray                              # (B, T)
    targets: np.ndarray                          # (B, T)

    @property
    def counts(self) -> dict[str, int]:
        """What the loss is divided by."""
        return {"tokens": int((self.targets != IGNORED).sum())}


class MaskedBatches:
    """BERT's batches from tokenized documents (lists of sentences of ids); `batch(step)` is pure in (seed, step).

    Each example comes once in an epoch, in an order of its own; a batch may reach into the next epoch, so that
    all batches are full.  Noise (masks, the split into A and B, negatives) is drawn anew for each step (dynamic),
    or with `static=True` once for each example.  `whole_word` masks words, not pieces: pieces are joined by
    `tokenizer.is_continuation`, Chinese characters by `word_list` where one is given.
    """

    def __init__(
        self,
        documents: Sequence[Sequence[Sequence[int]]],
        tokenizer,
        *,
        batch_size: int,
        max_length: int,
        seed: int,
        objective: str = "nsp",
        rate: float = 0.15,
        proportions: tuple[float, float, float] = (0.8, 0.1, 0.1),
        whole_word: bool = False,
        word_list: Collection[str] | None = None,
        static: bool = False,
        short_seq_prob: float = 0.1,
        donors: Sequence[Sequence[Sequence[int]]] = (),
        twins: Sequence[Sequence[Sequence[int]]] = (),
    ):
        missing = [role for role in ("pad", "cls", "sep", "mask") if getattr(tokenizer, f"{role}_id") is None]
        if missing:
            raise InputError(f"masked pre-training needs the special tokens {', '.join(missing)}, which this "
                             f"{type(tokenizer).__name__} has not; train a WordPiece vocabulary for it")
        if batch_size < 1:
            raise InputError(f"batch_size is {batch_size}; it must be 1 or larger")
        self.tokenizer, self.batch_size, self.max_length, self.seed = tokenizer, batch_size, max_length, seed
        self.static = static
        self.noise = dict(mask_id=tokenizer.mask_id, vocab_size=len(tokenizer), rate=rate,
                          special_ids=tokenizer.special_ids, proportions=proportions)
        self.pairs = SentencePairs(documents, sep_id=tokenizer.sep_id, max_length=max_length,
                                   objective=objective, short_seq_prob=short_seq_prob, seed=seed, donors=donors,
                                   twins=twins)
        self.begins = self.pairs.word_beginnings(tokenizer, word_list) if whole_word else None
        self.order = EpochOrder(len(self.pairs), seed)

    @property
    def ids(self) -> np.ndarray:
        """The tokens of the whole text, (N,)."""
        return self.pairs.ids

    @property
    def steps_per_epoch(self) -> int:
        """Steps after which every example has been seen once."""
        return -(-len(self.pairs) // self.batch_size)

    def batch(self, step: int) -> PretrainingBatch:
        """The batch of this step, (batch_size, max_length)."""
        indices = self.order.batch(step, self.batch_size)
        if not self.static:
            return self._build(indices, stream(self.seed, "mask", step))
        rows = [self._build([index], stream(self.seed, "static mask", index)) for index in indices]
        return _join(rows)

    def in_order(self, batch_size: int | None = None) -> Iterator[PretrainingBatch]:
        """Every example once, in the order of the text, always with the same noise; the last batch may be short."""
        size = batch_size or self.batch_size
        for number, start in enumerate(range(0, len(self.pairs), size)):
            indices = range(start, min(start + size, len(self.pairs)))
            yield self._build(indices, stream(self.seed, "validation", number))

    def pair_batches(self, count: int, negatives: str) -> Iterator[PretrainingBatch]:
        """`count` pairs to measure next sentence prediction, their negatives all of one kind.

        "topic": from the twin, "other": from another document, "same": from a distant place of the same document.
        Examples without such a negative are passed over; raises InputError if a corpus (of one document, say) has none.
        """
        found = 0
        for number in range(10 + 10 * count // self.batch_size):
            rng = stream(self.seed, f"pairs {negatives}", number)
            indices = rng.integers(len(self.pairs), size=min(self.batch_size, count - found))
            batch = self._build(indices, rng, negatives)
            if batch is not None:
                found += len(batch)
                yield batch
            if found == count:
                return
        raise InputError(f"pair_batches: the corpus gave {found} of {count} pairs with negatives {negatives!r}; "
                         "it needs longer documents ('same'), or more of them ('other')")

    def _build(self, indices: Iterable[int], rng: np.random.Generator, negatives: str | None = None):
        """Lay the examples out as [CLS] A [SEP] B [SEP] [PAD] ... and put the noise on them."""
        pairs = [pair for index in indices if (pair := self.pairs.pair(index, rng, negatives)) is not None]
        if not pairs:
            return None
        B, T, flat = len(pairs), self.max_length, self.pairs.ids
        ids = np.full((B, T), self.tokenizer.pad_id, dtype=np.int64)
        segments = np.zeros((B, T), dtype=np.int64)
        begins = np.ones((B, T), dtype=bool)
        ids[:, 0] = self.tokenizer.cls_id
        lengths = []
        for row, (a, b, _) in enumerate(pairs):
            start = 1
            for segment, part in enumerate((a, b)):
                if part is None:
                    continue
                end = start + part.stop - part.start
                ids[row, start:end] = flat[part]
                if self.begins is not None:
                    begins[row, start:end] = self.begins[part]
                ids[row, end] = self.tokenizer.sep_id
                segments[row, start:end + 1] = segment
                start = end + 1
            lengths.append(start)
        keep = np.arange(T) < np.array(lengths)[:, None]                       # (B, T)
        words = None if self.begins is None else word_numbers(ids, begins, self.tokenizer.special_ids)
        inputs, targets = mask_tokens(ids, rng=rng, words=words, **self.noise)
        positions = np.flatnonzero(targets != IGNORED)                         # (M,)
        labels = None if pairs[0].label is None else np.array([pair.label for pair in pairs], dtype=np.int64)
        return PretrainingBatch(inputs, segments, keep, positions, targets.reshape(-1)[positions], labels)


class TextWindows:
    """GPT's batches from one flat array of ids; `batch(step)` is pure in (seed, step)."""

    def __init__(self, ids: np.ndarray, *, batch_size: int, block: int, seed: int):
        if len(ids) <= block:
            raise InputError(f"the text has {len(ids)} tokens, but one block of {block} and the token after it "
                             f"are {block + 1}; give a longer text or a smaller block (--max-length)")
        if batch_size < 1 or block < 1:
            raise InputError(f"batch_size is {batch_size} and block is {block}; both must be 1 or larger")
        self.ids = np.asarray(ids)                             # perhaps of few bytes each, in a mapped file
        self.batch_size, self.block, self.seed = batch_size, block, seed

    @property
    def steps_per_epoch(self) -> int:
        """Steps that draw about as many tokens as the text has."""
        return -(-(len(self.ids) - 1) // (self.batch_size * self.block))

    def batch(self, step: int) -> TextBatch:
        """Windows of `block` tokens that begin anywhere, (batch_size, block)."""
        rng = stream(self.seed, "windows", step)
        return self._windows_at(rng.integers(len(self.ids) - self.block, size=self.batch_size))

    def in_order(self, batch_size: int | None = None) -> Iterator[TextBatch]:
        """The whole text in (N - 1) // block windows side by side, for validation; the last batch may be short."""
        count, size = (len(self.ids) - 1) // self.block, batch_size or self.batch_size
        for first in range(0, count, size):
            yield self._windows_at(np.arange(first, min(first + size, count)) * self.block)

    def _windows_at(self, starts: np.ndarray) -> TextBatch:
        rows = self.ids[starts[:, None] + np.arange(self.block + 1)].astype(np.int64)              # (B, T + 1)
        return TextBatch(np.ascontiguousarray(rows[:, :-1]), np.ascontiguousarray(rows[:, 1:]))


def _join(rows: list[PretrainingBatch]) -> PretrainingBatch:
    """One batch of several."""
    T = rows[0].ids.shape[1]
    starts = np.cumsum([0] + [len(row) * T for row in rows])
    stack = {name: np.concatenate([getattr(row, name) for row in rows])
             for name in ("ids", "segments", "keep", "targets", "pair_labels") if getattr(rows[0], name) is not None}
    positions = np.concatenate([row.positions + start for row, start in zip(rows, starts, strict=False)])
    return PretrainingBatch(positions=positions, **stack)
