"""What is the simplest way to turn text into ids?  One id for each character.

The vocabulary is the set of characters of the training text: four for DNA, a few dozen for English.  Nothing is
lost, but sequences are long, and every word must be spelled.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tinyformer.errors import InputError

from .added_files import read_added
from .base import Tokenizer, by_frequency, check_texts
from .files import SETTINGS_FILE, make_folder, read_vocabulary, write_json


class CharTokenizer(Tokenizer):
    """One token a character; "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" and sentinels may be among them.

    A character outside the vocabulary becomes "[UNK]" where the vocabulary has it, otherwise it is an
    InputError that names the character and its place.
    """

    def __init__(self, tokens: Iterable[str], added: Iterable = ()):
        super().__init__(tokens, added)
        for i, token in enumerate(self.tokens):
            lone_surrogate = "\ud800" <= token <= "\udfff"  # half a character; no file can hold it
            if token not in self.added and (len(token) != 1 or lone_surrogate):
                raise InputError(f"vocabulary of characters: token {i} is {token!r}; it must be one whole "
                                 f"character or one of {', '.join(self.roles.values())}")

    @classmethod
    def train(cls, texts: Iterable[str], vocab_size: int | None = None,
              specials: Sequence[str] = ()) -> "CharTokenizer":
        """All characters of `texts` in code point order, behind `specials`.

        With `vocab_size`, only the most frequent that fit (ties: the lower code point stays); what is left
        out needs "[UNK]" among the specials.
        """
        check_texts(texts)
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(text)
        kept = by_frequency(counts)
        if not kept:
            raise InputError("characters: the training text is empty; a vocabulary needs some text")
        if vocab_size is not None and len(specials) + len(kept) > vocab_size:
            if "[UNK]" not in specials:
                raise InputError(f"characters: vocab_size is {vocab_size}; the text has {len(kept)} characters, "
                                 f"and specials are {len(specials)}: raise it, or put '[UNK]' among the specials")
            kept = kept[:max(0, vocab_size - len(specials))]
        return cls([*specials, *sorted(kept)])

    def _encode_plain(self, part: str, start: int) -> list[int]:
        if self.unk_id is not None:
            return [self.vocab.get(char, self.unk_id) for char in part]
        try:
            return [self.vocab[char] for char in part]
        except KeyError as error:
            char = error.args[0]
            raise InputError(
                f"characters: {char!r} (U+{ord(char):04X}) at position {start + part.index(char)} is not in the "
                f"vocabulary of {len(self)}; remove it, or train with '[UNK]' among the specials"
            ) from None

    def _encode_plain_with_offsets(self, part, start):
        return self._encode_plain(part, start), [(i, i + 1) for i in range(len(part))]

    def save(self, folder: str | Path) -> None:
        """Write vocab.json, {character: id}, and a note in tokenizer_config.json of what it is."""
        folder = make_folder(folder)
        write_json(folder / "vocab.json", self.vocab)
        write_json(folder / SETTINGS_FILE, {"tokenizer_class": "CharTokenizer"} | self.described())

    @classmethod
    def load(cls, folder: str | Path) -> "CharTokenizer":
        """Read what `save` wrote; an InputError names the file and the token that does not fit."""
        path = Path(folder) / "vocab.json"
        try:
            return cls(*read_added(path.parent, read_vocabulary(path), cls.roles))
        except InputError as error:
            raise error if str(path) in str(error) else InputError(f"{path}: {error}") from None
