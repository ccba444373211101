"""Does a folder hold exactly the numbers that were saved, and is damage always noticed?"""

import json
import os
import shutil

import numpy as np
import pytest
import small

import tinyformer
from tinyformer.errors import CheckpointError, NumericError
from tinyformer.nn import Linear
from tinyformer.places import NoRoom
from tinyformer.text import CharTokenizer
from tinyformer.train import checkpoints, durable, load_model, save_model
from tinyformer.train.optimizers import AdamW


@pytest.fixture
def model():
    return small.gpt(dtype=np.float32)


def state_of(step):
    return {"step": step, "tokens": 10 * step, "seconds": 0.5, **dict.fromkeys(("settings", "model", "facts",
                                                                                "environment"), {})}


def same(a, b):
    return all(np.array_equal(x.data, y.data) for x, y in zip(a.parameters(), b.parameters(), strict=True))


def test_arrays_in_any_layout_come_back_equal(tmp_path):
    a = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    arrays = {"plain": a, "transposed": a.T, "fortran": np.asfortranarray(a), "strided": a[::2, ::3],
              "backwards": a[::-1, ::-1], "broadcast": np.broadcast_to(a[0], (3, 6)), "number": np.array(2.5),
              "empty": np.zeros((0, 3)), "whole": np.arange(5), "swapped": a.reshape(2, 3, 4).swapaxes(0, 2)}
    checkpoints.write_arrays(tmp_path / "a.safetensors", arrays)
    back = checkpoints.read_arrays(tmp_path / "a.safetensors")
    assert back.keys() == arrays.keys()
    for name, array in arrays.items():
        assert back[name].shape == array.shape and back[name].dtype == array.dtype, name
        assert np.array_equal(back[name], array), name


def test_a_tokenizer_travels_with_its_model(model, tmp_path):
    tokenizer = CharTokenizer.train(["abcdefghijkl"])
    _, again = load_model(save_model(tmp_path / "m", model, tokenizer))
    assert again.tokens == tokenizer.tokens


def test_nothing_is_overwritten_silently(model, tmp_path):
    folder = save_model(tmp_path / "m", model)
    other = small.gpt(dtype=np.float32, spread=False)
    with pytest.raises(CheckpointError, match="holds a model already.*overwrite"):
        save_model(folder, other)
    assert same(load_model(folder)[0], model)
    save_model(folder, other, overwrite=True)
    assert same(load_model(folder)[0], other)
    (tmp_path / "file").write_text("x")
    with pytest.raises(CheckpointError, match="is a file"):
        save_model(tmp_path / "file", model)


def test_overwriting_leaves_no_vocabulary_of_another_kind(model, tmp_path):
    folder = save_model(tmp_path / "m", model, CharTokenizer.train(["abc"]))
    save_model(folder, model, overwrite=True)
    assert load_model(folder)[1] is None


def test_a_failed_save_leaves_no_trace(model, tmp_path):
    class Failing:
        def save(self, folder):
            raise OSError("the disk is full")
    with pytest.raises(OSError):
        save_model(tmp_path / "m", model, Failing())
    assert list(tmp_path.iterdir()) == []


def damage(path, how):
    data = bytearray(path.read_bytes())
    if how == "bit":
        data[-9] ^= 4
    elif how == "cut":
        del data[-5:]
    elif how == "longer":
        data += b"x"
    path.write_bytes(b"" if how == "empty" else bytes(data))
    if how == "gone":
        path.unlink()


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "vocab.json"])
@pytest.mark.parametrize("how", ["bit", "cut", "longer", "empty", "gone"])
def test_every_damage_is_noticed_and_named(model, tmp_path, name, how):
    folder = save_model(tmp_path / "m", model, CharTokenizer(list("abcdefghijklm")))
    damage(folder / name, how)
    with pytest.raises(CheckpointError, match=name):
        load_model(folder)


def test_without_a_manifest_the_file_itself_is_held_to_its_header(model, tmp_path):
    folder = save_model(tmp_path / "m", model)
    (folder / durable.MANIFEST).unlink()                       # as the folders of the model hub
    assert same(load_model(folder)[0], model)
    damage(folder / "model.safetensors", "cut")
    with pytest.raises(CheckpointError, match="cannot be read as safetensors"):
        load_model(folder)


def test_a_folder_without_a_model_says_so(model, tmp_path):
    with pytest.raises(CheckpointError, match="config.json is missing"):
        load_model(tmp_path)
    checkpoints.save_checkpoint(tmp_path, model, AdamW(model), state_of(7))
    with pytest.raises(CheckpointError, match="checkpoint-00000007"):
        load_model(tmp_path)
    assert same(load_model(tmp_path / "checkpoint-00000007")[0], model)


def test_the_newest_is_newest_by_step_and_the_oldest_go(model, tmp_path):
    optimizer = AdamW(model)
    for step in (5, 99_999_999, 999, 100_000_000):
        checkpoints.save_checkpoint(tmp_path, model, optimizer, state_of(step), keep=3)
    steps = [int(path.name.removeprefix("checkpoint-")) for path in checkpoints.checkpoints(tmp_path)]
    assert steps == [999, 99_999_999, 100_000_000]
    assert checkpoints.newest(tmp_path)[0].name == "checkpoint-100000000"
    assert not list(tmp_path.glob(f"{durable.TEMPORARY}*"))


def test_a_damaged_checkpoint_is_passed_over_and_never_loaded(model, tmp_path):
    optimizer = AdamW(model)
    for step in (10, 20, 30):
        checkpoints.save_checkpoint(tmp_path, model, optimizer, state_of(step), keep=3)
    damage(tmp_path / "checkpoint-00000030" / "optimizer.safetensors", "bit")
    (tmp_path / "checkpoint-00000020" / durable.MANIFEST).unlink()
    path, skipped = checkpoints.newest(tmp_path)
    assert path.name == "checkpoint-00000010"
    assert "optimizer.safetensors has another SHA-256" in skipped[0] and "MANIFEST.json is missing" in skipped[1]
    with pytest.raises(CheckpointError, match="optimizer.safetensors"):
        checkpoints.load_checkpoint(tmp_path / "checkpoint-00000030", model, optimizer)


def test_a_checkpoint_of_another_model_changes_nothing(model, tmp_path):
    other = small.gpt(dtype=np.float32, width=4)
    path = checkpoints.save_checkpoint(tmp_path, other, AdamW(other), state_of(1))
    optimizer, before = AdamW(model), {name: array.copy() for name, array in model.state().items()}
    with pytest.raises(CheckpointError, match="given .* the model wants"):
        checkpoints.load_checkpoint(path, model, optimizer)
    assert all(np.array_equal(array, before[name]) for name, array in model.state().items())


def forged(path, name, change):
    """The checkpoint with another file of this name, and a manifest that agrees."""
    change(path / name)
    (path / durable.MANIFEST).unlink()
    durable.seal(path)
    return path


@pytest.mark.parametrize("key, value, rule", [
    ("format", 2, "reads format 1"), ("step", 1.0, "a whole number"), ("step", True, "a whole number"),
    ("step", 2, "must be 1, as the folder is called"), ("tokens", -1, "a whole number of at least 0"),
    ("workers", 0, "a whole number of at least 1"), ("seconds", "x", "a finite number"), ("settings", [], "an object"),
    ("data", "x", "an object"), ("environment", None, "an object"), ("seconds", float("inf"), "a finite number")])
def test_a_state_that_no_run_has_written_is_named(model, tmp_path, key, value, rule):
    optimizer = AdamW(model)
    path = checkpoints.save_checkpoint(tmp_path, model, optimizer, state_of(1))
    assert checkpoints.load_checkpoint(path, model, optimizer)["step"] == 1
    text = json.dumps({"format": 1, **state_of(1), key: value})
    with pytest.raises(CheckpointError, match=f"trainer_state.json: {key} is .*{rule}"):
        checkpoints.load_checkpoint(forged(path, "trainer_state.json", lambda file: file.write_text(text)), model,
                                    optimizer)


@pytest.mark.parametrize("numbers, rule", [([np.nan, 1], "not finite"), ([np.inf, 1], "not finite"),
                                           ([1, 2], "of type int64")])
def test_moments_that_no_training_has_led_to_are_named(model, tmp_path, numbers, rule):
    optimizer = AdamW(model)
    path = checkpoints.save_checkpoint(tmp_path, model, optimizer, state_of(1))

    def change(file):
        arrays = checkpoints.read_arrays(file)
        name = next(name for name in arrays if name != "steps")
        checkpoints.write_arrays(file, {**arrays, name: np.resize(numbers, arrays[name].shape)})
    with pytest.raises(CheckpointError, match=f"optimizer.safetensors: .* {rule}"):
        checkpoints.load_checkpoint(forged(path, "optimizer.safetensors", change), model, optimizer)


def test_a_checkpoint_that_exists_is_not_replaced_unless_it_is_damaged(model, tmp_path):
    optimizer = AdamW(model)
    path = checkpoints.save_checkpoint(tmp_path, model, optimizer, state_of(1))
    with pytest.raises(CheckpointError, match="exists already"):
        checkpoints.save_checkpoint(tmp_path, model, optimizer, state_of(1))
    damage(path / "config.json", "cut")
    checkpoints.save_checkpoint(tmp_path, model, optimizer, state_of(1))
    assert not durable.faults(path)
    assert [p.name for p in tmp_path.glob("damaged-*")], "the damaged one is kept, out of the way"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 1}', '{"format": 2, "files": {}}',
                                  '{"format": 1, "files": {"config.json": 3}}',
                                  '{"format": 1, "files": {"../x": {"bytes": 1, "sha256": ""}}}', "[" * 100_000])
def test_a_manifest_that_makes_no_sense_is_a_fault_and_no_crash(model, tmp_path, text):
    folder = save_model(tmp_path / "m", model)
    (folder / durable.MANIFEST).write_text(text)
    assert durable.faults(folder)


def test_unfinished_folders_are_swept_away(tmp_path):
    (tmp_path / f"{durable.TEMPORARY}checkpoint-00000001-abc").mkdir()
    (tmp_path / f"{durable.TEMPORARY}log.csv").touch()
    (tmp_path / "mine").mkdir()
    durable.sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_json_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "state.json"
    durable.write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="state.json: b"):
        durable.write_json(path, {"b": float("nan")})
    assert json.loads(path.read_text()) == {"a": 1}
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize("first, kind", [
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer"),
    (b"PK\x03\x04 and more", "a zip archive"),
    (b"\x80\x04\x95 and more", "a pickle"), (b"\n<!DOCTYPE html><html>", "an HTML or XML page")])
def test_another_kind_of_file_is_named(model, tmp_path, first, kind):
    folder = save_model(tmp_path / "m", model)
    (folder / "MANIFEST.json").unlink()
    (folder / "model.safetensors").write_bytes(first)
    with pytest.raises(CheckpointError, match=f"model.safetensors is {kind}.*{len(first)} bytes"):
        load_model(folder)


@pytest.mark.skipif(os.name != "posix", reason="rights as in POSIX")
def test_whoever_may_read_the_config_may_read_the_weights(model, tmp_path):
    folder = save_model(tmp_path / "m", model)
    assert (folder / "model.safetensors").stat().st_mode == (folder / "config.json").stat().st_mode


@pytest.mark.skipif(os.name != "posix", reason="limits as in POSIX")
def test_a_disk_that_is_full_is_said_and_leaves_nothing(model, tmp_path):
    import resource
    save_model(tmp_path / "old", model)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        with pytest.raises(NoRoom, match=f"{tmp_path}: model.safetensors cannot be written .*too large.*make room"):
            save_model(tmp_path / "new", model)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    load_model(tmp_path / "old")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a full device as Linux has it")
def test_a_vocabulary_for_which_there_is_no_room_is_said(model, tmp_path):
    class Large:
        def save(self, folder):
            with open("/dev/full", "wb", buffering=0) as file:
                file.write(b"a")
    save_model(tmp_path / "old", model)
    for name, more in (("new", {}), ("old", {"overwrite": True})):
        with pytest.raises(NoRoom, match=f"{name}: cannot be written .No space left.*it takes [0-9,]+ bytes"):
            save_model(tmp_path / name, model, Large(), **more)
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    load_model(tmp_path / "old")


def test_what_is_not_finite_is_neither_saved_nor_opened(model, tmp_path):
    folder = save_model(tmp_path / "m", model)
    name, p = next(iter(model.named_parameters().items()))
    before = p.data.copy()
    for value in (np.nan, np.inf):
        p.data[0, 0] = value
        with pytest.raises(NumericError, match=f"new: {name} is not finite, .* not saved"):
            save_model(tmp_path / "new", model)
        with pytest.raises(NumericError):
            save_model(folder, model, overwrite=True)
        assert not (tmp_path / "new").exists()
        arrays = checkpoints.read_arrays(folder / "model.safetensors")
        arrays[next(iter(arrays))].flat[0] = value
        shutil.copytree(folder, tmp_path / f"{value}")
        (tmp_path / f"{value}" / "MANIFEST.json").unlink()
        checkpoints.write_arrays(tmp_path / f"{value}" / "model.safetensors", arrays)
        with pytest.raises(CheckpointError, match="not finite"):
            load_model(tmp_path / f"{value}")
    p.data[...] = before
    assert same(load_model(folder)[0], model)


def test_what_is_no_folder_and_what_is_no_model_are_told(tmp_path):
    with pytest.raises(CheckpointError, match="no-such-folder: no such folder; give the folder of a model"):
        tinyformer.load(tmp_path / "no-such-folder")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(CheckpointError, match="file: is a file; give the folder of a model"):
        tinyformer.load(tmp_path / "file")
    layer = Linear(3, 4, np.random.default_rng(0))
    for folder, model in ((layer, tmp_path / "swapped"), (tmp_path / "dict", layer.state()), (tmp_path / "x", 1)):
        with pytest.raises(TypeError, match="the folder comes first, and the model, which derives from nn.Module"):
            tinyformer.save(folder, model)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_module_of_ones_own_is_saved_and_filled_again(tmp_path):
    layer = Linear(3, 4, np.random.default_rng(0))
    tinyformer.save(tmp_path / "mine", layer)
    filled, tokenizer = tinyformer.load(tmp_path / "mine", Linear(3, 4, None))
    assert np.array_equal(filled.weight.data, layer.weight.data) and tokenizer is None
    with pytest.raises(CheckpointError, match=r"build one, and give it: load\(folder, model\)"):
        tinyformer.load(tmp_path / "mine")
