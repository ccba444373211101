"""What may be asked of a view?  The fields of a dataclass, each with its range; what comes is held to them.

Numbers have bounds, texts a length, lists a length too: nothing is computed whose size somebody else chose freely.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from tinyformer.errors import InputError
from tinyformer.options import REQUIRED, check_values, checked_type, kind_of, option, suggestion

LONGEST = 2000                                # characters of a text, or numbers of a list, unless a field says more


def asked(help: str, default: Any = REQUIRED, *, choices: tuple[str, ...] = (), least: float | None = None,
          most: float | None = None, above: float | None = None, longest: int = LONGEST) -> Any:
    """A field of a request: int, float, str, bool, or tuple[float, ...] and tuple[str, ...] for lists.

    Numbers lie within their bounds; a text has at most `longest` characters, a list as many entries, and each text of
    a list as many characters.
    """
    rule = option(default, help, choices, least, most, above).metadata
    return field(default=default, metadata={**rule, "longest": longest})


@dataclass(frozen=True, kw_only=True)
class OfModel:
    """What is asked of one of the models, which is named by its number."""

    model: int = asked("the number of the model", 0, least=0)


def read_request(cls: type, given: Any) -> Any:
    """What came as JSON -> an object of the dataclass `cls`; InputError with the field, the rule and the remedy."""
    if not isinstance(given, Mapping):
        raise InputError("a request is a JSON object, such as {\"model\": 0}")
    rules = {item.name: item for item in fields(cls)}
    found = {}
    for name, value in given.items():
        if name not in rules:
            raise InputError(f"{name[:60]!r} cannot be asked{suggestion(name[:60], rules)}")
        found[name] = _of_kind(name, value, kind_of(cls, name), rules[name].metadata["longest"])
    missing = [name for name, item in rules.items() if item.default is REQUIRED and name not in found]
    if missing:
        raise InputError(f"{missing[0]} is missing: {rules[missing[0]].metadata['help']}")
    request = cls(**found)
    check_values(request, lambda item: item.name)
    return request


def _of_kind(name: str, value: Any, kind: type, longest: int) -> Any:
    """The value where it is of this kind and not too long."""
    if isinstance(value, str | list) and len(value) > longest:
        what = "characters" if isinstance(value, str) else "entries"
        raise InputError(f"{name} has {len(value):,} {what}, and at most {longest:,} are read; shorten it")
    if kind is list and isinstance(value, list):
        return tuple(_of_kind(name, one, str, longest) for one in value)
    if value is None:
        raise InputError(f"{name} is null; leave it out, or give a value")
    return checked_type("the request", name, value, kind)
