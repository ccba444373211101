"""Do two real languages find each other in a BERT?  Nearest foreign words, nearest lines, and words moved by a mean.

Of every language the vectors are centred: without their own mean, so that what says the language does not count.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import chain

import numpy as np

from tinyformer.backend import to_host
from tinyformer.engine import Tensor, no_grad
from tinyformer.models import BertForPretraining
from tinyformer.phenomena.parts.two_texts import Lines, TwoTexts

FAMILIAR = 5                                  # times that a word stands in what is looked at, at least
ALPHAS = (0.5, 1.0, 1.5, 2.0, 3.0)            # times the mean difference
OWN = 10                                      # times as frequent as in the other language is a piece of its own
ROWS = 250                                    # lines at a time, while they are looked at


def figures(model: BertForPretraining, texts: TwoTexts, rows: int, layer: int) -> dict:
    """How often words and lines find their partners, by the vectors that leave `layer`, and what a shift translates."""
    known, vectors = zip(*(word_vectors(model, texts, language, rows) for language in (0, 1)), strict=True)
    asked = belonging(texts, known)
    shift = vectors[1][-1].mean(0) - vectors[0][-1].mean(0)
    return {"word": words_found([each[layer] for each in vectors], asked), "words": int(asked.any(1).sum()),
            "line": lines_found(model, texts, layer),
            "shifts": [{"alpha": alpha} | shifted(model, texts, alpha * shift) for alpha in ALPHAS]}


def states(model: BertForPretraining, texts: TwoTexts, ids: np.ndarray) -> list[np.ndarray]:
    """What enters the first layer and what leaves each one, L + 1 arrays (N, T, C)."""
    with no_grad():
        parts = [[to_host(each.data) for each in model.bert.states(rows, keep=rows != texts.tokenizer.pad_id)]
                 for rows in np.array_split(ids, -(-len(ids) // ROWS))]
    return [np.concatenate(each) for each in zip(*parts, strict=True)]


def word_vectors(model: BertForPretraining, texts: TwoTexts, language: int,
                 rows: int) -> tuple[list[str], list[np.ndarray]]:
    """The familiar words of a language in so many of its lines, and layer by layer the mean vector of each, (W, C)."""
    lines, words = familiar(texts, language, rows)
    ids, numbers = texts.rows(lines, {word: number for number, word in enumerate(words)})
    here, means = numbers >= 0, []
    counts = np.bincount(numbers[here], minlength=len(words))[:, None]
    for hidden in states(model, texts, ids):
        sums = np.zeros((len(words), hidden.shape[-1]))
        np.add.at(sums, numbers[here], hidden[here])
        means.append(sums / np.maximum(counts, 1))
    return words, means


def familiar(texts: TwoTexts, language: int, rows: int) -> tuple[Lines, list[str]]:
    """So many lines of a language, and the words that stand FAMILIAR times in them, the commonest first.

    The first lines of the one and the last of the other, so that nothing is told by files that go line by line.
    """
    lines = texts.read[language][-rows:] if language else texts.read[language][:rows]
    return lines, [word for word, count in Counter(chain.from_iterable(lines)).most_common() if count >= FAMILIAR]


def belonging(texts: TwoTexts, known: Sequence[Sequence[str]]) -> np.ndarray:
    """Which of the known words belong together, (W, W) of the first and the second language."""
    places = [{word: number for number, word in enumerate(words)} for words in known]
    found = np.zeros([*map(len, known)], bool)
    for one, other in texts.pairs:
        if one in places[0] and other in places[1]:
            found[places[0][one], places[1][other]] = True
    return found


def words_found(vectors: Sequence[np.ndarray], asked: np.ndarray) -> float:
    """How often the nearest word of the other language belongs to it, of those that have one; the mean of both ways."""
    cosines, shares = unit(vectors[0]) @ unit(vectors[1]).T, []
    for near, right in (cosines, asked), (cosines.T, asked.T):
        words = np.flatnonzero(right.any(1))
        shares.append(right[words, near[words].argmax(1)].mean() if len(words) else 0)
    return float(np.mean(shares))


def lines_found(model: BertForPretraining, texts: TwoTexts, layer: int) -> float:
    """How often the nearest line of the other language, by the mean vector of its pieces, is its translation."""
    means = []
    for side in texts.judged:
        ids, _ = texts.rows(side)
        there = ~np.isin(ids, [*texts.tokenizer.special_ids])[..., None]
        means.append(unit((states(model, texts, ids)[layer] * there).sum(1) / np.maximum(there.sum(1), 1)))
    cosines, right = means[0] @ means[1].T, np.arange(len(means[0]))
    return float(np.mean([(cosines.argmax(way) == right).mean() for way in (0, 1)]))


def shifted(model: BertForPretraining, texts: TwoTexts, shift: np.ndarray) -> dict[str, float]:
    """What the head says of the words of the first language's judged lines when their last vectors are moved.

    "switched": how many come out as a piece of the second language alone; "translated": how many as a partner, of those
    words that are one piece and have a partner that is one; "commonest": how many the likeliest answer to all gets.
    """
    cut, partners = texts.tokenizer, defaultdict(set)
    for one, other in texts.pairs:
        mine, theirs = cut.encode(one), cut.encode(other)
        if len(mine) == len(theirs) == 1:
            partners[mine[0]].add(theirs[0])
    ids, _ = texts.rows(texts.judged[0])
    places = np.flatnonzero(~np.isin(ids, [*cut.special_ids]))
    hidden = states(model, texts, ids)[-1]
    with no_grad():
        said = to_host(model.word_logits(Tensor((hidden + shift).astype(hidden.dtype)), places).data).argmax(-1)
    meant = [(answer, partners[piece]) for answer, piece in zip(said.tolist(), ids.reshape(-1)[places].tolist(),
                                                                strict=True) if piece in partners]
    often = Counter(chain.from_iterable(right for _, right in meant))
    return {"switched": float(own_pieces(texts)[said].sum()) / max(len(said), 1),
            "translated": sum(answer in right for answer, right in meant) / max(len(meant), 1),
            "commonest": max(often.values(), default=0) / max(len(meant), 1)}


def own_pieces(texts: TwoTexts) -> np.ndarray:
    """Which pieces are of the second language alone, (V,): at least ten times as frequent there as in the first."""
    often = [np.bincount(rows.reshape(-1), minlength=len(texts.tokenizer)) / rows.size for rows in texts.rows_to_read]
    found = (often[1] > 0) & (often[1] >= OWN * often[0])
    found[[*texts.tokenizer.special_ids]] = False
    return found


def unit(vectors: np.ndarray) -> np.ndarray:
    """Without their mean, and of length 1, (N, C)."""
    centred = vectors - vectors.mean(0)
    return centred / np.maximum(np.linalg.norm(centred, axis=-1, keepdims=True), 1e-12)
