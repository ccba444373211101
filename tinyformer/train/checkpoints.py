"""How is a model kept, and how does a run go on as if it had never stopped?

A *model folder* is as on the model hub: config.json, model.safetensors under the published names, the files of the
tokenizer; of a model that was tuned a little it may hold an adapter in the place of the weights (see `adapters`).  A
*checkpoint* is a model folder with the optimizer's arrays and the state of the run beside it:

    run/checkpoint-00000120/    config.json  model.safetensors  vocab.txt  optimizer.safetensors  trainer_state.json
                                MANIFEST.json

Order and noise of a run are pure functions of its seed and the step, so nothing else has to be remembered.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tinyformer import backend
from tinyformer.errors import CheckpointError, NumericError
from tinyformer.hub import config_json, tensor_names
from tinyformer.json_text import NotJSON, parse_json
from tinyformer.nn.module import Module, fitted
from tinyformer.places import room_for
from tinyformer.sound import extractor
from tinyformer.sound.extractor import Extractor
from tinyformer.text import Tokenizer, load_tokenizer
from tinyformer.train import adapters, durable
from tinyformer.train.state import check_moments, check_state
from tinyformer.train.weights import INDEX, WEIGHTS, read_arrays, read_weights, write_arrays

CONFIG, MOMENTS, STATE = "config.json", "optimizer.safetensors", "trainer_state.json"
TOKENIZER_FILES = ("vocab.txt", "vocab.json", "merges.txt", "spiece.model", "tokenizer.json", "tokenizer_config.json",
                   "special_tokens_map.json", "chat_template.jinja", extractor.FILE)


def save_model(folder: str | Path, model: Module, tokenizer=None, overwrite: bool = False) -> Path:
    """Write a model folder, complete or not at all; one that holds a model already needs `overwrite`.

    NumericError where a weight is infinite or NaN: nobody shall take that for a model.
    """
    if isinstance(folder, Module) or not isinstance(model, Module):
        raise TypeError(f"save: folder is {type(folder).__name__}, model is {type(model).__name__}; the folder comes "
                        "first, and the model, which derives from nn.Module, second: save(folder, model)")
    folder = Path(folder)
    if wrong := first_not_finite(model):
        raise NumericError(f"{folder}: {wrong} is not finite, and a model with such a weight is not saved; go back to "
                           "an earlier checkpoint, and lower the learning rate")
    room = room_for(folder, sum(array.nbytes for array in _written(model).values()))
    if not folder.exists():
        with room, durable.new_folder(folder) as building:
            _write_model(building, model, tokenizer)
        return folder
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is a file; a model is saved as a folder: choose another name")
    there = [name for name in (CONFIG, WEIGHTS, INDEX, *adapters.FILES) if (folder / name).exists()]
    if there and not overwrite:
        raise CheckpointError(f"{folder} holds a model already ({', '.join(there)}); nothing is overwritten unless "
                              "you ask for it with overwrite=True (--overwrite)")
    with room, durable.built_folder(folder, "model") as building:
        _write_model(building, model, tokenizer)
        durable.seal(building)
        (folder / durable.MANIFEST).unlink(missing_ok=True)    # from here to the end the folder vouches for nothing
        new = {path.name for path in building.iterdir()}
        for name in (INDEX, *TOKENIZER_FILES, *({WEIGHTS, *adapters.FILES} - new)):
            (folder / name).unlink(missing_ok=True)            # of another kind, perhaps
        for path in sorted(building.iterdir(), key=lambda path: path.name == durable.MANIFEST):
            os.replace(path, folder / path.name)
        durable.sync_folder(folder)
    return folder


def load_model(folder: str | Path, model: Module | None = None) -> tuple[Any, Tokenizer | None]:
    """The model in a folder, ours or from the model hub, and its tokenizer (None where there is none).

    A `model` that is built already, as one of a class of your own must be, is filled with the numbers.  CheckpointError
    lists everything that is damaged, missing or does not fit.  float64 weights make a float64 model, all others
    float32.
    """
    folder = Path(folder)
    if adapters.is_adapter(folder):
        return _load_adapter(folder, model)
    described = _read_json(folder, CONFIG)
    _check_manifest(folder)
    try:
        arrays = read_weights(folder)
        if model is None:
            model = config_json.empty_model(described, arrays)
            if arrays and all(array.dtype == np.float64 for array in arrays.values()):
                model.to(dtype=np.float64)
        model.load(tensor_names.from_published(arrays, model))
        if any(array.dtype == np.float64 for array in arrays.values()) and (wrong := first_not_finite(model)):
            raise CheckpointError(f"{wrong}: its float64 numbers are beyond those of the model, which is float32")
    except ValueError as error:
        raise CheckpointError(f"{folder}: {error}") from error
    return model, tokenizer_in(folder)


def _load_adapter(folder: Path, model: Module | None) -> tuple[Any, Tokenizer | None]:
    """What `load_model` gives for a folder that holds an adapter: base and additions as one."""
    _check_manifest(folder)
    try:
        found, tokenizer = adapters.whole(folder, _read_json, load_model)
        found = found if model is None else model.load(found.state())
    except ValueError as error:
        raise error if str(error).startswith(str(folder)) else CheckpointError(f"{folder}: {error}") from error
    return found, tokenizer_in(folder) or tokenizer


def tokenizer_in(folder: Path) -> Any:
    """The tokenizer in the folder of a model, or what turns sounds into its vectors; None where there is neither."""
    if any((folder / name).exists() for name in ("vocab.txt", "vocab.json", "tokenizer.json", "spiece.model")):
        return load_tokenizer(folder)
    return Extractor.load(folder) if (folder / extractor.FILE).exists() else None


def save_checkpoint(run: Path, model: Module, optimizer, state: dict, tokenizer=None, keep: int = 2,
                    best: Callable[[list[int]], int | None] = lambda steps: None) -> Path:
    """Write run/checkpoint-<state["step"]>, and then remove the oldest beyond `keep` (never below two).

    `best` says which of the steps that are there is never removed.

    Weights that are not finite get a folder that nobody goes on from: run/nonfinite-checkpoint-<state["step"]>.
    """
    good = first_not_finite(model) is None
    target = run / f"{'' if good else 'nonfinite-'}checkpoint-{state['step']:08d}"
    if target.exists() and (not good or durable.faults(target)):
        target.rename(target.with_name(f"damaged-{target.name}-{os.getpid()}"))      # out of the way, but not lost
    moments = optimizer.state()
    with room_for(target, sum(array.nbytes for array in moments.values())), durable.new_folder(target) as building:
        _write_model(building, model, tokenizer)
        write_arrays(building / MOMENTS, moments)
        durable.write_json(building / STATE, {"format": durable.FORMAT, **state})
    whole = [path for path in checkpoints(run) if (path / durable.MANIFEST).exists()]
    stays = best([step_of(path) for path in whole])
    for path in whole[:-max(2, keep)] if good else ():
        if step_of(path) != stays:
            durable.remove_folder(path)
    return target


def first_not_finite(model: Module) -> str | None:
    """The name of the first parameter or buffer in which a number is infinite or NaN; None where all are finite."""
    arrays = {**{name: p.data for name, p in model.named_parameters().items()}, **model.named_buffers()}
    finite = {name: backend.library(array).isfinite(array).all() for name, array in arrays.items()}
    return next((name for name, is_so in finite.items() if not backend.to_host(is_so)), None)


def load_checkpoint(folder: Path, model: Module, optimizer) -> dict:
    """Bring model and optimizer to where the checkpoint stands, and return its trainer_state.json."""
    folder = Path(folder)
    wrong = durable.faults(folder)
    if wrong:
        raise CheckpointError(f"{folder}: {len(wrong)} faults\n  " + "\n  ".join(wrong) +
                              "\n  resume from an older checkpoint")
    state = _read_json(folder, STATE)
    check_state(state, folder / STATE)
    try:
        arrays = (adapters.taken_up(folder, model) if adapters.is_adapter(folder) else
                  tensor_names.from_published(read_arrays(folder / WEIGHTS), model))
        model.check(arrays)
        moments = read_arrays(folder / MOMENTS)
        check_moments(moments, folder / MOMENTS)
        optimizer.load(moments)
        for name, p in model.named_parameters().items():       # into the optimizer's flat array, not beside it
            p.data[...] = fitted(arrays[name], p.data)
        model.put({name: fitted(arrays[name], buffer) for name, buffer in model.named_buffers().items()})
    except ValueError as error:
        raise CheckpointError(f"{folder}: {error}") from error
    return state


def has_model_of(folder: Path, checkpoint: Path) -> bool:
    """Does the folder hold the model of this checkpoint, whole and with the same bytes?"""
    saved = {name: file for name, file in durable.listed(checkpoint).items() if name not in (MOMENTS, STATE)}
    return not durable.faults(folder) and durable.listed(folder) == saved


def checkpoints(run: Path) -> list[Path]:
    """The checkpoint folders of a run, oldest first by the number of their step (neither by name nor by date)."""
    return sorted((path for path in Path(run).glob("checkpoint-*") if re.fullmatch(r"checkpoint-\d+", path.name)),
                  key=step_of)


def step_of(checkpoint: Path) -> int:
    """The step behind which a checkpoint was written."""
    return int(checkpoint.name.removeprefix("checkpoint-"))


def newest(run: Path) -> tuple[Path | None, list[str]]:
    """The newest checkpoint that is whole, and for each newer one that is not, what is wrong with it."""
    skipped = []
    for path in reversed(checkpoints(run)):
        wrong = durable.faults(path)
        if not wrong:
            return path, skipped
        skipped.append(f"{path.name}: {'; '.join(wrong)}")
    return None, skipped


def _write_model(folder: Path, model: Module, tokenizer) -> None:
    durable.write_json(folder / CONFIG, config_json.to_hub(model, tokenizer))
    if adapters.base_of(model) is not None:
        adapters.write(folder, model)
    else:
        write_arrays(folder / WEIGHTS, tensor_names.to_published(model))
    if tokenizer is not None:
        tokenizer.save(folder)


def _written(model: Module) -> dict[str, np.ndarray]:
    """The arrays of a model that its folder will hold, whatever they are called there."""
    return model.state() if adapters.base_of(model) is None else adapters.learned(model)


def _check_manifest(folder: Path) -> None:
    """Hold a model folder to its manifest; folders from elsewhere have none."""
    if (folder / durable.MANIFEST).exists() and (wrong := durable.faults(folder)):
        raise CheckpointError(f"{folder}: {len(wrong)} faults\n  " + "\n  ".join(wrong) + "\n  get the folder again")


def _read_json(folder: Path, name: str) -> dict:
    path = folder / name
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "no such folder"
        raise CheckpointError(f"{folder}: {what}; give the folder of a model, with config.json and weights in "
                              "it (nothing is downloaded: the files of a model of the hub must lie here)")
    if not path.is_file():
        inside = checkpoints(folder)
        hint = f"give {inside[-1]}, a checkpoint in it" if inside else "is it the folder of a model?"
        raise CheckpointError(f"{folder}: {name} is missing; {hint}")
    try:
        value = parse_json(path.read_bytes())
    except NotJSON as error:
        place = "" if error.line is None else f":{error.line}"
        raise CheckpointError(f"{path}{place}: not JSON ({error}); {error.remedy}") from None
    if not isinstance(value, dict):
        raise CheckpointError(f"{path}: holds a JSON {type(value).__name__}; it must be an object {{...}}")
    return value
