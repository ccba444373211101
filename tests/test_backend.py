"""Which library, which device, and which of three things is wrong with the GPU?"""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from fake_device import FakeArray, xp

from tinyformer import backend
from tinyformer.engine import Tensor
from tinyformer.errors import InputError

ROOT = Path(__file__).parent.parent


def python(code: str, *folders: Path) -> str:
    """Run code in a fresh interpreter which sees the package and, before all else, the given folders."""
    path = os.pathsep.join([*map(str, folders), str(ROOT)])
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": path}, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# What the data say


def test_the_data_decide_about_the_library():
    assert backend.library(np.ones(2)) is np and backend.library(FakeArray(np.ones(2))) is xp
    assert backend.device_of(np.ones(2)) == "cpu" and backend.device_of(FakeArray(np.ones(2))) == "fake"


@pytest.mark.parametrize("x", [[1.0], 1.0, "text", None, Tensor(1.0)])
def test_what_is_no_array_is_named(x):
    for f in (backend.library, backend.device_of, backend.to_host, lambda x: backend.to_device(x, "fake")):
        with pytest.raises(TypeError, match=f"{type(x).__name__} is no array of a library known here"):
            f(x)


def test_moving():
    x = np.arange(3.0)
    there = backend.to_device(x, "fake")
    assert type(there) is FakeArray and backend.to_device(there, "fake") is there
    assert backend.to_device(x, "cpu") is x and backend.to_host(x) is x
    assert (backend.to_host(there) == x).all() and (backend.to_device(there, "cpu") == x).all()
    assert type(backend.to_host(np.float32(2))) is np.ndarray


def test_a_device_that_is_not_known_is_named_with_those_that_are():
    with pytest.raises(InputError, match="device 'gpu' is not known; choose one of: cpu, .*cuda"):
        backend.to_device(np.ones(2), "gpu")
    with pytest.raises(InputError, match="device 'gpu' is not known; choose one of: auto, cpu, cuda"):
        backend.choose_device("gpu")
    assert backend.choose_device("cpu") == ("cpu", "as asked")


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("lib", [np, xp], ids=["numpy", "fake"])
def test_scatter_add_gathers_what_is_named_several_times(lib, dtype):
    into = lib.zeros((3, 2), dtype)
    backend.scatter_add(lib, into, np.array([1, 1, -1]), lib.ones((3, 2), dtype) * 2)
    assert backend.to_host(into).tolist() == [[0, 0], [4, 4], [2, 2]]
    backend.scatter_add(lib, into, (np.array([0, 0]), np.array([1, 1])), lib.ones(2, dtype))
    assert backend.to_host(into)[0].tolist() == [0, 2]


def test_scatter_add_keeps_both_parts_of_complex_numbers():
    into = np.zeros(2, complex)
    backend.scatter_add(np, into, np.array([1, 1]), np.array([1 + 2j, 3 + 4j]))
    assert into.tolist() == [0, 4 + 6j]


# What is wrong with the GPU.  Each trouble is made for real: packages and their records in a folder on sys.path.


def install(folder: Path, module: str | None, *wheels: str) -> Path:
    """A folder as pip would leave it: the records of the wheels, and the module that they bring."""
    for wheel in wheels:
        record = folder / f"{wheel.replace('-', '_')}-14.0.0.dist-info"
        record.mkdir(parents=True)
        (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {wheel}\nVersion: 14.0.0\n")
    if module is not None:
        (folder / "cupy").mkdir(parents=True)
        (folder / "cupy" / "__init__.py").write_text(textwrap.dedent(module))
    return folder


NO_DRIVER = """
    class CUDARuntimeError(RuntimeError): pass
    class ndarray: pass
    class cuda:
        class runtime:
            def getDeviceCount():
                raise CUDARuntimeError("cudaErrorInsufficientDriver: CUDA driver version is insufficient\\nmore")
"""
BROKEN_LIBRARY = "raise ImportError('libcuda.so.1: cannot open shared object file')"
NO_CARD = """
    class cuda:
        class runtime:
            getDeviceCount = staticmethod(lambda: 0)
"""
A_CARD = """
    class ndarray: pass
    asarray = asnumpy = None
    class cuda:
        class runtime:
            getDeviceCount = staticmethod(lambda: 1)
"""
ASK = """
    from tinyformer.backend import choose_device
    from tinyformer.errors import InputError
    try:
        print(choose_device("cuda"))
    except InputError as error:
        print(error)
    print(*choose_device("auto"), sep=" | ")
"""
BLOCKED = """
    import importlib.util, importlib.metadata
    find, dists = importlib.util.find_spec, importlib.metadata.distributions
    importlib.util.find_spec = lambda name, *rest: None if name == "cupy" else find(name, *rest)
    importlib.metadata.distributions = lambda: [d for d in dists() if not (d.metadata["Name"] or "").startswith("cupy")]
"""


def ask(*folders: Path, before: str = "") -> list[str]:
    return python(textwrap.dedent(before) + textwrap.dedent(ASK), *folders).splitlines()


def test_no_cupy():
    asked, auto = ask(before=BLOCKED)                          # where it is installed, this hides it
    assert asked.startswith("device cuda: CuPy is not installed; pip install 'tinyformer[cuda12]' or [cuda13]")
    assert auto.startswith("cpu | no CUDA device is used: CuPy is not installed")


no_real_cupy = pytest.mark.skipif(backend.importlib.util.find_spec("cupy") is not None,
                                  reason="a real CuPy is installed, beside which a pretended one would make two")


@no_real_cupy
@pytest.mark.parametrize("module, why", [
    (NO_DRIVER, "cudaErrorInsufficientDriver: CUDA driver version is insufficient"),
    (BROKEN_LIBRARY, "libcuda.so.1: cannot open"),
])
def test_cupy_without_a_driver(tmp_path, module, why):
    asked, auto = ask(install(tmp_path, module, "cupy-cuda12x"))
    assert asked.startswith(f"device cuda: CuPy is installed, but no CUDA driver answers ({why}")
    assert asked.endswith("install NVIDIA's driver, or use --device cpu")
    assert auto.startswith("cpu | no CUDA device is used: CuPy is installed, but no CUDA driver answers")


@no_real_cupy
def test_a_driver_that_fails_without_a_word(tmp_path):
    asked, _ = ask(install(tmp_path, "raise ImportError", "cupy-cuda12x"))
    assert asked.startswith("device cuda: CuPy is installed, but no CUDA driver answers (ImportError); install")


@no_real_cupy
def test_a_package_that_only_builds_on_cupy_is_no_second_one(tmp_path):
    asked, _ = ask(install(tmp_path, A_CARD, "cupy-cuda12x", "cupy-xarray"))
    assert asked == "('cuda', 'CuPy found a CUDA device')"


@no_real_cupy
def test_a_driver_without_a_card(tmp_path):
    asked, auto = ask(install(tmp_path, NO_CARD, "cupy-cuda12x"))
    assert asked == "device cuda: CuPy is installed, but the driver reports no device; use --device cpu"
    assert auto.startswith("cpu | ")


def test_two_cupy_wheels(tmp_path):
    asked, auto = ask(install(tmp_path, A_CARD, "cupy-cuda12x", "cupy-cuda13x"))
    assert asked.startswith("device cuda: several CuPy packages are installed (cupy-cuda12x, cupy-cuda13x)")
    assert "uninstall all of them, then install one" in asked
    assert auto.startswith("cpu | no CUDA device is used: several CuPy packages")


@no_real_cupy
def test_a_card_that_answers(tmp_path):
    asked, auto = ask(install(tmp_path, A_CARD, "cupy-cuda12x"))
    assert asked == "('cuda', 'CuPy found a CUDA device')" and auto == "cuda | CuPy found a CUDA device"


@no_real_cupy
def test_moving_to_cuda_gives_the_same_reason(tmp_path):
    out = python("""
        import numpy as np
        from tinyformer.engine import Tensor
        from tinyformer.errors import InputError
        try:
            Tensor(np.ones(2)).to("cuda")
        except InputError as error:
            print(error)
    """, install(tmp_path, NO_DRIVER, "cupy-cuda12x"))
    assert out.startswith("device cuda: CuPy is installed, but no CUDA driver answers")


# What an import brings along


HEAVY = ("cupy", "matplotlib", "tqdm", "safetensors", "regex", "torch", "transformers", "tokenizers", "scipy",
         "sklearn")


@pytest.mark.parametrize("what", ["tinyformer", "tinyformer.engine", "tinyformer.ops"])
def test_importing_brings_numpy_alone(what):
    loaded = python(f"import {what}, sys; print(*sys.modules)").split()
    assert not {name.partition(".")[0] for name in loaded} & set(HEAVY)
    assert "numpy" in loaded or what == "tinyformer"


def test_every_module_up_to_floor_5_brings_numpy_alone():
    """All of floors 0 to 5 at once, in one interpreter."""
    package = ROOT / "tinyformer"
    files = [*package.glob("*.py"), *(f for d in ("ops", "nn", "models", "text") for f in (package / d).glob("*.py"))]
    upper = {"generate", "plot", "cli", "__main__"}
    modules = sorted(".".join(f.relative_to(ROOT).with_suffix("").parts) for f in files if f.stem not in upper)
    code = f"import importlib, sys\nfor m in {modules}: importlib.import_module(m)\nprint(*sys.modules)"
    loaded = python(code).split()
    assert len(modules) > 15 and "numpy" in loaded
    assert not {name.partition(".")[0] for name in loaded} & set(HEAVY)


def test_cupy_is_named_in_one_file_and_asked_for_late():
    code = "import sys, numpy as np, tinyformer.ops as ops; ops.exp(np.ones(2)); print(*sys.modules)"
    assert "cupy" not in python(code).split()
