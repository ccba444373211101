"""How does BERT cut a word it has never seen?  Into the longest pieces of its vocabulary, from the left.

A piece that continues a word is written with "##" before it: "unwilling" -> "un", "##will", "##ing".  The
pieces are chosen once, from the training text; cutting needs nothing but the list.

Schuster & Nakajima 2012 and Wu et al. 2016 (section 4.1) for the idea, Devlin et al. 2019 for this form of
it.  They chose pieces by the likelihood of the text, and BERT's training code was not published; like the
libraries in use we join the most frequent pair (`merges`).  Cutting is by longest match all the same, so
the pieces of a word need not be those it was built from.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tinyformer.errors import InputError

from .added import AddedToken
from .added_files import read_added
from .base import CACHE_LIMIT, Tokenizer, by_frequency, check_texts
from .basic import CharacterTable
from .files import SETTINGS_FILE, make_folder, read_json, read_lines, write_json
from .merges import learn_merges

CONTINUES = "##"
LONGEST_WORD = 100                                         # characters; a longer word is not cut but unknown
LONGEST = "max_input_chars_per_word"                       # what the usual libraries call it


class WordPieceTokenizer(Tokenizer):
    """BERT's tokenizer: the basic tokenizer, then longest match first; what cannot be cut is "[UNK]".

    `strip_accents` None means: as `lower_case`, as in BERT.  Chinese characters are words of their own unless
    `split_chinese` is False.  A word of more than `longest_word` characters is unknown.
    """

    unk_id: int

    def __init__(self, tokens: Iterable[str], lower_case: bool = True, strip_accents: bool | None = None,
                 split_chinese: bool = True, longest_word: int = LONGEST_WORD, added: Iterable[AddedToken] = ()):
        strip = lower_case if strip_accents is None else strip_accents
        self.table = CharacterTable(lower_case, strip, split_chinese)
        super().__init__(tokens, added)
        if self.unk_id is None:
            raise InputError(f"WordPiece: [UNK] is missing among {len(self)} tokens; "
                             "words that cannot be cut need it: add it to the vocabulary")
        self.lower_case, self.strip_accents, self.split_chinese = lower_case, strip_accents, split_chinese
        self.longest_word = longest_word
        self._longest_piece = max(map(len, self.tokens))
        self._cache: dict[str, list[tuple[int, int]]] = {}

    # cutting

    def cut(self, word: str) -> list[tuple[int, int]]:
        """The pieces of one cleaned word as (id, end), `end` the number of its characters used so far."""
        pieces = self._cache.get(word)
        if pieces is None:
            pieces = self._longest_match_first(word)
            if len(self._cache) < CACHE_LIMIT:
                self._cache[word] = pieces
        return pieces

    def _longest_match_first(self, word: str) -> list[tuple[int, int]]:
        unknown = [(self.unk_id, len(word))]
        if len(word) > self.longest_word:
            return unknown
        pieces = []
        start = 0
        while start < len(word):
            prefix = CONTINUES if start else ""
            for end in range(min(len(word), start + self._longest_piece), start, -1):
                id = self.vocab.get(prefix + word[start:end])
                if id is not None:
                    break
            else:
                return unknown                             # one hole, and the whole word is lost
            pieces.append((id, end))
            start = end
        return pieces

    def cleaned(self, text: str) -> tuple[str, list[int]]:
        return self.table.cleaned(text)

    def _encode_plain(self, part: str, start: int) -> list[int]:
        return [id for word in self.table.words(part) for id, _ in self.cut(word)]

    def _encode_plain_with_offsets(self, part, start):
        ids, offsets = [], []
        for word, origins in self.table.words_with_origins(part):
            begin = 0
            for id, end in self.cut(word):
                ids.append(id)
                offsets.append((origins[begin], origins[end - 1] + 1))
                begin = end
        return ids, offsets

    # which pieces belong together

    def is_continuation(self, id: int) -> bool:
        """Whether the piece goes on with the word of the piece before it."""
        return self.token(id).startswith(CONTINUES) and len(self.tokens[id]) > len(CONTINUES)

    def word_ids(self, ids: Iterable[int]) -> list[int]:
        """For each id the number of its word, counted from 0; -1 for [PAD], [CLS], [SEP] and [MASK].

        [UNK] stands for a word.  After one of the four others a new word begins, whatever the piece.
        """
        numbers = []
        word = -1
        inside = False
        for id in ids:
            special = id in self.special_ids and id != self.unk_id
            if not special and not (inside and self.is_continuation(id)):
                word += 1
            inside = not special
            numbers.append(word if inside else -1)
        return numbers

    def surface(self, id: int, first: bool = False) -> bytes:
        """The piece without "##", or with a space before it; which spaces the text had is not kept."""
        token = self.token(id)
        if self.is_continuation(id) and not first:
            return token.removeprefix(CONTINUES).encode()
        return (token if first else " " + token).encode()

    # training

    @classmethod
    def train(cls, texts: Iterable[str], vocab_size: int, lower_case: bool = True,
              strip_accents: bool | None = None, split_chinese: bool = True,
              specials: Sequence[str] = tuple(Tokenizer.roles.values()), max_alphabet: int = 1000,
              min_count: int = 2) -> "WordPieceTokenizer":
        """`vocab_size` tokens: specials, the alphabet, then pieces in the order in which they were joined.

        The alphabet is the `max_alphabet` most frequent characters, in the forms met ("a", "##a").  Pairs
        seen less than `min_count` times are not joined, so a small text gives fewer tokens.  How ties are
        broken, `learn_merges` says.
        """
        check_texts(texts)
        blank = cls(specials, lower_case, strip_accents, split_chinese)
        counts: Counter[str] = Counter()
        for text in texts:
            for _, part, token, _ in blank.segments(text):
                if token is None:
                    counts.update(blank.table.words(part))
        letters: Counter[str] = Counter()
        for word, n in counts.items():
            for char in word:
                letters[char] += n
        known = set(by_frequency(letters)[:max_alphabet])
        spelled = {spell(word): n for word, n in counts.items()
                   if len(word) <= LONGEST_WORD and known.issuperset(word)}
        if not spelled:
            raise InputError("WordPiece: the training text holds no words; a vocabulary needs some")

        pieces = dict.fromkeys(specials)                   # a dict keeps the order and each piece once
        pieces.update(dict.fromkeys(sorted({symbol for word in spelled for symbol in word})))
        if len(pieces) > vocab_size:
            raise InputError(f"WordPiece: specials and single characters are {len(pieces)} tokens, vocab_size"
                             f" is {vocab_size}; raise it or lower max_alphabet ({max_alphabet})")
        merges = learn_merges(spelled, lambda left, right: left + right.removeprefix(CONTINUES), min_count)
        while len(pieces) < vocab_size and (step := next(merges, None)):
            pieces[step[2]] = None
        return cls(pieces, lower_case, strip_accents, split_chinese)

    # files

    def save(self, folder: str | Path) -> None:
        """Write vocab.txt, one token a line in the order of ids, and tokenizer_config.json, as on the hub."""
        folder = make_folder(folder)
        lines = "".join(f"{token}\n" for token in self.tokens)
        (folder / "vocab.txt").write_text(lines, encoding="utf-8", newline="\n")
        settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": self.lower_case,
                    "strip_accents": self.strip_accents, "tokenize_chinese_chars": self.split_chinese}
        settings |= {f"{role}_token": token for role, token in self.roles.items() if token in self.vocab}
        if self.sentinel_ids:
            settings["additional_special_tokens"] = [self.tokens[id] for id in self.sentinel_ids]
        if self.longest_word != LONGEST_WORD:
            settings[LONGEST] = self.longest_word
        write_json(folder / SETTINGS_FILE, settings | self.described())

    @classmethod
    def load(cls, folder: str | Path) -> "WordPieceTokenizer":
        """Read vocab.txt and tokenizer_config.json; without the latter the options are those of BERT uncased.

        An InputError names file and line of an empty line, a space at the end or a token that stands there
        twice, and the file that lacks [UNK].
        """
        path = Path(folder) / "vocab.txt"
        tokens = read_lines(path)
        if cls.roles["unk"] not in tokens:
            raise InputError(f"{path}: none of its {len(tokens)} lines is [UNK], which words that cannot be "
                             "cut need; add it as a line")
        tokens, added = read_added(Path(folder), tokens, cls.roles)
        return cls(tokens, **read_settings(Path(folder) / SETTINGS_FILE), added=added)


def spell(word: str) -> tuple[str, ...]:
    """A word as single characters: "cat" -> ("c", "##a", "##t")."""
    return (word[0], *[CONTINUES + char for char in word[1:]])


def read_settings(path: Path) -> dict[str, Any]:
    """The options of the basic tokenizer in a tokenizer_config.json; those it does not name are left out."""
    names = {"do_lower_case": "lower_case", "strip_accents": "strip_accents",
             "tokenize_chinese_chars": "split_chinese", LONGEST: "longest_word"}
    written = read_json(path) if path.exists() else {}
    options: dict[str, Any] = {}
    for key, name in names.items():
        value = written.get(key)
        if value is None:
            continue
        if isinstance(value, bool) == (key == LONGEST) or not isinstance(value, bool | int):
            wanted = "a whole number" if key == LONGEST else "true, false or null"
            raise InputError(f"{path}: {key} is {value!r}; it must be {wanted}")
        options[name] = value
    return options
