"""Does the one error say of every tensor that does not fit what is wrong with it, and which name it may stand under?"""

import numpy as np
import pytest
import small

import tinyformer
from tinyformer.errors import CheckpointError
from tinyformer.hub import tensor_names
from tinyformer.hub.misfits import lookalikes, misfits
from tinyformer.models import BertConfig, BertForPretraining, TextClassifier
from tinyformer.train.weights import read_arrays, write_arrays


def complaint(theirs, model) -> list[str]:
    """The lines of the error."""
    with pytest.raises(CheckpointError) as caught:
        tensor_names.from_published(theirs, model)
    return str(caught.value).split("\n  ")


def changed(change, model=None):
    """The lines of the error where `change` has been made to the published arrays of a model."""
    model = model or small.bert()
    theirs = tensor_names.to_published(model)
    change(theirs)
    return complaint(theirs, model)


def rename(old, new, **more):
    """A change that gives a tensor another name, and with turned=True another side up."""
    def change(theirs):
        array = theirs.pop(old)
        theirs[new] = array.T if more.get("turned") else array
    return change


def test_a_missing_tensor_is_listed_with_its_shape():
    title, line = changed(lambda theirs: theirs.pop("bert.pooler.dense.weight"))
    assert title == "1 tensors do not fit BertForPretraining"
    assert line == "missing: bert.pooler.dense.weight (8, 8)"


def test_an_unexpected_tensor_is_listed_with_its_shape():
    lines = changed(lambda theirs: theirs.update({"bert.extra": np.zeros((2, 3))}))
    assert lines[1:] == ["unexpected: bert.extra (2, 3)"]


def test_a_tensor_of_another_shape_is_listed_with_both():
    name = "bert.embeddings.word_embeddings.weight"
    assert changed(lambda theirs: theirs.update({name: np.zeros((14, 8))}))[1:] == [
        f"shape of {name}: given (14, 8), the model wants (13, 8)"]


def test_a_transposed_weight_is_recognised():
    name = "bert.encoder.layer.1.intermediate.dense.weight"
    assert changed(lambda theirs: theirs.update({name: theirs[name].T}))[1:] == [
        f"shape of {name}: given (8, 12), the model wants (12, 8); it is transposed"]
    name = "transformer.h.0.mlp.c_fc.weight"                       # theirs is turned already, so the other way round
    assert changed(lambda theirs: theirs.update({name: theirs[name].T}), small.gpt())[1:] == [
        f"shape of {name}: given (12, 8), the model wants (8, 12); it is transposed"]


def test_one_of_three_stacked_weights_is_named_alone():
    name = "bert.encoder.layer.0.attention.self.key.weight"
    assert changed(lambda theirs: theirs.update({name: np.zeros((8, 9))}))[1:] == [
        f"shape of {name}: given (8, 9), the model wants (8, 8)"]


@pytest.mark.parametrize("old, new", [
    ("cls.predictions.transform.dense.bias", "cls.prediction.transform.dense.bias"),
    ("bert.embeddings.word_embeddings.weight", "module.bert.embeddings.word_embeddings.weight"),
    ("bert.pooler.dense.weight", "bert.pool.dense.kernel"),
    ("bert.encoder.layer.1.attention.output.dense.weight", "bert.encoder.layers.1.attention.output.dense.weight"),
    ("bert.encoder.layer.0.attention.self.query.bias", "bert.encoder.layer.0.attention.q.bias"),
    ("cls.seq_relationship.weight", "cls.sequence_relationship.w")])
def test_a_name_that_looks_like_a_missing_one_is_suggested(old, new):
    shape = tensor_names.to_published(small.bert())[old].shape
    assert changed(rename(old, new))[1:] == [
        f"missing: {old} {shape}; {new} looks like it and has its shape",
        f"unexpected: {new} {shape}; see {old}, which is missing"]


def test_a_transposed_weight_under_another_name_is_recognised():
    old, new = "bert.encoder.layer.1.output.dense.weight", "bert.encoder.layer.1.output.dense.kernel"
    assert changed(rename(old, new, turned=True))[1] == (
        f"missing: {old} (8, 12); {new} looks like it and is (12, 8), its shape transposed")


def test_nearly_the_same_name_is_suggested_whatever_its_shape():
    def change(theirs):
        theirs["bert.pooler.dense.weights"] = np.zeros((3, 3))
        del theirs["bert.pooler.dense.weight"]
    assert changed(change)[1] == ("missing: bert.pooler.dense.weight (8, 8); bert.pooler.dense.weights looks like it "
                                  "and is (3, 3), though")


def test_a_name_that_looks_like_nothing_is_not_suggested():
    for line in changed(rename("bert.pooler.dense.weight", "zzz.qqq")):
        assert "looks like" not in line and "see" not in line


def test_layers_are_not_mixed_up():
    lines = changed(rename("bert.encoder.layer.0.output.dense.bias", "bert.encoder.layer.1.output.dens.bias"))
    assert not any("looks like" in line for line in lines)


def test_each_name_is_suggested_once_and_the_surest_first():
    wanted = {"a.query.weight": (4, 4), "a.query.bias": (4,), "b.query.weight": (4, 4)}
    found = lookalikes(wanted, {"a.query_weight": (4, 4), "b.query.weigth": (4, 4)})
    assert found == {"a.query.weight": "a.query_weight", "b.query.weight": "b.query.weigth"}
    assert misfits(wanted, wanted) == []


def test_everything_is_said_at_once_through_the_front_door(tmp_path):
    folder = tinyformer.save(tmp_path / "model", small.head(TextClassifier, dtype=np.float32))
    arrays = read_arrays(folder / "model.safetensors")
    arrays["classifiers.weight"] = arrays.pop("classifier.weight")
    arrays["bert.encoder.layer.0.output.dense.weight"] = arrays["bert.encoder.layer.0.output.dense.weight"].T
    del arrays["bert.embeddings.LayerNorm.weight"]
    write_arrays(folder / "model.safetensors", arrays)
    (folder / "MANIFEST.json").unlink()
    with pytest.raises(CheckpointError) as caught:
        tinyformer.load(folder)
    said = str(caught.value)
    assert said.startswith(f"{folder}: 4 tensors do not fit TextClassifier\n")
    for part in ("missing: bert.embeddings.LayerNorm.weight (8,)",
                 "classifiers.weight looks like it", "it is transposed", "unexpected: classifiers.weight"):
        assert part in said, part


def test_hundreds_of_strange_names_are_listed_in_no_time():
    """BERT-base with two words in front of every name, which is how some programs save."""
    import time
    model = BertForPretraining(BertConfig.preset("base", vocabulary=9, width=12), None)
    theirs = {f"net.model.{name}": np.zeros(array.shape) for name, array in tensor_names.to_published(model).items()}
    began = time.perf_counter()
    lines = complaint(theirs, model)[1:]
    assert len(lines) == 2 * len(theirs) > 400
    assert all("looks like it and has its shape" in line for line in lines[:len(theirs)])
    assert time.perf_counter() - began < 5
