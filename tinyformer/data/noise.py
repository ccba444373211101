"""In how many ways can a text be damaged, so that repairing it teaches something?  Eight, from three papers.

Every corruption takes the ids of one text (N,) and a random generator, and gives (source, target): what the encoder
reads, and what the decoder is to write.  The target is the text as it was, with two exceptions: MASS asks for the
hidden half alone (the rest of its target is IGNORED), and T5's spans asks for the hidden spans alone.

BART: Lewis et al. 2020, section 2.2.  MASS: Song et al. 2019, section 3.2.  T5: Raffel et al. 2020, section 3.1.4 and
table 3.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from tinyformer.data.masking import IGNORED

MEAN_SPAN = 3                                 # tokens in a hidden span on average, in BART and in T5
Pair = tuple[np.ndarray, np.ndarray]


def mask(ids: np.ndarray, rng: np.random.Generator, *, mask_id: int, rate: float = 0.3) -> Pair:
    """Token masking: `rate` of the tokens become [MASK].  What is missing has to be found; where, can be seen."""
    return np.where(_chosen(len(ids), rate, rng), mask_id, ids), ids


def delete(ids: np.ndarray, rng: np.random.Generator, *, rate: float = 0.3) -> Pair:
    """Token deletion: `rate` of the tokens are gone.  What is missing has to be found, and also where."""
    return ids[~_chosen(len(ids), rate, rng)], ids


def permute(ids: np.ndarray, rng: np.random.Generator, *, starts: Sequence[int]) -> Pair:
    """Sentence permutation: the sentences, which begin at `starts` (0 first), in a random order."""
    if len(ids) and (len(starts) == 0 or starts[0] != 0 or not (np.diff([*starts, len(ids)]) > 0).all()):
        raise ValueError(f"permute: starts is {list(starts)} for {len(ids)} tokens; it must begin with 0 and rise, "
                         "each the place of a sentence's first token")
    sentences = np.split(ids, starts[1:])
    return np.concatenate([sentences[i] for i in rng.permutation(len(sentences))]), ids


def rotate(ids: np.ndarray, rng: np.random.Generator) -> Pair:
    """Document rotation: begin at any token, with what stood before it at the end.  Where did the text begin?"""
    first = int(rng.integers(len(ids))) if len(ids) else 0
    return np.concatenate([ids[first:], ids[:first]]), ids


def infill(ids: np.ndarray, rng: np.random.Generator, *, mask_id: int, rate: float = 0.3,
           mean: float = MEAN_SPAN) -> Pair:
    """Text infilling: spans are cut out, and each leaves one [MASK], whatever its length; how many tokens are missing?

    Lengths are Poisson(mean); a span of length 0 puts in a [MASK] where nothing is missing.  The number of spans is
    rate * N / mean, rounded by chance, so that `rate` of the tokens are hidden on average.  (A budget that the last
    span must meet exactly, as in the published code, makes spans shorter than Poisson: 2.8 for 3.)
    Between two spans stands at least one token, so that every [MASK] is one span.
    """
    lengths = span_lengths(len(ids), rng, rate, mean)
    left = len(ids) - int(lengths.sum())                         # tokens that stay
    before = np.sort(rng.choice(left + 1, len(lengths), replace=False))        # how many of them before each span
    firsts = before + np.cumsum(lengths) - lengths               # where each span begins in ids
    source, end = [], 0
    for first, length in zip(firsts.tolist(), lengths.tolist(), strict=True):
        source += [ids[end:first], [mask_id]]
        end = first + length
    return np.concatenate([*source, ids[end:]]).astype(ids.dtype), ids


def span_lengths(count: int, rng: np.random.Generator, rate: float = 0.3, mean: float = MEAN_SPAN) -> np.ndarray:
    """The lengths of infilling's spans in a text of `count` tokens; the last ones are left out where room is short."""
    _check_rate("infill", rate)
    lengths = rng.poisson(mean, _rounded(rate * count / mean, rng))
    room = np.cumsum(lengths) + np.arange(len(lengths)) <= count               # a token between any two
    return lengths[:np.argmin(room)] if not room.all() else lengths


def mass(ids: np.ndarray, rng: np.random.Generator, *, mask_id: int, rate: float = 0.5) -> Pair:
    """MASS: a stretch of `rate` of the text becomes [MASK], token for token, and the decoder writes it alone.

    The target is IGNORED outside the stretch; the decoder sees [MASK] there, so that every token keeps its position.
    (In the paper a fifth of the stretch is shown as it is or as random tokens, as in BERT; here all of it is hidden.)
    """
    _check_rate("mass", rate)
    length = min(len(ids), max(1, round(rate * len(ids))))
    first = int(rng.integers(len(ids) - length + 1))
    hidden = np.zeros(len(ids), dtype=bool)
    hidden[first:first + length] = True
    return np.where(hidden, mask_id, ids), np.where(hidden, ids, IGNORED)


def spans(ids: np.ndarray, rng: np.random.Generator, *, sentinels: Sequence[int], rate: float = 0.15,
          mean: float = MEAN_SPAN) -> Pair:
    """T5's span corruption: each hidden span leaves a sentinel of its own, and the target is the list of them.

    source: a b <0> e f <1> h      target: <0> c d <1> g <2>

    round(rate N) tokens are hidden in hidden / mean spans, rounded by chance, at least one, cut at random places; a
    span is never empty and two never touch.  (The published code rounds to the next whole number, so that in a text
    of 30 tokens all spans have 4.)  `sentinels` are the ids that may be used, in order: `tokenizer.sentinel_ids`.
    """
    _check_rate("spans", rate)
    if len(ids) < 2:
        return ids, np.asarray(sentinels[:1], dtype=ids.dtype)                 # nothing can be hidden and seen as well
    hidden = min(max(1, round(rate * len(ids))), len(ids) - 1)
    count = min(max(1, _rounded(hidden / mean, rng)), len(ids) - hidden)
    if count >= len(sentinels):
        raise ValueError(f"spans: {len(ids)} tokens make {count} spans and need {count + 1} sentinels; there are "
                         f"{len(sentinels)}: shorten the rows, or train a tokenizer with more")
    shown, cut = _cut(len(ids) - hidden, count, rng), _cut(hidden, count, rng)
    ends = np.cumsum(np.stack([shown, cut], axis=1).ravel())                   # a shown piece, a hidden one, ...
    pieces = np.split(ids, ends)[:-1]
    source, target = [], []
    for sentinel, seen, gone in zip(sentinels, pieces[::2], pieces[1::2], strict=False):
        source += [seen, [sentinel]]
        target += [[sentinel], gone]
    target.append([sentinels[count]])
    return np.concatenate(source).astype(ids.dtype), np.concatenate(target).astype(ids.dtype)


def sentinels_needed(length: int, rate: float = 0.15, mean: float = MEAN_SPAN) -> int:
    """How many sentinels `spans` needs at most for texts of up to `length` tokens."""
    return math.ceil(max(1, round(rate * length)) / mean) + 1


def reassemble(source: Sequence[int], target: Sequence[int], sentinels: Sequence[int]) -> list[int]:
    """Undo `spans`: each sentinel of the source gives way to what stands behind it in the target."""
    known, gone, current = set(sentinels), {}, None
    for id in map(int, target):
        if id in known:
            current = gone.setdefault(id, [])
        elif current is not None:
            current.append(id)
    return [id for place in map(int, source) for id in (gone.get(place, []) if place in known else [place])]


def deshuffle(ids: np.ndarray, rng: np.random.Generator) -> Pair:
    """T5's deshuffling: all tokens in a random order."""
    return rng.permutation(ids), ids


NOISES: dict[str, Callable[..., Pair]] = {
    "infill": infill, "mask": mask, "delete": delete, "permute": permute, "rotate": rotate, "mass": mass,
    "spans": spans, "deshuffle": deshuffle,
}
# The share of the tokens that is hidden: 30 % as in BART (section 5.1), half in MASS (section 4.1), 15 % in T5.
RATES = {"infill": 0.3, "mask": 0.3, "delete": 0.3, "mass": 0.5, "spans": 0.15}


def _chosen(count: int, rate: float, rng: np.random.Generator) -> np.ndarray:
    """rate * count of `count` places, rounded up or down by chance, True (count,)."""
    _check_rate("noise", rate)
    chosen = np.zeros(count, dtype=bool)
    chosen[rng.choice(count, _rounded(rate * count, rng), replace=False)] = True
    return chosen


def _rounded(amount: float, rng: np.random.Generator) -> int:
    """A whole number next to `amount` that is `amount` on average."""
    return int(amount + rng.random())


def _cut(total: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """`total` things in `count` pieces of at least one, every way equally likely: the lengths (count,)."""
    edges = np.sort(rng.choice(total - 1, count - 1, replace=False)) + 1
    return np.diff([0, *edges.tolist(), total])


def _check_rate(name: str, rate: float) -> None:
    if not 0 < rate <= 1:
        raise ValueError(f"{name}: rate is {rate}; it is the share of tokens that is hidden, above 0 and at most 1")
