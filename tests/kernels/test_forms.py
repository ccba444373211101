"""Does each kernel say what the plain form says, at shapes and layouts that the ops' own cases do not reach?

The text of the kernels is compiled by the system's C compiler, and held to the plain form in NumPy; on a GPU, where
there is one, by NVIDIA's.
"""

import fake_kernels
import numpy as np
import pytest
from fake_device import TALLY, FakeArray, asarray
from walk import close, cotangent

from tinyformer import ops
from tinyformer.backend import cuda_trouble, to_device, to_host
from tinyformer.cuda import FORMS
from tinyformer.engine import REGISTRY, Tensor
from tinyformer.rng import stream

compiled = pytest.mark.skipif(fake_kernels.COMPILER is None, reason="no C compiler")
DEVICES = [pytest.param("fake", marks=compiled), pytest.param("cuda", marks=[
    pytest.mark.gpu, pytest.mark.skipif(cuda_trouble() is not None, reason=str(cuda_trouble()))])]
RNG = np.random.default_rng(0)
KEEP = RNG.random((2, 1, 1, 9)) < 0.7
IDS = RNG.integers(0, 7, (3, 50))
CALLS = {
    "affine": [([(2, 3, 5), (4, 5), 4], {}), ([(3, 5), (1, 5)], {})],
    "affine_gelu": [([(2, 3, 5), (4, 5), 4], {}), ([(700, 5), (9, 5)], dict(approximate="tanh"))],
    "attention": [([(2, 3, 1, 4), (2, 3, 9, 4), (2, 3, 9, 4)], dict(causal=True, keep=KEEP)),
                  ([(1, 2, 3, 4), (1, 2, 5, 4), (1, 2, 5, 4)], dict(causal=True)),
                  ([(2, 1, 2, 4), (2, 1, 9, 4), (2, 1, 9, 4)], dict(keep=KEEP & [[[[False]]], [[[True]]]]))],
    "cross_entropy": [([(300, 7)], dict(target=np.resize(IDS, 300))),
                      ([(3, 50, 7)], dict(target=np.where(IDS == 2, -100, IDS), label_smoothing=0.2, count=500))],
    "dropout": [([(7, 11)], lambda: dict(rate=0.3, rng=stream(0, "dropout 0"))),
                ([()], lambda: dict(rate=0.3, rng=stream(0, "dropout 0")))],
    "dropout_add": [([(7, 11), (7, 11)], lambda: dict(rate=0.3, rng=stream(0, "dropout 0"))),
                    ([(1, 11), (7, 11)], lambda: dict(rate=0.3, rng=stream(0, "dropout 0")))],       # the plain form's
    "embedding": [([(7, 3)], dict(ids=IDS)), ([(7, 1)], dict(ids=3)),
                  ([(3, 5)], dict(ids=np.resize([1, 1, 1, 2], 700)))],                       # more than one stretch
    "gelu": [([(500,)], {}), ([(5, 7)], dict(approximate="tanh"))],
    "layer_norm": [([(130, 9), 9, 9], {}), ([(2, 1), 1], dict(eps=0.1))],
    "masked_softmax": [([(3, 2, 40)], {}), ([(2, 5, 1, 9)], dict(keep=KEEP)), ([(4, 6)], dict(axis=0))],
    "self_attention": [([(2, 9, 24)], dict(heads=4, keep=KEEP)), ([(2, 9, 12)], dict(heads=1, causal=True)),
                       ([(2, 9, 12)], lambda: dict(heads=2, causal=True, keep=KEEP, rate=0.4,
                                                   rng=stream(0, "dropout 0")))],
}


@compiled
def test_every_form_is_here():
    assert CALLS.keys() == FORMS.keys()
    assert all(FakeArray in REGISTRY[name].forms for name in FORMS)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned round"])
@pytest.mark.parametrize("name, number", [(name, i) for name, calls in CALLS.items() for i in range(len(calls))])
def test_as_the_plain_form(name, number, turned, dtype, device):
    shapes, constants = CALLS[name][number]
    arrays = [np.random.default_rng(1).normal(size=s).astype(dtype) for s in shapes]
    op = REGISTRY[name]

    def fresh():
        return constants() if callable(constants) else constants

    expected, backward = op.raw(np, *[a.copy() for a in arrays], **fresh())
    dout = cotangent(np.shape(expected), dtype)
    grads = backward(dout.copy())
    grads = grads if isinstance(grads, tuple) else (grads,)
    there = [to_device(np.asarray(a.T.copy() if turned else a), device) for a in arrays]
    leaves = [Tensor(a.T if turned else a) for a in there]
    before = [to_host(leaf.data) for leaf in leaves]
    out = op(*leaves, **fresh())
    tolerance = 1e-12 if dtype == np.float64 else 2e-6
    close(to_host(out.data), expected, tolerance)
    for again in (True, False):                                # what may be written over is, the second time
        for leaf in leaves:
            leaf.grad = None
        out.backward(given := to_device(dout, device), retain_graph=again)
        assert (to_host(given) == dout).all()
        for leaf, grad in zip(leaves, grads, strict=True):
            assert leaf.grad.dtype == dtype
            close(to_host(leaf.grad), np.broadcast_to(grad, leaf.shape) if np.shape(grad) == leaf.shape else
                  np.asarray(grad).reshape(-1, *leaf.shape).sum(0), 10 * tolerance)
    for leaf, old in zip(leaves, before, strict=True):
        assert (to_host(leaf.data) == old).all()


@compiled
@pytest.mark.parametrize("call, error", [
    (lambda: ops.gelu(asarray(np.ones(3)), approximate="erf"), "gelu: approximate is 'erf'"),
    (lambda: ops.affine(asarray(np.ones((2, 3))), asarray(np.ones((2, 4)))), "affine: x is"),
    (lambda: ops.affine_gelu(asarray(np.ones((2, 3))), asarray(np.ones((2, 4)))), "affine: x is"),
    (lambda: ops.layer_norm(asarray(np.ones((2, 3))), asarray(np.ones(2))), "layer_norm: x is"),
    (lambda: ops.dropout(asarray(np.ones(3)), rate=1.0, rng=stream(0, "dropout 0")), "dropout: the rate is 1.0"),
    (lambda: ops.embedding(asarray(np.ones((2, 3))), ids=[2]), "embedding: id 2 is out of range"),
    (lambda: ops.cross_entropy(asarray(np.ones((2, 3))), target=[3, 0]), "cross_entropy: id 3 is out of range"),
    (lambda: ops.cross_entropy(asarray(np.ones((2, 3))), target=[1]), "cross_entropy: logits are"),
    (lambda: ops.self_attention(asarray(np.ones((1, 2, 6))), heads=4), "self_attention: packed is"),
    (lambda: ops.self_attention(asarray(np.ones((1, 2, 6))), heads=1, keep=np.ones((2, 2), bool)), "keep is"),
    (lambda: ops.masked_softmax(asarray(np.ones(2)), keep=asarray(np.ones(2))), "masked_softmax: keep has dtype"),
])
def test_a_wrong_call_is_told_by_the_plain_form(call, error):
    with pytest.raises((ValueError, TypeError, IndexError), match=error):
        call()


@compiled
def test_complex_numbers_take_the_plain_form():
    TALLY.clear()
    ops.gelu(asarray(np.ones(3) + 1j))
    assert not TALLY.launches["exact"] and TALLY.launches.total() > 10


@compiled
def test_a_token_that_is_written_looks_at_buffers_with_room_in_one_launch():
    buffers = [asarray(RNG.normal(size=(2, 3, 64, 4))) for _ in range(2)]
    key, value = (buffer[:, :, :10] for buffer in buffers)
    query = asarray(RNG.normal(size=(2, 3, 1, 4)))
    TALLY.clear()
    out = ops.attention(query, key, value, causal=True).data
    assert TALLY.launches == {"look": 1}
    expected, _ = ops.attention.raw(np, *(to_host(a) for a in (query, key, value)), causal=True)
    close(to_host(out), expected, 1e-14)
