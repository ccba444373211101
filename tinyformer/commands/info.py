"""What is this running on?  Whatever a measurement or a report of a fault should say."""

import importlib.util
import os
import platform
from dataclasses import dataclass
from importlib import metadata

from tinyformer import __version__
from tinyformer.ranks import launched

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
    from tinyformer.train.cores import cores, own_cores
    found = {"tinyformer": __version__, "python": f"{platform.python_version()} on {platform.platform()}"}
    found |= {name: version(name) for name in LIBRARIES}
    found["processor"] = f"{_processor()}, {cores()} cores may be used"
    found["BLAS"] = f"{_blas()}; threads: {_threads()}"
    found["workers"] = f"{cores()} at most by --workers auto, {'each on a core' if own_cores() else 'on any core'}"
    found["MPI"] = _mpi()
    found["GPU"] = cuda_trouble() or card()
    return found


def version(name: str) -> str:
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


def _blas() -> str:
    import numpy as np
    built = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    return " ".join(str(built[key]) for key in ("name", "version") if built.get(key)) or "unknown"


def _threads() -> str:
    """How many threads the products use, by the variables that BLAS libraries read when they are loaded."""
    from tinyformer.train.cores import cores
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "OMP_NUM_THREADS"):
        if os.environ.get(name):
            return f"{os.environ[name]} ({name})"
    return f"as many as there are cores ({cores()}); set OPENBLAS_NUM_THREADS or OMP_NUM_THREADS for fewer"


def _mpi() -> str:
    """What connects ranks, and how many of them have been started."""
    if importlib.util.find_spec("mpi4py") is None:
        return "not installed; pip install 'tinyformer[mpi]' to train on several machines"
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:               # mpi4py without an MPI
        return f"mpi4py is installed, but no MPI answers ({str(error).splitlines()[0]}); pip install mpich"
    library = " ".join(MPI.Get_library_version().strip("\0").splitlines()[0].split())
    return f"mpi4py {metadata.version('mpi4py')}, {library}; ranks: {launched()}"


def card(device: str = "cuda") -> str:
    """The card, its driver, the memory that CuPy's pool has taken of it, and what several would share a step by."""
    import numpy as np

    from tinyformer.backend import choose_device, library, to_device
    from tinyformer.cuda.nccl import cards, said
    xp = library(to_device(np.zeros(1), choose_device(device)[0]))
    runtime, pool = xp.cuda.runtime, xp.get_default_memory_pool()
    properties, (free, whole) = runtime.getDeviceProperties(0), runtime.memGetInfo()
    driver, toolkit = (f"{number // 1000}.{number % 1000 // 10}"
                       for number in (runtime.driverGetVersion(), runtime.runtimeGetVersion()))
    return (f"{properties['name'].decode()}, capability {properties['major']}.{properties['minor']}, "
            f"{free / 2**30:.1f} of {whole / 2**30:.1f} GB free; driver for CUDA {driver}, toolkit {toolkit}, "
            f"CuPy {xp.__version__}; its pool holds "
            f"{pool.total_bytes() / 2**20:.0f} MB, of which {pool.used_bytes() / 2**20:.0f} are in use; "
            f"GPUs: {cards(xp)}, NCCL: {said(xp)}")
