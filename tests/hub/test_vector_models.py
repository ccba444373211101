"""Does a model over vectors open from its folder, with nothing but the folder; and is a wrong one told apart?"""

import json

import numpy as np
import pytest
import small

from tinyformer.errors import CheckpointError
from tinyformer.models import VectorEncoder
from tinyformer.train import load_model, save_model


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_number_comes_back(tmp_path, causal, dtype):
    model, batch = small.vectors(causal=causal, dtype=dtype), small.vector_batch()
    for one, name in ((model, "whole"), (model.encoder, "encoder")):
        found, tokenizer = load_model(save_model(tmp_path / name, one))
        assert type(found) is type(one) and found.config == one.config and tokenizer is None
        assert np.array_equal(found(batch.vectors, batch.keep).data, one(batch.vectors, batch.keep).data)
    assert json.loads((tmp_path / "encoder" / "config.json").read_text())["architectures"] == ["VectorEncoder"]


@pytest.mark.parametrize("changes, message", [
    (dict(architectures=["Nobody"]), "architectures is 'Nobody'; of model_type 'vectors' it must be one of: VectorEnc"),
    (dict(architectures=None), "architectures is ''"),
    (dict(tinyformer=3), '"tinyformer" is 3; it must name sizes of a VectorEncoder: activation'),
    (dict(tinyformer={"features": 5, "wings": 2}), "it must name sizes of a VectorEncoder"),
    (dict(tinyformer={}), "features"),
    (dict(tinyformer={"features": 5, "layers": 0}), "layers is 0; it must be a whole number"),
    (dict(tinyformer={"features": 5, "layers": 500, "width": 512}), "describes a model of at least .* numbers"),
    (dict(tinyformer={"features": 6}), "tensors do not fit"),
    (dict(model_type="pictures"), "model_type is 'pictures'; it must be one of: .*, vectors")])
def test_a_folder_that_cannot_be_is_refused(tmp_path, changes, message):
    folder = save_model(tmp_path / "model", small.vectors().encoder)
    (folder / "MANIFEST.json").unlink(missing_ok=True)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))
    with pytest.raises(CheckpointError, match=message):
        load_model(folder)


def test_a_class_derived_from_one_of_them_is_its_authors_own(tmp_path):
    class Own(VectorEncoder):
        pass

    folder = save_model(tmp_path / "model", Own(small.vectors().config, np.random.default_rng(0)))
    with pytest.raises(CheckpointError, match="it holds a Own of its author's own"):
        load_model(folder)
