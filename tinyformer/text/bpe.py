"""How can a vocabulary never meet an unknown character?  Build it from bytes, as GPT-2 does.

Any text is UTF-8 bytes, so 256 tokens can spell everything; merges learnt from the training text join bytes
into the pieces that occur often.  A word is encoded by doing the merges again, in the order they were learnt,
and the joined bytes of the tokens are the text: nothing is lost, not even spaces.

Radford et al. 2019, section 2.2; Sennrich et al. 2016 for the merges.  BART cuts text in the same way and adds special
tokens of its own (Lewis et al. 2020, section 5.1).
"""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tinyformer.errors import InputError

from .added import AddedToken
from .added_files import read_added
from .base import CACHE_LIMIT, Tokenizer, check_texts
from .files import SETTINGS_FILE, make_folder, read_merges, read_vocabulary, write_json
from .merges import Pair, learn_merges, merge

END_OF_TEXT = "<|endoftext|>"
BART_ROLES = {"cls": "<s>", "pad": "<pad>", "sep": "</s>", "eos": "</s>", "unk": "<unk>", "mask": "<mask>"}
# English endings after an apostrophe; letters, digits or signs, each with the one space before them; white
# space, of which the last is left to the word that follows.
PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def byte_alphabet() -> dict[int, str]:
    """A visible character for each byte, so that tokens can be written to text files: 32 (space) becomes "Ġ".

    Printable bytes of Latin-1 stand for themselves and come first; the other 68 take U+0100 onwards.  The
    order of this table is the order of the first 256 ids in GPT-2.
    """
    printable = [byte for first, last in ("!~", "¡¬", "®ÿ") for byte in range(ord(first), ord(last) + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(others)}


CHAR_OF_BYTE = byte_alphabet()
BYTE_OF_CHAR = {char: byte for byte, char in CHAR_OF_BYTE.items()}


class ByteLevelBPE(Tokenizer):
    """GPT-2's tokenizer over `tokens` (ids in their order) and `merges`, pairs of tokens in the order learnt.

    decode(encode(text)) == text for every text that UTF-8 can write; a lone surrogate, which it cannot, is an
    InputError.  "<|endoftext|>", where the vocabulary has it, is recognised in the text and is `eos_id`.  A vocabulary
    with all of BART's special tokens has their roles: "<s>" is `cls_id`, "</s>" `sep_id` and `eos_id`, "<mask>", which
    takes the space before it, `mask_id`.
    """

    roles = {"eos": END_OF_TEXT}

    def __init__(self, tokens: Iterable[str], merges: Iterable[Pair], added: Iterable[AddedToken] = ()):
        import regex  # Python's own re has no \p{L}
        tokens = list(tokens)
        if set(BART_ROLES.values()) <= set(tokens):
            self.roles, self.takes_space = BART_ROLES, frozenset({"<mask>"})
        super().__init__(tokens, added)
        self.merges = [tuple(pair) for pair in merges]
        for char in BYTE_OF_CHAR:
            if char not in self.vocab:
                raise InputError(f"byte-level BPE: the vocabulary lacks {char!r}, byte {BYTE_OF_CHAR[char]}; "
                                 "all 256 bytes must be there, or some text could not be written")
        for token, id in self.vocab.items():
            if token not in self.added and not (token and BYTE_OF_CHAR.keys() >= set(token)):
                raise InputError(f"byte-level BPE: token {token!r} (id {id}) is not made of byte characters; "
                                 "is this vocab.json of another kind of tokenizer?")
        for i, pair in enumerate(self.merges):
            if not all(part in self.vocab for part in (*pair, "".join(pair))):
                raise InputError(f"byte-level BPE: merge {i} is {pair}; both parts, and the two joined, must be tokens")
        self._rank = {pair: rank for rank, pair in enumerate(self.merges)}
        self._chunks = regex.compile(PATTERN)
        self._cache: dict[str, list[int]] = {}

    # text -> ids

    def _encode_plain(self, part: str, start: int) -> list[int]:
        check_utf8(part, start)
        return [id for chunk in self._chunks.findall(part) for id in self._encode_chunk(chunk)]

    def _encode_plain_with_offsets(self, part, start):
        check_utf8(part, start)
        ids, offsets = [], []
        for match in self._chunks.finditer(part):
            origins = [i for i, char in enumerate(match.group(), match.start()) for _ in char.encode()]
            begin = 0
            for id in self._encode_chunk(match.group()):
                end = begin + len(self.tokens[id])         # a token has as many characters as it has bytes
                ids.append(id)
                offsets.append((origins[begin], origins[end - 1] + 1))
                begin = end
        return ids, offsets

    def _encode_chunk(self, chunk: str) -> list[int]:
        ids = self._cache.get(chunk)
        if ids is None:
            symbols = spell(chunk)
            while len(symbols) > 1:
                pairs = set(zip(symbols, symbols[1:], strict=False))
                earliest = min(pairs, key=lambda pair: self._rank.get(pair, len(self._rank)))
                if earliest not in self._rank:
                    break
                symbols = merge(symbols, earliest, "".join(earliest))
            ids = [self.vocab[symbol] for symbol in symbols]
            if len(self._cache) < CACHE_LIMIT:
                self._cache[chunk] = ids
        return ids

    # ids -> text

    def surface(self, id: int, first: bool = False) -> bytes:
        """The bytes of the token, which may begin or end in the middle of a character."""
        token = self.token(id)
        return token.encode() if token in self.added else bytes(BYTE_OF_CHAR[char] for char in token)

    def is_continuation(self, id: int) -> bool:
        """Whether the token goes on with a word: a token that begins one carries the white space in front of it."""
        return not self.surface(id)[:1].isspace()

    # training

    @classmethod
    def train(cls, texts: Iterable[str], vocab_size: int, end_of_text: bool = True,
              min_count: int = 2, specials: Iterable[str] = ()) -> "ByteLevelBPE":
        """`vocab_size` tokens: `specials`, 256 bytes, what the merges join, and "<|endoftext|>" last as in GPT-2.

        Pairs seen less than `min_count` times are not joined, so a small text gives fewer tokens.
        """
        check_texts(texts)
        ends, fixed = [END_OF_TEXT] if end_of_text else [], [*dict.fromkeys(specials), *CHAR_OF_BYTE.values()]
        if vocab_size < len(fixed) + len(ends):
            more = [*fixed[:-256], *ends]
            raise InputError(f"byte-level BPE: vocab_size is {vocab_size}; the bytes alone are 256 tokens"
                             + (f" and {', '.join(more)} {'is one' if len(more) == 1 else f'are {len(more)}'} more"
                                if more else "") + ": raise it")
        blank = cls([*fixed, *ends], [])
        counts: Counter[str] = Counter()
        for text in texts:
            for start, part, token, _ in blank.segments(text):
                if token is None:
                    check_utf8(part, start)
                    counts.update(blank._chunks.findall(part))
        pieces = dict.fromkeys(fixed)
        merges = []
        steps = learn_merges({tuple(spell(chunk)): n for chunk, n in counts.items()}, str.__add__, min_count)
        while len(pieces) + len(ends) < vocab_size and (step := next(steps, None)):
            merges.append(step[:2])
            pieces[step[2]] = None
        return cls([*pieces, *ends], merges)

    # files

    def save(self, folder: str | Path) -> None:
        """Write vocab.json and merges.txt in the layout of GPT-2 and BART, and their kind in tokenizer_config.json."""
        folder = make_folder(folder)
        (folder / "vocab.json").write_text(json.dumps(self.vocab), encoding="utf-8")
        lines = ["#version: 0.2", *[" ".join(pair) for pair in self.merges]]
        (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
        bart = self.roles is BART_ROLES
        settings: dict[str, Any] = {"tokenizer_class": "BartTokenizer" if bart else "GPT2Tokenizer",
                                    "add_prefix_space": False}
        if bart:
            mask = {"__type": "AddedToken", "content": BART_ROLES["mask"], "lstrip": True, "rstrip": False,
                    "normalized": False, "single_word": False}
            settings |= {f"{role}_token": token for role, token in BART_ROLES.items()}
            settings |= {"bos_token": BART_ROLES["cls"], "mask_token": mask}
        elif self.eos_id is not None:
            settings |= {f"{role}_token": END_OF_TEXT for role in ("bos", "eos", "unk")}
        write_json(folder / SETTINGS_FILE, settings | self.described())

    @classmethod
    def load(cls, folder: str | Path) -> "ByteLevelBPE":
        """Read vocab.json and merges.txt, ours or published; an InputError names file and line of a fault."""
        folder = Path(folder)
        tokens = read_vocabulary(folder / "vocab.json")
        merges = read_merges(folder / "merges.txt", set(tokens))
        roles = BART_ROLES if set(BART_ROLES.values()) <= set(tokens) else cls.roles
        tokens, added = read_added(folder, tokens, roles)
        try:
            return cls(tokens, merges, added)
        except InputError as error:
            raise InputError(f"{folder / 'vocab.json'}: {error}") from None


def check_utf8(part: str, start: int) -> None:
    """Raise an InputError for a lone surrogate, half a character that UTF-8 cannot hold."""
    try:
        part.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"byte-level BPE: U+{ord(part[error.start]):04X} at position {start + error.start} is a lone "
                         "surrogate, which UTF-8 cannot hold; remove it or put U+FFFD in its place") from None


def spell(chunk: str) -> list[str]:
    """The bytes of `chunk`, each as its visible character."""
    return [CHAR_OF_BYTE[byte] for byte in chunk.encode()]
