"""Does a guard name who wrote into what backward needs, and which op made the first NaN, and is it silent otherwise?"""

import inspect
import re
import weakref

import numpy as np
import pytest

import tinyformer
from tinyformer import Tensor, nn, ops
from tinyformer.errors import NumericError
from tinyformer.kept import bytes_kept
from tinyformer.models import GPT, GPTConfig

RNG = np.random.default_rng(0)


def here(offset: int = 0) -> str:
    """A pattern for the line of the test that asks, and those around it."""
    line = inspect.currentframe().f_back.f_lineno + offset
    return rf"test_guard\.py:{line}, "


def leaf(*shape):
    return Tensor(RNG.normal(size=shape))


def test_a_model_under_guard_computes_the_same_and_nothing_is_said():
    config = GPTConfig(vocabulary=11, layers=2, heads=2, width=8, context=6, dropout=0.1)
    model, ids = GPT(config, np.random.default_rng(0)), RNG.integers(0, 11, (2, 6))

    def gradients():
        for p in model.parameters():
            p.grad = None
        loss = ops.cross_entropy(model(ids, np.random.default_rng(1)), target=ids)
        kept = bytes_kept(loss)
        loss.backward(retain_graph=True)
        loss.backward()
        return kept, [p.grad for p in model.parameters()]

    kept, plain = gradients()
    with tinyformer.guard():
        kept_guarded, guarded = gradients()
    assert all(np.array_equal(a, b) for a, b in zip(plain, guarded, strict=True)) and kept == kept_guarded
    assert ops.exp(leaf(2)).node.backward.__name__ == "backward"                   # and afterwards nobody looks


def test_a_parameter_that_moves_before_backward_is_named_with_the_line():
    w, x = leaf(3), leaf(3)
    with tinyformer.guard():
        loss = (w * x).sum(); where = here()  # noqa: E702
    w.data -= 0.1
    with pytest.raises(ValueError, match=rf"multiply: a \(float64 \(3,\)\) is kept for backward, and has been written "
                       rf"to since forward ran; forward was called in .*{where}test_a_parameter"):
        loss.backward()
    loss = (w * x).sum()
    w.data -= 0.1                                              # without the guard: a wrong gradient, and no word
    loss.backward()
    assert np.array_equal(x.grad, w.data)


@pytest.mark.parametrize("use, spoil, name", [
    (lambda x, i: x[i], lambda i: i.__setitem__(0, 2), "getitem: index"),
    (lambda x, i: x[[0, 1]] + x[i], lambda i: i.__setitem__(0, 2), "getitem: index"),
    (lambda x, i: ops.embedding(x, ids=i), lambda i: i.__setitem__(1, 0), "embedding: picked"),
])
def test_an_index_that_changes_is_named(use, spoil, name):
    x, index = leaf(3, 2), np.array([0, 1])
    with tinyformer.guard():
        out = use(x, index).sum()
    spoil(index)
    with pytest.raises(ValueError, match=name):
        out.backward()


def test_a_list_and_a_mask_that_change_are_named():
    x, places, keep = leaf(3), [0, 1], np.array([True, False, True])
    with tinyformer.guard():
        picked, chosen = x[places].sum(), ops.where(x, x * 2, keep=keep).sum()
    places[0], keep[1] = 2, True
    with pytest.raises(ValueError, match=r"getitem: index \(list\)"):
        picked.backward()
    with pytest.raises(ValueError, match=r"where: keep \(bool \(3,\)\)"):
        chosen.backward()


def test_what_nobody_keeps_may_change():
    x = leaf(3)
    with tinyformer.guard():
        loss = (x + 1).sum()
    x.data[...] = 7
    loss.backward()
    with tinyformer.guard(changes=False):
        loss = (x * x).sum()
    x.data[...] = 8
    loss.backward()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_first_nan_names_its_op_its_line_and_what_went_in():
    x = Tensor(np.array([1.0, -2.0]))
    with tinyformer.guard(), pytest.raises(NumericError, match=r"log: 1 NaN in its result \(2,\), called in .*"
                                           rf"{here(1)}.*no input holds one: x is from -2 to 1"):
        x.log() * 3
    with tinyformer.guard(), pytest.raises(NumericError, match="multiply: 1 NaN .* it came in with an input, that no "
                                           "op made: a is from -2 to 1, b is from 1 to 1 and NaN"):
        x * np.array([1.0, np.nan])
    with tinyformer.guard(nan=False):
        assert np.isnan(x.log().data).any()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_first_nan_of_a_backward_is_named():
    x = Tensor(np.array([0.0, 1.0]))
    with tinyformer.guard():
        loss = (x.sqrt() * np.array([0.0, 1.0])).sum()         # the slope is infinite, and 0 comes in
    with pytest.raises(NumericError, match=r"sqrt: its backward made the first NaN, 1 in the gradient of input 0 "
                       r"\(2,\); the gradient that came in held none \(is from 0 to 1\)"):
        loss.backward()
    with tinyformer.guard():
        (Tensor(np.array([-2.0])) ** np.array([2.0])).backward(np.ones(1))     # the exponent's is NaN, and none asks


def test_infinities_in_a_mask_are_none_of_its_business():
    with tinyformer.guard():
        ops.masked_softmax(leaf(2, 3), keep=np.array([True, False, True])).sum().backward()
        ops.masked_softmax(np.array([-np.inf, 1.0]) + leaf(2)).sum().backward()


def test_in_a_layer_both_lines_are_told():
    layer = nn.Linear(2, 2, np.random.default_rng(0))
    with tinyformer.guard(), pytest.raises(NumericError) as caught:
        layer(np.full((1, 2), np.nan, np.float32))
    assert re.search(r"layers\.py:\d+, Linear\.__call__, called in .*test_guard\.py:\d+, test_in", str(caught.value))


def test_it_ends_after_an_error_and_leaks_nothing():
    x = leaf(3)
    with pytest.raises(ZeroDivisionError), tinyformer.guard():
        raise ZeroDivisionError
    with tinyformer.guard():
        y = x * x
    watch = weakref.ref(y)
    node = y.node.backward
    del y
    assert watch() is None and node.__name__ == "guarded"


def test_it_looks_on_a_device_too():
    import fake_device  # noqa: F401
    x = leaf(3).to("fake")
    with tinyformer.guard():
        loss = (x * x).sum()
    x.data *= 2.0
    with pytest.raises(ValueError, match="multiply: "):
        loss.backward()
