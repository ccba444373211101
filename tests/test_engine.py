"""Does the graph run backwards in the right order, once, into the right places, and let go of everything?"""

import gc
import math
import tracemalloc
import weakref

import numpy as np
import pytest
from fake_device import FakeArray
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes
from walk import cases, close, cotangent, primitives, run

from tinyformer import backend, engine, ops
from tinyformer.engine import Call, Tensor, no_grad, primitive


def leaf(*shape, seed=0):
    return Tensor(np.random.default_rng(seed).normal(size=shape))


# Order and accumulation


def test_b_runs_once_and_after_both_of_its_uses():
    """b = 2 a; c = b * b: followed edge by edge, b's backward would run twice and a would get 12, not 8."""
    ran = []

    @primitive(register=False)
    def double(xp, x):
        def backward(dout):
            ran.append(dout.item())
            return dout * 2
        return x * 2, backward

    a = Tensor(1.0)
    b = double(a)
    c = b * b
    c.backward()
    assert a.grad == 8
    assert ran == [4]


def test_a_long_way_and_a_short_way_to_the_same_input():
    x = Tensor(3.0)
    y = x * 2
    z = y + ops.exp(ops.log(y * y)) + x                        # 2x + 4x² + x
    z.backward()
    close(x.grad, 2 + 8 * 3.0 + 1)


def test_gradients_accumulate_over_passes():
    x = leaf(3)
    for times in (1, 2, 3):
        (x * x).sum().backward()
        close(x.grad, times * 2 * x.data)


def test_the_same_tensor_in_both_places():
    x = leaf(2, 2)
    ops.matmul(x, x).backward(g := cotangent((2, 2)))
    close(x.grad, g @ x.data.T + x.data.T @ g)


def test_ten_thousand_operations_deep():
    x = Tensor(1.0)
    y = x
    for _ in range(10_000):
        y = y * 1.0001
    y.backward()
    assert math.isclose(x.grad, 1.0001 ** 10_000, rel_tol=1e-10)
    del y                                                      # and freeing the chain needs no recursion either


def test_a_deep_graph_that_never_runs_backwards_is_freed_without_recursion():
    y = Tensor(1.0)
    for _ in range(100_000):
        y = -y
    del y


def test_a_thousand_additions_of_one_tensor():
    x = leaf(4)
    total = x
    for _ in range(1000):
        total = total + x
    total.backward(g := cotangent((4,)))
    close(x.grad, 1001 * g)


# What is recorded


def test_no_grad_records_nothing_and_ends_even_after_an_error():
    x = leaf(2)
    with pytest.raises(ZeroDivisionError):
        with no_grad():
            y = x * 2
            assert y.node is None and not y.requires_grad
            raise ZeroDivisionError
    assert (x * 2).node is not None
    with no_grad(), no_grad():
        pass
    assert (x * 2).node is not None
    with pytest.raises(ValueError, match="depends on nothing that requires a gradient"):
        y.sum().backward()


def test_a_frozen_tensor_gets_no_gradient_and_saves_no_node():
    frozen, x = Tensor(np.ones(3), requires_grad=False), leaf(3)
    assert (frozen * 2).node is None
    (frozen * x).sum().backward()
    assert frozen.grad is None
    close(x.grad, np.ones(3))


def test_plain_arrays_and_detached_tensors_are_constants():
    x = leaf(3)
    (x * np.arange(3.0) * x.detach()).sum().backward()
    close(x.grad, np.arange(3.0) * x.data)


def test_retain_grad_keeps_the_gradient_of_a_computed_tensor():
    x = leaf(3)
    y = (x * 2).retain_grad()
    other = x * 3
    (y * y + other).sum().backward()
    close(y.grad, 2 * y.data)
    assert other.grad is None
    assert x.retain_grad() is x


def test_a_leaf_can_be_its_own_root():
    x = leaf(3)
    x.backward(g := cotangent((3,)))
    close(x.grad, g)
    assert not np.shares_memory(x.grad, g)


# The cotangent, and passes that are refused


def test_a_scalar_needs_no_cotangent_and_anything_else_must_be_given_one():
    x = leaf(2, 3)
    x.sum().backward()
    assert (x.grad == 1).all()
    leaf(1, 1).backward()
    with pytest.raises(ValueError, match=r"backward: the tensor has shape \(2, 3\), not one number; pass a cotangent"):
        (x * 2).backward()


@pytest.mark.parametrize("cotangent, seen", [
    (np.ones(2), r"\(2,\) float64"), (np.ones((3, 1)), r"\(3, 1\) float64"),
    (np.ones(3, np.float32), r"\(3,\) float32"),
    (np.ones(3, int), r"\(3,\) int64"), ([1.0, 1.0, 1.0], "list"), (1.0, "float"),
    (FakeArray(np.ones(3)), r"\(3,\) float64"),
])
def test_a_cotangent_of_another_kind_is_refused(cotangent, seen):
    with pytest.raises(ValueError, match=f"the cotangent is .*{seen}.*; the tensor is \\(3,\\) float64"):
        (leaf(3) * 2).backward(cotangent)


def test_differentiating_twice_names_the_better_way():
    x = leaf(3)
    for how in ({"create_graph": True}, {"cotangent": Tensor(np.ones(3))}):
        with pytest.raises(ValueError, match="tinyformer.gradcheck.hvp"):
            (x * x).backward(**how)


def test_a_freed_graph_says_so_and_changes_nothing():
    x = leaf(3)
    y = ops.exp(x)
    loss = (y * y).sum()
    loss.backward()
    before = x.grad.copy()
    with pytest.raises(ValueError,
                       match="sum: backward has run through this graph already and freed it.*retain_graph=True"):
        loss.backward()
    with pytest.raises(ValueError, match="exp: backward has run through this graph already"):
        (y * 3).sum().backward()                               # a part of the graph is gone
    assert (x.grad == before).all()


def test_retain_graph_gives_the_same_gradient_again():
    for op in engine.REGISTRY.values():
        for make in op.cases.values():
            call = make(np.random.default_rng(0))
            leaves = [Tensor(a) for a in call.arrays]
            out = op(*leaves, **call.constants)
            g = cotangent(out.shape)
            out.backward(g, retain_graph=True)
            first = [x.grad.copy() for x in leaves]
            for retain in (True, False):
                for x in leaves:
                    x.grad = None
                out.backward(g, retain_graph=retain)
                assert all((x.grad == f).all() for x, f in zip(leaves, first, strict=True)), op.name


def test_an_error_on_the_way_leaves_no_half_sums_behind():
    broken = [True]

    @primitive(register=False)
    def fragile(xp, x):
        def backward(dout):
            if broken[0]:
                raise OverflowError
            return dout
        return x.copy(), backward

    x = leaf(3)
    y = x * 2
    loss = (fragile(y) + y * y).sum()
    with pytest.raises(OverflowError):
        loss.backward(retain_graph=True)
    broken[0] = False
    x.grad = None
    loss.backward()
    close(x.grad, 2 + 8 * x.data)


# Whose memory a gradient is

VIEWS = (ops.reshape, ops.transpose, ops.swapaxes)             # the result is the input's memory, seen otherwise


@pytest.mark.parametrize("op, make", cases())
def test_inputs_and_the_cotangent_stay_as_they_were(op, make):
    call = make()
    leaves = [Tensor(a.copy()) for a in call.arrays]
    out = op(*leaves, **call.constants)
    value = out.data.copy()
    g = cotangent(out.shape)
    given = g.copy()
    out.backward(g)
    for x, a in zip(leaves, call.arrays, strict=True):
        assert (x.data == a).all(), "an input has changed"
        assert not np.shares_memory(x.grad, x.data), "a gradient shares memory with its tensor"
        assert not np.shares_memory(x.grad, g), "a gradient shares memory with the cotangent"
        view = op in VIEWS or op is ops.dropout and call.constants["rng"] is None                # which changes nothing
        assert view == np.shares_memory(out.data, x.data), "the result shares memory with an input"
        assert x.grad.flags.writeable
    assert (g == given).all(), "the cotangent has changed"
    assert np.array_equal(out.data, value), "the result has changed"
    for i, x in enumerate(leaves):
        assert not any(np.shares_memory(x.grad, y.grad) for y in leaves[:i]), "two gradients share memory"


def test_gradients_of_two_leaves_never_alias_even_where_an_addition_hands_on_one_array():
    a, b, c = leaf(3), leaf(3), leaf(3)
    (a + b + (c + a)).backward(cotangent((3,)))
    for x, y in ((a, b), (a, c), (b, c)):
        assert not np.shares_memory(x.grad, y.grad)
    b.grad += 100
    close(a.grad, 2 * c.grad)


def test_a_gradient_that_is_summed_in_place_is_nobody_elses():
    x = leaf(3)
    y = (x + 0.0).retain_grad()
    z = (x + 1.0).retain_grad()
    (y + z + y).backward(g := cotangent((3,)))                 # y's sum begins with the array that z also receives
    close(z.grad, g)
    close(y.grad, 2 * g)
    close(x.grad, 3 * g)


def test_one_op_may_return_the_same_gradient_twice():
    @primitive(register=False)
    def both(xp, a, b):
        def backward(dout):
            shared = dout * 2
            return shared, shared
        return 2 * (a + b), backward

    a, b = leaf(3), leaf(3)
    both(a, b).backward(cotangent((3,)))
    both(a, b).backward(cotangent((3,)))
    assert not np.shares_memory(a.grad, b.grad)
    close(a.grad, 4 * cotangent((3,)))
    close(b.grad, a.grad)


# Memory


class Watched(np.ndarray):
    """An array that can be watched while it dies."""


def test_what_backward_does_not_need_is_freed_while_forward_runs():
    """A sum keeps nothing, so in a chain of sums every intermediate result dies as soon as its name does."""
    x = leaf(250_000)
    gc.disable()
    try:
        tracemalloc.start()
        y = x
        for _ in range(20):
            y = y + 1.0
        kept, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    finally:
        gc.enable()
    assert peak < 3.5 * x.data.nbytes, "intermediate results have been kept"
    y.sum().backward()


def test_backward_frees_the_graph_on_the_way_without_the_collector():
    """Saved arrays die during the pass, not after it: by the time the first op runs backwards, later ones are gone."""
    alive_when_reached = []
    saved = []

    class Big:
        pass

    @primitive(register=False)
    def holding(xp, x):
        big = Big()
        saved.append(weakref.ref(big))

        def backward(dout, big=big):
            alive_when_reached.append(sum(ref() is not None for ref in saved))
            return dout
        return x.copy(), backward

    gc.disable()
    try:
        y = leaf(2)
        for _ in range(5):
            y = holding(y)
        loss = y.sum()
        del y
        loss.backward()
        assert alive_when_reached == [5, 4, 3, 2, 1]
        assert not any(ref() for ref in saved)
    finally:
        gc.enable()


def test_a_result_that_is_kept_after_backward_keeps_nothing_else():
    """A list of losses must not hold the batches and weights that led to them."""
    x = leaf(3)
    loss = ops.exp(x * 2).sum()
    loss.backward()
    watch = weakref.ref(x)
    gc.disable()
    try:
        del x
        assert watch() is None
    finally:
        gc.enable()


def test_a_graph_that_is_dropped_dies_at_once():
    gc.disable()
    try:
        x = leaf(3)
        y = ops.exp(x)
        watch = weakref.ref(y)
        loss = (y * y).sum()
        node = weakref.ref(loss)
        del y, loss
        assert watch() is None and node() is None
    finally:
        gc.enable()


def test_a_hundred_steps_leak_nothing():
    weight = leaf(64, 64)

    def step():
        h = ops.layer_norm(ops.affine_gelu(np.ones((32, 64)), weight), np.ones(64), np.zeros(64))
        ops.cross_entropy(h + h, target=np.zeros(32, int)).backward()
        weight.grad = None

    gc.disable()
    try:
        for _ in range(5):
            step()
        tracemalloc.start()
        for _ in range(3):
            step()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(100):
            step()
        after = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    finally:
        gc.enable()
    assert after - before < 10_000, f"{after - before} bytes have stayed"


# What a primitive may be given


def test_what_a_tensor_may_hold():
    assert Tensor(3).dtype == Tensor([1, 2]).dtype == np.float64
    assert Tensor(np.float32(3)).dtype == np.float32
    assert Tensor(np.ones(2, np.complex128)).dtype == np.complex128
    for data in (np.arange(3), np.array([True])):
        with pytest.raises(TypeError,
                           match=f"data of type {data.dtype} has no gradient; pass ids and masks as plain arrays"):
            Tensor(data)
    with pytest.raises(TypeError, match="is a Tensor already"):
        Tensor(Tensor(1.0))


def test_operators_in_either_order_and_with_numbers():
    x, a = leaf(3), np.arange(1.0, 4.0)
    for f in (lambda x, a: a + x, lambda x, a: x + a, lambda x, a: a - x, lambda x, a: x - a, lambda x, a: a * x,
              lambda x, a: x * a, lambda x, a: a / x, lambda x, a: x / a, lambda x, a: -x, lambda x, a: x ** 2,
              lambda x, a: 2 - x, lambda x, a: 2 / x, lambda x, a: x / 2, lambda x, a: 3 * x, lambda x, a: x + 1,
              lambda x, a: np.outer(a, a) @ x.reshape(3, 1), lambda x, a: x.reshape(1, 3) @ np.outer(a, a),
              lambda x, a: np.float64(2) * x, lambda x, a: x - np.float64(2), lambda x, a: x[1], lambda x, a: x[None].T,
              lambda x, a: x.sum(), lambda x, a: x.mean(axis=0, keepdims=True), lambda x, a: x.max(),
              lambda x, a: x.reshape(3, 1).transpose(1, 0), lambda x, a: x.reshape((3, 1)).swapaxes(0, 1)):
        ours = f(x, a)
        assert type(ours) is Tensor
        close(ours.data, f(x.data, a))


@pytest.mark.parametrize("f", [
    lambda x: x + 1, lambda x: 2 - x, lambda x: x * math.sqrt(2), lambda x: 1 / x, lambda x: x / 3, lambda x: x ** -0.5,
    lambda x: x * True, lambda x: x ** 2, lambda x: x.mean(), lambda x: x + np.float32(2), lambda x: 2 ** 0.5 + x,
])
def test_python_numbers_keep_float32(f):
    x = Tensor(np.full(3, 2, np.float32))
    out = f(x)
    assert out.dtype == np.float32
    out.sum().backward()
    assert x.grad.dtype == np.float32


@pytest.mark.parametrize("op, make", cases())
def test_float32_in_float32_out(op, make):
    out, grads = run(op, make(), "cpu", np.float32)
    assert [a.dtype for a in (out, *grads)] == [np.float32] * (1 + len(grads))
    exact, exact_grads = run(op, make(), "cpu", np.float64)
    for ours, theirs in zip([out, *grads], [exact, *exact_grads], strict=True):
        assert np.linalg.norm(ours - theirs) <= 1e-5 * np.linalg.norm(theirs) + 1e-7


def test_one_tensor_takes_part_in_numpy_functions_only_by_its_data():
    x = leaf(2)
    for f in (np.exp, np.sum, np.asarray, lambda x: np.concatenate([x, x]), lambda x: np.add(x, x)):
        with pytest.raises(TypeError):
            f(x)
    with pytest.raises(TypeError, match="NumPy's functions would lose its gradient; use tinyformer.ops"):
        np.asarray(x)


def test_writing_in_place_is_refused():
    x = leaf(3)
    with pytest.raises(TypeError,
                       match="cannot be written in place, since backward may need what was there; use ops.where"):
        x[0] = 1.0
    y = x
    y += 1                                                     # a new tensor under the old name: harmless
    assert y is not x


def test_precisions_are_not_mixed_silently():
    with pytest.raises(TypeError, match="add: inputs are float32 and float64; nothing is promoted silently"):
        Tensor(np.ones(2, np.float32)) + Tensor(np.ones(2))
    with pytest.raises(TypeError, match="subtract: inputs are float32 and float64"):
        Tensor(np.ones(2)) - np.float32(2)
    assert (Tensor(np.ones(2, np.float32)) - np.float64(2)).dtype == np.float32        # a Python number, to Python
    both = leaf(2) + np.ones(2, complex)                       # the complex step mixes real and complex
    assert both.dtype == complex


@pytest.mark.parametrize("call, message", [
    (lambda: ops.embedding(np.ones((3, 2)), np.array([0])),
     r"embedding: 2 positional arguments, 1 wanted.*; constants go by keyword: ids=\.\.\."),
    (lambda: ops.cross_entropy(np.ones((3, 2)), np.array([0, 1, 0])),
     r"constants go by keyword: target=\.\.\., ignore_index="),
    (lambda: ops.add(np.ones(2)), "add: 1 positional arguments, 2 wanted, each a tensor or array"),
    (lambda: ops.affine(np.ones((1, 2))), "affine: 1 positional arguments, 2 to 3 wanted"),
    (lambda: ops.where(np.ones(2), np.array([0, 1])), r"where: a positional input has dtype int64.*keyword \(keep\)"),
    (lambda: ops.exp(np.array([True])), "exp: .* bool"),
    (lambda: ops.exp(2.0), "exp: no input is a tensor or an array; wrap numbers with"),
    (lambda: ops.add(np.ones(2), "text"), "add: str is no array of a library known here"),
    (lambda: ops.add(np.ones(2), [1.0, 2.0]), "add: list is no array of a library known here"),
    (lambda: ops.add(np.ones(2), FakeArray(np.ones(2))), "add: inputs live in fake and numpy; move them to one device"),
    (lambda: ops.exp(np.ones(2), base=2), "base"),
])
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize("call", [lambda ids: ops.add(ids, ids), ops.sum, ops.exp])
@pytest.mark.parametrize("dtype", [int, bool])
def test_ids_and_masks_are_refused_where_a_gradient_is_wanted(call, dtype):
    with pytest.raises(TypeError, match="a positional input has dtype (int64|bool), which has no gradient"):
        call(np.array([0, 1]).astype(dtype))


def test_shapes_that_do_not_fit_name_the_op_and_its_inputs():
    with pytest.raises(ValueError,
                       match=r"add: a is \(2, 3\), b is \(2,\); sides must be equal or 1, counted from the right"):
        leaf(2, 3) + leaf(2)
    with pytest.raises(ValueError, match=r"reshape: x is \(2, 3\); "):
        leaf(2, 3).reshape(4, 2)


def test_a_primitive_must_begin_with_xp():
    with pytest.raises(TypeError, match="primitive square: the first parameter is 'x'; it must be xp"):
        @primitive(register=False)
        def square(x):
            return x * x, lambda dout: 2 * dout * x


def test_a_primitive_shows_its_signature_without_xp():
    assert repr(ops.layer_norm).startswith("<primitive layer_norm(x, gain, bias")
    assert "variance 1" in ops.layer_norm.__doc__


def test_an_op_that_promotes_is_named():
    @primitive(register=False)
    def careless(xp, x):
        return x * np.float64(2), lambda dout: dout

    with pytest.raises(TypeError, match="careless: returned float64 for inputs of float32"):
        careless(Tensor(np.ones(2, np.float32)))


@pytest.mark.parametrize("returned", [lambda x: x, lambda x: x[0], lambda x: (x,), lambda x: (x, x), lambda x: None,
                                      lambda x: (x, lambda dout: dout, x), lambda x: [x, lambda dout: dout]])
def test_a_primitive_without_a_backward_is_named(returned):
    """An array of two rows, unpacked, would pass for a result and its backward."""
    @primitive(register=False)
    def forgetful(xp, x):
        return returned(x)

    with pytest.raises(TypeError, match="forgetful: returned .* without a backward; .*return out, backward"):
        forgetful(leaf(2, 3))


# What a backward may return: each mistake is named with the op


@pytest.mark.parametrize("returned, error, message", [
    (lambda d: (d,), ValueError, "faulty: backward returned 1 gradients for 2 inputs"),
    (lambda d: d, ValueError, "faulty: backward returned 1 gradients for 2 inputs"),
    (lambda d: (d, d, d), ValueError, "faulty: backward returned 3 gradients for 2 inputs"),
    (lambda d: (d, d[:1]), ValueError, r"faulty: backward returned shape \(1,\) for input 1 of shape \(3,\)"),
    (lambda d: (d.sum(), d), ValueError, r"faulty: backward returned shape \(\) for input 0 of shape \(3,\)"),
    (lambda d: (d, np.stack([d] * 2, 1)), ValueError, r"faulty: backward returned shape \(3, 2\) for input 1"),
    (lambda d: (d.astype(np.float32), d), TypeError, "faulty: backward returned float32 for input 0.*is float64"),
    (lambda d: (d, d + 0j), TypeError, "faulty: backward returned complex128 for input 1"),
    (lambda d: (d, None), TypeError, "faulty: backward returned NoneType for input 1"),
    (lambda d: (d, 0.0), TypeError, "faulty: backward returned float for input 1"),
    (lambda d: (FakeArray(d), d), TypeError, "faulty: backward returned FakeArray for input 0.*ndarray"),
])
def test_a_wrong_backward_is_named(returned, error, message):
    @primitive(register=False)
    def faulty(xp, a, b):
        return a + b, returned

    with pytest.raises(error, match=message):
        faulty(leaf(3), leaf(3)).backward(np.ones(3))


def test_a_gradient_in_the_broadcast_shape_is_summed_back():
    a, b = leaf(3, 1), leaf(2, 1, 4)
    (a * b).backward(g := cotangent((2, 3, 4)))
    close(a.grad, (g * b.data).sum((0, 2))[:, None])
    close(b.grad, (g * a.data).sum(1, keepdims=True))


@given(mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=0, max_side=4),
       st.sampled_from(["add", "multiply"]))
def test_broadcast_gradients_equal_a_count_of_places(shapes, name):
    """What an input's number receives is the sum over the places to which np.broadcast_to copies it."""
    rng = np.random.default_rng(0)
    a, b = (Tensor(rng.normal(size=s)) for s in shapes.input_shapes)
    out = getattr(ops, name)(a, b)
    assert out.shape == shapes.result_shape
    out.backward(g := cotangent(out.shape))
    for x, other in ((a, b), (b, a)):
        places = np.broadcast_to(np.arange(x.size).reshape(x.shape), out.shape)
        pull = g * other.data if name == "multiply" else g
        expected = np.bincount(places.ravel(), np.broadcast_to(pull, out.shape).ravel(), minlength=x.size)
        close(x.grad, expected.reshape(x.shape))


@pytest.mark.parametrize("op", primitives())
def test_every_primitive_has_a_case_and_a_docstring(op):
    assert op.cases and op.__doc__
    for make in [*op.cases.values(), *op.specials.values()]:
        call = make(np.random.default_rng(0))
        assert isinstance(call, Call) and all(a.dtype == np.float64 for a in call.arrays)


# Small manners


def test_tensors_speak_of_themselves():
    x = Tensor([1.0, 2.0])
    assert repr(x) == "Tensor([1. 2.])" and "from exp" in repr(ops.exp(x))
    assert len(x) == 2 and float(x[0]) == 1.0 and bool(x[0]) and x[1].item() == 2.0 and x.device == "cpu"
    with pytest.raises(TypeError, match="has no length"):
        len(x.sum())
    with pytest.raises(ValueError):
        x.item()
    assert x.to(dtype=np.float32).dtype == np.float32 and not x.detach().requires_grad


def test_iterating_over_a_tensor_ends():
    assert [t.item() for t in Tensor([1.0, 2.0])] == [1.0, 2.0]
    with pytest.raises(TypeError, match="a Tensor of shape \\(\\) has no length"):
        iter(Tensor(1.0))


def test_a_base_without_a_logarithm_is_named():
    assert math.isclose((2 ** Tensor(3.0)).item(), 8)
    with pytest.raises(ValueError, match="power: the base is -2; under an exponent that is a tensor"):
        (-2) ** Tensor(3.0)


def test_a_tensor_can_move_and_come_back():
    x = Tensor([1.0, 2.0])
    there = x.to("fake")
    assert there.device == "fake" and type((there * 2).data) is FakeArray
    assert (there.to("cpu").data == x.data).all() and backend.device_of(x.data) == "cpu"
