"""What decides what a run computes, and what of it is not as it was when the run was saved?

Settings, sizes of the model, data and environment stand in trainer_state.json.  What a run learns from cannot change on
the way, nor can its vocabulary: then it is refused to go on.  Any other difference is said.
"""

import hashlib
import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path

import numpy as np

from tinyformer import backend
from tinyformer.errors import CheckpointError
from tinyformer.nn.module import Module
from tinyformer.train.loop_settings import Settings

INNOCENT = {"log_every", "evaluate_every", "save_every", "keep", "keep_memory",    # settings that change no number
            "recompute", "workers"}                            # or are compared by what was made of them
LEARNED_FROM = "training examples"                             # the hash of them, among the data
BASE = "base"                                  # the hash of the weights that stay, where additions learn beside them
FIXED = {LEARNED_FROM, BASE, "tokenizer", "vocabulary"}              # of the data: no run goes on with others
WHERE = {"file", "line"}                                       # of an example, which may have been moved
PLACES = {"out", "device", "model", "corpus", "held_out", "train", "dev", "seeds",      # settings that name no number
          "merge"}
ELSEWHERE = {"epochs", "final_rate", "beta2", "dtype"}         # or stand elsewhere by another name


def circumstances(model: Module, settings: Settings, facts: dict, data: dict) -> dict[str, dict]:
    """All that decides what a run computes, by kind; the environment decides the last bit of every sum."""
    blas = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    threads = os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS") or str(os.cpu_count())
    first = model.parameters()[0]
    environment = {"numpy": np.__version__, "blas": f"{blas.get('name')} {blas.get('version')}",
                   "threads": threads, "machine": platform.machine(),
                   "device": backend.device_of(first.data), "dtype": str(first.dtype)}
    described = getattr(getattr(model, "config", None), "to_dict", dict)()
    return {"settings": asdict(settings), "model": described, "facts": facts, "data": data, "environment": environment}


def differences(state: dict, now: dict[str, dict], checkpoint: Path) -> list[str]:
    """What differs between the run that was saved and this one, as notes for the user.

    CheckpointError where it would learn from something else, or with another vocabulary.
    """
    now, usual = json.loads(json.dumps([now, asdict(Settings())]))     # tuples become lists
    then = {**state, "settings": {**usual, **state["settings"]}}       # an older version knew fewer of them
    notes = []
    if now["data"] and "data" not in then:
        notes.append("the checkpoint is of an older version, which did not write down what it learned from: nobody "
                     "can say whether this is the same")
    then["data"] = {**now["data"], **then.get("data", {})}
    changes = {(kind, name): f"{kind} {name}: {then[kind].get(name)} then, {value} now"
               for kind in now for name, value in now[kind].items()
               if name not in INNOCENT and then[kind].get(name) != value}
    if any(kind == "data" and name in FIXED for kind, name in changes):
        raise CheckpointError(f"{checkpoint}: this is not what the run began with, and it cannot go on with another\n  "
                              + "\n  ".join(changes.values()) +
                              "\n  bring back what there was, or begin another run in a folder of its own (--out)")
    return notes + [f"not bit for bit the run that was saved; {change}" for change in changes.values()]


def data_settings(settings: dict, model: Module) -> dict:
    """Of all settings of a run those that say what of the data is read, and how; the others are compared elsewhere."""
    known = {field.name for field in fields(Settings)} | PLACES | ELSEWHERE
    known |= {*getattr(getattr(model, "config", None), "to_dict", dict)()} - FIXED
    return {name: value for name, value in settings.items() if name not in known}


def fingerprint(examples: Iterable) -> str:
    """The SHA-256 of texts, or of examples without the place where they were read, in their order."""
    found = hashlib.sha256()
    for example in examples:
        parts = [example] if not is_dataclass(example) else [
            getattr(example, field.name) for field in fields(example) if field.name not in WHERE]
        found.update(repr(parts).encode("utf-8", "surrogatepass"))
    return found.hexdigest()
