"""Does a tensor answer as people from NumPy and PyTorch expect, and say what to write where it does not?"""

import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from fake_device import FakeArray, asarray
from walk import close, cotangent

import tinyformer
from tinyformer import elsewhere, ops
from tinyformer.engine import Tensor

X = np.array([[1.0, -2.0, 3.0], [0.5, 3.0, -1.0]])
x = Tensor(X)
MASK = np.array([[True, False, True], [True, True, False]])


# Plain arrays and numbers


@pytest.mark.parametrize("f", [
    lambda x: x > 0, lambda x: x >= 1, lambda x: x < X[0], lambda x: x <= 3, lambda x: x == 3, lambda x: x != 3,
    lambda x: X[0] > x, lambda x: 0 < x, lambda x: np.float64(1) >= x, lambda x: x == [1, -2, 3], lambda x: X == x,
    lambda x: x.argmax(), lambda x: x.argmax(1), lambda x: x.argmin(axis=0), lambda x: x.argmax(1, keepdims=True),
])
def test_comparing_and_places_are_plain_and_numpys(f):
    ours, theirs = f(x), f(X)
    assert not isinstance(ours, Tensor) and np.asarray(ours).dtype == np.asarray(theirs).dtype
    assert np.array_equal(ours, theirs)


def test_a_comparison_takes_the_real_branch_under_a_complex_step():
    assert (Tensor(X + 1e-30j) > 0).tolist() == (X > 0).tolist()
    assert (Tensor(np.array([0 - 1j, 1 + 5j])) == np.array([0, 1])).all()
    assert Tensor(X + 1e-30j).argmax() == X.argmax()


def test_a_comparison_on_a_device_stays_there():
    assert type(x.to("fake") > 0) is FakeArray and type(x.to("fake").argmin(1)) is FakeArray


def test_a_tensor_is_a_key_and_equals_no_text():
    y = Tensor(X)
    assert {x: 1}[x] == 1 and y not in {x} and not x == "text" and x != None  # noqa: E711
    assert all(p is q for p, q in zip([x], [x], strict=True)) and x in [x]


def test_numbers_come_out():
    loss = Tensor(1.23456)
    assert f"{loss:.4f} {loss:8.2e}" == "1.2346 1.23e+00" and f"{x}" == str(x)
    assert int(Tensor(2.7)) == 2 and round(loss, 2) == 1.23 and bool(loss)
    assert float(loss) == loss.item() == loss.tolist() == 1.23456
    assert x.tolist() == X.tolist() and (x.numpy() == X).all() and type(x.to("fake").numpy()) is np.ndarray
    for f in (float, int, bool, "{:.3f}".format, Tensor.item):
        with pytest.raises(ValueError, match=r"a Tensor of shape \(2, 3\) is not one number; take one, x\[0\]"):
            f(x)


# Beside a tensor


BESIDE = [
    lambda x: x / MASK.sum(), lambda x: x * MASK, lambda x: x + np.arange(3), lambda x: MASK * x, lambda x: 1 - x,
    lambda x: np.arange(1, 4) / (x + 9), lambda x: np.int64(3) - x, lambda x: x ** np.array([2, 3, 1]),
    lambda x: np.arange(1, 4) ** x, lambda x: x @ np.arange(3), lambda x: np.int32(2) * x, lambda x: x ** np.int64(2),
    lambda x: np.float64(2) ** x, lambda x: abs(x), lambda x: X - x, lambda x: X[0] @ x.T, lambda x: x[0] @ x[1],
    lambda x: x.reshape(2, 3, 1) @ np.ones(1), lambda x: np.ones((4, 2)) @ x, lambda x: np.ones((5, 4, 2)) @ x,
]
MIXES = ("X", "ones")                                          # float64 beside float32, which is refused


@pytest.mark.parametrize("f, dtype", [(f, dtype) for f in BESIDE for dtype in (np.float64, np.float32)
                                      if dtype == np.float64 or not {*MIXES} & {*f.__code__.co_names}])
def test_whole_numbers_masks_and_vectors_stand_beside_a_tensor(f, dtype):
    leaf = Tensor(X.astype(dtype))
    out = f(leaf)
    assert type(out) is Tensor and out.dtype == dtype
    close(out.data, f(X), 1e-12 if dtype == np.float64 else 1e-5)
    out.backward(cotangent(out.shape, dtype))
    assert leaf.grad.dtype == dtype


def test_whole_numbers_on_a_device_come_along():
    there = x.to("fake")
    close((there / asarray(MASK).sum()).numpy(), X / 4)


def test_a_vector_beside_a_product_gets_its_gradient():
    a, b = Tensor(X), Tensor(np.array([1.0, 2.0, 3.0]))
    (a @ b).backward(g := cotangent((2,)))
    close(a.grad, np.outer(g, b.data))
    close(b.grad, g @ X)
    with pytest.raises(ValueError, match=r"matmul: a is \(2, 3\), b is \(2, 1\)"):
        a @ np.ones(2)


# NumPy's functions


@pytest.mark.parametrize("f, instead", [
    (lambda: np.exp(x), "np.exp would lose the gradient of a Tensor; use ops.exp"),
    (lambda: np.mean(x), "use ops.mean"), (lambda: np.sum(x, axis=0), "use ops.sum"),
    (lambda: np.abs(x), "use ops.abs"),
    (lambda: np.concatenate([x, x]), "use ops.concatenate"), (lambda: np.stack([x, x]), "use ops.stack"),
    (lambda: np.maximum(X, x), "use ops.maximum"), (lambda: np.where(MASK, x, 0), "use ops.where"),
    (lambda: np.add(x, x), r"use x \+ y"), (lambda: np.square(x), r"use x \*\* 2"),
    (lambda: np.linalg.norm(x), "ops.norm"),
    (lambda: np.isnan(x), "np.isnan: a Tensor is no array; take x.data"), (lambda: np.allclose(x, X), "take x.data"),
    (lambda: np.add.reduce(x), "use x"), (lambda: np.asarray(x), "use tinyformer.ops"),
    (lambda: np.array([x[0, 0], x[0, 1]]), "use tinyformer.ops"),
])
def test_a_function_of_numpys_is_refused_by_name(f, instead):
    with pytest.raises(TypeError, match=instead):
        f()


def test_an_array_takes_in_no_tensor_in_place():
    a = X.copy()
    with pytest.raises(TypeError, match=r"a \+= x writes into the array a.*write a = a \+ x"):
        a += x
    assert (a == X).all() and np.shape(x) == (2, 3) and np.ndim(x) == 2 and np.size(x) == 6


# Methods


@pytest.mark.parametrize("f, g", [
    (lambda x: x.min(), lambda a: a.min()), (lambda x: x.max(1), lambda a: a.max(1)),
    (lambda x: x.sum(0, True), lambda a: a.sum(0, keepdims=True)), (lambda x: x.std(), lambda a: a.std()),
    (lambda x: x.var(0, ddof=1), lambda a: a.var(0, ddof=1)), (lambda x: x.exp(), np.exp),
    (lambda x: x.tanh(), np.tanh),
    (lambda x: (x + 9).log(), lambda a: np.log(a + 9)), (lambda x: x.relu(), lambda a: np.maximum(a, 0)),
    (lambda x: x.clip(-1, 1), lambda a: a.clip(-1, 1)), (lambda x: x.clip(min=0), lambda a: a.clip(0)),
    (lambda x: x.flatten(), lambda a: a.flatten()), (lambda x: x.view(3, -1), lambda a: a.reshape(3, -1)),
    (lambda x: x.reshape([3, 2]), lambda a: a.reshape(3, 2)), (lambda x: x.permute(1, 0), lambda a: a.T),
    (lambda x: x.unsqueeze(0).squeeze(), lambda a: a), (lambda x: x.unsqueeze(-1).squeeze(-1), lambda a: a),
    (lambda x: x.unsqueeze(1), lambda a: a[:, None]), (lambda x: x.split(2, 1)[1], lambda a: a[:, 2:]),
    (lambda x: x.split([1, 1])[0], lambda a: a[:1]), (lambda x: x.cumsum(1), lambda a: a.cumsum(1)),
    (lambda x: x.cumsum(), lambda a: a.cumsum()), (lambda x: x.prod(0), lambda a: a.prod(0)),
    (lambda x: x.norm(), np.linalg.norm), (lambda x: x.norm(2, axis=1), lambda a: np.linalg.norm(a, axis=1)),
    (lambda x: x.broadcast_to(4, 2, 3), lambda a: np.broadcast_to(a, (4, 2, 3))), (lambda x: x.abs(), np.abs),
    (lambda x: x.softmax(0), lambda a: np.exp(a) / np.exp(a).sum(0)),
    (lambda x: ops.stack([x, x], axis=1)[:, 0], lambda a: a),
    (lambda x: ops.concatenate([x, x]), lambda a: np.concatenate([a, a])),
    (lambda x: ops.concatenate((x, X), axis=1), lambda a: np.concatenate([a, a], 1)),
    (lambda x: ops.maximum(x, 0), lambda a: np.maximum(a, 0)),
    (lambda x: ops.softmax(x), lambda a: np.exp(a) / np.exp(a).sum(-1, keepdims=True)),
])
def test_a_method_does_what_its_name_says(f, g):
    out = f(x)
    close(out.data, g(X), 1e-12)
    leaf = Tensor(X)
    f(leaf).backward(cotangent(out.shape))
    assert leaf.grad.shape == X.shape


def test_a_composed_function_is_named_where_it_does_not_fit():
    for call, message in (
            (lambda: x.squeeze(0), r"squeeze: x is \(2, 3\); axis 0 has length 2"),
            (lambda: x.unsqueeze(4), r"unsqueeze: x is \(2, 3\); axis 4 is out of bounds"),
            (lambda: x.split(0), "split: size is 0"),
            (lambda: x.split([1, 2]), "must add up to 2, the length of axis 0"),
            (lambda: x.split(1, 5), "axis 5 is out of bounds"),
            (lambda: x.flatten(1, 0), "start must not be behind end"),
            (lambda: x.norm(1), "norm: the order is 1; there is the Euclidean length alone"),
            (lambda: x.clip(), "clip: neither min nor max is given"), (lambda: x.clip(2, 1), "must not be above max"),
            (lambda: x.var(ddof=6), "var: x is .* ddof is 6"), (lambda: ops.stack(), "stack: no arrays"),
            (lambda: ops.concatenate([]), "concatenate: no arrays")):
        with pytest.raises(ValueError, match=message):
            call()
    assert Tensor(1.0).flatten().shape == (1,) and Tensor(np.ones((2, 1, 3))).squeeze((1,)).shape == (2, 3)
    assert [piece.shape for piece in Tensor(np.ones((5, 2))).split(2)] == [(2, 2), (2, 2), (1, 2)]
    assert Tensor(np.ones((2, 3, 4))).flatten(1).shape == (2, 12)


@pytest.mark.parametrize("call, message", [
    (lambda: x.sum(dim=1), "sum: dim is called axis here; its keywords are: axis=..., keepdims=..."),
    (lambda: ops.mean(x, keepdim=True), "mean: keepdim is called keepdims here"),
    (lambda: x.std(unbiased=False), "std: unbiased is called ddof here"),
    (lambda: x.exp(base=2), "exp: there is no base"),
    (lambda: ops.softmax(x, dim=1), "softmax: dim is called axis here"),
    (lambda: x.argmax(dim=1), "argmax: dim is called axis"),
    (lambda: x.flatten(start_dim=1), "flatten: start_dim is called start here"),
    (lambda: ops.concatenate([x, x], 1), "concatenate: 2 positional arguments, 1 wanted.*go by keyword: axis="),
    (lambda: tinyformer.nn.Module()(x), "Module: it defines no __call__, which is what PyTorch calls forward"),
    (lambda: x.sum(0, True, 3), "sum: 3 values; there are at most 2: axis, keepdims"),
    (lambda: x.sum(0, axis=1), "sum: axis is given twice"),
    (lambda: ops.linear(x, x), r"tinyformer.ops.linear is a module and no function; here: ops.affine\(x, weight"),
    (lambda: ops.loss(x), "is a module and no function; in it are: .*cross_entropy, mean_squared_error"),
    (lambda: x.norm(dim=1), "norm: dim is called axis here; its keywords are: order=..., axis=..., keepdims=..."),
    (lambda: tinyformer.gradcheck(x), r"here: tinyformer.gradcheck.check\(f"),
])
def test_wrong_calls_are_told_how_it_is_written(call, message):
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize("package", [tinyformer, ops, *(getattr(tinyformer, name) for name in (
    "data", "generate", "gradcheck", "models", "nn", "text", "train"))], ids=lambda package: package.__name__)
def test_no_name_that_can_be_called_is_a_file(package):
    """Whoever calls a function that a file is named after gets the function, or is told what is in the file."""
    for name in getattr(package, "__all__", ()):               # data has no names of its own
        thing = getattr(package, name)
        if isinstance(thing, type(sys)) and hasattr(thing, "__all__"):         # a package: tinyformer.train
            with pytest.raises(TypeError, match="is a module and no function"):
                thing()
    for file in Path(package.__path__[0]).glob("*.py") if package is ops else ():
        found = getattr(ops, file.stem, None)
        if isinstance(found, type(sys)):
            with pytest.raises(TypeError, match=f"ops.{file.stem} is a module and no function.*; in it are: "):
                found(x)


def test_a_file_that_was_opened_says_so_too():
    assert tinyformer.models.GPT and tinyformer.train.AdamW
    for file in (tinyformer.models.gpt, tinyformer.train.optimizers):
        with pytest.raises(TypeError, match="is a module and no function; in it are: .*(GPT|AdamW)"):
            file(x)


@pytest.mark.parametrize("ask, instead", [
    (lambda: x.cuda(), r'a Tensor has no attribute \'cuda\'; here: x.to\("cuda"\)'),
    (lambda: x.masked_fill(MASK, 0), "ops.where"), (lambda: ops.cat, "here: ops.concatenate"),
    (lambda: tinyformer.tensor, "here: tinyformer.Tensor"),
    (lambda: x.clamp(0, 1), r"here: x.clip\(min, max\)"), (lambda: tinyformer.relu, "here: tinyformer.ops.relu"),
    (lambda: tinyformer.AdamW, "here: tinyformer.train.AdamW"), (lambda: tinyformer.nn.ReLU, "ops.relu, a function"),
])
def test_names_of_elsewhere_are_told_what_they_are_here(ask, instead):
    with pytest.raises(AttributeError, match=instead):
        ask()


def test_a_name_near_a_known_one_is_suggested_by_python():
    with pytest.raises(AttributeError) as caught:
        x.reshap(2, 3)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert caught.value.name == "reshap" and caught.value.obj is x and not hasattr(x, "parameters")


def test_advice_is_given_only_for_what_is_not_there():
    """Else it would never be read, and grow old."""
    for place, owner in (("Tensor", x), ("tinyformer.ops", ops), ("tinyformer.nn", tinyformer.nn),
                         ("tinyformer", tinyformer), ("tinyformer.train", tinyformer.train),
                         ("Module", tinyformer.nn.LayerNorm(1, None))):
        assert [name for name in elsewhere.PLACES[place] if hasattr(owner, name)
                and not isinstance(getattr(owner, name), type(ops))] == []
