"""How does a vocabulary get more tokens?  They stand behind all others, and are found before a text is cut."""

import copy
from collections.abc import Sequence

from tinyformer.text.added import AddedToken
from tinyformer.text.base import Tokenizer


def with_tokens(tokenizer: Tokenizer, names: Sequence[str]) -> Tokenizer:
    """A copy with these special tokens; those that it has keep their ids.  It cuts all other text as before."""
    more = copy.copy(tokenizer)
    added = {**tokenizer.added, **{name: AddedToken(name) for name in names}}
    new = [name for name in names if name not in tokenizer.vocab]
    Tokenizer.__init__(more, [*tokenizer.tokens, *new], added.values())
    return more
