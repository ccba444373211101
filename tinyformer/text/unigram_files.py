"""How does a unigram vocabulary lie in a folder?  As tokenizer.json, which says everything, or as spiece.model."""

from pathlib import Path
from typing import Any

from tinyformer.errors import InputError

from .added import AddedToken
from .files import SETTINGS_FILE, make_folder, write_json
from .spaced import METASPACE, SPACE
from .unigram import UnigramTokenizer

OURS = "PreTrainedTokenizerFast"                           # their class that takes tokenizer.json at its word
ENDS_TEXTS = "T5Tokenizer"                                 # their class that puts "</s>" behind a text


def read(folder: Path) -> UnigramTokenizer:
    """The tokenizer of a folder; InputError where there is none, or one of another kind."""
    from .from_folder import load_tokenizer
    tokenizer = load_tokenizer(folder)
    if not isinstance(tokenizer, UnigramTokenizer):
        raise InputError(f"{folder}: holds a {type(tokenizer).__name__}; a unigram vocabulary is a tokenizer.json "
                         "whose model is a Unigram, or spiece.model")
    return tokenizer


def from_parts(parts: dict[str, dict], tokens: list[str], added: list[AddedToken], settings: dict) -> UnigramTokenizer:
    """What the parts of a tokenizer.json describe; `tokens` are those of its vocabulary and those added behind them."""
    model, name = parts["model"], settings.get("tokenizer_class")
    unknown, fallback = model.get("unk_id"), model.get("byte_fallback", False)
    if not isinstance(unknown, int) or isinstance(unknown, bool):
        raise InputError(f"unk_id of model is {unknown!r}; it must be the id of the token for what no piece can spell")
    if not isinstance(fallback, bool):
        raise InputError(f"byte_fallback of model is {fallback!r}; it must be true or false")
    pieces = pieces_of(model)
    return UnigramTokenizer(pieces, unknown, byte_fallback=fallback, normalizer=parts["normalizer"] or None,
                            pre_tokenizer=parts["pre_tokenizer"], added=added, more=tokens[len(pieces):],
                            written_as=name if isinstance(name, str) else None)


def pieces_of(model: dict) -> list[tuple[str, float]]:
    """The pieces of a model in a tokenizer.json, each a text and a number."""
    found = []
    for number, piece in enumerate(model["vocab"]):
        if not (isinstance(piece, list) and len(piece) == 2 and isinstance(piece[0], str)
                and isinstance(piece[1], int | float) and not isinstance(piece[1], bool)):
            raise InputError(f"piece {number} of vocab is {piece!r}; it must be a text and its log probability")
        found.append((piece[0], float(piece[1])))
    return found


def write(tokenizer: UnigramTokenizer, folder: str | Path) -> None:
    """tokenizer.json with all that the tokenizer does, and tokenizer_config.json with the class and the roles."""
    folder = make_folder(folder)
    added = [{"id": tokenizer.vocab[name], **token.described()} for name, token in tokenizer.added.items()]
    for token in added:
        del token["__type"]                                    # which the older files have
    write_json(folder / "tokenizer.json", {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": sorted(added, key=lambda token: token["id"]), "normalizer": tokenizer.normalizer,
        "pre_tokenizer": tokenizer.pre_tokenizer, "post_processor": _frame(tokenizer),
        "decoder": _decoder(tokenizer), "model": {
            "type": "Unigram", "unk_id": tokenizer.unknown, "vocab": [list(piece) for piece in tokenizer.pieces],
            "byte_fallback": tokenizer.byte_fallback}})
    settings: dict[str, Any] = {"tokenizer_class": tokenizer.written_as or OURS}
    settings |= {f"{role}_token": token for role, token in tokenizer.roles.items() if token in tokenizer.vocab}
    if tokenizer.written_as == ENDS_TEXTS:
        settings["extra_ids"] = len(tokenizer.sentinel_ids)
    settings |= {"chat_template": tokenizer.chat_template} if tokenizer.chat_template else {}
    write_json(folder / SETTINGS_FILE, settings)


def _frame(tokenizer: UnigramTokenizer) -> dict | None:
    """What their library puts around a text: [CLS] and [SEP], or for T5 the end alone."""
    roles, ends = tokenizer.roles, tokenizer.written_as == ENDS_TEXTS
    before, behind = roles.get("cls"), roles.get("eos" if ends else "sep")
    if behind not in tokenizer.vocab or not ends and before not in tokenizer.vocab:
        return None

    def special(name: str, segment: int) -> dict:
        return {"SpecialToken": {"id": name, "type_id": segment}}

    def text(which: str, segment: int) -> list[dict]:
        return [{"Sequence": {"id": which, "type_id": segment}}, special(behind, segment)]

    first = ([] if before is None else [special(before, 0)]) + text("A", 0)
    names = {name: {"id": name, "ids": [tokenizer.vocab[name]], "tokens": [name]} for name in (before, behind) if name}
    return {"type": "TemplateProcessing", "single": first, "pair": first + text("B", int(not ends)),
            "special_tokens": names}


def _decoder(tokenizer: UnigramTokenizer) -> dict:
    """How their library makes a text of tokens: as ours does."""
    if not tokenizer.byte_fallback:
        metaspace = (tokenizer.pre_tokenizer or {}).get("pretokenizers", [METASPACE])[-1]
        return {**METASPACE, "prepend_scheme": metaspace.get("prepend_scheme", "always")}
    strip = [{"type": "Strip", "content": " ", "start": 1, "stop": 0}] * (tokenizer.prefix != "never")
    return {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": SPACE}, "content": " "},
                                             {"type": "ByteFallback"}, {"type": "Fuse"}, *strip]}
