"""Is a safetensors file held to its own header, whatever that claims, before any memory is taken, and nothing run?"""

import json
import os
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import small

from tinyformer.errors import CheckpointError
from tinyformer.text import CharTokenizer
from tinyformer.train import load_model, save_model
from tinyformer.train.weights import WEIGHTS, read_arrays

DATA = np.arange(4, dtype="<f4").tobytes()
GOOD = {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
        "b": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]}}


def written(folder, header, data=DATA, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = folder / WEIGHTS
    path.write_bytes((len(text) if length is None else length).to_bytes(8, "little") + text + data)
    return path


def other(**changes) -> dict:
    return {**GOOD, "b": {**GOOD["b"], **changes}}


def test_a_good_one_is_read(tmp_path):
    found = read_arrays(written(tmp_path, {"__metadata__": {"format": "pt"}, **GOOD}))
    assert found["b"].tolist() == [2, 3]


@pytest.mark.parametrize("header", [
    other(data_offsets=[4, 12]), other(data_offsets=[0, 8]), other(data_offsets=[16, 8]), other(data_offsets=[8, 17]),
    other(data_offsets=[9, 17]), other(data_offsets=[-8, 0]), other(data_offsets=[8]), other(data_offsets="8"),
    other(data_offsets=[8.0, 16.0]), other(shape=[3]), other(shape=[-2]), other(shape=[True, 2]), other(shape=[2.0]),
    other(shape=[2**62, 2**62]), other(shape=[2**63, 0]), other(shape=None), other(dtype="F99"), other(dtype="f4"),
    other(dtype=None), other(dtype="F64"), {"a": GOOD["a"]}, {"b": GOOD["b"]}, {**GOOD, "c": GOOD["b"]},
    {**GOOD, "c": 5}, [GOOD], 5, b"", b"{", b'{"a": NaN}', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000,
    {"__metadata__": {"format": 5}, **GOOD},
    {"__metadata__": "pt", **GOOD},
    json.dumps(GOOD).replace('"b"', '"a"').encode(), b"null"])
def test_a_header_that_cannot_be_meant_is_refused(tmp_path, header):
    with pytest.raises(CheckpointError, match=WEIGHTS):
        read_arrays(written(tmp_path, header))


@pytest.mark.parametrize("length", [0, 1, 7, 2**31, 2**63, 2**64 - 1])
def test_a_length_of_the_header_that_is_none(tmp_path, length):
    with pytest.raises(CheckpointError, match=WEIGHTS):
        read_arrays(written(tmp_path, GOOD, length=length))


@pytest.mark.parametrize("size", [*range(20), 40, 80, 140])
def test_a_file_of_any_length_that_is_too_short_or_too_long(tmp_path, size):
    path = written(tmp_path, GOOD)
    whole = path.read_bytes()
    assert size < len(whole)
    for data in (whole[:size], whole + bytes(size + 1)):
        path.write_bytes(data)
        with pytest.raises(CheckpointError, match=WEIGHTS):
            read_arrays(path)


@pytest.mark.skipif(sys.platform != "linux", reason="memory can be limited on Linux")
def test_no_memory_is_taken_for_what_a_header_claims(tmp_path):
    """With a gigabyte of address space, of which Python and NumPy take most."""
    claims = [(GOOD, 2**63), (GOOD, 2**40), (other(shape=[2**40], data_offsets=[8, 8 + 2**42]), None),
              (other(shape=[2**61, 8], data_offsets=[8, 2**63]), None)]
    for number, (header, length) in enumerate(claims):
        (tmp_path / str(number)).mkdir()
        written(tmp_path / str(number), header, length=length)
    code = ("import resource, sys, pathlib\n"
            "from tinyformer.train.weights import read_arrays\n"
            "import safetensors.numpy\n"
            "resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))\n"
            "for path in sys.argv[1:]:\n"
            "    try: read_arrays(pathlib.Path(path))\n"
            "    except Exception as error: print(type(error).__name__)\n")
    done = subprocess.run([sys.executable, "-c", code, *(str(tmp_path / str(n) / WEIGHTS) for n in range(len(claims)))],
                          capture_output=True, text=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    assert done.stdout.split() == ["CheckpointError"] * len(claims), done.stderr


class Payload:
    """What opens it runs this."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.parametrize("kind", ["pickle", "npz", "npy", "zip"])
def test_nothing_in_a_file_is_ever_run(tmp_path, kind):
    folder = save_model(tmp_path / "m", small.gpt(dtype=np.float32), CharTokenizer(list("abcdefghijklm")))
    (folder / "MANIFEST.json").unlink()
    sign, path = tmp_path / "it-has-run", folder / WEIGHTS
    payload = pickle.dumps(Payload(sign))
    with path.open("wb") as file:
        if kind == "pickle":
            file.write(payload)
        elif kind == "npz":
            np.savez(file, weights=np.array([Payload(sign)], object))
        elif kind == "npy":
            np.save(file, np.array([Payload(sign)], object), allow_pickle=True)
        else:                                                  # as PyTorch's files are
            with zipfile.ZipFile(file, "w") as archive:
                archive.writestr("archive/data.pkl", payload)
    with pytest.raises(CheckpointError, match="safetensors"):
        load_model(folder)
    assert not sign.exists()
    for name in ("pytorch_model.bin", "model.npz"):
        path.replace(folder / name)
        with pytest.raises(CheckpointError, match="model.safetensors is missing; only weights in the safetensors"):
            load_model(folder)
        (folder / name).replace(path)
    assert not sign.exists()
