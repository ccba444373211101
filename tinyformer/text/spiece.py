"""What stands in spiece.model, the file that SentencePiece writes?  Pieces with scores, and how text is normalized.

It is a message of Protocol Buffers: fields one behind another, each a number that says which it is and how it is
written, and then its value.  Of the few that decide how a text is cut this reads every one; see SentencePiece's
sentencepiece_model.proto for their numbers.
"""

import base64
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinyformer.errors import InputError

from .added import AddedToken
from .added_files import read_added
from .files import SETTINGS_FILE, read_json
from .spaced import METASPACE
from .unigram import UnigramTokenizer, roles_of

FILE = "spiece.model"
VARINT, EIGHT, SIZED, FOUR = 0, 1, 2, 5                    # how a value is written
PIECE, TRAINER, NORMALIZER = 1, 2, 3                       # fields of the model
CONTROL, USER_DEFINED = 3, 4                               # types of pieces; 1 is an ordinary one
UNIGRAM = 1                                                # among the types of models
EXTRA_IDS = 100                                            # sentinels that T5 has behind the pieces
COMMA_COST = 100.0                                         # see `_apart_from_commas`
FAMILIES = {"t5": "T5Tokenizer", "albert": "AlbertTokenizer"}


@dataclass
class Model:
    """What a spiece.model says: pieces as (text, score, type), and the table of its normalization, if it has one."""

    pieces: list[tuple[str, float, int]] = field(default_factory=list)
    kind: int = UNIGRAM
    unknown: int = 0
    byte_fallback: bool = False
    charsmap: bytes = b""


def read_spiece(folder: Path) -> UnigramTokenizer:
    """The tokenizer of a T5 or an ALBERT from its spiece.model, as the usual library makes it.

    InputError where tokenizer_config.json and config.json name neither, since the file itself does not say what is done
    to capitals, accents and spaces, and where the file is damaged or of another kind.
    """
    path = folder / FILE
    settings, name = _settings(folder)
    try:
        model = parse(path.read_bytes())
        if model.kind != UNIGRAM:
            raise InputError(f"its model_type is {model.kind}; {UNIGRAM}, a unigram vocabulary, can be read")
        pieces, normalizer = [(piece, score) for piece, score, _ in model.pieces], []
        if name == "AlbertTokenizer":
            pieces = [_apart_from_commas(*piece) for piece in pieces]
            normalizer = _albert(settings)
        else:
            extra = settings.get("extra_ids", EXTRA_IDS)
            if not isinstance(extra, int) or isinstance(extra, bool) or not 0 <= extra <= 10_000:
                raise InputError(f"extra_ids of {SETTINGS_FILE} is {extra!r}; it must be a number of sentinels")
            pieces += [(f"<extra_id_{n}>", 0.0) for n in reversed(range(extra))]
        if model.charsmap:
            table = base64.b64encode(model.charsmap).decode()
            normalizer.append({"type": "Precompiled", "precompiled_charsmap": table})
        tokens = [piece for piece, _ in pieces]
        tokens, added = read_added(folder, tokens, roles_of(set(tokens)), {})
        named = {token.content for token in added}
        added += [AddedToken(piece, special=kind == CONTROL) for piece, _, kind in model.pieces
                  if kind in (CONTROL, USER_DEFINED) and piece not in {*named, *roles_of(set(tokens)).values()}]
        return UnigramTokenizer(
            pieces, model.unknown, byte_fallback=model.byte_fallback, added=added, more=tokens[len(pieces):],
            normalizer={"type": "Sequence", "normalizers": normalizer} if normalizer else None, written_as=name,
            pre_tokenizer={"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, METASPACE]})
    except InputError as error:
        raise error if str(folder) in str(error) else InputError(f"{path}: {error}") from None


def parse(data: bytes) -> Model:
    """The fields of a spiece.model; InputError where the bytes are no such message."""
    model = Model()
    try:
        for number, value in _fields(data):
            if number == PIECE:
                found = dict(_fields(value))
                score = struct.unpack("<f", found.get(2, bytes(4)))[0]
                model.pieces.append((found[1].decode(), score, int(found.get(3, 1))))
            elif number == TRAINER:
                found = dict(_fields(value))
                model.kind, model.unknown = int(found.get(3, UNIGRAM)), int(found.get(40, 0))
                model.byte_fallback = bool(found.get(35, 0))
            elif number == NORMALIZER:
                model.charsmap = bytes(memoryview(dict(_fields(value)).get(2, b"")))
    except (IndexError, KeyError, ValueError, TypeError, AttributeError, struct.error):
        raise InputError("it is no model of SentencePiece, or damaged; take the file from where it came from") from None
    if not model.pieces:
        raise InputError("it holds no pieces; take the file from where it came from")
    return model


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """(number, value) of each field of a message: a whole number, or bytes."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        how = key & 7
        if how == VARINT:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        size, at = _varint(data, at) if how == SIZED else ({EIGHT: 8, FOUR: 4}[how], at)
        if at + size > len(data):
            raise ValueError("a field reaches beyond the message")
        yield key >> 3, data[at:at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A whole number, seven bits a byte, the lowest first, and the place behind it; a high bit says that more come."""
    value = 0
    for place in range(at, at + 10):
        value |= (data[place] & 0x7F) << 7 * (place - at)
        if not data[place] & 0x80:
            return value, place + 1
    raise ValueError("a number without an end")


def _settings(folder: Path) -> tuple[dict, str]:
    """What tokenizer_config.json says, and the class of the tokenizer by it or by config.json."""
    settings, config = ({} if not (folder / name).exists() else read_json(folder / name)
                        for name in (SETTINGS_FILE, "config.json"))
    name = settings.get("tokenizer_class") or config.get("tokenizer_class")
    name = str(name).removesuffix("Fast") if name else FAMILIES.get(str(config.get("model_type")), "not named")
    if name not in FAMILIES.values():
        raise InputError(f"{folder / FILE}: what is done to a text before it is cut hangs on the model, and the class "
                         f"of its tokenizer is {name!r}; {' or '.join(FAMILIES.values())} can be read "
                         f"(tokenizer_class of {SETTINGS_FILE})")
    return settings, name


def _albert(settings: dict) -> list[dict]:
    """What ALBERT does to a text: one form of quotation marks, no accents, no capitals, as its settings say."""
    flags = {name: settings.get(name, usual) for name, usual in (("do_lower_case", True), ("keep_accents", False))}
    wrong = next((name for name, value in flags.items() if not isinstance(value, bool)), None)
    if wrong:
        raise InputError(f"{wrong} of {SETTINGS_FILE} is {flags[wrong]!r}; it must be true or false")
    steps = [{"type": "Replace", "pattern": {"String": quotes}, "content": '"'} for quotes in ("``", "''")]
    if not flags["keep_accents"]:
        steps += [{"type": "NFKD"}, {"type": "StripAccents"}]
    return steps + [{"type": "Lowercase"}] * flags["do_lower_case"]


def _apart_from_commas(piece: str, score: float) -> tuple[str, float]:
    """ALBERT was trained on texts in which no piece joins a digit to a comma behind it: such a piece is made rare."""
    joined = len(piece) > 1 and piece.endswith(",") and piece[-2].isdigit()
    return piece, score - COMMA_COST * joined
