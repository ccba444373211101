"""What is this running on?  Whatever a measurement or a report of a fault should say."""

import os
import platform
from dataclasses import dataclass
from importlib import metadata

from tinyformer import __version__

LIBRARIES = ("numpy", "safetensors", "tqdm", "matplotlib", "regex")


@dataclass(frozen=True)
class Options:
    """There is nothing to choose."""


def run(options: Options) -> int:
    """Print what `facts` says, one line each."""
    for name, value in facts().items():
        print(f"{name:<12} {value}")
    return 0


def facts() -> dict[str, str]:
    """Versions, processor, BLAS with its threads, and whether a GPU can be used, each as one line."""
    from tinyformer.backend import cuda_trouble
    found = {"tinyformer": __version__, "python": f"{platform.python_version()} on {platform.platform()}"}
    found |= {name: _version(name) for name in LIBRARIES}
    found["processor"] = f"{_processor()}, {_cores()} cores may be used"
    found["BLAS"] = f"{_blas()}; threads: {_threads()}"
    found["GPU"] = cuda_trouble() or _gpu()
    return found


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"not installed; pip install {name}"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _blas() -> str:
    import numpy as np
    built = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    return " ".join(str(built[key]) for key in ("name", "version") if built.get(key)) or "unknown"


def _threads() -> str:
    """How many threads the products use, by the variables that BLAS libraries read when they are loaded."""
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "OMP_NUM_THREADS"):
        if os.environ.get(name):
            return f"{os.environ[name]} ({name})"
    return f"as many as there are cores ({_cores()}); set OPENBLAS_NUM_THREADS or OMP_NUM_THREADS for fewer"


def _gpu() -> str:
    import numpy as np

    from tinyformer.backend import choose_device, library, to_device
    library_of_gpu = library(to_device(np.zeros(1), choose_device("cuda")[0]))
    name = library_of_gpu.cuda.runtime.getDeviceProperties(0)["name"].decode()
    return f"{name}, CuPy {library_of_gpu.__version__}"
