"""How do the tests walk over every primitive?  Nobody keeps a list of them: the registry is the list."""

import numpy as np
import pytest

from tinyformer import ops
from tinyformer.backend import LIBRARIES, to_device, to_host
from tinyformer.engine import REGISTRY, Call, Primitive, Tensor

ops.every()                                                    # fills the registry


def primitives() -> list:
    return [pytest.param(op, id=name) for name, op in REGISTRY.items()]


def cases() -> list:
    """Every smooth case of every primitive: (op, make), where make() gives the same call each time."""
    return _params("cases")


def specials() -> list:
    return _params("specials")


def _params(kind: str) -> list:
    return [pytest.param(op, _maker(function), id=f"{op.name}: {title}")
            for op in REGISTRY.values() for title, function in getattr(op, kind).items()]


def _maker(function):
    return lambda: function(np.random.default_rng(0))


def on(device: str, x):
    """Arrays, and arrays inside tuples, moved to a device; everything else as it is."""
    if isinstance(x, tuple):
        return tuple(on(device, i) for i in x)
    return to_device(x, device) if type(x) in LIBRARIES else x


def run(op: Primitive, call: Call, device: str = "cpu", dtype=np.float64, constants_too: bool = False):
    """Forward and backward under a random cotangent: (out, [gradient of each input]), all on the host."""
    leaves = [Tensor(to_device(np.asarray(a, dtype), device)) for a in call.arrays]
    constants = {k: on(device, v) if constants_too else v for k, v in call.constants.items()}
    out = op(*leaves, **constants)
    out.backward(to_device(cotangent(out.shape, dtype), device))
    assert type(out.data) is type(leaves[0].data), "the result has left the device"
    assert all(type(x.grad) is type(x.data) for x in leaves), "a gradient has left the device"
    return to_host(out.data), [to_host(x.grad) for x in leaves]


def cotangent(shape: tuple, dtype=np.float64, seed: int = 7) -> np.ndarray:
    """Random, since a cotangent of ones hides mistakes: softmax and layer norm answer it with zero."""
    return np.asarray(np.random.default_rng(seed).normal(size=shape), dtype)


def close(a, b, tolerance: float = 1e-10, where: str = "") -> None:
    """Equal to `tolerance` of the larger array's size; NaN and infinity equal themselves."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape, f"shapes differ: {a.shape} and {b.shape} {where}"
    finite = np.abs(b[np.isfinite(b)])
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * (finite.max(initial=0) + 1e-3), err_msg=where)


def same_as_twin(function, twin, *arrays, tolerance: float = 1e-10) -> None:
    """Two functions of tensors agree, forward and backward, under one random cotangent."""
    results = []
    for f in (function, twin):
        leaves = [Tensor(np.array(a)) for a in arrays]
        out = f(*leaves)
        out.backward(cotangent(out.shape, out.dtype))
        results.append([out.data, *(x.grad for x in leaves)])
    for ours, theirs in zip(*results, strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            close(ours, theirs, tolerance)
