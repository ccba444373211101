"""Which options has a command that does one of several things?  Those of them all, each said to be whose.

Every kind of run (an objective, a head) has a dataclass of its own, which adds its options to those that all share.
"""

from collections.abc import Callable, Mapping
from dataclasses import Field, field, fields, make_dataclass
from typing import Any, get_type_hints


def merged(name: str, shared: type, kinds: Mapping[str, type], before: str,
           default_of: Callable[[str, Field], str | None] | None = None) -> type:
    """A dataclass of this name with each option of each kind once: what the command line and a --config file may say.

    What the kinds add stands in front of the shared option `before`.  The help says whose an option is, unless it is
    everybody's, and what each kind takes by default: the default of its field, or what `default_of(kind, field)` says.
    TypeError where two kinds have an option of one name and of different types.
    """
    ours = [item.name for item in fields(shared)]
    own = [item.name for kind in kinds.values() for item in fields(kind) if item.name not in ours]
    place = ours.index(before)
    names = dict.fromkeys([*ours[:place], *own, *ours[place:]])
    return make_dataclass(name, [_merged(one, kinds, default_of or _default_of) for one in names], frozen=True)


def owners(name: str, kinds: Mapping[str, type]) -> dict[str, Field]:
    """The kinds that have an option of this name, each with its field."""
    return {kind: item for kind, cls in kinds.items() for item in fields(cls) if item.name == name}


def _merged(name: str, kinds: Mapping[str, type], default_of: Callable) -> tuple[str, Any, Any]:
    """One field for all kinds that have it: (name, type, field)."""
    having = owners(name, kinds)
    types = {kind: get_type_hints(kinds[kind])[name] for kind in having}
    if len(set(types.values())) > 1:
        raise TypeError(f"{', '.join(having)} differ in the type of {name}: {', '.join(map(str, types.values()))}; one "
                        "of them needs another name for it")
    first, *others = having.values()
    default = first.default if all(item.default == first.default for item in others) else None
    metadata = dict(first.metadata)
    if "help" in metadata:
        metadata["choices"] = tuple(dict.fromkeys(c for item in having.values() for c in item.metadata["choices"]))
        metadata["help"] = _help(having, default, len(having) == len(kinds), default_of)
    return name, next(iter(types.values())), field(default=default, metadata=metadata)


def _help(having: dict[str, Field], default, everybodys: bool, default_of: Callable) -> str:
    """The line of help: whose option it is, what it says, and the default of each kind where they differ."""
    texts = _grouped({kind: item.metadata["help"] for kind, item in having.items()})
    said = "; ".join(text if everybodys and len(texts) == 1 else f"{', '.join(names)}: {text}"
                     for text, names in texts.items())
    if default is not None:
        return said                                            # which --help shows of itself
    defaults = _grouped({kind: shown for kind, item in having.items()
                         if (shown := default_of(kind, item)) is not None})
    parts = [value if names[0] == next(iter(having)) else f"{', '.join(names)}: {value}"
             for value, names in defaults.items()]
    return said + (f" (default {'; '.join(parts)})" if parts else "")


def _default_of(kind: str, item: Field) -> str | None:
    return None if item.default is None else str(item.default)


def _grouped(values: dict[str, str]) -> dict[str, list[str]]:
    """Each value, and the names that have it."""
    found: dict[str, list[str]] = {}
    for name, value in values.items():
        found.setdefault(value, []).append(name)
    return found
