"""How is a model kept that was tuned a little?  Its additions and its head alone, and where its base stands.

    out/   adapter_config.json  adapter_model.safetensors       as the library PEFT has them: see `hub/adapter_form.py`
           config.json, the files of the tokenizer              of base and additions together
           merged/                                              where it was asked for: the whole model

Opened, such a folder is the whole model: the base, with the additions added to its weights.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tinyformer.errors import CheckpointError
from tinyformer.hub import adapter_form
from tinyformer.hub.adapter_form import BASE, CONFIG, WEIGHTS
from tinyformer.nn.lora import adapted
from tinyformer.nn.module import Module
from tinyformer.train import durable
from tinyformer.train.weights import read_arrays, write_arrays

FILES = (CONFIG, WEIGHTS)
MERGED = "merged"


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds additions and no whole model."""
    return (folder / CONFIG).is_file()


def merged_in(folder: Path) -> list[Path]:
    """The folder of the whole model that stands in the folder of an adapter, if one does."""
    return [folder / MERGED] if is_adapter(folder) and (folder / MERGED).is_dir() else []


def base_of(model: Module) -> str | None:
    """The folder of the base beside which a model's additions are kept; None where the model is kept as a whole."""
    return getattr(model, "base_folder", None) if adapted(model) else None


def learned(model: Module) -> dict[str, np.ndarray]:
    """What learns, under the published names."""
    state = model.state()
    return {theirs: state[our] for our, theirs in adapter_form.names(model).items()}


def write(folder: Path, model: Module) -> None:
    """The two files of an adapter."""
    durable.write_json(folder / CONFIG, adapter_form.described(model, str(base_of(model))))
    write_arrays(folder / WEIGHTS, learned(model))


def whole(folder: Path, read_json: Callable[[Path, str], dict], load_model: Callable) -> tuple[Any, Any]:
    """The model that base and additions are together, and the base's tokenizer; CheckpointError where they do not fit.

    `read_json` and `load_model` are those of `checkpoints`, which asks.
    """
    said, saved = read_json(folder, CONFIG), read_arrays(folder / WEIGHTS)
    adapter_form.check(said)
    there = base_folder(folder, said[BASE])
    base, tokenizer = load_model(there)
    hub = (read_json(folder, "config.json") if (folder / "config.json").exists() else
           adapter_form.whole_config(read_json(there, "config.json"), said, saved))
    return adapter_form.applied(base, hub, said, saved), tokenizer


def base_folder(folder: Path, named: str) -> Path:
    """Where the base stands: as it is named, seen from here or from the adapter; CheckpointError where it is not."""
    found = next((path for path in (Path(named), folder / named) if path.is_dir()), None)
    if found is None:
        raise CheckpointError(f"{folder}: it was tuned from {named}, and there is no such folder; put that model "
                              f"there, or write where it stands as {BASE} in {CONFIG} (nothing is downloaded)")
    if is_adapter(found):
        raise CheckpointError(f"{folder}: its base, {found}, is an adapter itself; save that one as a whole first: "
                              "tinyformer.save(NEW, *tinyformer.load(OLD)), and tune what stands there")
    return found


def taken_up(folder: Path, model: Module) -> dict[str, np.ndarray]:
    """The arrays with which a model goes on from a checkpoint: those of the adapter in it, and its own for the rest.

    CheckpointError lists every tensor that is missing, unexpected or mis-shaped.
    """
    saved, names, mine = read_arrays(folder / WEIGHTS), adapter_form.names(model), model.named_parameters()
    wrong = [f"missing: {theirs}" for theirs in names.values() if theirs not in saved]
    wrong += [f"unexpected: {theirs}" for theirs in saved.keys() - {*names.values()}]
    wrong += [f"shape of {theirs}: given {saved[theirs].shape}, wanted {mine[our].shape}"
              for our, theirs in names.items() if theirs in saved and saved[theirs].shape != mine[our].shape]
    if wrong:
        raise CheckpointError(f"{WEIGHTS}: {len(wrong)} tensors do not fit; the run began with another rank, or with "
                              "other products\n  " + "\n  ".join(sorted(wrong)))
    return model.state() | {our: saved[theirs] for our, theirs in names.items()}
