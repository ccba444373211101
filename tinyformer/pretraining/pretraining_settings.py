"""Where do the numbers of a pre-training run come from, and which options has `pretrain`?

A value is looked for on the command line, then in the --config file, then in the --preset, then among the defaults of
the objective.  `resolve` puts the four together; the result is written to settings.json and repeats the run.
"""

import math
from dataclasses import Field, fields, replace
from functools import cache

from tinyformer.errors import InputError
from tinyformer.merged_options import merged, owners
from tinyformer.options import suggestion
from tinyformer.pretraining import OBJECTIVES
from tinyformer.pretraining.objective import Objective
from tinyformer.train.loop_settings import refuse_idle


def resolve(model: str, given: dict, from_file: dict | None = None) -> Objective:
    """One complete set of settings: command line over file over preset over defaults.

    Settings of other objectives are refused on the command line and passed over in a file, and so are those of another
    method.  A file that a run wrote before there was a choice of optimizers means AdamW, whatever the default is now.
    """
    if model not in OBJECTIVES:
        raise InputError(f"model is {model!r}; choose one of: {', '.join(OBJECTIVES)}" + suggestion(model, OBJECTIVES))
    objective = OBJECTIVES[model]
    mine = {item.name for item in fields(objective)}
    if from_file and (switched := given.get(objective.switch)) is not None:
        idle = objective.passed_over(from_file, switched)
        from_file = {name: value for name, value in from_file.items() if name not in idle}
    chosen = {key: value for key, value in {**(from_file or {}), **given}.items() if value is not None}
    if chosen.get("model", model) != model:
        raise InputError(f"the --config file belongs to `pretrain {chosen['model']}`, and this is `pretrain {model}`; "
                         "use the command it was written by")
    for name in given:
        if name not in mine and given[name] is not None:
            whose = " and ".join(f"`pretrain {owner}`" for owner in owners(name, OBJECTIVES)) or "no objective"
            raise InputError(f"--{name.replace('_', '-')} is a setting of {whose}, and this is `pretrain {model}`; "
                             "leave it out")
    chosen = {key: value for key, value in chosen.items() if key in mine}
    if from_file and "model" in from_file and "optimizer" not in from_file:
        chosen.setdefault("optimizer", "adamw")
    known = objective.from_preset(chosen["preset"]) if "preset" in chosen else {}
    length = _length(given, from_file or {}, known)
    if known.get("warmup", 0) > (length["steps"] or math.inf):
        known.pop("warmup", None)                              # a preset's warm-up is no wish of the user's
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
    """A dataclass with each option of each objective once, what is learned before how long."""
    return merged("Pretraining", Objective, OBJECTIVES, before="steps", default_of=_default)


def _default(model: str, item: Field) -> str | None:
    """What an objective takes where nobody says anything, as --help shows it."""
    objective = OBJECTIVES[model]
    if item.name in objective.computed:
        return objective.computed[item.name]
    value = objective.defaults.get(item.name)
    return f"{value:g}" if isinstance(value, float) else None if value is None else str(value)


def names_and_deeds() -> str:
    """What each objective does, for --help."""
    return ", ".join(f"{name} {objective.does}" for name, objective in OBJECTIVES.items())
