"""Which array library does this array live in, and how does it move?

The data decide: arrays on the GPU are CuPy arrays, everything else is NumPy.  There is no global switch and no
environment variable, and CuPy is not imported before somebody asks for it.  This is the only file that names it.
"""

import importlib.util
import re
import sys
from typing import Any

import numpy as np

from tinyformer.errors import InputError

if np.__version__.startswith(("0.", "1.")):
    raise InputError(f"NumPy {np.__version__} is installed, and tinyformer needs 2.0 or later: pip install 'numpy>=2'")

LIBRARIES: dict[type, Any] = {np.ndarray: np}      # array type -> the namespace that computes with it
_DEVICES: dict[str, type] = {"cpu": np.ndarray}    # device name -> array type
_MOVES: dict[type, tuple] = {np.ndarray: (np.asarray, np.asarray)}   # array type -> (from the host, to the host)


def register(device: str, array_type: type, namespace: Any, from_host, to_host) -> None:
    """Make a further array library known: CuPy registers itself this way, and so does the tests' fake device."""
    LIBRARIES[array_type] = namespace
    _DEVICES[device] = array_type
    _MOVES[array_type] = (from_host, to_host)


def library(array) -> Any:
    """The namespace `xp` whose functions compute with this array: numpy, or cupy."""
    if not is_array(array):
        raise TypeError(f"{type(array).__name__} is no array of a library known here; "
                        "pass a NumPy or CuPy array, or wrap numbers with tinyformer.Tensor(...)")
    return LIBRARIES[type(array)]


def is_array(thing) -> bool:
    """Is this an array of a library known here?  The first CuPy array that is seen makes CuPy known."""
    if type(thing) not in LIBRARIES and type(thing).__module__.partition(".")[0] == "cupy":
        _open_cupy()
    return type(thing) in LIBRARIES


def to_device(array, device: str) -> Any:
    """The same numbers on `device` ("cpu" or "cuda"); no copy where they are there already."""
    target = _array_type(device)
    if type(array) is target:
        return array
    library(array)                                             # a clear error for what is no array at all
    return _MOVES[target][0](to_host(array))


def to_host(array) -> np.ndarray:
    """The same numbers as a NumPy array; waits for the GPU where they come from there."""
    if isinstance(array, (np.ndarray, np.generic)):
        return np.asarray(array)
    library(array)
    return _MOVES[type(array)][1](array)


def device_of(array) -> str:
    """The name of the device that holds this array."""
    library(array)
    return next(name for name, kind in _DEVICES.items() if kind is type(array))


def choose_device(wanted: str = "auto") -> tuple[str, str]:
    """Turn "cpu", "cuda" or "auto" into a device that works here, and say why that one.

    "auto" falls back to the CPU; "cuda" raises InputError with the reason and the remedy.
    """
    if wanted in _DEVICES and wanted != "cuda":
        return wanted, "as asked"
    if wanted not in ("cuda", "auto"):
        raise InputError(f"device {wanted!r} is not known; choose one of: auto, cpu, cuda")
    trouble = cuda_trouble()
    if trouble is None:
        _open_cupy()
        return "cuda", "CuPy found a CUDA device"
    if wanted == "cuda":
        raise InputError(f"device cuda: {trouble}")
    return "cpu", f"no CUDA device is used: {trouble}"


def cuda_trouble() -> str | None:
    """Why no CUDA device can be used here, with the remedy; None where one can."""
    if importlib.util.find_spec("cupy") is None:
        return "CuPy is not installed; pip install 'tinyformer[cuda12]' or [cuda13], as the driver asks"
    from importlib import metadata  # a tenth of a second, and few ask
    wheels = sorted({name for dist in metadata.distributions()
                     if re.fullmatch(r"cupy(-cuda.*|-rocm.*)?", name := (dist.metadata["Name"] or "").lower())})
    if len(wheels) > 1:
        return (f"several CuPy packages are installed ({', '.join(wheels)}) and break one another; "
                "uninstall all of them, then install one: pip install 'tinyformer[cuda12]' or [cuda13]")
    try:
        import cupy
        count = cupy.cuda.runtime.getDeviceCount()
    except Exception as error:                                 # CuPy's own exceptions live in CuPy
        reason = (str(error) or type(error).__name__).splitlines()[0][:120]
        return (f"CuPy is installed, but no CUDA driver answers ({reason}); "
                "install NVIDIA's driver, or use --device cpu")
    return None if count else "CuPy is installed, but the driver reports no device; use --device cpu"


def _array_type(device: str) -> type:
    if device == "cuda" and device not in _DEVICES:
        choose_device("cuda")
    if device not in _DEVICES:
        raise InputError(f"device {device!r} is not known; choose one of: {', '.join(_DEVICES)}, cuda")
    return _DEVICES[device]


def _open_cupy() -> None:
    import cupy
    register("cuda", cupy.ndarray, cupy, cupy.asarray, cupy.asnumpy)
    from tinyformer.cuda import attach
    attach(cupy.ndarray)


def synchronize() -> None:
    """Wait until the GPU, if one is in use, has done everything it was given: needed before reading a clock."""
    if "cuda" in _DEVICES:
        sys.modules["cupy"].cuda.Device().synchronize()


def scatter_add(xp, into, index, values) -> None:
    """into[index] += values, where a place named several times receives every value (`a[i] += v` loses all but one).

    Complex numbers go in two passes, since not every library adds them atomically.
    """
    index = tuple(_like(xp, i) for i in index) if isinstance(index, tuple) else _like(xp, index)
    if into.dtype.kind == "c":
        xp.add.at(into.real, index, values.real)
        xp.add.at(into.imag, index, values.imag)
    else:
        xp.add.at(into, index, values)


def _like(xp, index):
    return xp.asarray(index) if isinstance(index, np.ndarray) else index
