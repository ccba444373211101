"""Does an adapter folder hold what learned and nothing else, and is it opened, refused and mended as any folder?"""

import json
import shutil

import numpy as np
import pytest

import tinyformer
from hub.adapters import KINDS, said, tuned
from tinyformer.errors import CheckpointError
from tinyformer.models import TextClassifier
from tinyformer.nn.lora import additions
from tinyformer.train.weights import read_arrays, write_arrays


@pytest.mark.parametrize("family, kind", KINDS)
def test_there_and_back(family, kind, tmp_path):
    """Apart, and merged by saving it without a base; both say what the model says that learned."""
    base, model = tuned(family, kind, tmp_path)
    apart = tinyformer.save(tmp_path / "apart", model)
    assert {path.name for path in apart.iterdir()} == {"adapter_config.json", "adapter_model.safetensors",
                                                       "config.json", "MANIFEST.json"}
    learned = sum(p.size for p in model.parameters() if p.requires_grad)
    assert sum(array.size for array in read_arrays(apart / "adapter_model.safetensors").values()) == learned
    del model.base_folder
    whole = tinyformer.save(tmp_path / "whole", model)
    assert not (whole / "adapter_config.json").exists()
    for folder in (apart, whole):
        opened, _ = tinyformer.load(folder)
        assert type(opened) is type(model) and not additions(opened)
        assert getattr(opened, "labels", ()) == getattr(model, "labels", ())
        assert np.abs(said(opened) - said(model)).max() < 1e-5
    tinyformer.save(apart, opened, overwrite=True)
    assert not (apart / "adapter_config.json").exists(), "a whole model has taken the adapter's place"


def test_a_base_that_moved(tmp_path, monkeypatch):
    base, model = tuned("Bert", TextClassifier, tmp_path)
    model.base_folder = "../base"                              # seen from the adapter
    apart = tinyformer.save(tmp_path / "apart", model)
    monkeypatch.chdir("/")
    assert np.abs(said(tinyformer.load(apart)[0]) - said(model)).max() < 1e-5
    shutil.move(base, tmp_path / "elsewhere")
    with pytest.raises(CheckpointError, match="tuned from ../base, and there is no such folder; put that model there"):
        tinyformer.load(apart)


def changed(folder, **keys):
    """The folder with other values in adapter_config.json."""
    path = folder / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **keys}))
    (folder / "MANIFEST.json").unlink(missing_ok=True)
    return folder


@pytest.mark.parametrize("keys, message", [
    ({"peft_type": "IA3"}, "peft_type is 'IA3'"), ({"use_dora": True}, "use_dora is True"),
    ({"bias": "all"}, "bias is 'all'"), ({"init_lora_weights": "pissa"}, "init_lora_weights is 'pissa'"),
    ({"r": 0}, "r is 0; it must be a number above 0"), ({"lora_alpha": None}, "lora_alpha is None"),
    ({"r": 3}, r"lora_A is \(2, 8\) and lora_B \(8, 2\).*at rank 3"),
    ({"rank_pattern": {"(a+)+": 2}}, "no regular expressions"), ({"alpha_pattern": 3}, "alpha_pattern is 3"),
    ({"base_model_name_or_path": None}, "the folder of the model that was tuned")])
def test_what_a_config_may_not_say(keys, message, tmp_path):
    _, model = tuned("Bert", TextClassifier, tmp_path)
    apart = changed(tinyformer.save(tmp_path / "apart", model), **keys)
    with pytest.raises(CheckpointError, match=message) as error:
        tinyformer.load(apart)
    assert str(apart) in str(error.value)


def test_another_base(tmp_path):
    """Of other shapes, of another kind, and one that is an adapter itself."""
    _, model = tuned("Bert", TextClassifier, tmp_path)
    apart = tinyformer.save(tmp_path / "apart", model)
    from hub.adapters import BASES
    for name, other in {"wider": BASES["Bert"](width=12, dtype=np.float32),
                        "another": BASES["GPT2"](dtype=np.float32)}.items():
        there = tinyformer.save(tmp_path / name, other)
        with pytest.raises(CheckpointError, match="the adapter does not fit its base.*is it another one's"):
            tinyformer.load(changed(apart, base_model_name_or_path=str(there)))
    again = shutil.copytree(apart, tmp_path / "again")
    with pytest.raises(CheckpointError, match="is an adapter itself; save that one as a whole first"):
        tinyformer.load(changed(apart, base_model_name_or_path=str(again)))


def test_tensors_that_do_not_belong(tmp_path):
    _, model = tuned("Bert", TextClassifier, tmp_path)
    apart = tinyformer.save(tmp_path / "apart", model)
    (apart / "MANIFEST.json").unlink()
    arrays = read_arrays(apart / "adapter_model.safetensors")
    lone = next(name for name in arrays if name.endswith("query.lora_A.weight"))
    for more, message in [({"base_model.model.bert.layers.7.magnitude": np.ones(3, np.float32)}, "has no place in it"),
                          ({lone: None}, "lora_B.weight alone"),
                          ({lone: np.full((2, 8), np.nan, np.float32)}, "not finite")]:
        write_arrays(apart / "adapter_model.safetensors",
                     {name: array for name, array in {**arrays, **more}.items() if array is not None})
        with pytest.raises(CheckpointError, match=message):
            tinyformer.load(apart)
