"""Which members do tokenizers of the usual libraries have, that are one line here?"""

from typing import TYPE_CHECKING, Any

from tinyformer.opening import NotHere


class AsElsewhere:
    """tokenizer("text"), tokenizer.tokenize("text") and tokenizer.vocab_size, for a tokenizer that has `encode`."""

    tokens: list[str]
    chat_template: str | None = None              # what makes a text of a conversation: see chat.py

    def __call__(self, text, **settings) -> Any:
        """The ids of a text, or of each text of a list: `encode`, which adds no special tokens and no padding."""
        if settings:
            raise TypeError(f"tokenizer: there is no {', '.join(settings)}; it gives the ids of a text and nothing "
                            "else: no special tokens, no padding, no mask; np.array([ids]) is a batch of one")
        if isinstance(text, list | tuple):
            return [self.encode(one) for one in text]          # type: ignore[attr-defined]
        return self.encode(text)                               # type: ignore[attr-defined]

    def tokenize(self, text: str) -> list[str]:
        """The tokens of a text, as they stand in the vocabulary."""
        return [self.tokens[id] for id in self(text)]

    @property
    def vocab_size(self) -> int:
        """How many tokens there are; len(tokenizer) says the same."""
        return len(self.tokens)

    if not TYPE_CHECKING:
        def __getattr__(self, name):
            raise NotHere("Tokenizer", f"a {type(self).__name__}", name, self)
