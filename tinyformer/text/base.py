"""What is a tokenizer, whatever its pieces are?  A list of tokens, and the ways from text to ids and back.

Tokenizers differ in how they cut text.  What they share stands here: ids are places in one list,
special tokens written in the text are found before it is cut, and ids turn back into bytes one by one.
"""

from collections.abc import Iterable, Iterator

from tinyformer.errors import InputError

from .added import AddedToken, Finder, Segment
from .as_elsewhere import AsElsewhere
from .stream import TextStream

CACHE_LIMIT = 1 << 17                                      # words remembered; text repeats its words
SENTINEL = "<extra_id_{}>"                                 # T5's name for the marks that stand for hidden spans


class Tokenizer(AsElsewhere):
    """Text to ids and back over `tokens` (id -> token); a subclass says how text is cut.

    `roles` names the special tokens the kind of tokenizer may carry; those in `tokens` get an id as `pad_id`, `unk_id`,
    ... (else None) and are recognised in a text.  So are the sentinels "<extra_id_0>", "<extra_id_1>", ..., as far as
    there is no gap: `sentinel_ids`.  `added` are further tokens found before the text is cut, and all among `tokens`.
    """

    roles = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
    takes_space: frozenset[str] = frozenset()              # special tokens that take the white space before them
    begins_with_space = False                              # whether a text is cut as if a space stood before it
    starting_ids: tuple[int, ...] = ()                     # of the tokens that stand in front of every text
    pad_id: int | None
    unk_id: int | None
    cls_id: int | None
    sep_id: int | None
    mask_id: int | None
    eos_id: int | None

    def __init__(self, tokens: Iterable[str], added: Iterable[AddedToken] = ()):
        self.tokens = list(tokens)
        self.vocab: dict[str, int] = {}
        for i, token in enumerate(self.tokens):
            if self.vocab.setdefault(token, i) != i:
                raise InputError(f"vocabulary: token {token!r} has id {self.vocab[token]} and id {i}; "
                                 "every token may stand there once: remove one of them")
        for role in ("pad", "unk", "cls", "sep", "mask", "eos"):
            setattr(self, f"{role}_id", self.vocab.get(self.roles.get(role, "")))
        sentinels = sentinel_names(next(n for n in range(len(self) + 1) if SENTINEL.format(n) not in self.vocab))
        self.sentinel_ids = [self.vocab[name] for name in sentinels]
        self.added = {name: AddedToken(name, lstrip=name in self.takes_space)
                      for name in (*self.roles.values(), *sentinels) if name in self.vocab}
        self.added |= {token.content: token for token in added}
        for name in self.added:
            if name not in self.vocab:
                raise InputError(f"vocabulary: the added token {name!r} is not among its {len(self)} tokens")
        self.special_ids = frozenset(self.vocab[name] for name, token in self.added.items() if token.special)
        self._finder = Finder(list(self.added.values()), self.cleaned)

    def __len__(self) -> int:
        return len(self.tokens)

    def described(self) -> dict:
        """What tokenizer_config.json says beyond the kind: tokens that were added, how a conversation is written."""
        usual = {*self.roles.values(), *(self.tokens[id] for id in self.sentinel_ids)}
        more = {str(self.vocab[name]): token.described() for name, token in self.added.items() if name not in usual}
        found = {"added_tokens_decoder": more, "chat_template": self.chat_template}
        return {key: value for key, value in found.items() if value}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} tokens)"

    # text -> ids

    def encode(self, text: str) -> list[int]:
        """The ids of `text`; nothing is added in front or behind.  TypeError unless `text` is a str."""
        ids = []
        for start, part, token, _ in self.segments(text):
            if token is None:
                ids += self._encode_plain(part, start)
            else:
                ids.append(self.vocab[token])
        return ids

    def encode_with_offsets(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """The ids, and for each the (start, end) in code points: text[start:end] is what it stands for."""
        ids, offsets = [], []
        for start, part, token, origins in self.segments(text):
            if token is not None:
                ids.append(self.vocab[token])
                offsets.append((start, start + len(part)))
                continue
            more, spans = self._encode_plain_with_offsets(part, start)
            ids += more
            if origins is not None:
                spans = [(origins[a], origins[b - 1] + 1) for a, b in spans]
            offsets += [(start + a, start + b) for a, b in spans]
        return ids, offsets

    def segments(self, text: str) -> Iterator[Segment]:
        """Cut `text` at the added tokens written in it, the special ones among them."""
        if not isinstance(text, str):
            raise TypeError(f"encode: text is {type(text).__name__}; it must be str: "
                            "decode bytes first, and give a list one text at a time")
        return self._finder.segments(text)

    def cleaned(self, text: str) -> tuple[str, list[int]]:
        """The text as it is before it is cut, and the place that each of its characters came from."""
        return text, list(range(len(text)))

    def _encode_plain(self, part: str, start: int) -> list[int]:
        """The ids of a part without special tokens; `start`, its place in the text, is for error messages."""
        raise NotImplementedError(f"{type(self).__name__} must say how text is cut: define _encode_plain")

    def _encode_plain_with_offsets(self, part: str, start: int) -> tuple[list[int], list[tuple[int, int]]]:
        """The same ids, each with its (start, end) within the part."""
        raise NotImplementedError(f"{type(self).__name__} must say where its pieces lie")

    # ids -> text

    def surface(self, id: int, first: bool = False) -> bytes:
        """The UTF-8 bytes that `id` adds to the text; `first` says that no text stands before it."""
        return self.token(id).encode()

    def token(self, id: int) -> str:
        """The token with this id; an InputError for an id outside the vocabulary."""
        if not 0 <= id < len(self.tokens):
            raise InputError(f"decode: id {id} is not in the vocabulary of {len(self)} tokens; "
                             f"ids are 0 to {len(self) - 1}: is this the tokenizer the ids came from?")
        return self.tokens[id]

    def decode(self, ids: Iterable[int], skip_special: bool = False) -> str:
        """The text of `ids`; bytes that are not UTF-8 become U+FFFD, as everywhere."""
        stream = self.stream(skip_special)
        return "".join([stream.feed(id) for id in ids]) + stream.finish()

    def stream(self, skip_special: bool = False) -> TextStream:
        """A decoder that takes ids one at a time, for text shown while it is being written."""
        return TextStream(self, skip_special)


def sentinel_names(count: int) -> list[str]:
    """"<extra_id_0>" and so on: special tokens to train a vocabulary with, if spans of a text are to be hidden."""
    return [SENTINEL.format(n) for n in range(count)]


def check_texts(texts: Iterable[str]) -> None:
    """Raise a TypeError for one str where several are meant, of which every letter would count as a text."""
    if isinstance(texts, str):
        raise TypeError("train: texts is one str; it must be an iterable of them: give [text]")


def by_frequency(counts: dict[str, int]) -> list[str]:
    """The keys of `counts`, most frequent first; equal counts in code point order, so that no run differs."""
    return sorted(counts, key=lambda key: (-counts[key], key))
