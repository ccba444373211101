"""How does a space become part of a text's pieces?  It is written "▁" and begins the word behind it (SentencePiece).

What a vocabulary of pieces does before it cuts, and after ids have become pieces, stands here; how it cuts, by
probabilities (`unigram`) or by merges (`spaced_bpe`), is its own.  What no piece can spell is spelled in bytes
("<0x41>") where the vocabulary has them all.  (Kudo and Richardson 2018, section 3.)
"""

import re
from collections.abc import Iterable, Iterator

from tinyformer.errors import InputError

from .added import SPACES, AddedToken
from .base import CACHE_LIMIT, Tokenizer
from .normalizers import chain, steps_of

SPACE = "▁"
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
WORDS = re.compile(f"[^{re.escape(''.join(sorted(SPACES)))}]+")
AT_SPACES = re.compile(f"{SPACE}?[^{SPACE}]+|{SPACE}")
METASPACE = {"type": "Metaspace", "replacement": SPACE, "prepend_scheme": "always", "split": True}

Cut = list[tuple[int, int, int]]                           # (id, start, end) of pieces, within what was cut


class SpacedTokenizer(Tokenizer):
    """Pieces with "▁" for a space; a subclass says how a chunk of text is cut, by `pieces_of`.

    `normalizer` and `pre_tokenizer` say what is done to a text before, in the words of a tokenizer.json.
    `byte_fallback`: what no piece can spell is spelled in "<0x00>" to "<0xFF>", of which all must be among `tokens`.
    """

    begins_with_space = True

    def __init__(self, tokens: Iterable[str], added: Iterable[AddedToken], *, byte_fallback: bool,
                 normalizer: dict | None, pre_tokenizer: dict | None):
        self.byte_fallback = byte_fallback
        self.normalizer, self.pre_tokenizer = normalizer, pre_tokenizer
        self._steps = steps_of(normalizer)
        self.at_words, self.prefix, self.split = cutting_of(pre_tokenizer)
        super().__init__(tokens, added)
        self._byte_ids = [self.vocab[name] for name in BYTES if name in self.vocab] if byte_fallback else []
        self._byte_of = {id: byte for byte, id in enumerate(self._byte_ids)} if len(self._byte_ids) == 256 else {}
        self._already_clean = self._finder.cleaned.pattern is not None       # `segments` has done the steps before
        if self._already_clean and self.prefix == "first":
            raise InputError("prepend_scheme is first, and an added token is looked for in the normalized text; the "
                             "two together cannot be read")
        self._cache: dict[str, Cut] = {}

    # text -> ids

    def pieces_of(self, chunk: str) -> Cut:
        """The pieces of a chunk, with their places in it."""
        raise NotImplementedError(f"{type(self).__name__} must say how a chunk is cut: define pieces_of")

    def cleaned(self, text: str) -> tuple[str, list[int]]:
        return chain(self._steps, text)

    def _encode_plain(self, part: str, start: int) -> list[int]:
        return [id for chunk, _, _ in self._chunks(*self._clean(part), start) for id, _, _ in self.cut(chunk)]

    def _encode_plain_with_offsets(self, part, start):
        text, origins = self._clean(part)
        ids, offsets = [], []
        for chunk, first, added in self._chunks(text, origins, start):
            for id, begin, end in self.cut(chunk):             # the space in front stands for the first character
                ids.append(id)
                offsets.append((origins[first + max(begin - added, 0)], origins[first + max(end - 1 - added, 0)] + 1))
        return ids, offsets

    def _clean(self, part: str) -> tuple[str, list[int]]:
        return (part, list(range(len(part)))) if self._already_clean else self.cleaned(part)

    def _chunks(self, text: str, origins: list[int], start: int) -> Iterator[tuple[str, int, int]]:
        """(chunk, place of its first character in `text`, 1 if a space was put in front) of what is cut by itself."""
        whole = [(text, 0)] if text else []
        words = [(word.group(), word.start()) for word in WORDS.finditer(text)] if self.at_words else whole
        for word, first in words:
            spaced = word if self.pre_tokenizer is None else word.replace(" ", SPACE)
            begins = start == 0 and (origins[first] == 0 or not self.at_words)
            wanted = self.prefix == "always" or self.prefix == "first" and begins
            added = int(wanted and not spaced.startswith(SPACE))
            if not self.split:
                yield SPACE * added + spaced, first, added
                continue
            for chunk in AT_SPACES.findall(SPACE * added + spaced):
                yield chunk, first, added
                first, added = first + len(chunk) - added, 0

    def cut(self, chunk: str) -> Cut:
        """The pieces of a chunk, which are remembered."""
        cut = self._cache.get(chunk)
        if cut is None:
            cut = self.pieces_of(chunk)
            if self.split and len(self._cache) < CACHE_LIMIT:      # of whole texts none comes again
                self._cache[chunk] = cut
        return cut

    def in_bytes(self, text: str, start: int, end: int) -> Cut:
        """The bytes of a text that no piece can spell; none where the vocabulary has not all of them."""
        if not self._byte_of or any("\ud800" <= char <= "\udfff" for char in text):
            return []
        return [(self._byte_ids[byte], start, end) for byte in text.encode()]

    # ids -> text

    def surface(self, id: int, first: bool = False) -> bytes:
        """The piece with its space; the space that every text begins with is left out."""
        token = self.token(id)
        if id in self._byte_of:
            return bytes([self._byte_of[id]])
        if token in self.added:
            return token.encode()
        return (self.without_first_space(token) if first else token).replace(SPACE, " ").encode()

    def without_first_space(self, token: str) -> str:
        """The first piece of a text, without the spaces that it begins with only because every text does."""
        return token if self.prefix == "never" else token.lstrip(SPACE)

    def is_continuation(self, id: int) -> bool:
        """Whether the piece goes on with the word of the piece before it."""
        return not self.token(id).startswith(SPACE) and id not in self.special_ids


def cutting_of(described: dict | None) -> tuple[bool, str, bool]:
    """(first at white space?, where a space is put in front, then before every space?) of a "pre_tokenizer".

    InputError for one that cuts in another way.
    """
    if described is None:
        return False, "never", False
    parts: list[dict] = described["pretokenizers"] if described.get("type") == "Sequence" else [described]
    kinds = [part.get("type") for part in parts]
    if kinds not in (["Metaspace"], ["WhitespaceSplit", "Metaspace"]):
        raise InputError(f"pre_tokenizer is {kinds}; Metaspace, alone or behind WhitespaceSplit, can be read")
    space = parts[-1]
    older = {True: "always", False: "never", None: "always"}.get(space.get("add_prefix_space"))
    found = space.get("replacement"), space.get("prepend_scheme", older), space.get("split", True)
    if found[0] != SPACE or found[1] not in ("always", "first", "never") or not isinstance(found[2], bool):
        raise InputError(f"replacement, prepend_scheme and split of Metaspace are {found}; they must be {SPACE!r}, one "
                         "of always, first and never, and true or false")
    return len(parts) == 2, found[1], found[2]
