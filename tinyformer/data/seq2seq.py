"""What do an encoder and a decoder get at step 1,000?  Pairs of a source and a target, drawn from a text or given.

As with the other batches: pure in (seed, step), and on the host.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tinyformer.data.batches import Rows
from tinyformer.data.frame import frame_of
from tinyformer.data.masking import IGNORED
from tinyformer.data.noise import NOISES, RATES, sentinels_needed
from tinyformer.data.order import EpochOrder
from tinyformer.errors import InputError
from tinyformer.rng import stream

FRAME = 2                                        # [CLS] in front and [SEP] behind


@dataclass(frozen=True, eq=False)
class Seq2SeqBatch(Rows):
    """Rows for an encoder and a decoder; at place t the decoder has read the target up to t - 1 and is asked for t."""

    ids: np.ndarray                              # (B, S) the source: [CLS] ... [SEP] [PAD]
    keep: np.ndarray                             # (B, S) bool, False at padding
    decoder_ids: np.ndarray                      # (B, T) the target one place to the right, a start token in front
    targets: np.ndarray                          # (B, T) the target and its end token, -100 where nothing is asked

    @property
    def counts(self) -> dict[str, int]:
        """What the loss is divided by."""
        return {"tokens": int((self.targets != IGNORED).sum())}


def seq2seq_batch(pairs: Sequence[tuple[Sequence[int], Sequence[int]]], tokenizer) -> Seq2SeqBatch:
    """Pairs (source ids, target ids) of any lengths as one batch, padded to its longest rows.

    The encoder reads [CLS] source [SEP].  The decoder starts from [CLS] and ends with [SEP], which is asked for unless
    the target's last id is IGNORED.  Where the target is IGNORED the decoder is shown [MASK] for it.  In a vocabulary
    of T5's it is as `frame_of` says.
    """
    frame = frame_of(tokenizer)
    sources = [frame.source(source) for source, _ in pairs]
    targets = [[*target, IGNORED if len(target) and target[-1] == IGNORED else frame.end] for _, target in pairs]
    seen = [[frame.start, *(frame.hidden if id == IGNORED else id for id in row[:-1])] for row in targets]
    real = [[True] * len(row) for row in sources]
    return Seq2SeqBatch(_padded(sources, frame.pad), _padded(real, False), _padded(seen, frame.pad),
                        _padded(targets, IGNORED))


def _room(max_length: int) -> int:
    """How many tokens of a text fit into a row."""
    if max_length <= FRAME:
        raise InputError(f"max_length is {max_length}; with {FRAME} special tokens it must be at least {FRAME + 1} "
                         "(--max-length)")
    return max_length - FRAME


def _padded(rows: Sequence[Sequence], filler) -> np.ndarray:
    """Rows of any lengths as (B, longest), the rest filled."""
    found = np.full((len(rows), max(map(len, rows))), filler, dtype=bool if filler is False else np.int64)
    for place, row in enumerate(rows):
        found[place, :len(row)] = row
    return found


def share_in_source(batches: Iterable[Seq2SeqBatch]) -> float:
    """Which share of the tokens that are asked for stands in the source too: so many are right for who can copy.

    A token that is asked for twice and stands in the source once counts once.
    """
    there = asked = 0
    for batch in batches:
        for source, target in zip(batch.ids, batch.targets, strict=True):
            offered, wanted = Counter(source.tolist()), Counter(target[target != IGNORED].tolist())
            there += (offered & wanted).total()
            asked += wanted.total()
    return there / asked


class PairBatches:
    """Batches of given pairs (source ids, target ids), such as sentences and their translations.

    Each pair comes once in an epoch, in an order of its own; a batch may reach into the next epoch, so that all are
    full.  Ids beyond `max_length` are cut off.  `pair` gives the pair of a number, with fresh noise in a subclass.
    Where `order` is given, they come as it says.
    """

    def __init__(self, pairs: Sequence[tuple[Sequence[int], Sequence[int]]], tokenizer, *, batch_size: int,
                 max_length: int, seed: int, order: EpochOrder | None = None):
        frame_of(tokenizer)                          # raises where it has none
        if batch_size < 1:
            raise InputError(f"batch_size is {batch_size}; it must be 1 or larger")
        if not len(pairs):
            raise InputError("there are no pairs of a source and a target; the text is empty")
        self.pairs, self.tokenizer, self.seed = pairs, tokenizer, seed
        self.batch_size, self.room = batch_size, _room(max_length)
        self.order = order or EpochOrder(len(pairs), seed)

    @property
    def steps_per_epoch(self) -> int:
        """Steps after which all pairs of an epoch have been seen once."""
        return -(-self.order.count // self.batch_size)

    def batch(self, step: int) -> Seq2SeqBatch:
        """The batch of this step."""
        return self._build(self.order.batch(step, self.batch_size), stream(self.seed, "noise", step))

    def in_order(self, batch_size: int | None = None) -> Iterator[Seq2SeqBatch]:
        """Every pair once, in the order of the text, always with the same noise; the last batch may be short."""
        size = batch_size or self.batch_size
        for number, start in enumerate(range(0, len(self.pairs), size)):
            yield self._build(range(start, min(start + size, len(self.pairs))), stream(self.seed, "validation", number))

    def pair(self, number: int, rng: np.random.Generator) -> tuple[Sequence[int], Sequence[int]]:
        """(source, target) of one row."""
        return self.pairs[number]

    def _build(self, numbers: Sequence[int], rng: np.random.Generator) -> Seq2SeqBatch:
        pairs = [self.pair(number, rng) for number in numbers]
        return seq2seq_batch([(source[:self.room], target[:self.room + 1]) for source, target in pairs], self.tokenizer)


class DenoisingBatches(PairBatches):
    """Batches that teach a model to repair: rows of a text, damaged by one of `NOISES`, and the text as it was.

    A row is as many sentences of one document as fit into `max_length`; a longer sentence is cut.  The damage is
    drawn anew for each step.  `rate` is the share of hidden tokens, by default that of the paper (`RATES`).
    """

    def __init__(self, documents: Sequence[Sequence[Sequence[int]]], tokenizer, *, batch_size: int, max_length: int,
                 seed: int, noise: str = "infill", rate: float | None = None):
        if noise not in NOISES:
            raise InputError(f"noise is {noise!r}; choose one of: {', '.join(NOISES)}")
        if rate is not None and noise not in RATES:
            raise InputError(f"noise {noise} hides no tokens and takes no rate; leave it out")
        self.rows = [row for document in documents for row in pack(document, _room(max_length))]
        self.ids = np.concatenate([np.concatenate(row) for row in self.rows] or [np.empty(0, np.int64)])       # (N,)
        super().__init__(self.rows, tokenizer, batch_size=batch_size, max_length=max_length, seed=seed)
        self.noise, self.options = NOISES[noise], {"rate": rate or RATES[noise]} if noise in RATES else {}
        if noise in ("infill", "mask", "mass"):
            if tokenizer.mask_id is None:
                raise InputError(f"noise {noise} hides tokens behind a [MASK], which this {type(tokenizer).__name__} "
                                 "has not; take --noise spans, which has sentinels")
            self.options["mask_id"] = tokenizer.mask_id
        if noise == "spans":
            needed = sentinels_needed(self.room, self.options["rate"])
            if len(tokenizer.sentinel_ids) < needed:
                raise InputError(f"noise spans needs {needed} sentinels for rows of {max_length} tokens, and this "
                                 f"vocabulary has {len(tokenizer.sentinel_ids)}; train one with <extra_id_0> to "
                                 f"<extra_id_{needed - 1}>, or shorten the rows (--max-length)")
            self.options["sentinels"] = tokenizer.sentinel_ids

    def pair(self, number: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """(damaged, as it was or what is asked) of one row."""
        row = self.rows[number]
        starts = {"starts": np.cumsum([0, *map(len, row[:-1])])} if self.noise is NOISES["permute"] else {}
        return self.noise(np.concatenate(row), rng, **self.options, **starts)


def pack(sentences: Sequence[Sequence[int]], room: int) -> Iterator[list[np.ndarray]]:
    """A document as rows of whole sentences, each row of at most `room` tokens; longer sentences are cut."""
    row: list[np.ndarray] = []
    free = room
    for sentence in sentences:
        for first in range(0, len(sentence), room):
            piece = np.array(sentence[first:first + room], dtype=np.int64)
            if len(piece) > free:
                yield row
                row, free = [], room
            row.append(piece)
            free -= len(piece)
    if row:
        yield row
