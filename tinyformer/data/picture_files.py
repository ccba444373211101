"""In which files do pictures lie?  In IDX, the format of MNIST, and as PNG files in a folder; damaged ones are named.

An IDX file says itself what it holds: two zero bytes, a byte for the type of number, one for the count of axes, the
length of each axis in four bytes, the highest first, and then the numbers (LeCun's page of MNIST; NIST's digits,
letters and clothes lie in the same form).  It may be packed by gzip.
"""

import gzip
import math
import os
import zlib
from pathlib import Path

import numpy as np

from tinyformer.errors import InputError
from tinyformer.places import special_file

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MOST = 1 << 32                                # numbers in one file; more is a damaged header
GREYS = 255                                   # what is white in a file


def read_idx(path: str | os.PathLike) -> np.ndarray:
    """The numbers of an IDX file, packed or not, in its shape; InputError where it is cut short or is none."""
    data = _bytes(path)
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in TYPES:
        raise InputError(f"{path}: no IDX file; one begins with two zero bytes and a byte for the type, and this with "
                         f"{data[:4].hex(' ') or 'nothing'}")
    kind, axes = np.dtype(TYPES[data[2]]), data[3]
    begin = 4 + 4 * axes
    if len(data) < begin:
        raise InputError(f"{path}: cut short in its header, after {len(data)} bytes of {begin}; get the file again")
    shape = tuple(int(n) for n in np.frombuffer(data, ">u4", axes, 4))
    count = math.prod(shape)
    if count > MOST:
        raise InputError(f"{path}: its header says {' x '.join(map(str, shape))} numbers; it is damaged, get the file "
                         "again")
    wanted = begin + count * kind.itemsize
    if len(data) != wanted:
        what = "cut short" if len(data) < wanted else "longer than it says"
        raise InputError(f"{path}: {what}: its header says {' x '.join(map(str, shape))} numbers, {wanted:,} bytes in "
                         f"all, and it has {len(data):,}; get the file again")
    return np.frombuffer(data, kind, count, begin).reshape(shape)


def read_idx_pictures(path: str | os.PathLike) -> tuple[np.ndarray, np.ndarray | None]:
    """(pictures (N, H, W) from 0 to 1, labels (N,)) of an IDX file, and of the one with its labels, named as MNIST's.

    The labels of train-images-idx3-ubyte lie in train-labels-idx1-ubyte beside it; None where there is no such file.
    """
    pictures = read_idx(path)
    if pictures.ndim != 3 or pictures.dtype != np.uint8:
        raise InputError(f"{path}: holds {pictures.ndim} axes of {pictures.dtype}; pictures are three axes of bytes: "
                         "their number, their height, their width")
    path = Path(path)
    beside = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    if beside == path or not beside.exists():
        return pictures / np.float32(GREYS), None
    labels = read_idx(beside)
    if labels.shape != pictures.shape[:1] or labels.dtype.kind not in "iu":
        raise InputError(f"{beside}: holds {labels.shape} numbers of {labels.dtype} for {len(pictures):,} pictures; "
                         "labels are whole numbers, one for each picture")
    return pictures / np.float32(GREYS), labels.astype(np.int64)


def read_pngs(folder: str | os.PathLike, side: int) -> tuple[np.ndarray, np.ndarray | None, tuple[str, ...]]:
    """(pictures (N, side, side) from 0 to 1, labels (N,), names) of the PNG files in a folder, grey, in one size.

    Folders in the folder are classes, by their name, as PyTorch's ImageFolder has it; without them there are no labels.
    """
    try:
        from PIL import Image
    except ImportError:
        raise InputError(f"{folder}: to read PNG files takes Pillow; pip install 'tinyformer[pictures]'") from None
    folder = Path(folder)
    classes = sorted(path.name for path in folder.iterdir() if path.is_dir() and any(path.glob("*.png")))
    files = [path for name in classes or [""] for path in sorted((folder / name).glob("*.png"))]
    if not files:
        raise InputError(f"{folder}: no PNG file in it, nor in its folders; give a folder with *.png, or with a folder "
                         "of them for each class")
    pictures = np.empty((len(files), side, side), np.float32)
    for place, path in enumerate(files):
        try:
            if (kind := special_file(path)) is not None:
                raise InputError(f"{path} is {kind}, and a PNG file is needed")
            with Image.open(path, formats=["PNG"]) as image:
                grey = image.convert("L").resize((side, side), Image.Resampling.BILINEAR)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise InputError(f"{path}: no PNG that can be read ({error}); get the file again, or take it out") from None
        pictures[place] = np.asarray(grey, np.float32) / GREYS
    labels = np.array([classes.index(path.parent.name) for path in files]) if classes else None
    return pictures, labels, tuple(classes)


def _bytes(path: str | os.PathLike) -> bytes:
    """What stands in a file, unpacked where gzip packed it."""
    try:
        if (kind := special_file(path)) is not None:           # opening a FIFO would wait for ever
            raise InputError(f"{path} is {kind}, and a file is needed")
        data = Path(path).read_bytes()
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
