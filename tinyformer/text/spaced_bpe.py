"""How does Llama 2 cut a text?  By merges over characters, with a mark for each space and bytes for what is rare.

The text is not cut into words first.  A space is written "▁", one more is put in front, and of all pairs of neighbours
the one that was learnt earliest is joined, the leftmost first, until no pair is left that was learnt.  A character
without a token is spelled in bytes.  (Sennrich et al. 2016; Kudo and Richardson 2018; Touvron et al. 2023, section 2.)
A heap keeps the pairs in their order, so that a text of n characters takes about n log n steps.
"""

import heapq
from collections.abc import Iterable, Sequence
from pathlib import Path

from tinyformer.errors import InputError

from .added import AddedToken
from .bpe import check_utf8
from .files import SETTINGS_FILE, make_folder, write_json
from .merges import Pair
from .spaced import BYTES, SPACE, Cut, SpacedTokenizer
from .split_bpe import template

PREPENDS = {"type": "Prepend", "prepend": SPACE}
REPLACES = {"type": "Replace", "pattern": {"String": " "}, "content": SPACE}
NORMALIZER = {"type": "Sequence", "normalizers": [PREPENDS, REPLACES]}


class SpacedBPE(SpacedTokenizer):
    """Llama 2's tokenizer over `tokens` (ids in their order) and `merges`, pairs of tokens in the order learnt.

    `eos` is the token that ends a text, and `starts` are those in front of one: their ids are `starting_ids`.
    """

    def __init__(self, tokens: Iterable[str], merges: Iterable[Pair], added: Iterable[AddedToken] = (), *,
                 eos: str | None = None, starts: Sequence[str] = (), unknown: str | None = "<unk>"):
        self.roles = {role: token for role, token in (("unk", unknown), ("eos", eos)) if token is not None}
        super().__init__(tokens, added, byte_fallback=True, normalizer=NORMALIZER, pre_tokenizer=None)
        self.merges = [tuple(pair) for pair in merges]
        if missing := next((name for name in BYTES if name not in self.vocab), None):
            raise InputError(f"BPE with bytes: the vocabulary lacks {missing}; all 256 bytes must be there, or some "
                             "text could not be written")
        for number, pair in enumerate(self.merges):
            if len(pair) != 2 or not all(part in self.vocab for part in (*pair, "".join(pair))):
                raise InputError(f"BPE with bytes: merge {number} is {pair}; both parts, and the two joined, must be "
                                 "tokens")
        for token in starts:
            if token not in self.vocab:
                raise InputError(f"BPE with bytes: {token!r}, which begins a text, is not among its {len(self)} tokens")
        self.starting_ids = tuple(self.vocab[token] for token in starts)
        self._rank = {pair: rank for rank, pair in enumerate(self.merges)}

    def without_first_space(self, token: str) -> str:
        return token.removeprefix(SPACE)                       # their decoder takes one away

    def _clean(self, part: str) -> tuple[str, list[int]]:
        check_utf8(part, 0)
        return super()._clean(part)

    def pieces_of(self, chunk: str) -> Cut:
        """The characters of a chunk, or their bytes, with neighbours joined in the order of the merges."""
        cut = [piece for place, char in enumerate(chunk) for piece in (
            [(self.vocab[char], place, place + 1)] if char in self.vocab else self.in_bytes(char, place, place + 1))]
        names: list[str] = [self.tokens[id] for id, _, _ in cut]           # "" where one was joined to the one before
        ends = [end for _, _, end in cut]
        before, after = [*range(-1, len(cut) - 1)], [*range(1, len(cut)), -1]
        waiting: list[tuple[int, int, str]] = []               # (rank, place of the left one, the two joined)

        def wait(left: int) -> None:
            right = after[left] if left >= 0 else -1
            if right >= 0 and (rank := self._rank.get((names[left], names[right]))) is not None:
                heapq.heappush(waiting, (rank, left, names[left] + names[right]))

        for place in range(len(cut)):
            wait(place)
        while waiting:
            _, left, joined = heapq.heappop(waiting)
            right = after[left]
            if not names[left] or right < 0 or names[left] + names[right] != joined or (
                    (names[left], names[right]) not in self._rank):
                continue                                       # one of the two was joined to another meanwhile
            names[left], names[right], ends[left], after[left] = joined, "", ends[right], after[right]
            if after[left] >= 0:
                before[after[left]] = left
            wait(before[left])
            wait(left)
        return [(self.vocab[name], start, end) for name, (_, start, _), end in zip(names, cut, ends, strict=True)
                if name]

    # files

    def save(self, folder: str | Path) -> None:
        """Write tokenizer.json, the one-file form of the usual libraries, and tokenizer_config.json beside it."""
        folder = make_folder(folder)
        added = [{"id": self.vocab[name], **{k: v for k, v in token.described().items() if k != "__type"}}
                 for name, token in self.added.items()]
        starts = [self.tokens[id] for id in self.starting_ids]
        decoders = [{"type": "Replace", "pattern": {"String": SPACE}, "content": " "}, {"type": "ByteFallback"},
                    {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]
        write_json(folder / "tokenizer.json", {
            "version": "1.0", "truncation": None, "padding": None, "added_tokens": sorted(added, key=lambda a: a["id"]),
            "normalizer": self.normalizer, "pre_tokenizer": None, "post_processor": template(starts, self.vocab),
            "decoder": {"type": "Sequence", "decoders": decoders},
            "model": {"type": "BPE", "dropout": None, "unk_token": self.roles.get("unk"),
                      "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": True,
                      "byte_fallback": True, "ignore_merges": False, "vocab": self.vocab,
                      "merges": [list(pair) for pair in self.merges]}})
        settings = {f"{role}_token": token for role, token in self.roles.items()}
        settings |= {"bos_token": starts[0]} if starts else {}
        write_json(folder / SETTINGS_FILE, {"tokenizer_class": "PreTrainedTokenizerFast", **settings})


def is_spaced(whole: dict) -> bool:
    """Whether a tokenizer.json describes this pipeline."""
    return (whole["model"].get("byte_fallback") is True and not whole.get("pre_tokenizer")
            and whole.get("normalizer") == NORMALIZER)
