"""Is the parameter tree read rightly from plain attributes, and is loading all or nothing?"""

import fake_device  # noqa: F401  (registers the device "fake")
import numpy as np
import pytest
import small

from tinyformer import Tensor
from tinyformer.backend import device_of
from tinyformer.errors import CheckpointError
from tinyformer.models import TokenTagger
from tinyformer.nn import Linear, Module
from tinyformer.train import AdamW


class Twig(Module):
    def __init__(self, side):
        self.weight = Tensor(np.full((side, 2), float(side)))
        self.note = "no tensor, no parameter"


class Tree(Module):
    """Parameters directly, in a module, in a list, in a dict, in a list of dicts; one of them tied."""

    def __init__(self):
        self.last_letter = Tensor(np.zeros(3))
        self.alone = Twig(1)
        self.several = [Twig(2), Twig(3)]
        self.named = {"left": Twig(4), "right": [{"deep": Twig(5)}]}
        self.tied = self.several[1].weight
        self.nothing = None
        self.ids = np.arange(4)


def test_names_come_in_the_order_of_assignment():
    assert list(Tree().named_parameters()) == [
        "last_letter", "alone.weight", "several.0.weight", "several.1.weight", "named.left.weight",
        "named.right.0.deep.weight"]


def test_a_tied_weight_counts_once_under_its_first_name():
    tree = Tree()
    assert "tied" not in tree.named_parameters()
    assert tree.count() == 3 + 2 + 4 + 6 + 8 + 10
    assert len(tree.parameters()) == len(tree.state()) == 6


def test_load_takes_back_what_state_gave():
    source, target = small.bert(), small.bert(spread=False)
    assert target.load(source.state()) is target
    batch = small.pretraining_batch()
    assert source.loss(batch).item() == target.loss(batch).item()
    source.parameters()[0].data += 1
    assert not np.array_equal(source.parameters()[0].data, target.parameters()[0].data)


def test_load_lists_everything_that_does_not_fit_and_changes_nothing():
    tree, before = Tree(), Tree().state()
    arrays = {name: np.full_like(a, 9) for name, a in tree.state().items()}
    del arrays["alone.weight"], arrays["named.left.weight"]
    arrays |= {"stranger": np.zeros(2), "tied": np.zeros((3, 2))}
    arrays["several.0.weight"] = np.zeros((2, 3))
    with pytest.raises(CheckpointError) as caught:
        tree.load(arrays)
    assert str(caught.value).splitlines() == [
        "Tree: 5 tensors do not fit",
        "  missing: alone.weight (1, 2)", "  missing: named.left.weight (4, 2)",
        "  unexpected: stranger (2,)", "  unexpected: tied (3, 2)",
        "  shape of several.0.weight: given (2, 3), wanted (2, 2)"]
    for name, array in tree.state().items():
        assert np.array_equal(array, before[name])


def test_load_keeps_the_precision_of_the_model_and_lays_numbers_out_in_order():
    layer = Linear(3, 2, np.random.default_rng(0))
    given = {"weight": np.arange(6.0).reshape(3, 2).T, "bias": np.ones(2)}
    layer.load(given)
    assert layer.weight.dtype == np.float32 and layer.weight.data.flags.c_contiguous
    assert np.array_equal(layer.weight.data, given["weight"])


def test_a_tied_weight_stays_tied_when_it_is_loaded():
    tree = Tree()
    tree.load({name: np.full_like(a, 7) for name, a in tree.state().items()})
    assert tree.tied is tree.several[1].weight and (tree.tied.data == 7).all()


def test_repr_is_a_table():
    lines = repr(Tree()).splitlines()
    assert lines[0] == "Tree"
    assert lines[1].split() == ["last_letter", "(3,)", "3"]
    assert lines[-1].split() == ["total", "33"]
    assert len({len(line) for line in lines[1:]}) == 1         # the columns stand below each other


def test_to_another_precision_moves_every_parameter_and_drops_gradients():
    model, batch = small.bert(dtype=np.float32), small.pretraining_batch()
    model.loss(batch).backward()
    tensors = model.parameters()
    assert model.to(dtype=np.float64) is model
    assert all(p.dtype == np.float64 and p.grad is None for p in model.parameters())
    assert all(a is b for a, b in zip(tensors, model.parameters(), strict=True))      # the same tensors, so ties hold
    assert model.loss(batch).dtype == np.float64


@pytest.mark.parametrize("make", [small.bert, small.gpt])
def test_float32_stays_float32(make):
    model = make(dtype=np.float32)
    batch = small.text_batch() if make is small.gpt else small.pretraining_batch()
    gradients = small.gradients(model, lambda: model.loss(batch))
    assert model.loss(batch).dtype == np.float32
    assert {g.dtype for g in gradients.values()} == {np.dtype(np.float32)}


# ---- buffers ---------------------------------------------------------------------------------------------------------


class Norm(Module):
    def __init__(self):
        self.gain = Tensor(np.ones(2))
        self.buffers = {"mean": np.zeros(2), "steps": np.array(3)}


class Stack(Module):
    """A buffer of its own, and the same norm twice."""

    def __init__(self):
        norm = Norm()
        self.layers = [norm, Norm(), norm]
        self.buffers = {"speed": np.ones(1)}


NAMES = ["speed", "layers.0.mean", "layers.0.steps", "layers.1.mean", "layers.1.steps"]


def test_buffers_have_dotted_names_and_are_no_parameters():
    stack = Stack()
    assert list(stack.named_buffers()) == NAMES
    assert list(stack.named_parameters()) == ["layers.0.gain", "layers.1.gain"] and stack.count() == 4
    assert list(AdamW(stack).memory) and {slot.name for slot in AdamW(stack).slots} == set(stack.named_parameters())
    assert list(stack.state()) == ["layers.0.gain", "layers.1.gain", *NAMES]
    assert "buffer" in repr(stack) and repr(stack).splitlines()[-1].split() == ["total", "4"]


def test_new_values_are_put_into_the_module_that_keeps_them():
    stack = Stack()
    stack.put({"layers.0.mean": np.array([1.0, 2.0]), "layers.1.steps": np.array(4)})
    assert np.array_equal(stack.layers[2].buffers["mean"], [1, 2]) and stack.layers[1].buffers["steps"] == 4
    with pytest.raises(ValueError) as caught:
        stack.put({"speed": np.ones(1, np.float32), "layers.0.mean": np.ones(3), "mean": np.ones(2)})
    assert str(caught.value).splitlines() == [
        "Stack: 3 buffers do not fit", "  there is no mean",
        "  speed: given (1,) float32 on cpu, wanted (1,) float64 on cpu",
        "  layers.0.mean: given (3,) float64 on cpu, wanted (2,) float64 on cpu"]
    assert np.array_equal(stack.layers[0].buffers["mean"], [1, 2])


def test_state_and_load_carry_buffers():
    source, target = Stack(), Stack()
    source.put({name: array + 5 for name, array in source.named_buffers().items()})
    target.load({name: array.astype(np.float32) for name, array in source.state().items()})
    assert all(np.array_equal(array, target.state()[name]) for name, array in source.state().items())
    assert target.buffers["speed"].dtype == np.float64 and target.layers[0].buffers["steps"].dtype == np.int64
    arrays = source.state()
    del arrays["layers.1.mean"]
    with pytest.raises(CheckpointError, match="missing: layers.1.mean"):
        target.load(arrays)


def test_buffers_move_with_the_model_and_whole_numbers_stay_whole():
    stack = Stack().to("fake", np.float32)
    assert {device_of(array) for array in stack.named_buffers().values()} == {"fake"}
    assert stack.buffers["speed"].dtype == np.float32 and stack.layers[0].buffers["steps"].dtype == np.int64
    assert isinstance(stack.state()["speed"], np.ndarray)
    with pytest.raises(ValueError, match="on cpu, wanted .* on fake"):
        stack.put({"speed": np.ones(1, np.float32)})


def test_a_name_for_two_things_is_refused():
    norm = Norm()
    norm.buffers["gain"] = np.ones(2)
    with pytest.raises(ValueError, match="gain names a parameter and a buffer"):
        norm.state()


def test_the_matrices_between_hidden_vectors_are_known_by_name_with_the_maps_in_each():
    """Embeddings, pooler, heads, biases and gains are none of them; a layer that all depths share counts once."""
    block = {"attend.project.weight": 3, "attend.out.weight": 1, "feed.widen.weight": 1, "feed.narrow.weight": 1}
    cross = {"cross.query.weight": 1, "cross.project.weight": 2, "cross.out.weight": 1}

    def layers(path, numbers, names):
        return {f"{path}{number}.{name}": maps for number in numbers for name, maps in names.items()}
    assert small.gpt().hidden_matrices() == layers("layers.", (0, 1), block)
    assert small.bert(shared=True, factor=4).hidden_matrices() == layers("bert.layers.", (0,), block)
    assert small.head(TokenTagger).hidden_matrices() == layers("encoder.layers.", (0, 1), block)
    assert small.seq2seq().hidden_matrices() == (layers("encoder.layers.", (0, 1), block) |
                                                 layers("decoder.layers.", (0, 1), block | cross))
    assert Stack().hidden_matrices() == {}
