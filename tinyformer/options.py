"""Where do a command's settings come from?  From one table, the fields of a dataclass.

Each field is at once an option of the command line (`batch_size` is --batch-size), a key of a --config file, a line
of --help and a key of the settings.json that every run writes.  What stands on the command line wins over the file.

    @dataclass(frozen=True, kw_only=True)
    class Options:
        text: tuple[str, ...] = argument("text with [MASK] in it", default=())
        model: str = option(REQUIRED, "folder of a BERT", metavar="DIR")
        top: int = option(5, "guesses shown for each blank", least=1)

    Parser(Options, "fill").parse(["a [MASK]", "--model", "bert"])         # -> Options(text=("a [MASK]",), ...)
"""

import argparse
import difflib
import json
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, field, fields
from pathlib import Path
from typing import Any, NoReturn, get_args, get_origin, get_type_hints

from tinyformer.errors import InputError
from tinyformer.json_text import NotJSON, parse_json
from tinyformer.places import special_file

LARGEST = 10**18                              # whole numbers are below it
KINDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false", tuple: "numbers", list: "texts"}
HALF = re.compile("[\ud800-\udc7f\udd00-\udfff]")      # half a character; the others stand for bytes of file names
REQUIRED = MISSING                            # in the place of a default: the option must be given
DEVICES = ("auto", "cpu", "cuda")


# ---- the fields of an options dataclass ------------------------------------------------------------------------------


def option(default, help: str, choices: tuple[str, ...] = (), least: float | None = None, most: float | None = None,
           above: float | None = None, metavar: str | None = None, flag: str | None = None, alone=None) -> Any:
    """A field that is an option, with its line of help and the values it may take.

    A bool is --name or --no-name; numbers, tuple[float, ...], stand with commas between them; an option of texts,
    tuple[str, ...], can be given again.  `metavar` stands for the value in --help, `flag` replaces the name of the
    field, `alone` is the value where nothing follows the option.
    """
    return field(default=default, metadata=dict(help=help, choices=choices, least=least, most=most, above=above,
                                                metavar=metavar, flag=flag, alone=alone, role="option"))


def switch(help: str) -> Any:
    """A field that is False until its option is named."""
    return field(default=False, metadata={**option(False, help).metadata, "role": "switch"})


def argument(help: str, default=REQUIRED, choices: tuple[str, ...] = (), metavar: str | None = None) -> Any:
    """A field that stands on the command line without an option before it: one text, or any number, tuple[str, ...].

    One text that has a default may be left out.
    """
    return field(default=default, metadata={**option(default, help, choices, metavar=metavar).metadata,
                                            "role": "argument"})


def settings_of(cls: type, only: Iterable[str] | None = None) -> Any:
    """A field for the options of another dataclass, all or those in `only`: a dict of those that were given.

    What is not given is not in it, so that a file may fill in the rest.
    """
    return field(metadata=dict(role="settings", cls=cls, only=only))


def kind_of(cls: type, name: str) -> type:
    """The type of a field: int, float, str, bool, tuple (numbers) or list (texts), with `| None` left out."""
    hint = get_type_hints(cls)[name]
    if get_origin(hint) is tuple:
        return list if str in get_args(hint) else tuple
    return next((kind for kind in get_args(hint) if kind in KINDS), hint)


def flag_of(item: Field) -> str:
    """How a field is named on the command line."""
    if item.metadata["role"] == "argument":
        return item.metadata["metavar"] or item.name
    return item.metadata["flag"] or "--" + item.name.replace("_", "-")


def described(cls: type, only: Iterable[str] | None = None) -> list[Field]:
    """The fields of a dataclass that have a line of help, all or those in `only`."""
    return [item for item in fields(cls) if "help" in item.metadata and (only is None or item.name in only)]


# ---- the command line ------------------------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    """Words -> an object of the options dataclass `cls`.

    argparse, which raises instead of leaving, and suggests the nearest option for one it does not know.
    """

    def __init__(self, cls: type, command: str = "", usage: str | None = None, description: str | None = None):
        prog = f"python -m tinyformer {command}".rstrip()
        super().__init__(prog=prog, usage=usage and f"{prog} {usage}", description=description, allow_abbrev=False)
        self.cls = cls
        own = cls.__annotations__
        for item in sorted(fields(cls), key=lambda item: item.name not in own):        # what is inherited comes last
            if item.metadata["role"] == "settings":
                for inner in described(item.metadata["cls"], item.metadata["only"]):
                    self._add(item.metadata["cls"], inner)
            else:
                self._add(cls, item)
        self.add_argument("--debug", action="store_true", help="show the traceback of an error")

    def parse(self, words: list[str]) -> Any:
        """The options that these words give, each within its range; InputError for anything else."""
        for word in words:
            if word == "--":
                break
            name = word.split("=")[0]
            if name.startswith("--") and name not in self._option_string_actions:
                raise InputError(f"option {name} is not known{suggestion(name, self._option_string_actions)}; "
                                 f"see: {self.prog} --help")
        found = {name: tuple(value) if isinstance(value, list) else value
                 for name, value in vars(self.parse_args(words)).items() if name != "debug"}
        for item in fields(self.cls):
            if item.metadata["role"] == "settings":
                inner = described(item.metadata["cls"], item.metadata["only"])
                found[item.name] = {each.name: found.pop(each.name) for each in inner if each.name in found}
        options = self.cls(**found)
        check_values(options)
        return options

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see: {self.prog} --help")

    def _add(self, cls: type, item: Field) -> None:
        """The field as argparse takes it; what is not given will not be in the result."""
        rule, kind = item.metadata, kind_of(cls, item.name)
        more = dict(help=rule["help"] + _default(item), default=argparse.SUPPRESS)
        if rule["role"] == "argument":
            shown = rule["metavar"] or (f"{{{','.join(rule['choices'])}}}" if rule["choices"] else None)
            count = "*" if kind is list else None if item.default is REQUIRED else "?"
            self.add_argument(item.name, metavar=shown, nargs=count, **more)
            return
        if rule["role"] == "switch":
            more |= dict(action="store_true")
        elif kind is bool:
            more |= dict(action=argparse.BooleanOptionalAction)
        else:
            shown = rule["metavar"] or "|".join(rule["choices"]) or ("N,N" if kind is tuple else kind.__name__.upper())
            more |= dict(type=_reader(kind), metavar=shown, required=item.default is REQUIRED)
            more |= dict(action="append") if kind is list else {}
            more |= dict(nargs="?", const=rule["alone"]) if rule["alone"] is not None else {}
        self.add_argument(flag_of(item), dest=item.name, **more)


# ---- values, from wherever they came ---------------------------------------------------------------------------------


def check_values(settings, named: Callable[[Field], str] = flag_of) -> None:
    """Hold every field of a settings object to its choices and range; InputError names the option and the rule."""
    for item in fields(settings):
        value, rule = getattr(settings, item.name), item.metadata
        if value is None or "help" not in rule:
            continue
        flag = named(item)
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
            value = int(text.replace(",", "_")) if kind is int else float(text) if kind is float else text
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not {KINDS[kind]}") from None
        if isinstance(value, int) and abs(value) >= LARGEST:
            raise argparse.ArgumentTypeError(f"{text[:60]!r} is too large; whole numbers have at most 18 digits here")
        return value
    return read


def _default(item: Field) -> str:
    """What --help says of a default; of those that stand for nothing it says nothing."""
    if item.default in (None, "", (), MISSING) or item.metadata["role"] == "switch" or item.metadata["alone"]:
        return ""
    value = item.default
    shown = ",".join(map(str, value)) if isinstance(value, tuple) else str(value).replace("\n", "\\n")
    return f" (default {shown})"


# ---- a --config file -------------------------------------------------------------------------------------------------


def read_config(path: str, cls) -> dict[str, Any]:
    """The settings in a JSON file; InputError for bad JSON (with its line), an unknown key, a value of a wrong type."""
    known = [item.name for item in fields(cls)]
    settings = {}
    for key, value in read_object(path).items():
        name = key.replace("-", "_")
        if name not in known:
            raise InputError(f"{path}: key {key!r} is not known{suggestion(name, known)}")
        settings[name] = checked_type(path, key, value, kind_of(cls, name))
    return settings


def read_object(path: str) -> dict[str, Any]:
    """What a file with one JSON object says; InputError, with the line, for anything else."""
    try:
        if (kind := special_file(path)) is not None:           # opening a FIFO would wait for ever
            raise InputError(f"{path} is {kind}; --config takes a JSON file")
        found = parse_json(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); --config takes a JSON file such as the "
                         "settings.json of an earlier run") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}, byte offset {error.start}: not UTF-8; --config takes a JSON file") from None
    except NotJSON as error:
        place = "" if error.line is None else f", line {error.line}, column {error.column}"
        raise InputError(f"{path}{place}: not JSON ({error}); mend it, or copy the settings.json of an earlier "
                         "run") from None
    if not isinstance(found, dict):
        raise InputError(f"{path}: holds a JSON {type(found).__name__}; it must be an object "
                         '{"steps": 1000, ...}')
    return found


def checked_type(path: str, key: str, value, kind: type) -> Any:
    """A value of a JSON file or of another place, `path`, as it is kept; InputError where it is of another kind."""
    if value is None:
        return None
    if kind is tuple and isinstance(value, list) and all(_is_number(part) for part in value):
        return tuple(float(part) for part in value)
    if kind is float and _is_number(value):
        return float(value)
    if type(value) is not kind:
        raise InputError(f"{path}: {key} is {json.dumps(value)}; it must be {KINDS[kind]}")
    if isinstance(value, str) and ("\0" in value or HALF.search(value)):
        raise InputError(f"{path}: {key} is {json.dumps(value)[:60]}; a text, such as a path, holds whole characters "
                         "and no NUL")
    if isinstance(value, int) and abs(value) >= LARGEST:
        raise InputError(f"{path}: {key} is {str(value)[:60]}; whole numbers have at most 18 digits here")
    return value


def _is_number(value) -> bool:
    """Whether it can be a float: a whole number may be too large for one."""
    return isinstance(value, float) or isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**1000


def number_or_auto(name: str, value: int | str) -> int | str:
    """"auto", or a whole number of at least 1, perhaps as text.  InputError for anything else."""
    if value == "auto" or isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    if isinstance(value, str) and value.isdecimal() and int(value) >= 1:
        return int(value)
    raise InputError(f"{name} is {value!r}; it must be auto or a whole number of at least 1")
