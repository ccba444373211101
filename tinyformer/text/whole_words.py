"""How does one have a vector for each word?  With a vocabulary of whole words: the most frequent, and no pieces.

It is a WordPiece vocabulary without a piece that continues a word, so that a word that is not in it is [UNK].
"""

from collections import Counter
from collections.abc import Iterable

from tinyformer.errors import InputError
from tinyformer.text.base import Tokenizer, by_frequency, check_texts
from tinyformer.text.wordpiece import CONTINUES, WordPieceTokenizer


def whole_words(texts: Iterable[str], size: int, min_count: int = 1, lower_case: bool = True) -> WordPieceTokenizer:
    """The special tokens and the most frequent words of `texts` that stand there `min_count` times, `size` in all."""
    check_texts(texts)
    specials = tuple(Tokenizer.roles.values())
    blank = WordPieceTokenizer(specials, lower_case)
    counts: Counter[str] = Counter()
    for text in texts:
        for _, part, token, _ in blank.segments(text):
            if token is None:
                counts.update(blank.table.words(part))
    words = [word for word in by_frequency(counts) if counts[word] >= min_count and not word.startswith(CONTINUES)]
    if not words:
        raise InputError(f"words: no word stands {min_count} times in the training text; lower the count or give more "
                         "text")
    return WordPieceTokenizer([*specials, *words[:max(0, size - len(specials))]], lower_case)
