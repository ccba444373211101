"""How does a kernel run where no GPU is?  The system's C compiler reads the text that CuPy would give to NVRTC.

Each array must lie number by number: CuPy hands a kernel the place of the first one, and asks nothing.
"""

import ctypes
import getpass
import hashlib
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

COMPILER = shutil.which("cc")
FLAGS = ("-shared", "-fPIC", "-O1", "-ffp-contract=off", "-Wall", "-Wno-unused", "-Werror", "-x", "c", "-", "-lm")


class RawModule:
    """Kernels of one text, as `cupy.RawModule` has them."""

    def __init__(self, *, code: str, options: tuple[str, ...] = ()):
        self.library = compiled(code, options)

    def get_function(self, name: str) -> "Kernel":
        return Kernel(name, self.library[name])


class Kernel:
    def __init__(self, name: str, function):
        self.name, self.function = name, function

    def __call__(self, grid: tuple, block: tuple, args: tuple) -> None:
        from fake_device import TALLY
        assert 1 <= grid[0] < 1 << 31 and block[0] % 32 == 0 and block[0] <= 1024
        TALLY.launch(self.name)
        self.function(*map(_argument, args))


def _argument(x):
    """As CuPy hands it over: an array as a pointer, a number by its type."""
    from fake_device import FakeArray
    if type(x) is FakeArray:
        assert x.flags.c_contiguous, f"a kernel was given an array {x.shape} that does not lie number by number"
        return ctypes.c_void_p(x.data.ptr)
    if type(x) is int:
        return ctypes.c_longlong(x)
    if type(x) is float:
        return ctypes.c_double(x)
    if type(x) is np.uint64:
        return ctypes.c_ulonglong(int(x))
    raise TypeError(f"a kernel was given a {type(x).__name__}")


@cache
def compiled(code: str, options: tuple[str, ...]) -> ctypes.CDLL:
    """The text as a library; the one that an earlier process made, where there is one."""
    name = hashlib.sha256("\0".join([code, *options, *FLAGS]).encode()).hexdigest()[:24]
    folder = Path(tempfile.gettempdir()) / f"tinyformer-kernels-{getpass.getuser()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{name}.so"
    if not path.exists():
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".so", delete=False) as file:
            fresh = Path(file.name)
        subprocess.run([COMPILER, *options, *FLAGS, "-o", str(fresh)], input=code, text=True, check=True)
        fresh.replace(path)
    return ctypes.CDLL(str(path))
