"""Does CuPy have what is asked of it, where no GPU is?  Its wheel can be imported and read without a driver.

Everything that ops, models, a training run and a writing model ask of the fake device is recorded, and looked for in
the real CuPy: the name, the keywords and the number of arguments in its signature or, where it has none, in the first
line of its documentation, and the types of numbers.  Then the other way round: the fake device offers nothing that
CuPy lacks.  At the end stands where CuPy is known to differ from NumPy, each line with where CuPy says so.
"""

import importlib.util
import inspect
import re
import zlib
from pathlib import Path

import fake_cuda
import fake_device
import fake_nccl
import numpy as np
import pytest
import small
from fake_device import TALLY, FakeArray
from walk import cases, run, specials

from tinyformer.cuda.nccl import nccl_of, said
from tinyformer.generate import write_batch
from tinyformer.train import Settings, train

cupy = pytest.importorskip("cupy", reason="CuPy is not installed")


def parameters(function) -> tuple[list[str], bool]:
    """The names of a function's parameters, and whether it takes any number of arguments."""
    try:
        found = inspect.signature(function).parameters.values()
        return [p.name for p in found], any(p.kind is p.VAR_POSITIONAL for p in found)
    except (TypeError, ValueError):                            # written in Cython: the first line says it
        first = (function.__doc__ or "").strip().splitlines()[0].replace("\\", "")
    inside = re.search(r"\((.*)\)", first)
    assert inside, f"{function} has no signature, and its documentation begins with {first!r}"
    parts = re.sub(r"\([^()]*\)", "", inside[1]).split(",")
    names = [part.split("=")[0].split(":")[0].strip().split(" ")[-1] for part in parts]
    return [name.lstrip("*") for name in names if name not in ("/", "*")], any(re.match(r"\*\w", n) for n in names)


@pytest.fixture(scope="module")
def asked() -> set:
    """All that is asked of the device by every case of every op, forwards and backwards, and by whole models."""
    TALLY.clear()
    for case in [*cases(), *specials()]:
        op, make = case.values
        with np.errstate(all="ignore"):
            for dtype in (np.float64, np.float32):
                run(op, make(), "fake", dtype)
            op(*[fake_device.asarray(a + 1e-30j) for a in make().arrays], **make().constants)
    runs = (small.bert, small.pretraining_batch), (small.gpt, small.text_batch), (small.seq2seq, small.seq2seq_batch)
    for make, batch in runs:
        for optimizer in ("adamw", "muon"):
            model = make(dtype=np.float32, dropout=0.1).to("fake")
            train(model, [batch(rows=4)], Settings(steps=2, accumulate=2, optimizer=optimizer), progress=False)
    writer = small.gpt(dtype=np.float32).to("fake")
    write_batch(writer, [[1, 2, 3], [4, 5]], 4)
    return set(TALLY.asked)


def home(owner: str):
    return cupy.ndarray if owner == "array" else cupy


def test_enough_was_asked_to_be_worth_a_look(asked):
    names = {name for _, name, *_ in asked}
    assert {"__matmul__", "sum", "where", "add.at", "copyto", "concatenate", "__getitem__", "exp", "astype"} <= names
    assert len(names) > 40


def test_each_name_is_there_and_takes_these_keywords(asked):
    wrong = []
    for owner, name, count, keywords, _ in sorted(asked, key=str):
        found = home(owner)
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is None:
            wrong.append(f"{owner} has no {name}")
        elif not name.startswith("__"):
            names, any_number = parameters(found)
            if name.endswith(".at"):
                names = names[1:]                              # its first one is the ufunc
            wrong += [f"{owner} {name} takes no {keyword}=" for keyword in keywords if keyword not in names]
            if count + len(keywords) > len(names) and not any_number:
                wrong.append(f"{owner} {name} takes no {count} arguments and {keywords}, but {names}")
    assert not wrong


def test_each_function_knows_the_types_of_numbers(asked):
    wrong = []
    for owner, name, _, _, dtypes in asked:
        if owner == "ufunc" and dtypes and "." not in name and name != "matmul":
            loops = [loop.partition("->")[0] for loop in getattr(cupy, name).types if "E" not in loop]     # bfloat16's
            if not any(all(np.can_cast(dtype, char) for char in loop for dtype in dtypes) for loop in loops):
                wrong.append(f"{name} of {dtypes}")
    assert not wrong


def test_the_fake_device_offers_nothing_that_cupy_lacks():
    ours = [("xp", name, value) for name, value in vars(fake_device.xp).items()]
    ours += [("xp", name, None) for name in vars(fake_device.Library) if not name.startswith("__")]
    ours += [("array", name, value) for name, value in vars(FakeArray).items()
             if callable(value) and value is not FakeArray._refuse or isinstance(value, property)]
    wrong = []
    for owner, name, value in ours:
        theirs = getattr(home(owner), name, None)
        if name in ("__repr__", "__init__", "__len__") or theirs is None and hasattr(home(owner), name):
            continue                                           # newaxis is None there too
        if theirs is None:
            wrong.append(f"{owner} has no {name}")
        elif inspect.isfunction(value) and not name.startswith("__"):
            taken, any_number = parameters(theirs)
            wrong += [f"{owner} {name} takes no {mine}=" for mine in parameters(value)[0]
                      if mine not in taken and not (any_number or mine in ("self", taken[0]))]
    assert not wrong


def words_of(module: str) -> bytes:
    """What stands in a compiled module, of which Cython packs the texts."""
    code = Path(importlib.util.find_spec(module).origin).read_bytes()
    found = code
    for place in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", code):
        try:
            found += zlib.decompressobj().decompress(code[place.start():])
        except zlib.error:
            continue
    return found


def test_what_else_is_asked_of_a_gpu_is_there():
    cublas = words_of("cupy_backends.cuda.libs.cublas")        # it cannot be opened without cuBLAS
    assert not [name for name in vars(fake_cuda.cublas) if name.encode() not in cublas]
    assert not [name for name in vars(fake_cuda.runtime) if not hasattr(cupy.cuda.runtime, name)]
    assert not [name for name in vars(fake_cuda.linalg) if not hasattr(cupy._core._routines_linalg, name)]
    own = {"knows", "freed", "reuse"}                          # what the fake ones keep books with
    for ours, theirs in ((fake_cuda.Device, cupy.cuda.Device), (fake_cuda.MemoryPool, cupy.cuda.MemoryPool),
                         (fake_cuda.Event, cupy.cuda.Event), (fake_cuda.Stream, cupy.cuda.Stream)):
        assert not [name for name in {*vars(ours)} - own if not name.startswith("_") and not hasattr(theirs, name)]
        for name in ("__init__", "record", "wait_event"):
            if name in vars(ours):
                taken, any_number = parameters(getattr(theirs, name))
                assert any_number or {*parameters(getattr(ours, name))[0]} <= {*taken}
    assert callable(cupy.cuda.get_elapsed_time) and callable(cupy.get_default_memory_pool)
    assert callable(cupy.cuda.get_current_stream)
    assert issubclass(cupy.cuda.memory.OutOfMemoryError, MemoryError)


def test_what_is_asked_of_nccl_is_there():
    """Whose module is opened only where the library is installed; Cython leaves its signatures in it."""
    there = words_of("cupy_backends.cuda.libs.nccl").decode("latin-1")
    functions = {name: value for name, value in vars(fake_nccl).items() if inspect.isfunction(value)}
    for name in (*functions, *(name for name in vars(fake_nccl) if name.startswith("NCCL_"))):
        assert re.search(rf"\0{name}\0", there), name
    for name, ours in vars(fake_nccl.NcclCommunicator).items():
        if not name.startswith("_"):
            theirs = re.search(rf"NcclCommunicator\.{name}\((.*?)\)", there)[1]
            assert [part.split()[-1] for part in theirs.split(",")] == parameters(ours)[0]
    assert "Fetch the NCCL unique ID as a Python bytes object" in there
    assert all(f"{name} (" in there for name in parameters(fake_nccl.NcclCommunicator)[0])
    if (found := nccl_of(cupy)) is None:
        assert said(cupy) == "not installed; pip install nvidia-nccl-cu12"
    else:
        assert len(found.get_unique_id()) == fake_nccl.NAME


def test_what_there_is_of_bfloat16():
    """Arrays, their conversion and products of matrices; stacks of these are refused by the fake device."""
    bfloat16 = np.dtype(pytest.importorskip("ml_dtypes", reason="NumPy's bfloat16").bfloat16)
    assert cupy._core._dtype.to_cuda_dtype(bfloat16) == cupy.cuda.runtime.CUDA_R_16BF
    assert cupy._core._routines_linalg.to_compute_type_index(bfloat16) is not None
    assert cupy._core._scalar.get_typename(bfloat16) == "bfloat16"


DIFFERENT = {
    "ids outside a table are wrapped round without a word":
        lambda: "wraps around" in cupy.ndarray.__getitem__.__doc__,
    "reductions know no where=":
        lambda: not any("where" in parameters(f)[0] for f in (cupy.sum, cupy.mean, cupy.max, cupy.ndarray.sum)),
    "a result without axes is an array and no number":
        lambda: "cupy.ndarray: " in cupy.sum.__doc__ and "Python scalar" in cupy.ndarray.item.__doc__,
    "the random generator cannot draw normal numbers of a mean, choose or permute":
        lambda: not any(hasattr(cupy.random.Generator, name) for name in ("normal", "choice", "permutation", "bytes")),
    "copyto takes no where=True, but an array or None":
        lambda: inspect.signature(cupy.copyto).parameters["where"].default is None,
    "a number of Python's keeps the type of the array beside it, and a NumPy number does not":
        lambda: cupy.result_type(np.float32, 2.0) == np.float32 != cupy.result_type(np.float32, np.float64(2)),
    "what comes from the host goes up without a wait":
        lambda: inspect.signature(cupy.array).parameters["blocking"].default is False,
    "to bring an array down is to wait for it":
        lambda: "blocking=True" in cupy.ndarray.get.__doc__,
    "add.at adds no complex numbers, which go in two passes":
        lambda: b"add.at only supports int32" in words_of("cupy._core._routines_indexing")
        and b"complex" not in words_of("cupy._core._routines_indexing").partition(b"add.at only supports")[2][:100],
    "a product that writes over one of its factors is made elsewhere and copied":
        lambda: b"may_share_bounds" in words_of("cupy._core._routines_linalg"),
    "stacks of matrices are multiplied as float32 at least, and of bfloat16 as if they were whole numbers":
        lambda: "efdFD" in str(words_of("cupy._core._routines_linalg")),
    "products cannot be captured into a CUDA graph":
        lambda: b"during stream capture is currently unsupported" in words_of("cupy_backends.cuda.libs.cublas"),
    "flags know three things":
        lambda: all(name in cupy.ndarray.flags.__doc__ for name in ("c_contiguous", "f_contiguous", "owndata")),
}


@pytest.mark.parametrize("difference", DIFFERENT)
def test_where_cupy_is_known_to_differ(difference):
    """A line that is no longer true is good news: then what was built around it can go."""
    assert DIFFERENT[difference]()
