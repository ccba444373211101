"""Where do a command's settings come from?  From one table, the fields of a dataclass.

Each field is at once an option of the command line (`batch_size` is --batch-size), a key of a --config file, a line
of --help and a key of the settings.json that every run writes.  What stands on the command line wins over the file.
"""

import argparse
import difflib
import json
import operator
from collections.abc import Iterable
from dataclasses import MISSING, field, fields
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from tinyformer.errors import InputError

KINDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false", tuple: "numbers"}


def option(default, help: str, choices: tuple[str, ...] = (), least: float | None = None, most: float | None = None,
           above: float | None = None):
    """A field of a settings dataclass, with its line of help and the values it may take."""
    return field(default=default, metadata=dict(help=help, choices=choices, least=least, most=most, above=above))


def kind_of(cls, name: str) -> type:
    """int, float, str, bool or tuple: the type of a field, with `| None` left out."""
    hint = get_type_hints(cls)[name]
    if get_origin(hint) is tuple:
        return tuple
    return next((kind for kind in get_args(hint) if kind in KINDS), hint)


def add_options(parser: argparse.ArgumentParser, cls, only: Iterable[str] | None = None) -> None:
    """An option for every field with a line of help, or those in `only`; what is not given is not in the result."""
    for item in fields(cls):
        if "help" not in item.metadata or only is not None and item.name not in only:
            continue
        kind, flag = kind_of(cls, item.name), "--" + item.name.replace("_", "-")
        default = "" if item.default in (None, "", MISSING) else f" (default {_shown(item.default)})"
        more = dict(help=item.metadata["help"] + default, default=argparse.SUPPRESS, dest=item.name)
        if kind is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, **more)
        else:
            choices = item.metadata["choices"]
            parser.add_argument(flag, type=_reader(kind), metavar="|".join(choices) or kind.__name__.upper(), **more)


def read_config(path: str, cls) -> dict[str, Any]:
    """The settings in a JSON file; InputError for bad JSON (with its line), an unknown key, a value of a wrong type."""
    known = [item.name for item in fields(cls)]
    settings = {}
    for key, value in read_object(path).items():
        name = key.replace("-", "_")
        if name not in known:
            raise InputError(f"{path}: key {key!r} is not known{suggestion(name, known)}")
        settings[name] = _checked_type(path, key, value, kind_of(cls, name))
    return settings


def read_object(path: str) -> dict[str, Any]:
    """What a file with one JSON object says; InputError, with the line, for anything else."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); --config takes a JSON file such as the "
                         "settings.json of an earlier run") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}, byte offset {error.start}: not UTF-8; --config takes a JSON file") from None
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {error.lineno}, column {error.colno}: not JSON ({error.msg}); "
                         "mend the line, or copy the settings.json of an earlier run") from None
    except RecursionError:
        raise InputError(f"{path}: brackets within brackets without end; --config takes a flat JSON object") from None
    if not isinstance(found, dict):
        raise InputError(f"{path}: holds a JSON {type(found).__name__}; it must be an object "
                         '{"steps": 1000, ...}')
    return found


def check_values(settings) -> None:
    """Hold every field of a settings object to its choices and range; InputError names the option and the rule."""
    for item in fields(settings):
        value, rule = getattr(settings, item.name), item.metadata
        if value is None or not rule:
            continue
        flag = "--" + item.name.replace("_", "-")
        if rule["choices"] and value not in rule["choices"]:
            raise InputError(f"{flag} is {value!r}; choose one of: {', '.join(rule['choices'])}"
                             + suggestion(value, rule["choices"]))
        for number in value if isinstance(value, tuple) else (value,):
            if not isinstance(number, (int, float)):
                continue
            if number != number or number in (float("inf"), float("-inf")):
                raise InputError(f"{flag} is {number}; it must be a finite number")
            for kind, holds, words in (("least", operator.ge, "at least"), ("most", operator.le, "at most"),
                                       ("above", operator.gt, "above")):
                if rule[kind] is not None and not holds(number, rule[kind]):
                    raise InputError(f"{flag} is {number}; it must be {words} {rule[kind]}")


def suggestion(name: str, known: Iterable[str]) -> str:
    """"; did you mean 'steps'?" for the nearest of the known names, or nothing where none is near."""
    known = list(known)
    initials = {"".join(part[:1] for part in one.strip("-").replace("_", "-").split("-")): one for one in known}
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.65)
    near = [initials[name.strip("-")]] if name.strip("-") in initials else near        # lr for learning-rate
    return f"; did you mean {near[0]!r}?" if near else ""


def _reader(kind: type):
    """How the text after an option becomes a value."""
    def read(text: str):
        try:
            if kind is tuple:
                return tuple(float(part) for part in text.replace(" ", ",").split(",") if part)
            return int(text.replace(",", "_")) if kind is int else kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not {KINDS[kind]}") from None
    return read


def _checked_type(path: str, key: str, value, kind: type):
    if value is None:
        return None
    if kind is tuple and isinstance(value, list) and all(_is_number(part) for part in value):
        return tuple(float(part) for part in value)
    if kind is float and _is_number(value):
        return float(value)
    if type(value) is not kind:
        raise InputError(f"{path}: {key} is {json.dumps(value)}; it must be {KINDS[kind]}")
    return value


def _is_number(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _shown(value) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value).replace("\n", "\\n")
