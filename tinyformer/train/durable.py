"""How does a folder appear whole or not at all, whatever happens while it is written?

It is built under another name, every file is pushed to the disk, and then it is renamed, which is a single act of the
file system.  MANIFEST.json, written last, holds the size and SHA-256 of every other file: a folder whose manifest is
missing or does not agree was never finished, or has been damaged since.
"""

import hashlib
import json
import math
import os
import shutil
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tinyformer.errors import CheckpointError
from tinyformer.places import room_for

MANIFEST = "MANIFEST.json"
FORMAT = 1                                    # of the manifest and of trainer_state.json
TEMPORARY = ".unfinished-"                    # begins the name of whatever is not complete yet


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder to fill; at the end of the block it becomes `target`, which must not exist.

    After an error nothing of it remains.
    """
    with built_folder(target.parent, target.name) as building:
        yield building
        seal(building)
        if target.exists() or target.is_symlink():
            raise CheckpointError(f"{target} exists already; nothing is overwritten: choose another name, "
                                  "or remove it first")
        os.rename(building, target)
        sync_folder(target.parent)


@contextmanager
def built_folder(parent: Path, name: str) -> Iterator[Path]:
    """A folder under a temporary name in `parent`, gone at the end of the block unless it has been renamed."""
    parent.mkdir(parents=True, exist_ok=True)
    building = parent / f"{TEMPORARY}{name}-{uuid.uuid4().hex[:8]}"
    building.mkdir()
    try:
        yield building
    finally:
        shutil.rmtree(building, ignore_errors=True)


def seal(folder: Path) -> None:
    """Push every file in the folder to the disk, and write the manifest of them last."""
    files = {}
    for path in sorted(folder.iterdir()):
        files[path.name] = describe(path)
        sync_file(path)
    write_json(folder / MANIFEST, {"format": FORMAT, "files": files})
    sync_folder(folder)


def faults(folder: Path) -> list[str]:
    """Everything that is wrong with a folder by its manifest; empty where it is whole."""
    path = folder / MANIFEST
    if not folder.is_dir():
        return [f"{folder} is not a folder"]
    if not path.exists():
        return [f"{MANIFEST} is missing: the folder was never finished, or files were taken from it"]
    try:
        manifest = json.loads(path.read_bytes())
        version, files = manifest["format"], dict(manifest["files"])
        if version != FORMAT:
            return [f"{MANIFEST} has format {version!r}; this version reads format {FORMAT}"]
        wanted = {name: (entry["bytes"], entry["sha256"]) for name, entry in files.items()}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        return [f"{MANIFEST} cannot be read ({type(error).__name__}: {error})"]
    found = []
    for name, (size, digest) in wanted.items():
        file = folder / name
        if Path(name).name != name or not file.is_file():
            found.append(f"{name} is missing")
        elif file.stat().st_size != size:
            found.append(f"{name} has {file.stat().st_size} bytes; the manifest says {size}")
        elif describe(file)["sha256"] != digest:
            found.append(f"{name} has another SHA-256 than the manifest: its bytes have changed")
    return found


def listed(folder: Path) -> dict[str, dict]:
    """Name, size and SHA-256 of the files of a folder that is whole, by its manifest."""
    return json.loads((folder / MANIFEST).read_bytes())["files"]


def describe(path: Path) -> dict:
    """Size and SHA-256 of a file, as the manifest lists them."""
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def write_json(path: Path, value: dict) -> None:
    """Write JSON readable by eye, all at once; numbers must be finite, since JSON knows no others."""
    check_finite(value, path.name)
    replace_file(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def replace_file(path: Path, text: str) -> None:
    """Write a file all at once, in place of the one that may be there; after an error that one stands as it was."""
    beside, data = path.with_name(f"{TEMPORARY}{path.name}"), text.encode("utf-8")
    try:
        with room_for(path, len(data)):
            beside.write_bytes(data)
            sync_file(beside)
            os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def check_finite(value, name: str) -> None:
    """ValueError naming the key of the first number in a JSON value that is infinite or NaN."""
    if isinstance(value, dict | list | tuple):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            check_finite(item, f"{name}: {key}")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} is {value}; JSON holds finite numbers only")


def sync_file(path: Path) -> None:
    """Wait until the bytes of a file are on the disk."""
    with path.open("rb+") as file:
        sync_open(file)


def sync_open(file: IO) -> None:
    """The same for a file that is open; macOS's fsync waits only until the drive has the bytes, not until they stay."""
    if sys.platform == "darwin":
        try:
            import fcntl
            fcntl.fcntl(file.fileno(), fcntl.F_FULLFSYNC)
            return
        except OSError:                                        # a file system without it
            pass
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk; Windows has no such call and needs none."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_folder(folder: Path) -> None:
    """Remove a folder so that it is never seen half gone: first its name, then what is in it."""
    gone = folder.with_name(f"{TEMPORARY}{folder.name}-{uuid.uuid4().hex[:8]}")
    os.rename(folder, gone)
    if gone.is_symlink():
        gone.unlink()
    else:
        shutil.rmtree(gone, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Remove what an interrupted run left unfinished in `folder`."""
    for path in folder.glob(f"{TEMPORARY}*"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
