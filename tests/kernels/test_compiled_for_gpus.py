"""Does every kernel compile for a GPU?  NVIDIA's compiler is a wheel and needs no driver: PTX for three generations."""

import ctypes
import importlib
import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tinyformer import cuda
from tinyformer.cuda.source import OPTIONS, SOURCES

CAPABILITIES = "70", "80", "90"                                # V100, A100, H100
for file in Path(cuda.__file__).parent.glob("*.py"):
    importlib.import_module(f"tinyformer.cuda.{file.stem}")    # opens its kernels
KERNELS = {kernel: source for source in SOURCES for kernel in re.findall(r"^KERNEL (\w+)\(", source.code, re.M)}


def library_of(package: str, pattern: str) -> Path:
    spec = importlib.util.find_spec(package) if importlib.util.find_spec(package.partition(".")[0]) else None
    if spec is None:
        pytest.skip(f"{package} is not installed: pip install nvidia-cuda-nvrtc-cu12")
    return next(Path(folder) / pattern for folder in spec.submodule_search_locations)


@pytest.fixture(scope="module")
def nvrtc():
    return ctypes.CDLL(str(library_of("nvidia.cuda_nvrtc", "lib/libnvrtc.so.12")))


def ptx_of(nvrtc, code: str, options: tuple[str, ...]) -> str:
    """The text as CuPy hands it to NVRTC, compiled; AssertionError with what the compiler says."""
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    assert nvrtc.nvrtcCreateProgram(ctypes.byref(program), code.encode(), b"kernels.cu", 0, None, None) == 0
    done = nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(
        *(option.encode() for option in options)))
    what = "nvrtcGetProgramLog" if done else "nvrtcGetPTX"
    getattr(nvrtc, f"{what}Size")(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    getattr(nvrtc, what)(program, text)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    assert done == 0, text.value.decode()
    return text.value.decode()


@pytest.mark.parametrize("capability", CAPABILITIES)
@pytest.mark.parametrize("dtype", OPTIONS)
def test_every_kernel_becomes_ptx(nvrtc, dtype, capability, tmp_path):
    found = {}
    for source in SOURCES:
        ptx = ptx_of(nvrtc, source.code, (*OPTIONS[dtype], f"-arch=compute_{capability}"))
        assert f".target sm_{capability}" in ptx
        found |= dict.fromkeys(re.findall(r"\.entry (\w+)\(", ptx))
        if ptxas := shutil.which("ptxas"):
            (tmp_path / "kernels.ptx").write_text(ptx)
            done = subprocess.run([ptxas, "-v", f"-arch=sm_{capability}", "-o", tmp_path / "kernels.cubin",
                                   tmp_path / "kernels.ptx"], capture_output=True, text=True)
            said = done.stderr
            assert done.returncode == 0 or f"'sm_{capability}' is not defined" in said, said     # by a newer one
            for kernel, spilled, used in re.findall(r"function '(\w+)'.*?(\d+) bytes spill.*?Used (\d+)", said, re.S):
                print(f"{dtype}, capability {capability}: {kernel}: {used} registers, {spilled} bytes spilled")
            assert set(re.findall(r"(\d+) bytes spill", said)) <= {"0"}
    assert found.keys() == KERNELS.keys() and len(found) > 10


def test_a_mistake_is_not_compiled(nvrtc):
    with pytest.raises(AssertionError, match="undefined"):
        ptx_of(nvrtc, SOURCES[0].code + "KERNEL wrong(T *x) { x[0] = y; }", OPTIONS["float32"])
