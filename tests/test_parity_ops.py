"""What does somebody else's engine say?  PyTorch as an outside oracle for every primitive that it has."""

import numpy as np
import pytest
from walk import cases, close, cotangent, primitives, run

torch = pytest.importorskip("torch",
                            reason="PyTorch, the outside oracle, is not installed (pip install 'tinyformer[parity]')")
F = torch.nn.functional


def t(x):
    return None if x is None else torch.as_tensor(np.asarray(x))


def axes(x, axis):
    return tuple(range(x.ndim)) if axis is None else axis


def masked_softmax(x, keep=None, axis=-1):
    return F.softmax(x if keep is None else x.masked_fill(~t(keep), -torch.inf), dim=axis)


def cross_entropy(x, target, count=None, **options):
    rows, labels = x.reshape(-1, x.shape[-1]), t(target).reshape(-1)
    if count is None:
        return F.cross_entropy(rows, labels, **options)
    return F.cross_entropy(rows, labels, reduction="sum", **options) / count


def token_log_probs(x, ids, ignore_index=-100):
    ids = t(ids)
    found = F.log_softmax(x, dim=-1).gather(-1, ids.clamp(min=0)[..., None])[..., 0]
    return torch.where(ids == ignore_index, 0.0, found)


def attention(q, k, v, bias=None, keep=None, causal=False, rate=0.0, rng=None):
    if causal:
        past = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril(k.shape[-2] - q.shape[-2])
        keep = past if keep is None else past & t(keep)
    mask = t(keep)
    if bias is not None:
        mask = bias if mask is None else bias.masked_fill(~mask, -torch.inf)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def self_attention(packed, heads, **options):
    split = packed.unflatten(-1, (3, heads, -1)).permute(2, 0, 3, 1, 4)
    return attention(*split, **options).transpose(1, 2).flatten(2)


def rotary(x, places, base=10_000.0):
    """The pairs as complex numbers, each times a number of length 1."""
    pairs = torch.complex(*x.chunk(2, dim=-1))
    angles = t(places)[..., None] * base ** (-torch.arange(pairs.shape[-1], dtype=torch.float64) / pairs.shape[-1])
    turned = pairs * torch.polar(torch.ones_like(angles), angles).to(pairs.dtype)
    return torch.cat([turned.real, turned.imag], dim=-1)


def prod(x, axis=None, keepdims=False):
    """PyTorch multiplies along one axis at a time."""
    for a in sorted((a % x.ndim for a in np.ravel(axes(x, axis))), reverse=True):
        x = torch.prod(x, dim=int(a), keepdim=keepdims)
    return x


def affine_gelu(x, weight, bias=None, approximate="none"):
    return F.gelu(F.linear(x, weight, bias), approximate=approximate)


def lstm(x, weight, recurrent, bias, projection=None, keep=None, backwards=False):
    """Each row by itself, without its padding, and turned round where it is read backwards."""
    rows = []
    for row, real in zip(x, np.ones(x.shape[:2], bool) if keep is None else keep, strict=True):
        places = np.flatnonzero(real)[::-1 if backwards else 1].copy()
        read, wide = row[t(places)][:, None], recurrent.shape[1]
        weights = [weight, recurrent, bias, torch.zeros_like(bias), *([] if projection is None else [projection])]
        states = torch.zeros(1, 1, wide, dtype=x.dtype), torch.zeros(1, 1, len(bias) // 4, dtype=x.dtype)
        told = torch.lstm(read, states, weights, True, 1, 0.0, False, False, False)[0][:, 0]
        rows.append(torch.zeros(len(row), wide, dtype=x.dtype).index_put((t(places),), told))
    return torch.stack(rows)


def batch_norm(x, gain, bias, mean=None, variance=None, eps=1e-5):
    given = [None if each is None else t(each).to(x.dtype) for each in (mean, variance)]
    found = F.batch_norm(x.reshape(-1, x.shape[-1]), *given, gain, bias, training=mean is None, eps=eps)
    return found.reshape(x.shape)


def nt_xent(z, temperature=0.1):
    """The partner is the class, and no row may name itself."""
    unit, rows = F.normalize(z), len(z)
    scores = (unit @ unit.T / temperature).masked_fill(torch.eye(rows, dtype=torch.bool), -torch.inf)
    return F.cross_entropy(scores, (torch.arange(rows) + rows // 2) % rows)


TWINS = {
    "add": torch.add, "subtract": torch.subtract, "multiply": torch.multiply, "divide": torch.divide,
    "negate": torch.neg,
    "scale": lambda x, by: x * by, "power": lambda x, exponent: x ** exponent,
    "pow": torch.pow,
    "exp": torch.exp, "log": torch.log, "sqrt": torch.sqrt,
    "sum": lambda x, axis=None, keepdims=False: torch.sum(x, dim=axes(x, axis), keepdim=keepdims),
    "mean": lambda x, axis=None, keepdims=False: torch.mean(x, dim=axes(x, axis), keepdim=keepdims),
    "max": lambda x, axis=None, keepdims=False: torch.amax(x, dim=axes(x, axis), keepdim=keepdims),
    "reshape": lambda x, shape: torch.reshape(x, shape),
    "transpose": lambda x, axes=None: x.permute(axes or tuple(range(x.ndim))[::-1]),
    "swapaxes": lambda x, first, second: torch.swapaxes(x, first, second),
    "concatenate": lambda *arrays, axis=0: torch.cat(arrays, dim=axis),
    "where": lambda a, b, keep: torch.where(t(keep), a, b),
    "matmul": torch.matmul, "affine": F.linear, "affine_gelu": affine_gelu,
    "embedding": lambda weight, ids: F.embedding(t(ids), weight),
    "abs": torch.abs, "clip": torch.clip, "maximum": torch.maximum, "minimum": torch.minimum,
    "sin": torch.sin, "cos": torch.cos,
    "min": lambda x, axis=None, keepdims=False: torch.amin(x, dim=axes(x, axis), keepdim=keepdims),
    "var": lambda x, axis=None, keepdims=False, ddof=0: torch.var(x, dim=axes(x, axis), keepdim=keepdims,
                                                                  correction=ddof),
    "std": lambda x, axis=None, keepdims=False, ddof=0: torch.std(x, dim=axes(x, axis), keepdim=keepdims,
                                                                  correction=ddof),
    "norm": lambda x, axis=None, keepdims=False: torch.linalg.vector_norm(x, dim=axes(x, axis), keepdim=keepdims),
    "normalize": lambda x, axis=-1, eps=1e-12: F.normalize(x, dim=axis, eps=eps),
    "cumsum": lambda x, axis=None: torch.cumsum(x.flatten() if axis is None else x, dim=axis or 0),
    "prod": prod,
    "stack": lambda *arrays, axis=0: torch.stack(arrays, dim=axis),
    "broadcast_to": lambda x, shape: torch.broadcast_to(x, shape),
    "relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "gelu": F.gelu,
    "masked_softmax": masked_softmax, "log_softmax": lambda x, axis=-1: F.log_softmax(x, dim=axis),
    "silu": F.silu, "swiglu": lambda gate, up: F.silu(gate) * up, "rotary": rotary,
    "rms_norm": lambda x, gain, eps=1e-6: x * torch.rsqrt((x * x).mean(-1, keepdim=True) + eps) * gain,
    "layer_norm": lambda x, gain, bias=None, eps=1e-5: F.layer_norm(x, x.shape[-1:], gain, bias, eps),
    "attention": attention, "self_attention": self_attention,
    "blockwise_attention": lambda *x, block=256, **options: attention(*x, **options),
    "blockwise_self_attention": lambda x, block=256, **options: self_attention(x, **options),
    "cross_entropy": cross_entropy,
    "token_log_probs": token_log_probs, "lstm": lstm, "batch_norm": batch_norm, "nt_xent": nt_xent,
    "binary_cross_entropy_with_logits": lambda x, target: F.binary_cross_entropy_with_logits(x, t(target).to(x.dtype)),
    "mean_squared_error": lambda x, target, count=None: F.mse_loss(x, t(target).to(x.dtype), reduction="sum") / (
        count or x.numel()),
    "getitem": lambda x, index: torch_index(x, index),
}
NONE = {
    "dropout": "PyTorch draws its chance otherwise, so no two masks agree; checked in ops/test_dropout.py",
    "dropout_add": "as dropout; checked in ops/test_dropout.py",
}


def torch_index(x, index):
    """PyTorch knows no negative steps; turning the axis round first is the same."""
    parts = list(index) if isinstance(index, tuple) else [index]
    for i, part in enumerate(parts):
        if isinstance(part, slice) and (part.step or 1) < 0:
            places = range(x.shape[i])[part]
            x, parts[i] = torch.index_select(x, i, torch.tensor(list(places))), slice(None)
        elif isinstance(part, np.ndarray):
            parts[i] = t(part)
    return x[tuple(parts)]


def draws_chance(call) -> bool:
    return call.constants.get("rng") is not None and call.constants.get("rate", 0) > 0


@pytest.mark.parametrize("op", primitives())
def test_every_primitive_has_a_twin_or_a_reason(op):
    assert (op.name in TWINS) != (op.name in NONE)


COMPARED = [case for case in cases() if case.values[0].name in TWINS and not draws_chance(case.values[1]())]


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-10), (np.float32, 1e-5)])
@pytest.mark.parametrize("op, make", COMPARED)
def test_forward_and_backward_equal_pytorch(op, make, dtype, tolerance):
    out, grads = run(op, make(), dtype=dtype)
    call = make()
    leaves = [torch.tensor(np.asarray(a, dtype), requires_grad=True) for a in call.arrays]
    theirs = TWINS[op.name](*leaves, **call.constants)
    theirs.backward(torch.from_numpy(cotangent(tuple(theirs.shape), dtype)))
    for a, b in zip([out, *grads], [theirs.detach(), *(x.grad for x in leaves)], strict=True):
        assert a.dtype == b.numpy().dtype
        close(a, b.numpy(), tolerance)


def test_a_primitive_of_which_every_case_was_left_out_would_show():
    assert {case.values[0].name for case in COMPARED} == set(TWINS)
