"""Are numbers that cannot be weights refused, and buffers of old files passed over, whatever type they have?"""

import json

import numpy as np
import pytest
import small

from tinyformer.cli import main
from tinyformer.errors import CheckpointError
from tinyformer.hub import tensor_names
from tinyformer.nn import Linear, Module
from tinyformer.text import CharTokenizer
from tinyformer.train import load_model, save_model
from tinyformer.train.weights import WEIGHTS, read_arrays, write_arrays

PROBE = "h.1.mlp.c_fc.bias"


def write_raw(path, tensors):
    """A safetensors file of (name, type, shape, bytes), written by hand; a name may stand there twice."""
    entries, data = [], b""
    for name, kind, shape, content in tensors:
        entry = {"dtype": kind, "shape": list(shape), "data_offsets": [len(data), len(data) + len(content)]}
        entries.append(f"{json.dumps(name)}: {json.dumps(entry)}")
        data += content
    header = ("{" + ", ".join(entries) + "}").encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + data)


def as_bfloat16(array):
    return (np.ascontiguousarray(array, np.float32).view(np.uint32) >> 16).astype(np.uint16).tobytes()


@pytest.fixture
def model():
    return small.gpt(dtype=np.float32)


@pytest.fixture
def folder(model, tmp_path):
    folder = save_model(tmp_path / "model", model, CharTokenizer(list("abcdefghijklm")))
    (folder / "MANIFEST.json").unlink()
    return folder


def tensors(model):
    return [(name, "F32", array.shape, np.ascontiguousarray(array).tobytes())
            for name, array in tensor_names.to_published(model).items()]


def complaint(folder):
    with pytest.raises(CheckpointError) as caught:
        load_model(folder)
    return str(caught.value)


@pytest.mark.parametrize("kind", ["I32", "U32"])
def test_bytes_of_floats_that_are_declared_whole_numbers(model, folder, kind):
    write_raw(folder / WEIGHTS, [(name, kind if name.endswith(PROBE) else is_, *rest)
                                 for name, is_, *rest in tensors(model)])
    assert f"{PROBE}: the file says that its numbers are {'int' if kind == 'I32' else 'uint'}32" in complaint(folder)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite(model, folder, number, capsys):
    arrays = tensor_names.to_published(model)
    name = next(name for name in arrays if name.endswith(PROBE))
    arrays[name][5] = number
    write_arrays(folder / WEIGHTS, arrays)
    assert f"{PROBE}: 1 of 12 numbers are not finite, the first is {number} at [5]" in complaint(folder)
    assert main(["generate", "--model", str(folder), "--prompt", "ab"]) == 3
    assert "not finite" in capsys.readouterr().err


def test_numbers_that_only_float64_can_hold(model, folder):
    arrays = tensor_names.to_published(model)
    name = next(name for name in arrays if name.endswith(PROBE))
    for number, said in ((1e300, "its float64 numbers are beyond those of the model"), (2.5, None)):
        changed = arrays[name].astype(np.float64)
        changed[0] = number
        write_arrays(folder / WEIGHTS, {**arrays, name: changed})
        if said:
            assert said in complaint(folder)
        else:
            assert 2.5 in dict(load_model(folder)[0].named_parameters())["layers.1.feed.widen.bias"].data


def test_models_of_ones_own_are_held_to_it_as_well(tmp_path):
    class Own(Module):
        def __init__(self):
            self.linear = Linear(2, 3, np.random.default_rng(0))
            self.buffers = {"seen": np.arange(3)}              # a buffer may hold what it likes

    model = Own()
    folder = save_model(tmp_path / "own", model)
    assert load_model(folder, Own())[0].buffers["seen"].tolist() == [0, 1, 2]
    (folder / "MANIFEST.json").unlink()
    write_arrays(folder / WEIGHTS, {**model.state(), "linear.bias": np.array([0, np.nan, 1], np.float32)})
    with pytest.raises(CheckpointError, match="linear.bias: 1 of 3 numbers are not finite"):
        load_model(folder, Own())
    write_arrays(folder / WEIGHTS, {**model.state(), "linear.bias": np.arange(3)})
    with pytest.raises(CheckpointError, match="linear.bias: the file says that its numbers are int64"):
        load_model(folder, Own())


def test_a_tensor_that_is_named_twice(model, folder):
    there = tensors(model)
    name, kind, shape, data = there[3]
    write_raw(folder / WEIGHTS, [*there, (name, kind, shape, bytes(len(data)))])
    assert "model.safetensors" in complaint(folder)


def test_the_same_bytes_under_a_name_that_stands_twice(tmp_path):
    """Both entries point to one place, which the library lets pass."""
    data = np.arange(4, dtype=np.float32).tobytes()
    entry = '"a": {"dtype": "F32", "shape": [%s], "data_offsets": [0, 16]}'
    header = ("{" + entry % "4" + ", " + entry % "2, 2" + "}").encode()
    (tmp_path / WEIGHTS).write_bytes(len(header).to_bytes(8, "little") + header + data)
    with pytest.raises(CheckpointError, match="its header cannot be trusted .key 'a' stands there twice"):
        read_arrays(tmp_path / WEIGHTS)


@pytest.mark.parametrize("kind, numbers", [("BOOL", np.tri(9, dtype=bool)), ("U8", np.tri(9, dtype=np.uint8)),
                                           ("F32", np.full((9, 9), -np.inf, np.float32))])
@pytest.mark.parametrize("half", [False, True])
def test_buffers_of_old_files_are_passed_over(model, folder, kind, numbers, half):
    weights = [(name, "BF16", shape, as_bfloat16(np.frombuffer(data, np.float32))) if half else (name, is_, shape, data)
               for name, is_, shape, data in tensors(model)]
    buffers = [(f"h.{n}.attn.bias", kind, (1, 1, 9, 9), numbers.tobytes()) for n in range(2)]
    write_raw(folder / WEIGHTS, [*weights, *buffers])
    again, _ = load_model(folder)
    for ours, theirs in zip(again.parameters(), model.parameters(), strict=True):
        np.testing.assert_allclose(ours.data, theirs.data, rtol=1e-2 if half else 0)
