"""How is a text cut whose pieces have probabilities?  Into those that make it most probable, all of them together.

A unigram vocabulary gives each piece a probability of its own; the probability of a segmentation is the product of its
pieces', and Viterbi's algorithm finds the largest without trying all.  A space is written "▁" and begins the word
behind it, so that spaces are part of the text.  What no piece can spell is unknown, or spelled in bytes ("<0x41>").

Kudo 2018, section 3.1; Kudo and Richardson 2018 (SentencePiece), section 3.  T5 and ALBERT have such vocabularies.
"""

import math
from collections.abc import Iterable
from pathlib import Path

from tinyformer.errors import InputError

from .added import AddedToken
from .base import Tokenizer, check_texts
from .bpe import BART_ROLES
from .spaced import BYTES, METASPACE, SPACE, Cut, SpacedTokenizer

UNKNOWN_COST = 10.0                                        # of a character that no piece has, below the rarest piece
ALBERT_ROLES = {"pad": "<pad>", "unk": "<unk>", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
T5_ROLES = {"pad": "<pad>", "unk": "<unk>", "eos": "</s>"}


class UnigramTokenizer(SpacedTokenizer):
    """`pieces`, a (token, log probability) for each id from 0, and `added` tokens, of which some may have later ids.

    `unknown` is the id of what no piece can spell; with `byte_fallback` it is spelled in "<0x00>" to "<0xFF>" instead.
    `normalizer` and `pre_tokenizer` say what is done to a text before, in the words of a tokenizer.json.  With the
    pre_tokenizer that stands here every text begins with a space, whether or not it is written there.
    """

    roles = T5_ROLES

    def __init__(self, pieces: Iterable[tuple[str, float]], unknown: int, *, byte_fallback: bool = False,
                 normalizer: dict | None = None, pre_tokenizer: dict = METASPACE, added: Iterable[AddedToken] = (),
                 more: Iterable[str] = (), written_as: str | None = None):
        self.pieces, added = list(pieces), list(added)
        tokens = [*(token for token, _ in self.pieces), *more]
        self.roles = roles_of(set(tokens))
        self.takes_space = frozenset({self.roles["mask"]} if "mask" in self.roles else ())
        self.written_as = written_as
        super().__init__(tokens, added, byte_fallback=byte_fallback, normalizer=normalizer,
                         pre_tokenizer=pre_tokenizer)
        if not 0 <= unknown < len(self.pieces):
            raise InputError(f"unigram: the unknown token has id {unknown}, and the pieces have 0 to "
                             f"{len(self.pieces) - 1}")
        for token, score in self.pieces:
            if not token or not math.isfinite(score):
                raise InputError(f"unigram: piece {token!r} has the score {score}; a piece is a text of at least one "
                                 "character with a finite log probability")
        self.unknown = unknown
        self._score = dict(self.pieces)
        self._longest = max(len(token) for token in self._score)
        self._unknown_score = min(self._score.values()) - UNKNOWN_COST

    # text -> ids

    def pieces_of(self, chunk: str) -> Cut:
        """The most probable pieces of a chunk."""
        return [piece for start, end, known in self._most_probable(chunk)
                for piece in self._named(chunk[start:end], start, end, known)]

    def _most_probable(self, chunk: str) -> list[tuple[int, int, bool]]:
        """(start, end, is it a piece) of the best segmentation; unknown characters side by side are one.

        best[i] is the largest log probability of the first i characters, and came[i] where the last piece begins that
        it takes.  Every place is reached, by an unknown character where no piece is as short.
        """
        best, came = [-math.inf] * len(chunk) + [0.0], [(0, True)] * (len(chunk) + 1)
        best[0] = 0.0
        reached = [False] * (len(chunk) + 1)
        for start in range(len(chunk)):
            alone = False
            for end in range(start + 1, min(len(chunk), start + self._longest) + 1):
                score = self._score.get(chunk[start:end])
                if score is None:
                    continue
                alone = alone or end == start + 1
                if not reached[end] or best[start] + score > best[end]:
                    best[end], came[end], reached[end] = best[start] + score, (start, True), True
            if not alone and (not reached[start + 1] or best[start] + self._unknown_score > best[start + 1]):
                best[start + 1], reached[start + 1] = best[start] + self._unknown_score, True
                came[start + 1] = start, False
        found: list[tuple[int, int, bool]] = []
        end = len(chunk)
        while end:
            start, known = came[end]
            if found and not known and not found[-1][2]:
                found[-1] = start, found[-1][1], False
            else:
                found.append((start, end, known))
            end = start
        return found[::-1]

    def _named(self, text: str, start: int, end: int, known: bool) -> Cut:
        """The ids of a piece, or of what is none."""
        if known or text in self._score:
            return [(self.vocab[text], start, end)]
        return self.in_bytes(text, start, end) or [(self.unknown, start, end)]

    # training

    @classmethod
    def train(cls, texts: Iterable[str], vocab_size: int, specials: Iterable[str] = ("<unk>", "</s>")
              ) -> "UnigramTokenizer":
        """`vocab_size` tokens: `specials`, 256 bytes, and pieces that EM has chosen; see unigram_training.py.

        Nothing is normalized, and bytes spell what no piece does, so that decoding gives the text again, but for "▁",
        which is a space, for spaces at its beginning, and for "<0x41>" where not all of its characters have a piece.
        """
        from .unigram_training import learn_pieces
        check_texts(texts)
        fixed = list(dict.fromkeys(specials))
        if roles_of(set(fixed))["unk"] not in fixed:
            fixed.insert(0, T5_ROLES["unk"])
        room = vocab_size - len(fixed) - len(BYTES)
        if room < 1:
            raise InputError(f"unigram: vocab_size is {vocab_size}; {len(fixed)} special tokens and 256 bytes leave no "
                             "room for pieces: raise it")
        blank = cls([*((token, 0.0) for token in fixed), (SPACE, -1.0)], 0)
        # A piece of a text that is read in pieces may begin with a new line; no space belongs in front of that.
        chunks = (chunk[added * part[0].isspace():] for text in texts
                  for start, part, token, _ in blank.segments(text) if token is None
                  for chunk, _, added in blank._chunks(part, list(range(len(part))), start))
        pieces = learn_pieces(chunks, room)
        # "<0x41>" in a text is to be six characters and not a byte, which is so if they are more probable together.
        unlikely = float(round(10 * min(score for _, score in pieces)))
        return cls([*((token, 0.0) for token in fixed), *((name, unlikely) for name in BYTES), *pieces],
                   fixed.index(roles_of(set(fixed))["unk"]), byte_fallback=True)

    # files

    def save(self, folder: str | Path) -> None:
        """Write tokenizer.json, the one-file form of the usual libraries, and tokenizer_config.json beside it."""
        from .unigram_files import write
        write(self, folder)

    @classmethod
    def load(cls, folder: str | Path) -> "UnigramTokenizer":
        """Read what `save` wrote, or what was published: tokenizer.json, or else spiece.model."""
        from .unigram_files import read
        return read(Path(folder))


def roles_of(tokens: set[str]) -> dict[str, str]:
    """Which special tokens have which role: BERT's, ALBERT's, RoBERTa's or T5's, by those that there are."""
    for roles in (Tokenizer.roles, ALBERT_ROLES, BART_ROLES):
        if set(roles.values()) <= tokens:
            return roles
    return T5_ROLES
