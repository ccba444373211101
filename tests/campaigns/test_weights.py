"""No damage to a file of weights crashes anything, and none is loaded as other numbers than the file holds."""

import json
import random
import shutil

import numpy as np
import pytest
import small

from campaigns.mutants import changed, damaged, refusal
from tinyformer.errors import CheckpointError, NumericError
from tinyformer.hub import tensor_names
from tinyformer.train import durable, load_model, save_model
from tinyformer.train.weights import INDEX, WEIGHTS, write_arrays

NAMES = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
TYPES = ("F64", "F16", "BF16", "I32", "U32", "I64", "U8", "BOOL", "F8_E4M3", "C64")
SHARD = "model-0000{}-of-00002.safetensors"
KINDS = {"gpt": small.gpt, "bert": small.bert, "seq2seq": small.seq2seq}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The folder of a small model of each kind, whole, and without a manifest, in one file and in two."""
    folder = tmp_path_factory.mktemp("weights")
    for kind, make in KINDS.items():
        model = make(dtype=np.float32)
        save_model(folder / kind, model)
        for way in ("one", "two"):
            shutil.copytree(folder / kind, folder / f"{kind}-{way}")
            (folder / f"{kind}-{way}" / durable.MANIFEST).unlink()
        arrays, two = tensor_names.to_published(model), folder / f"{kind}-two"
        where = {name: SHARD.format(1 + number % 2) for number, name in enumerate(arrays)}
        for shard in {*where.values()}:
            write_arrays(two / shard, {name: array for name, array in arrays.items() if where[name] == shard})
        (two / INDEX).write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": where}))
        (two / WEIGHTS).unlink()
    return folder


def other_weights(data: bytes, draw: random.Random) -> bytes:
    """A safetensors file with a fault in its bytes, or with another header that is well formed."""
    if draw.random() < 0.4:
        return damaged(data, draw)
    length = int.from_bytes(data[:8], "little")
    header, rest = json.loads(data[8:8 + length]), data[8 + length:]
    if draw.random() < 0.5:
        header = changed(header, draw)
    else:
        name = draw.choice([name for name in header if name != "__metadata__"])
        entry, other = header[name], header[draw.choice(list(header))]
        match draw.randrange(4):
            case 0:
                entry["dtype"] = draw.choice(TYPES)
            case 1:
                shape = entry["shape"]
                entry["shape"] = draw.choice(([], [0], [1, *shape], shape[::-1], [-1, -1], [2**62, 4]))
            case 2:
                entry["data_offsets"] = other.get("data_offsets", [0, 0])
            case _:
                rest = bytearray(rest)
                begin = 4 * draw.randrange(len(rest) // 4)
                rest[begin:begin + 4] = np.array(draw.choice((np.nan, np.inf, -np.inf)), "<f4").tobytes()
    text = json.dumps(header).encode()
    return (len(text) + draw.choice((0, 0, 0, 0, 1, -1, 2**63))).to_bytes(8, "little") + text + bytes(rest)


def held(path) -> dict[str, np.ndarray]:
    """What a safetensors file says of itself, read here without the library."""
    data = path.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    arrays = {}
    for name, entry in json.loads(data[8:begin]).items():
        if name != "__metadata__":
            first, last = (begin + place for place in entry["data_offsets"])
            if entry["dtype"] == "BF16":
                array = (np.frombuffer(data[first:last], "<u2").astype(np.uint32) << 16).view(np.float32)
            elif entry["dtype"] in NAMES:
                array = np.frombuffer(data[first:last], NAMES[entry["dtype"]])
            else:
                continue                                       # whole numbers are no weights
            arrays[name] = array.reshape(entry["shape"])
    return arrays


def test_what_is_loaded_is_what_the_file_holds(folders, tmp_path, campaign):
    loaded, refused = 0, 0
    for which, draw in campaign.trials(short=400):
        kind, way = draw.choice(list(KINDS)), draw.choice(("", "-one", "-one", "-two"))
        folder = tmp_path / "model"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(folders / f"{kind}{way}", folder)
        path = draw.choice([path for path in sorted(folder.glob("*.safetensors*"))])
        before = path.read_bytes()
        if path.name == INDEX:
            path.write_text(json.dumps(changed(json.loads(before), draw)))
        else:
            path.write_bytes(other_weights(before, draw))
        filled = KINDS[kind](dtype=np.float32, spread=False) if draw.random() < 0.3 else None
        kept = None if filled is None else [p.data.copy() for p in filled.parameters()]
        found, error = refusal(which, (CheckpointError,), load_model, folder, filled)
        if error is not None:
            refused += 1
            assert kept is None or all(np.array_equal(p.data, array) for p, array in zip(
                filled.parameters(), kept, strict=True)), f"{which}: refused, and the model was changed"
            assert "model" in str(error), f"{which}: {error}"
            continue
        loaded += 1
        assert way or path.read_bytes() == before, f"{which}: {path.name} has changed, and the manifest says nothing"
        arrays = {name: array for one in folder.glob("*.safetensors") for name, array in held(one).items()}
        for name, array in tensor_names.to_published(found[0]).items():
            assert np.isfinite(array).all(), f"{which}: {name} is not finite"
            if name == "final_logits_bias":                    # BART's zeros, which nothing reads here
                continue
            known = name if name in arrays else name.removeprefix("transformer.")
            unread = 2 * name.endswith("embed_positions.weight")             # rows of BART's that nothing reads
            theirs = arrays.get(known)
            assert theirs is not None and np.array_equal(array[unread:], theirs[unread:]), (
                f"{which}: {name} holds other numbers")
    campaign.report(f"{loaded:,} loaded, {refused:,} refused")
    assert loaded and refused


def test_a_checkpoint_whose_state_was_changed_is_refused_or_gone_on_from(tmp_path, campaign):
    """The manifest agrees: somebody has edited the state, or another version has written it."""
    from campaigns.runs import one_step
    first = tmp_path / "first"
    one_step(first, steps=2)
    checkpoint, = first.glob("checkpoint-*2")
    state = json.loads((checkpoint / "trainer_state.json").read_text())
    refused = 0
    for which, draw in campaign.trials(short=40):
        folder = tmp_path / "run"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(first, folder)
        there = folder / checkpoint.name
        if draw.random() < 0.7:
            (there / "trainer_state.json").write_text(json.dumps(changed(state, draw)))
        else:
            path = there / draw.choice(("optimizer.safetensors", "model.safetensors"))
            path.write_bytes(other_weights(path.read_bytes(), draw))
        (there / durable.MANIFEST).unlink()
        durable.seal(there)
        _, error = refusal(which, (CheckpointError, NumericError), one_step, folder, 3, there, seconds=10)
        refused += error is not None
    campaign.report(f"{refused} refused")
