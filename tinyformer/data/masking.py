"""Which tokens does BERT have to guess?  15 % of them, by chance; of these most are hidden, and some are false.

Devlin et al. 2019, section 3.1 and appendix A.1: of the chosen positions 80 % become [MASK], 10 % a random token,
10 % stay as they are, since [MASK] never occurs later, in use.  The model cannot tell which of the
tokens it sees are true, so that it must keep a picture of every position.
"""

from collections.abc import Collection, Iterable, Sequence

import numpy as np

IGNORED = -100                                                   # the target of positions that are not chosen
FIRST_CHINESE = "\u2e80"                                         # where the East Asian scripts begin


def mask_tokens(
    ids: np.ndarray,
    *,
    rng: np.random.Generator,
    mask_id: int,
    vocab_size: int,
    special_ids: Collection[int],
    rate: float = 0.15,
    proportions: tuple[float, float, float] = (0.8, 0.1, 0.1),
    words: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Choose `rate` of each sequence and corrupt it: (inputs, targets), both (B, T) like ids.

    targets = the original id where chosen, -100 elsewhere.  Tokens in `special_ids` are never chosen and never
    drawn as the random token; with our tokenizers that is [PAD], [CLS], [SEP], [MASK] and also [UNK], of which
    nothing could be learned.  With `words` (B, T), the number of the word each token belongs to (-1: none),
    all pieces of a word are chosen together.  `proportions` = (masked, random, kept).
    Every sequence with n tokens to choose from gets n * rate targets on average, and at least one.
    """
    _check(ids, rate, proportions, vocab_size, special_ids)
    special = np.array(sorted(special_ids), dtype=np.int64)
    ordinary = np.ones(vocab_size, dtype=bool)                   # (V,)
    ordinary[special] = False
    candidate = ordinary[ids]                                    # (B, T)
    if words is not None:
        candidate &= words >= 0

    chosen = _choose(candidate, words, rate, rng)                # (B, T)
    rows, columns = np.nonzero(chosen)
    originals = ids[rows, columns]                               # (M,)
    kind = rng.random(len(rows))                                 # (M,)
    # A random id that is not special: draw among the others by rank, then step over the special ids below it.
    drawn = rng.integers(0, vocab_size - len(special), size=len(rows))
    drawn += np.searchsorted(special - np.arange(len(special)), drawn, side="right")
    masked, random, _ = proportions
    replaced = np.where(kind < masked, mask_id, np.where(kind < masked + random, drawn, originals))

    inputs, targets = ids.copy(), np.full_like(ids, IGNORED)
    inputs[rows, columns] = replaced
    targets[rows, columns] = originals
    return inputs, targets


def _choose(candidate: np.ndarray, words: np.ndarray | None, rate: float, rng: np.random.Generator):
    """The chosen positions (B, T): of the W words of a row rate * W, rounded up or down by chance, at least one.

    So every word, long or short, has the chance `rate`.  (A budget of tokens, filled word by word until it is
    spent, as in the published code, takes long words less often.)  Without `words` each token is a word.
    """
    B, T = candidate.shape
    if words is None:
        words = np.broadcast_to(np.arange(T), (B, T))
    elif words.max(initial=0) >= T:
        raise ValueError(f"mask_tokens: words holds {words.max()}, but a row of {T} tokens has at most {T} "
                         "words; number the words of each row from 0")
    words = np.where(candidate, words, 0)                        # (B, T)
    exists = np.zeros((B, T), dtype=bool)                        # (B, T) by word number from here on
    rows, columns = np.nonzero(candidate)
    exists[rows, words[rows, columns]] = True
    count = exists.sum(axis=1, keepdims=True)                    # (B, 1)

    score = np.where(exists, rng.random((B, T)), 2.0)
    rank = np.arange(T)                                          # in the order of the scores
    taken = (rank + rng.random((B, 1)) < rate * count) | (rank == 0)
    chosen = np.empty((B, T), dtype=bool)
    np.put_along_axis(chosen, np.argsort(score, axis=1), taken & (rank < count), axis=1)
    return candidate & np.take_along_axis(chosen, words, axis=1)


def word_numbers(ids: np.ndarray, begins: np.ndarray, special_ids: Collection[int]) -> np.ndarray:
    """The number of the word each token belongs to, from 0 in each row, -1 for special tokens; (B, T) like ids.

    `begins` (B, T) is True where a token begins a word; for word pieces that is `~continues[ids]` with a
    table over the vocabulary.  A piece right after a special token (a word cut in two) begins a word as well.
    """
    special = np.isin(ids, list(special_ids))
    begins = begins & ~special
    begins[:, 1:] |= special[:, :-1] & ~special[:, 1:]
    begins[:, :1] |= ~special[:, :1]
    return np.where(special, -1, np.cumsum(begins, axis=1) - 1)


def chinese_words(tokens: Sequence[str], word_list: Collection[str]) -> list[int]:
    """The word number of each token of a sentence, where BERT's tokenizer made every Chinese character a token.

    Longest match from the left: at each token the longest run of single characters that is in `word_list` is
    one word, otherwise the token alone; "##" pieces belong to the word before them.
    """
    words = word_list if isinstance(word_list, set | frozenset | dict) else set(word_list)
    longest = max(map(len, words), default=1)
    numbers: list[int] = []
    word = -1
    while len(numbers) < len(tokens):
        i = len(numbers)
        if tokens[i].startswith("##") and len(tokens[i]) > 2 and i > 0:
            numbers.append(word)
            continue
        run = 0                                                  # single characters from here on
        while run < longest and i + run < len(tokens) and len(tokens[i + run]) == 1:
            run += 1
        length = next((n for n in range(run, 1, -1) if "".join(tokens[i:i + n]) in words), 1)
        word += 1
        numbers += [word] * length
    return numbers


def segmented_words(tokens: Sequence[str], segmentation: Iterable[str], unknown: str = "[UNK]") -> list[int]:
    """The word number of each token, where a segmenter has already cut the sentence into words.

    The tokens, put together, must spell the words, put together, letter case aside; otherwise ValueError.
    An `unknown` token stands for one Chinese character, or for the rest of any other word.
    """
    words = iter(segmentation)
    numbers: list[int] = []
    number, rest = -1, ""
    for token in tokens:
        piece = token[2:] if token.startswith("##") and len(token) > 2 else token
        while not rest:
            word = next(words, None)
            if word is None:
                raise ValueError(f"segmented_words: no word is left for token {token!r} (number {len(numbers)}); "
                                 "the words must spell the same text as the tokens")
            number, rest = number + 1, word.strip().lower()
        if token == unknown:
            piece = rest[0] if rest[0] >= FIRST_CHINESE else rest
        if not rest.startswith(piece.lower()):
            raise ValueError(f"segmented_words: token {token!r} (number {len(numbers)}) does not begin {rest!r}; "
                             "cut the segmentation from the very text that was tokenized")
        numbers.append(number)
        rest = rest[len(piece):]
    return numbers


def _check(ids, rate, proportions, vocab_size, special_ids) -> None:
    if np.ndim(ids) != 2 or ids.dtype.kind not in "iu":
        raise ValueError(f"mask_tokens: ids is {ids.dtype} {np.shape(ids)}; it must be whole numbers (B, T)")
    if ids.size and not 0 <= ids.min() <= ids.max() < vocab_size:
        raise ValueError(f"mask_tokens: ids run from {ids.min()} to {ids.max()}; they must be 0 to "
                         f"{vocab_size - 1}, the ids of the vocabulary")
    if not 0 < rate <= 1:
        raise ValueError(f"mask_tokens: rate is {rate}; it is the share of tokens to guess, above 0, at most 1")
    if len(proportions) != 3 or min(proportions) < 0 or abs(sum(proportions) - 1) > 1e-6:
        raise ValueError(f"mask_tokens: proportions are {proportions}; (masked, random, kept) are three shares "
                         "of 0 or more that sum to 1")
    if vocab_size <= len(special_ids):
        raise ValueError(f"mask_tokens: vocab_size is {vocab_size} and {len(special_ids)} tokens are special; "
                         "none is left to draw")
