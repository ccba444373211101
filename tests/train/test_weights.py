"""Do the shards of a model come together as one, and is it said which of them does not belong?"""

import json

import numpy as np
import pytest
import small

from tinyformer.errors import CheckpointError
from tinyformer.hub import tensor_names
from tinyformer.train import load_model, save_model
from tinyformer.train.weights import INDEX, WEIGHTS, read_weights, write_arrays

FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
PROBE = "bert.encoder.layer.1.output.dense.weight"


@pytest.fixture
def model():
    return small.bert(dtype=np.float32)


@pytest.fixture
def folder(model, tmp_path):
    """A model folder in two shards with their index, as large models come."""
    folder = save_model(tmp_path / "model", model)
    for name in (WEIGHTS, "MANIFEST.json"):
        (folder / name).unlink()
    arrays = tensor_names.to_published(model)
    where = {name: (FIRST, SECOND)[i % 2] for i, name in enumerate(arrays)}
    where[PROBE] = FIRST
    for shard in (FIRST, SECOND):
        write_arrays(folder / shard, {name: array for name, array in arrays.items() if where[name] == shard})
    (folder / INDEX).write_text(json.dumps({"metadata": {"total_size": 0}, "weight_map": where}))
    return folder


def change_index(folder, change):
    index = json.loads((folder / INDEX).read_text())
    change(index["weight_map"])
    (folder / INDEX).write_text(json.dumps(index))


def complaint(folder) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_model(folder)
    return str(caught.value)


def test_shards_make_the_same_model(model, folder):
    again, _ = load_model(folder)
    assert type(again) is type(model) and again.config == model.config
    assert all(np.array_equal(a.data, b.data) for a, b in zip(again.parameters(), model.parameters(), strict=True))


def test_shards_of_the_usual_library_open_here(folder, tmp_path):
    pytest.importorskip("torch", reason="the library runs on it")
    transformers = pytest.importorskip("transformers", reason="the outside oracle for published layouts")
    theirs = transformers.BertForPreTraining.from_pretrained(folder)
    theirs.save_pretrained(tmp_path / "theirs", max_shard_size="2KB")
    assert len(list((tmp_path / "theirs").glob("*.safetensors"))) > 2
    ours, again = load_model(folder)[0], load_model(tmp_path / "theirs")[0]
    assert all(np.array_equal(a.data, b.data) for a, b in zip(again.parameters(), ours.parameters(), strict=True))


def test_one_file_beside_an_index_is_the_one_that_counts(model, folder):
    save_model(folder, small.bert(dtype=np.float32, spread=False), overwrite=True)
    assert not (folder / INDEX).exists()
    assert not np.array_equal(load_model(folder)[0].bert.norm.bias.data, model.bert.norm.bias.data)


def test_shards_are_a_model_that_is_not_overwritten_silently(model, folder):
    (folder / "config.json").unlink()
    with pytest.raises(CheckpointError, match=f"holds a model already .{INDEX}.*overwrite"):
        save_model(folder, model)


def test_a_missing_shard_is_named(folder):
    (folder / SECOND).unlink()
    said = complaint(folder)
    assert f"{SECOND} is missing; 23 tensors are in it" in said and str(folder) in said and PROBE not in said


def test_a_tensor_that_is_in_no_shard_is_named(folder):
    change_index(folder, lambda where: where.update({"bert.extra": FIRST}))
    assert f"bert.extra is not in {FIRST}, but in no shard" in complaint(folder)


def test_a_wrong_shard_in_the_index_is_named_with_the_right_one(folder):
    change_index(folder, lambda where: where.update({PROBE: SECOND}))
    assert f"{PROBE} is not in {SECOND}, but in {FIRST}" in complaint(folder)


def test_a_tensor_that_the_index_forgets_is_named(folder):
    change_index(folder, lambda where: where.pop(PROBE))
    assert f"{PROBE} is in {FIRST}, but not in the index" in complaint(folder)


def test_a_tensor_in_two_shards_is_named(folder):
    write_arrays(folder / SECOND, {**read_shard(folder / SECOND), PROBE: np.zeros((8, 12), np.float32)})
    assert f"{PROBE} is in {FIRST} and also in {SECOND}" in complaint(folder)


def read_shard(path):
    from safetensors.numpy import load_file
    return load_file(path)


def test_everything_wrong_is_said_at_once(folder):
    change_index(folder, lambda where: (where.pop(PROBE), where.update({"bert.extra": "gone.safetensors"})))
    said = complaint(folder)
    assert "gone.safetensors is missing; 1 tensors" in said and f"{PROBE} is in {FIRST}" in said


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"weight_map": []}', '{"weight_map": {"a": 3}}', "[" * 100_000,
                                  '{"weight_map": {"a": "../model.safetensors"}}', '{"weight_map": {"a": ""}}',
                                  json.dumps({"weight_map": {"a": 300 * "x"}}), '{"weight_map": {"a": "x\\u0000"}}'])
def test_an_index_that_makes_no_sense_is_named(folder, text):
    (folder / INDEX).write_text(text)
    with pytest.raises(CheckpointError, match=f"{INDEX} cannot be read"):
        read_weights(folder)


def test_a_damaged_shard_is_named(folder):
    (folder / SECOND).write_bytes((folder / SECOND).read_bytes()[:-5])
    assert f"{SECOND} cannot be read as safetensors" in complaint(folder)


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_half_precision_is_read_as_the_numbers_it_stands_for(tmp_path, name):
    torch = pytest.importorskip("torch", reason="NumPy writes no bfloat16")
    from safetensors.torch import save_file
    numbers = torch.randn(3, 5, generator=torch.Generator().manual_seed(0)) * 100
    half = {"a": numbers.to(getattr(torch, name)), "b": numbers, "c": torch.arange(4), "d": torch.tensor(1.5)}
    save_file(half, tmp_path / WEIGHTS)
    found = read_weights(tmp_path)
    assert found.keys() == half.keys() and found["d"].shape == ()
    for key, array in found.items():
        assert np.array_equal(array, half[key].to(torch.float64).numpy()), key
