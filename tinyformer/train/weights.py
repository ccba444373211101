"""How do numbers lie on the disk?  In safetensors files, one or many, which hold arrays by name and nothing that runs.

Large models come in several files, the *shards*; model.safetensors.index.json says for each tensor in which.
"""

import re
from pathlib import Path

import numpy as np

from tinyformer.errors import CheckpointError, InputError
from tinyformer.json_text import NotJSON, parse_json
from tinyformer.places import FULL, NoRoom, room_for

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
FOREIGN = ((b"version https://git-lfs", "a Git LFS pointer (git lfs pull fetches the file itself)"),
           (b"PK\x03\x04", "a zip archive, perhaps PyTorch's, which is never opened here"),
           (b"\x80", "a pickle, which is never opened here"), (b"<", "an HTML or XML page"))


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write a safetensors file.  The library stores the bytes as they lie, so they must lie in C order."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file
    ready = {name: np.ascontiguousarray(array).reshape(array.shape) for name, array in arrays.items()}
    size = sum(array.nbytes for array in ready.values())
    with room_for(path, size):
        path.touch()
    mode = path.stat().st_mode
    try:
        save_file(ready, path, metadata={"format": "pt"})      # other readers ask for this line
    except SafetensorError as error:                           # the library's name for an OSError, such as a full disk
        number = re.search(r"(?:os error|code:) (\d+)", str(error))           # the second is how older versions say it
        full = number is not None and int(number[1]) in FULL
        raise (NoRoom if full else InputError)(
            f"{path.parent.parent}: {path.name} cannot be written ({error}); it takes {size:,} bytes: "
            "make room") from error
    path.chmod(mode)                                           # the library lets nobody but the owner read the file


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of a safetensors file; CheckpointError where it is none, is damaged, or names a tensor twice."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file
    if not path.is_file():
        raise CheckpointError(f"{path.name} is missing; only weights in the safetensors format are read")
    try:
        arrays = load_file(path)
    except TypeError as error:
        if "bfloat16" not in str(error):
            raise CheckpointError(f"{path.name} cannot be read ({error}); save it as float32") from error
        arrays = _widened(path)
    except (SafetensorError, OSError, ValueError, KeyError, AttributeError) as error:
        raise CheckpointError(f"{path.name} {_what_it_is(path)}cannot be read as safetensors ({error}); "
                              "get the file again") from error
    _check_header(path)
    return arrays


def _check_header(path: Path) -> None:
    """CheckpointError where a name stands twice in the header of a file, of which the library takes the last."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        try:
            parse_json(file.read(length))
        except NotJSON as error:
            raise CheckpointError(f"{path.name}: its header cannot be trusted ({error}); get the file again") from None


def _widened(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file with bfloat16 numbers, for which NumPy has no type: they are the upper halves of float32."""
    from safetensors import deserialize
    others = {"F16": "f2", "F32": "f4", "F64": "f8", "I8": "i1", "I16": "i2", "I32": "i4", "I64": "i8", "U8": "u1",
              "U16": "u2", "U32": "u4", "U64": "u8", "BOOL": "?"}
    found = {}
    for name, tensor in deserialize(path.read_bytes()):
        if tensor["dtype"] == "BF16":
            array = (np.frombuffer(tensor["data"], np.uint16).astype(np.uint32) << 16).view(np.float32)
        elif tensor["dtype"] in others:
            array = np.frombuffer(tensor["data"], others[tensor["dtype"]])
        else:
            raise CheckpointError(f"{path.name}: {name} is of type {tensor['dtype']}; save it as float32")
        found[name] = array.reshape(tensor["shape"])
    return found


def read_weights(folder: Path) -> dict[str, np.ndarray]:
    """All arrays of the model in a folder, of one file or, where there is none, of the shards that an index names.

    CheckpointError lists every shard that is missing and every tensor that is not where the index has it.
    """
    if (folder / WEIGHTS).exists() or not (folder / INDEX).exists():
        return read_arrays(folder / WEIGHTS)
    where = _read_index(folder / INDEX)
    names = sorted(set(where.values()))
    shards = {name: read_arrays(folder / name) for name in names if (folder / name).is_file()}
    wrong = [f"{name} is missing; {list(where.values()).count(name)} tensors are in it" for name in names
             if name not in shards]
    for tensor, name in where.items():
        others = [other for other in shards if other != name and tensor in shards[other]]
        if name in shards and tensor not in shards[name]:
            wrong.append(f"{tensor} is not in {name}, but " + (f"in {', '.join(others)}" if others else "in no shard"))
        elif name in shards and others:
            wrong.append(f"{tensor} is in {name} and also in {', '.join(others)}")
    wrong += [f"{tensor} is in {name}, but not in the index" for name, arrays in shards.items() for tensor in arrays
              if tensor not in where]
    if wrong:
        raise CheckpointError(f"{INDEX} and its {len(names)} shards do not agree; get the files again\n  " +
                              "\n  ".join(wrong))
    return {tensor: shards[name][tensor] for tensor, name in where.items()}


def _read_index(path: Path) -> dict[str, str]:
    """The name of the shard of every tensor; each must be the name of a file in the same folder."""
    try:
        where = parse_json(path.read_bytes())["weight_map"]
        if not isinstance(where, dict) or not all(map(_is_file_name, where.values())):
            raise TypeError("weight_map must give the name of a file in this folder for each tensor")
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path.name} cannot be read ({type(error).__name__}: {error}); "
                              "get the file again") from error
    return where


def _is_file_name(name) -> bool:
    """Whether this can be the name of a file in a folder: not a path, and nothing that no file system takes."""
    return (isinstance(name, str) and Path(name).name == name and "\0" not in name
            and 0 < len(name.encode("utf-8", "replace")) < 256)


def _what_it_is(path: Path) -> str:
    """What a file that is no safetensors gives itself away as, by its first bytes; empty where nothing is known."""
    with path.open("rb") as file:
        first = file.read(64).lstrip()
    kind = next((what for start, what in FOREIGN if first.startswith(start)), None)
    return f"is {kind} ({path.stat().st_size:,} bytes) and " if kind else ""
