"""What must the state of a run hold, so that it can go on from it?

It stands in trainer_state.json and in what the optimizer remembers.

The manifest vouches for the bytes of a checkpoint; this is for states that another version has written, or a hand.
"""

import math
import re
from pathlib import Path

import numpy as np

from tinyformer.errors import CheckpointError
from tinyformer.train.durable import FORMAT

COUNTS = {"step": 0, "tokens": 0, "workers": 1}                # whole numbers, and the least that each can be
KINDS = ("settings", "model", "facts", "data", "environment")  # of what decides what a run computes
YOUNGER = {"workers", "data"}                                  # an older version did not write them


def check_state(state: dict, path: Path) -> None:
    """CheckpointError that names the key of the first value with which no run can go on."""
    if state.get("format") != FORMAT:
        raise CheckpointError(f"{path}: format is {state.get('format')!r}; this version reads format {FORMAT}")
    missing = [key for key in (*COUNTS, "seconds", *KINDS) if key not in state and key not in YOUNGER]
    if missing:
        raise CheckpointError(f"{path}: {', '.join(missing)} is missing; resume from an older checkpoint")
    rules = [(key, f"a whole number of at least {least}", _is_count(state.get(key, least), least))
             for key, least in COUNTS.items()]
    rules += [(key, "an object {...}", isinstance(state.get(key, {}), dict)) for key in KINDS]
    rules += [("seconds", "a finite number of at least 0", _is_time(state["seconds"]))]
    named = re.fullmatch(r"checkpoint-(\d+)", path.parent.name)
    if named:
        rules += [("step", f"{int(named[1])}, as the folder is called", state["step"] == int(named[1]))]
    for key, rule, holds in rules:
        if not holds:
            raise CheckpointError(f"{path}: {key} is {str(state[key])[:60]!r}; it must be {rule}; resume from an older "
                                  "checkpoint")


def check_moments(arrays: dict[str, np.ndarray], path: Path) -> None:
    """CheckpointError that names the first array of the optimizer which no training can have led to."""
    for name, array in arrays.items():
        counts = name == "steps"
        if array.dtype.kind != ("i" if counts else "f"):
            raise CheckpointError(f"{path}: {name} is of type {array.dtype}; the optimizer remembers "
                                  f"{'whole' if counts else 'floating-point'} numbers there")
        if not np.isfinite(array).all() or counts and (array < 0).any():
            raise CheckpointError(f"{path}: {name} holds numbers that are {'below 0' if counts else 'not finite'}; "
                                  "resume from an older checkpoint")


def _is_count(value, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < 2**63


def _is_time(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
