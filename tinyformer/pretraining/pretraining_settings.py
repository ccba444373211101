"""Where do the numbers of a pre-training run come from, and which options has `pretrain`?

A value is looked for on the command line, then in the --config file, then in the --preset, then among the defaults of
the objective.  `resolve` puts the four together; the result is written to settings.json and repeats the run.
"""

import math
from dataclasses import Field, field, fields, make_dataclass, replace
from functools import cache
from typing import Any, get_type_hints

from tinyformer.errors import InputError
from tinyformer.options import suggestion
from tinyformer.pretraining import OBJECTIVES
from tinyformer.pretraining.objective import Objective
from tinyformer.train.loop_settings import refuse_idle


def resolve(model: str, given: dict, from_file: dict | None = None) -> Objective:
    """One complete set of settings: command line over file over preset over defaults.

    Settings of other objectives are refused on the command line and passed over in a file.
    """
    if model not in OBJECTIVES:
        raise InputError(f"model is {model!r}; choose one of: {', '.join(OBJECTIVES)}" + suggestion(model, OBJECTIVES))
    objective = OBJECTIVES[model]
    mine = {item.name for item in fields(objective)}
    chosen = {key: value for key, value in {**(from_file or {}), **given}.items() if value is not None}
    if chosen.get("model", model) != model:
        raise InputError(f"the --config file belongs to `pretrain {chosen['model']}`, and this is `pretrain {model}`; "
                         "use the command it was written by")
    for name in given:
        if name not in mine and given[name] is not None:
            owners = " and ".join(f"`pretrain {owner}`" for owner in _owners(name)) or "no objective"
            raise InputError(f"--{name.replace('_', '-')} is a setting of {owners}, and this is `pretrain {model}`; "
                             "leave it out")
    chosen = {key: value for key, value in chosen.items() if key in mine}
    known = objective.from_preset(chosen["preset"]) if "preset" in chosen else {}
    length = _length(given, from_file or {}, known)
    if known.get("warmup", 0) > (length["steps"] or math.inf):
        known.pop("warmup")                                    # a preset's warm-up is no wish of the user's
    settings = {**objective.defaults, **known, **chosen, "model": model, **length}
    refuse_idle(given, settings["optimizer"])
    return fill_in(objective(**objective.settled(settings, chosen)))


def fill_in(settings: Objective, steps_per_epoch: int | None = None) -> Objective:
    """Settle what depends on the number of steps, which --epochs leaves open until the corpus has been counted."""
    steps = settings.steps
    if steps is None and steps_per_epoch is not None:
        steps = max(1, round(settings.epochs * steps_per_epoch))
    if steps is None:
        return settings
    found = dict(steps=steps, warmup=min(100, steps // 10), evaluate_every=max(1, steps // 10))
    return replace(settings, **{name: value for name, value in found.items() if getattr(settings, name) is None})


def _length(*layers: dict) -> dict:
    """How long to train: what the first layer says that says anything, in steps or in epochs."""
    for number, layer in enumerate(layers):
        said = {name: layer[name] for name in ("steps", "epochs") if layer.get(name) is not None}
        if len(said) == 2 and number == 0:
            raise InputError(f"--steps is {said['steps']} and --epochs is {said['epochs']}; give one of the two")
        if said:
            return {"steps": said.get("steps"), "epochs": None if "steps" in said else said["epochs"]}
    return {"steps": 2000, "epochs": None}


# ---- the options of all objectives together --------------------------------------------------------------------------


@cache
def every_option() -> type:
    """A dataclass with each option of each objective once: what the command line and a --config file may say.

    Its help says whose an option is, unless it is everybody's, and what each objective takes by default.
    """
    shared = [item.name for item in fields(Objective)]
    own = [name for objective in OBJECTIVES.values() for name in (item.name for item in fields(objective))
           if name not in shared]
    place = shared.index("steps")                              # what is learned stands before how long
    names = dict.fromkeys([*shared[:place], *own, *shared[place:]])
    return make_dataclass("Pretraining", [_merged(name) for name in names], frozen=True)


def _owners(name: str) -> dict[str, Field]:
    """The objectives that have a setting of this name, each with its field."""
    return {model: item for model, objective in OBJECTIVES.items() for item in fields(objective) if item.name == name}


def _merged(name: str) -> tuple[str, Any, Any]:
    """One field for all objectives that have it: (name, type, field)."""
    owners = _owners(name)
    types = {model: get_type_hints(OBJECTIVES[model])[name] for model in owners}
    if len(set(types.values())) > 1:
        raise TypeError(f"objectives {', '.join(owners)} differ in the type of {name}: "
                        f"{', '.join(map(str, types.values()))}; one of them needs another name for it")
    first, *others = owners.values()
    default = first.default if all(item.default == first.default for item in others) else None
    metadata = dict(first.metadata)
    if "help" in metadata:
        metadata["choices"] = tuple(dict.fromkeys(c for item in owners.values() for c in item.metadata["choices"]))
        metadata["help"] = _help(owners, default)
    return name, types[next(iter(owners))], field(default=default, metadata=metadata)


def _help(owners: dict[str, Field], default) -> str:
    """The line of help: whose option it is, what it says, and the default of each objective where there is one."""
    texts = _grouped({model: item.metadata["help"] for model, item in owners.items()})
    everybodys = len(texts) == 1 and len(owners) == len(OBJECTIVES)
    said = "; ".join(text if everybodys else f"{', '.join(models)}: {text}" for text, models in texts.items())
    if default is not None:
        return said                                            # which --help shows of itself
    defaults = _grouped({model: shown for model, item in owners.items()
                         if (shown := _default(model, item.name)) is not None})
    parts = [value if models[0] == next(iter(owners)) else f"{', '.join(models)}: {value}"
             for value, models in defaults.items()]
    return said + (f" (default {'; '.join(parts)})" if parts else "")


def _default(model: str, name: str) -> str | None:
    """What an objective takes where nobody says anything, as --help shows it."""
    objective = OBJECTIVES[model]
    if name in objective.computed:
        return objective.computed[name]
    value = objective.defaults.get(name)
    return f"{value:g}" if isinstance(value, float) else None if value is None else str(value)


def _grouped(values: dict[str, str]) -> dict[str, list[str]]:
    """Each value, and the names that have it."""
    found: dict[str, list[str]] = {}
    for name, value in values.items():
        found.setdefault(value, []).append(name)
    return found


def names_and_deeds() -> str:
    """What each objective does, for --help."""
    return ", ".join(f"{name} {objective.does}" for name, objective in OBJECTIVES.items())
