"""How is a text cut where the file of a vocabulary says so itself?  Llama 3's and Qwen2's byte-level BPE.

GPT-2's pattern cuts a text into words, numbers and signs before any bytes are joined.  Newer vocabularies bring a
pattern of their own (digits in threes, say), may compose characters first (Unicode's NFC), take a piece that is a token
as a whole without asking the merges, and put a token in front of every text.  All of it stands in their tokenizer.json.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tinyformer.errors import InputError

from .added import AddedToken
from .bpe import ByteLevelBPE, spell
from .files import SETTINGS_FILE, make_folder, write_json
from .merges import Pair


class SplitBPE(ByteLevelBPE):
    """Byte-level BPE whose text is cut by `pattern`; what no match covers is a piece too.

    With `compose` a text is brought into the form NFC first; with `whole` a piece that is a token is not cut.  `eos` is
    the token that ends a text, and `starts` are those in front of one: their ids are `starting_ids`.
    """

    def __init__(self, tokens: Iterable[str], merges: Iterable[Pair], added: Iterable[AddedToken] = (), *, pattern: str,
                 compose: bool = False, whole: bool = False, eos: str | None = None, starts: Sequence[str] = ()):
        import regex
        self.roles = {} if eos is None else {"eos": eos}
        super().__init__(tokens, merges, added)
        self.pattern, self.compose, self.whole = pattern, compose, whole
        for token in starts:
            if token not in self.vocab:
                raise InputError(f"byte-level BPE: {token!r}, which begins a text, is not among its {len(self)} tokens")
        self.starting_ids = tuple(self.vocab[token] for token in starts)
        try:
            groups = regex.compile(pattern).groups
            self._chunks = regex.compile(f"(?:{pattern})|(?s:(?:(?!{pattern}).)+)")
        except regex.error as error:
            raise InputError(f"the pattern {pattern!r} is no regular expression ({error})") from None
        if groups:
            raise InputError(f"the pattern {pattern!r} has groups that capture; write (?: in place of (")

    def cleaned(self, text: str) -> tuple[str, list[int]]:
        return composed(text) if self.compose else super().cleaned(text)

    def _encode_plain(self, part: str, start: int) -> list[int]:
        return super()._encode_plain(unicodedata.normalize("NFC", part) if self.compose else part, start)

    def _encode_plain_with_offsets(self, part, start):
        plain, origins = self.cleaned(part)
        ids, spans = super()._encode_plain_with_offsets(plain, start)
        return ids, [(origins[a], origins[b - 1] + 1) for a, b in spans]

    def _encode_chunk(self, chunk: str) -> list[int]:
        if self.whole:
            token = "".join(spell(chunk))
            if token in self.vocab:
                return [self.vocab[token]]
        return super()._encode_chunk(chunk)

    # files

    def save(self, folder: str | Path) -> None:
        """Write tokenizer.json, which alone has a place for the pattern, and tokenizer_config.json."""
        folder = make_folder(folder)
        added = [{"id": self.vocab[name], **{k: v for k, v in token.described().items() if k != "__type"}}
                 for name, token in self.added.items()]
        byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
        split = {"type": "Split", "pattern": {"Regex": self.pattern}, "behavior": "Isolated", "invert": False}
        starts = [self.tokens[id] for id in self.starting_ids]
        merges = [list(pair) for pair in self.merges]
        write_json(folder / "tokenizer.json", {
            "version": "1.0", "truncation": None, "padding": None, "added_tokens": sorted(added, key=lambda a: a["id"]),
            "normalizer": {"type": "NFC"} if self.compose else None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
            "post_processor": template(starts, self.vocab),
            "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                      "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
                      "ignore_merges": self.whole, "vocab": self.vocab, "merges": merges}})
        settings = {f"{role}_token": token for role, token in self.roles.items()}
        settings |= {"bos_token": starts[0]} if starts else {}
        settings |= {"chat_template": self.chat_template} if self.chat_template else {}
        write_json(folder / SETTINGS_FILE, {"tokenizer_class": "PreTrainedTokenizerFast", **settings})


def composed(text: str) -> tuple[str, list[int]]:
    """The text in the form NFC, and for each of its characters the place that it came from.

    Marks join the letter before them, so that the first character of a run takes what is left out of it.
    """
    plain, origins, start = [], [], 0
    for end in range(1, len(text) + 1):
        if end < len(text) and _joins(text[start:end], text[end]):
            continue
        run = unicodedata.normalize("NFC", text[start:end])
        fewer = end - start - len(run)
        places = [0, *range(1 + fewer, end - start)] if fewer >= 0 else [0] * -fewer + [*range(end - start)]
        plain.append(run)
        origins += [start + place for place in places]
        start = end
    return "".join(plain), origins


def _joins(run: str, char: str) -> bool:
    """Whether a character may change, or change places with, what stands before it."""
    if char.isascii():
        return False
    nfc = unicodedata.normalize
    return unicodedata.combining(char) > 0 or nfc("NFC", run + char) != nfc("NFC", run) + nfc("NFC", char)


# ---- reading tokenizer.json ------------------------------------------------------------------------------------------


def pipeline(whole: dict) -> dict[str, Any] | None:
    """The options of a `SplitBPE` that a tokenizer.json describes; None where it describes no such pipeline.

    InputError names a setting that would give other ids than ours.
    """
    steps = whole.get("pre_tokenizer") or {}
    parts = steps.get("pretokenizers") or []
    kinds = [part.get("type") for part in parts]
    normalizer = (whole.get("normalizer") or {}).get("type")
    if steps.get("type") != "Sequence" or kinds != ["Split", "ByteLevel"] or normalizer not in (None, "NFC"):
        return None
    split, byte_level = parts
    pattern = split.get("pattern", {}).get("Regex")
    held = [("pattern of Split", split.get("pattern"), pattern is not None, '{"Regex": ...}'),
            ("behavior of Split", split.get("behavior"), split.get("behavior") == "Isolated", "'Isolated'"),
            ("invert of Split", split.get("invert"), split.get("invert") in (False, None), "False"),
            ("use_regex of ByteLevel", byte_level.get("use_regex"), byte_level.get("use_regex") is False, "False"),
            ("add_prefix_space of ByteLevel", byte_level.get("add_prefix_space"),
             byte_level.get("add_prefix_space") is False, "False")]
    for name, value, good, wanted in held:
        if not good:
            raise InputError(f"{name} is {value!r}, with which a text would get other ids than here; only {wanted} can "
                             "be read")
    return {"pattern": pattern, "compose": normalizer is not None, "whole": bool(whole["model"].get("ignore_merges")),
            "starts": starts_of(whole.get("post_processor") or {})}


def template(starts: Sequence[str], vocab: dict[str, int]) -> dict[str, Any] | None:
    """The post_processor of a tokenizer.json that puts tokens in front of a text, or of two."""
    if not starts:
        return None
    front: list[dict[str, Any]] = [{"SpecialToken": {"id": token, "type_id": 0}} for token in starts]
    first, second = ({"Sequence": {"id": name, "type_id": kind}} for name, kind in (("A", 0), ("B", 1)))
    named = {token: {"id": token, "ids": [vocab[token]], "tokens": [token]} for token in starts}
    return {"type": "TemplateProcessing", "single": [*front, first], "pair": [*front, first, second],
            "special_tokens": named}


def starts_of(processor: dict) -> list[str]:
    """The special tokens that stand in front of every text."""
    if processor.get("type") == "Sequence":
        return [token for part in processor["processors"] for token in starts_of(part)]
    if processor.get("type") != "TemplateProcessing":
        return []
    names = [next(iter(piece)) for piece in processor["single"]]
    if names[-1:] != ["Sequence"] or "Sequence" in names[:-1]:
        raise InputError(f"post_processor puts {processor['single']} in the place of a text; only special tokens in "
                         "front of it can be read")
    return [piece["SpecialToken"]["id"] for piece in processor["single"][:-1]]
