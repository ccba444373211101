"""What can be wrong with the files of a vocabulary?  Read them, and name file and line of a fault."""

import json
from collections.abc import Mapping
from pathlib import Path

from tinyformer.errors import InputError
from tinyformer.json_text import NotJSON, parse_json
from tinyformer.places import special_file

SETTINGS_FILE = "tokenizer_config.json"
ASCII_SPACE = " \t\r\v\f"                                 # Unicode's other spaces may be tokens


def read_text(path: Path) -> str:
    """The UTF-8 text of a vocabulary file; an InputError names the file where it cannot be read."""
    try:
        if (kind := special_file(path)) is not None:           # opening a FIFO would wait for ever
            raise InputError(f"{path} is {kind}; the tokenizer needs a file there")
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); the tokenizer needs it") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[:error.start].count(b"\n") + 1
        byte = raw[error.start]
        raise InputError(f"{path}:{line}: byte {byte:#04x} is not UTF-8; save the file as UTF-8") from None


def read_json(path: Path) -> dict:
    """The object in a JSON file; an InputError names file and line, or the key that stands there twice."""
    try:
        value = parse_json(read_text(path))
    except NotJSON as error:
        place = "" if error.line is None else f":{error.line}"
        raise InputError(f"{path}{place}: not JSON ({error}); {error.remedy}") from None
    if not isinstance(value, dict):
        raise InputError(f"{path}: holds a JSON {type(value).__name__}; it must be an object {{...}}")
    return value


def read_vocabulary(path: Path) -> list[str]:
    """The tokens of a vocab.json in the order of their ids, which must be 0, 1, 2, ... without a gap."""
    return tokens_in_order(read_json(path), path)


def tokens_in_order(vocab: dict[str, int], path: Path) -> list[str]:
    """The keys of {token: id} sorted by id; an InputError names the first id that is not its place."""
    for token, id in vocab.items():
        if not isinstance(id, int) or isinstance(id, bool):
            raise InputError(f"{path}: token {token!r} has id {id!r}; an id must be a whole number")
    tokens = sorted(vocab, key=lambda token: vocab[token])
    for place, token in enumerate(tokens):
        if vocab[token] != place:
            raise InputError(f"{path}: token {token!r} has id {vocab[token]} where {place} was due; "
                             f"ids must be 0 to {len(tokens) - 1}, each once")
    return tokens


def write_json(path: Path, value: dict) -> None:
    """Write one JSON object, readable by eye where it is small."""
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def make_folder(folder: str | Path) -> Path:
    """The folder as a Path, made if it is not there."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def read_lines(path: Path) -> list[str]:
    """The tokens of a vocab.txt; faults are InputErrors with file and line."""
    lines = read_text(path).replace("\r\n", "\n").removesuffix("\n").split("\n")
    first_seen: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip(ASCII_SPACE):
            raise InputError(f"{path}:{number}: empty line; every line is a token with its id: remove it")
        if line != line.strip(ASCII_SPACE):
            raise InputError(f"{path}:{number}: {line!r} has a space at its beginning or end and could never "
                             "match; remove the space")
        if first_seen.setdefault(line, number) != number:
            raise InputError(f"{path}:{number}: token {line!r} stands in line {first_seen[line]} already; "
                             "every token may stand there once")
    return lines


def read_merges(path: Path, tokens: set[str]) -> list[tuple[str, str]]:
    """The pairs of a merges.txt, one a line behind "#version"; faults are InputErrors with file and line."""
    merges = []
    lines = read_text(path).replace("\r\n", "\n").removesuffix("\n").split("\n")
    for number, line in enumerate(lines, 1):
        if number == 1 and line.startswith("#version"):
            continue
        pair = tuple(line.split(" "))
        if len(pair) != 2 or not all(pair):
            raise InputError(f"{path}:{number}: {line!r} is not a merge; it must be two tokens with one "
                             "space between them")
        for token in (*pair, "".join(pair)):
            if token not in tokens:
                raise InputError(f"{path}:{number}: {token!r} is not in vocab.json; do the two files belong "
                                 "together?")
        merges.append(pair)
    return merges


def hold_to(rules: Mapping[str, Mapping[str, tuple]], parts: Mapping[str, dict]) -> None:
    """InputError that names the first setting with a value that asks for other ids than ours."""
    for part, settings in rules.items():
        for name, values in settings.items():
            if name in parts[part] and parts[part][name] not in values:
                known = " or ".join(repr(value) for value in values if value is not None)
                raise InputError(f"{name} of {part} is {parts[part][name]!r}, with which a text would get other ids "
                                 f"than here; only {known} can be read")
