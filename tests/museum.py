"""The museum of wrong backwards: mistakes that people make, hung beside the primitive that they were made in.

The first line of each docstring says what is wrong.  `exhibit(of, caught_by)` takes the cases and special points of
the right primitive, and names the check that must notice; a case of its own can be hung below, where the mistake is
one that only shows there.
"""

import math

import numpy as np

from tinyformer import ops
from tinyformer.engine import Call, Primitive, primitive
from tinyformer.ops.activation import gelu_with_slope
from tinyformer.ops.dropout import draw_kept

EXHIBITS: list[tuple[Primitive, Primitive, str]] = []          # (wrong, right, the check that notices)


def exhibit(of: Primitive, caught_by: str = "complex step", reuses: bool = False):
    def hang(raw) -> Primitive:
        op = primitive(raw, register=False, linear=of.linear, reuses=reuses)
        op.cases, op.specials = dict(of.cases), dict(of.specials)
        EXHIBITS.append((op, of, caught_by))
        return op
    return hang


# ---- a factor, a sign, a term ----------------------------------------------------------------------------------------


@exhibit(ops.sqrt)
def sqrt_without_the_half(xp, x):
    """the factor 1/2 is forgotten"""
    out = xp.sqrt(x)
    return out, lambda dout: dout / out


@exhibit(ops.sigmoid)
def sigmoid_with_the_wrong_sign(xp, x):
    """s (s - 1) instead of s (1 - s)"""
    out = 0.5 * (1 + xp.tanh(0.5 * x))
    return out, lambda dout: dout * out * (out - 1)


@exhibit(ops.tanh)
def tanh_without_the_square(xp, x):
    """1 - tanh instead of 1 - tanh²"""
    out = xp.tanh(x)
    return out, lambda dout: dout * (1 - out)


@exhibit(ops.tanh)
def tanh_almost_right(xp, x):
    """a slope that is wrong in the ninth digit: differences are too coarse to see it"""
    out = xp.tanh(x)
    return out, lambda dout: dout * (1 - out * out) * (1 + 1e-9)


@exhibit(ops.power)
def power_of_the_wrong_exponent(xp, x, *, exponent):
    """exponent * x ** exponent: one power too many"""
    out = ops.power.raw(xp, x, exponent=exponent)[0]
    return out, lambda dout: dout * exponent * out


@exhibit(ops.pow)
def pow_with_a_fixed_exponent(xp, base, exponent):
    """the exponent gets the slope of the base: it is taken for the power that falls by one"""
    out = base ** exponent
    return out, lambda dout: (dout * exponent * base ** (exponent - 1), dout * exponent * base ** (exponent - 1))


@exhibit(ops.pow)
def pow_without_the_logarithm(xp, base, exponent):
    """b^e for its own slope along e, which holds for e^e alone"""
    out = base ** exponent
    return out, lambda dout: (dout * exponent * base ** (exponent - 1), dout * out)


@exhibit(ops.pow, caught_by="special")
def pow_by_the_logarithm(xp, base, exponent):
    """exp(e log b), which below 0 has no value where the power has one"""
    log = xp.log(base)
    out = xp.exp(exponent * log)
    return out, lambda dout: (dout * exponent * out / base, dout * out * log)


@exhibit(ops.log)
def log_without_the_chain(xp, x):
    """1 / x alone: the incoming gradient is forgotten"""
    return xp.log(x), lambda dout: 1 / x


@exhibit(ops.divide)
def divide_with_the_wrong_sign(xp, a, b):
    """the denominator's gradient lacks its minus"""
    return a / b, lambda dout: (dout / b, dout * a / (b * b))


@exhibit(ops.subtract, caught_by="adjoint")
def subtract_without_a_minus(xp, a, b):
    """both inputs get +dout"""
    return a - b, lambda dout: (dout, dout)


@exhibit(ops.multiply, caught_by="adjoint")
def multiply_by_itself(xp, a, b):
    """each factor gets its own value as its slope, not the other's"""
    return a * b, lambda dout: (dout * xp.broadcast_to(a, dout.shape), dout * xp.broadcast_to(b, dout.shape))


@exhibit(ops.mean_squared_error)
def squared_error_without_the_two(xp, x, *, target, count=None):
    """the factor 2 is forgotten"""
    out, right = ops.mean_squared_error.raw(xp, x, target=target, count=count)
    return out, lambda dout: right(dout) * 0.5


@exhibit(ops.gelu)
def gelu_tanh_without_a_term(xp, x, *, approximate="none"):
    """the tanh form's inner slope lacks the derivative of 0.044715 x³"""
    out, slope = gelu_with_slope(xp, x, approximate)
    if approximate == "tanh":
        bent = xp.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))
        slope = 0.5 * (1 + bent) + 0.5 * x * (1 - bent * bent) * math.sqrt(2 / math.pi)
    return out, lambda dout: dout * slope


@exhibit(ops.gelu)
def gelu_of_the_other_form(xp, x, *, approximate="none"):
    """the backward of the tanh form behind the forward of the exact one: off by a thousandth"""
    return gelu_with_slope(xp, x, approximate)[0], lambda dout: dout * gelu_with_slope(xp, x, "tanh")[1]


@exhibit(ops.gelu, caught_by="central")
def gelu_that_checks_itself(xp, x, *, approximate="none"):
    """value + i * slope as the complex forward, with the same wrong slope: the complex step agrees with itself"""
    out, slope = gelu_with_slope(xp, np.asarray(x.real), approximate)
    slope = slope * 1.01
    lifted = out + 1j * x.imag * slope if x.dtype.kind == "c" else out
    return lifted, lambda dout: dout * slope


# ---- shapes, sums and places -----------------------------------------------------------------------------------------


@exhibit(ops.add, caught_by="adjoint")
def add_with_a_mean(xp, a, b):
    """where a was stretched its gradient is averaged instead of summed"""
    def backward(dout):
        stretched = tuple(i for i in range(-a.ndim, 0) if a.shape[i] == 1 and dout.shape[i] != 1)
        return dout.mean(axis=stretched, keepdims=True) if stretched else dout, dout

    return a + b, backward


@exhibit(ops.multiply, caught_by="adjoint")
def multiply_wrong_where_stretched(xp, a, b):
    """of the copies of a stretched number only the first gets its gradient"""
    def backward(dout):
        da = dout * b
        for i in range(-a.ndim, 0):
            if a.shape[i] == 1:
                da = np.take(da, [0], axis=i)
        return da, dout * a

    return a * b, backward


@exhibit(ops.matmul, caught_by="adjoint")
def matmul_of_squares_not_transposed(xp, a, b):
    """dout @ b instead of dout @ bᵀ, which fits as long as b is square"""
    return a @ b, lambda dout: (dout @ b, a.swapaxes(-1, -2) @ dout)


matmul_of_squares_not_transposed.cases.clear()


@matmul_of_squares_not_transposed.case
def _(rng):
    """square matrices"""
    return Call(rng.normal(size=(3, 3)), rng.normal(size=(3, 3)))


@exhibit(ops.affine, caught_by="adjoint")
def affine_with_the_weight_on_its_side(xp, x, weight, bias=None):
    """the gradient of a square weight is transposed"""
    out, right = ops.affine.raw(xp, x, weight, bias)

    def backward(dout):
        dx, dweight, *rest = right(dout)
        return dx, dweight.T, *rest

    return out, backward


affine_with_the_weight_on_its_side.cases.clear()


@affine_with_the_weight_on_its_side.case
def _(rng):
    """a square weight"""
    return Call(rng.normal(size=(2, 4)), rng.normal(size=(4, 4)), rng.normal(size=4))


@exhibit(ops.affine, caught_by="adjoint")
def affine_with_an_averaged_bias(xp, x, weight, bias=None):
    """the bias gets the mean over the rows, not the sum"""
    out, right = ops.affine.raw(xp, x, weight, bias)

    def backward(dout):
        dx, dweight, *rest = right(dout)
        return dx, dweight, *(db / math.prod(x.shape[:-1]) for db in rest)

    return out, backward


@exhibit(ops.transpose, caught_by="adjoint")
def transpose_by_the_same_axes(xp, x, *, axes=None):
    """backward permutes by the same axes, not by the inverse; a swap would hide it"""
    axes = tuple(range(x.ndim))[::-1] if axes is None else axes
    return x.transpose(axes), lambda dout: dout.transpose(axes)


transpose_by_the_same_axes.cases.clear()


@transpose_by_the_same_axes.case
def _(rng):
    """three equal sides turned round"""
    return Call(rng.normal(size=(3, 3, 3)), axes=(1, 2, 0))


@exhibit(ops.reshape, caught_by="adjoint")
def reshape_in_another_order(xp, x, *, shape):
    """backward reads the numbers column by column"""
    return x.reshape(shape), lambda dout: dout.reshape(x.shape, order="F")


@exhibit(ops.concatenate, caught_by="adjoint")
def concatenate_in_reverse(xp, *arrays, axis=0):
    """the first piece gets the gradient of the last; equal sizes hide it from the engine"""
    return np.concatenate(arrays, axis=axis), lambda dout: tuple(np.split(dout, len(arrays), axis=axis)[::-1])


concatenate_in_reverse.cases.clear()


@concatenate_in_reverse.case
def _(rng):
    """two pieces of one size"""
    return Call(rng.normal(size=(2, 3)), rng.normal(size=(2, 3)))


@exhibit(ops.embedding, caught_by="adjoint")
def embedding_that_assigns(xp, weight, *, ids):
    """a word that comes several times keeps the gradient of its last place only"""
    def backward(dout):
        dweight = xp.zeros(weight.shape, dout.dtype)
        dweight[ids] = dout
        return dweight

    return weight[ids], backward


@exhibit(ops.getitem, caught_by="adjoint")
def getitem_with_a_lossy_sum(xp, x, *, index):
    """dx[index] += dout adds only once for an index named twice"""
    def backward(dout):
        dx = xp.zeros(x.shape, dout.dtype)
        dx[index] += dout
        return dx

    return x[index].copy(), backward


@exhibit(ops.where, caught_by="adjoint")
def where_through_the_mask(xp, a, b, *, keep):
    """the gradient passes the mask: both inputs get all of it"""
    return xp.where(keep, a, b), lambda dout: (dout, dout)


@exhibit(ops.where, caught_by="special")
def where_by_multiplication(xp, a, b, *, keep):
    """the formula keep * dout: 0 times infinity is NaN, on the side that was not taken"""
    return xp.where(keep, a, b), lambda dout: (dout * keep, dout * ~keep)


@exhibit(ops.mean, caught_by="adjoint")
def mean_over_everything(xp, x, *, axis=None, keepdims=False):
    """divides by the number of all terms, not of those along the axis"""
    out, _ = ops.mean.raw(xp, x, axis=axis, keepdims=keepdims)
    spread = ops.sum.raw(xp, x, axis=axis, keepdims=keepdims)[1]
    return out, lambda dout: spread(dout) * (1 / x.size)


@exhibit(ops.max, caught_by="special")
def max_that_pays_every_winner(xp, x, *, axis=None, keepdims=False):
    """each of several equal largest gets the whole gradient"""
    out, _ = ops.max.raw(xp, x, axis=axis, keepdims=keepdims)
    top = x.real == x.real.max(axis=axis, keepdims=True)
    spread = ops.sum.raw(xp, x, axis=axis, keepdims=keepdims)[1]
    return out, lambda dout: xp.where(top, spread(dout), 0)


@exhibit(ops.relu, caught_by="special")
def relu_that_is_steep_at_the_kink(xp, x):
    """slope 1 at 0, where 0 is stated"""
    return xp.where(x.real > 0, x, 0), lambda dout: xp.where(x.real >= 0, dout, 0)


# ---- softmax, normalisation, attention -------------------------------------------------------------------------------


@exhibit(ops.masked_softmax)
def softmax_of_zeros(xp, x, *, keep=None, axis=-1):
    """returns zeros, which is right under a cotangent of ones, and nowhere else"""
    return ops.masked_softmax.raw(xp, x, keep=keep, axis=axis)[0], lambda dp: xp.zeros(x.shape, dp.dtype)


@exhibit(ops.masked_softmax)
def softmax_without_the_mean(xp, x, *, keep=None, axis=-1):
    """p * dp, as if each share depended on its own score only"""
    p = ops.masked_softmax.raw(xp, x, keep=keep, axis=axis)[0]
    return p, lambda dp: p * dp


@exhibit(ops.masked_softmax, caught_by="special")
def softmax_that_lets_nan_in(xp, x, *, keep=None, axis=-1):
    """the formula p * (dout - sum(p * dout)), in which 0 times NaN at a hidden place spoils the whole row"""
    p = ops.masked_softmax.raw(xp, x, keep=keep, axis=axis)[0]
    return p, lambda dout: p * (dout - (p * dout).sum(axis=axis, keepdims=True))


@exhibit(ops.masked_softmax, caught_by="special")
def softmax_with_nan_for_nothing(xp, x, *, keep=None, axis=-1):
    """a row with nothing to look at is 0 / 0"""
    hidden = x if keep is None else xp.where(keep, x, -np.inf)
    weights = xp.exp(hidden - hidden.real.max(axis=axis, keepdims=True))
    if x.dtype.kind == "c" and keep is not None:
        weights = xp.where(keep, weights, 0)
    p = weights / weights.sum(axis=axis, keepdims=True)
    return p, lambda dp: p * (dp - (p * dp).sum(axis=axis, keepdims=True))


@exhibit(ops.log_softmax)
def log_softmax_like_softmax(xp, x, *, axis=-1):
    """d - p * d instead of d - p * sum(d)"""
    out = ops.log_softmax.raw(xp, x, axis=axis)[0]
    return out, lambda dout: dout - xp.exp(out) * dout


@exhibit(ops.log_softmax)
def log_softmax_with_a_mean(xp, x, *, axis=-1):
    """d - p * mean(d)"""
    out = ops.log_softmax.raw(xp, x, axis=axis)[0]
    return out, lambda dout: dout - xp.exp(out) * dout.mean(axis=axis, keepdims=True)


def _layer_norm(xp, x, gain, bias, eps, dx, more=0):
    """The right forward with another gradient of x: dx(dunit, unit, rstd)."""
    centred = x - x.mean(-1, keepdims=True)
    variance = (centred * centred).mean(-1, keepdims=True)
    rstd = 1 / xp.sqrt(variance + eps)
    unit = centred * rstd

    def backward(dout):
        steep = 1 / xp.sqrt(variance * x.shape[-1] / (x.shape[-1] - more) + eps) if more else rstd
        grads = dx(dout * gain, centred * steep, steep), dout * unit, dout
        return grads[:2] if bias is None else grads

    return unit * gain + (0 if bias is None else bias), backward


def _mean(a):
    return a.mean(-1, keepdims=True)


@exhibit(ops.layer_norm)
def layer_norm_without_the_shift(xp, x, gain, bias=None, *, eps=1e-5):
    """the mean of the gradient is not removed"""
    return _layer_norm(xp, x, gain, bias, eps, lambda d, unit, rstd: rstd * (d - unit * _mean(d * unit)))


@exhibit(ops.layer_norm)
def layer_norm_without_the_scale(xp, x, gain, bias=None, *, eps=1e-5):
    """the part of the gradient along the unit vector is not removed"""
    return _layer_norm(xp, x, gain, bias, eps, lambda d, unit, rstd: rstd * (d - _mean(d)))


@exhibit(ops.layer_norm)
def layer_norm_with_the_other_variance(xp, x, gain, bias=None, *, eps=1e-5):
    """backward divides by C - 1 where forward divided by C"""
    return _layer_norm(xp, x, gain, bias, eps,
                       lambda d, unit, rstd: rstd * (d - _mean(d) - unit * _mean(d * unit)), more=1)


@exhibit(ops.layer_norm)
def layer_norm_without_the_gain(xp, x, gain, bias=None, *, eps=1e-5):
    """the gain is forgotten on the way to x"""
    return _layer_norm(xp, x, gain, bias, eps,
                       lambda d, unit, rstd: rstd * (d / gain - _mean(d / gain) - unit * _mean(d / gain * unit)))


def _attention(xp, query, key, value, change, **constants):
    """The right attention, with its gradients changed."""
    out, right = ops.attention.raw(xp, query, key, value, **constants)
    return out, lambda dout: change(*right(dout))


@exhibit(ops.attention)
def attention_without_the_scale(xp, query, key, value, *, keep=None, causal=False, rate=0.0, rng=None):
    """1 / sqrt(D) is forgotten on the way to the keys"""
    root = math.sqrt(query.shape[-1])
    return _attention(xp, query, key, value, lambda dq, dk, dv: (dq, dk * root, dv),
                      keep=keep, causal=causal, rate=rate, rng=rng)


@exhibit(ops.attention)
def attention_with_query_and_key_swapped(xp, query, key, value, *, keep=None, causal=False, rate=0.0, rng=None):
    """queries get the keys' gradient; equal lengths hide it from the engine"""
    return _attention(xp, query, key, value, lambda dq, dk, dv: (dk, dq, dv),
                      keep=keep, causal=causal, rate=rate, rng=rng)


attention_with_query_and_key_swapped.cases.clear()


@attention_with_query_and_key_swapped.case
def _(rng):
    """as many queries as keys"""
    return Call(*(rng.normal(size=(3, 4)) for _ in range(3)))


@exhibit(ops.attention)
def attention_that_forgets_what_was_dropped(xp, query, key, value, *, keep=None, causal=False, rate=0.0, rng=None):
    """backward runs as if no weight had been dropped"""
    out, _ = ops.attention.raw(xp, query, key, value, keep=keep, causal=causal, rate=rate, rng=rng)
    return out, ops.attention.raw(xp, query, key, value, keep=keep, causal=causal)[1]


# ---- dropout and losses ----------------------------------------------------------------------------------------------


@exhibit(ops.dropout)
def dropout_without_the_lift(xp, x, *, rate, rng):
    """backward lacks the factor 1 / (1 - rate)"""
    if rng is None:
        return x.copy(), lambda dout: dout
    kept, lift = draw_kept(xp, x.shape, rate, rng)
    return x * kept * lift, lambda dout: dout * kept


@exhibit(ops.dropout)
def dropout_that_draws_again(xp, x, *, rate, rng):
    """backward draws a mask of its own"""
    if rng is None:
        return x.copy(), lambda dout: dout
    kept, lift = draw_kept(xp, x.shape, rate, rng)
    return x * kept * lift, lambda dout: dout * draw_kept(xp, x.shape, rate, rng)[0] * lift


@exhibit(ops.dropout, caught_by="runs")
def dropout_from_a_hidden_generator(xp, x, *, rate, rng, hidden=np.random.default_rng(0)):  # noqa: B008
    """forward draws from a generator that nobody can hold still"""
    kept, lift = draw_kept(xp, x.shape, rate, hidden)
    return x * kept * lift, lambda dout: dout * kept * lift


def _cross_entropy(xp, logits, change, **constants):
    out, right = ops.cross_entropy.raw(xp, logits, **constants)
    return out, lambda dout: change(right(dout))


@exhibit(ops.cross_entropy)
def cross_entropy_over_all_rows(xp, logits, *, target, ignore_index=-100, label_smoothing=0.0, count=None):
    """backward divides by all rows, ignored ones included"""
    share = (target != ignore_index).sum() / target.size if count is None else 1
    return _cross_entropy(xp, logits, lambda d: d * float(share), target=target, ignore_index=ignore_index,
                          label_smoothing=label_smoothing, count=count)


@exhibit(ops.cross_entropy)
def cross_entropy_without_smoothing(xp, logits, *, target, ignore_index=-100, label_smoothing=0.0, count=None):
    """backward forgets that the labels were smoothed"""
    out, _ = ops.cross_entropy.raw(xp, logits, target=target, ignore_index=ignore_index,
                                   label_smoothing=label_smoothing, count=count)
    return out, ops.cross_entropy.raw(xp, logits, target=target, ignore_index=ignore_index, count=count)[1]


@exhibit(ops.cross_entropy)
def cross_entropy_that_blames_ignored_rows(xp, logits, *, target, ignore_index=-100, label_smoothing=0.0, count=None):
    """ignored rows get the gradient of a wrong guess too"""
    p = ops.masked_softmax.raw(xp, logits)[0]
    ignored = (target == ignore_index)[..., None]
    return _cross_entropy(xp, logits, lambda d: xp.where(ignored, p, d), target=target, ignore_index=ignore_index,
                          label_smoothing=label_smoothing, count=count)


@exhibit(ops.token_log_probs)
def token_log_probs_of_the_chosen_alone(xp, logits, *, ids, ignore_index=-100):
    """the id's own score gets dout (1 - p), and the others, which all take part in the sum, get nothing"""
    out, right = ops.token_log_probs.raw(xp, logits, ids=ids, ignore_index=ignore_index)
    chosen = np.asarray(ids)[..., None] == np.arange(logits.shape[-1])
    return out, lambda dout: xp.where(chosen, right(dout), 0)


@exhibit(ops.token_log_probs)
def token_log_probs_with_one_incoming_number(xp, logits, *, ids, ignore_index=-100):
    """backward spreads the mean of dout over all rows, as if the result were one loss"""
    out, right = ops.token_log_probs.raw(xp, logits, ids=ids, ignore_index=ignore_index)
    return out, lambda dout: right(xp.full(dout.shape, dout.mean(), dout.dtype))


@exhibit(ops.binary_cross_entropy_with_logits, caught_by="special")
def binary_cross_entropy_that_overflows(xp, x, *, target):
    """log(1 + exp(x)) as it stands: infinite from 710 on"""
    target = xp.asarray(target, dtype=x.real.dtype)
    loss = xp.log(1 + xp.exp(x)) - x * target
    return loss.mean(), lambda dout: (1 / (1 + xp.exp(-x)) - target) * (dout / x.size)


# ---- what belongs to somebody else -----------------------------------------------------------------------------------


@exhibit(ops.multiply, caught_by="twice")
def multiply_into_the_incoming_gradient(xp, a, b):
    """overwrites dout, which other ops still need"""
    def backward(dout):
        da = dout * b
        dout *= a
        return da, dout

    return a * b, backward


@exhibit(ops.layer_norm, caught_by="twice")
def layer_norm_into_its_input(xp, x, gain, bias=None, *, eps=1e-5):
    """centres the input in place"""
    before = x.copy()
    x -= x.mean(-1, keepdims=True)
    return ops.layer_norm.raw(xp, before, gain, bias, eps=eps)


@exhibit(ops.exp, caught_by="twice")
def exp_into_its_result(xp, x):
    """writes the gradient over the result"""
    out = xp.exp(x)

    def backward(dout):
        xp.multiply(out, dout, out=out)
        return out.copy()

    return out, backward


@exhibit(ops.tanh, caught_by="twice")
def tanh_right_only_once(xp, x):
    """backward uses up what it saved, although it may run again"""
    out = xp.tanh(x)
    slope = 1 - out * out

    def backward(dout):
        xp.multiply(slope, dout, out=slope)
        return slope.copy()

    return out, backward


@exhibit(ops.gelu, reuses=True)
def gelu_wrong_the_last_time(xp, x, *, approximate="none"):
    """the pass that may overwrite what was saved forgets the incoming gradient"""
    out, slope = gelu_with_slope(xp, x, approximate)
    return out, lambda dout, last=False: slope if last else dout * slope


# ---- numbers of other kinds ------------------------------------------------------------------------------------------


@exhibit(ops.scale, caught_by="float32")
def scale_that_promotes(xp, x, *, by):
    """a NumPy scalar in backward turns float32 into float64"""
    return x * by, lambda dout: dout * np.float64(by)


@exhibit(ops.tanh, caught_by="float32")
def tanh_with_a_coarse_fast_path(xp, x):
    """a fast path for float32 whose slope is right to three digits"""
    out = xp.tanh(x)
    slope = 1 - out * out
    return out, lambda dout: dout * (slope.astype(np.float16).astype(x.dtype) if x.dtype == np.float32 else slope)


@exhibit(ops.sigmoid, caught_by="float32")
def sigmoid_with_a_wrong_fast_value(xp, x):
    """a fast path for float32 whose value is wrong, and whose slope is right"""
    out = 0.5 * (1 + xp.tanh(0.5 * x))
    return out + x.dtype.type(1e-3) * (x.dtype == np.float32), lambda dout: dout * out * (1 - out)


@exhibit(ops.mean_squared_error)
def squared_error_that_conjugates(xp, x, *, target, count=None):
    """vdot conjugates its first argument, so on complex numbers this is another function"""
    error, count = x - xp.asarray(target, dtype=x.real.dtype), count or x.size
    return np.vdot(error, error) / count, lambda dout: error * (dout * 2 / count)


@exhibit(ops.sqrt, caught_by="curvature")
def sqrt_with_a_conjugated_slope(xp, x):
    """backward conjugates what it saved: right on real numbers, and every Hessian product is wrong"""
    out = xp.sqrt(x)
    return out, lambda dout: dout * 0.5 / xp.conj(out)


@exhibit(ops.relu, caught_by="real part")
def relu_that_loses_the_imaginary_part(xp, x):
    """backward writes complex gradients into a real array"""
    def backward(dout):
        dx = xp.zeros(x.shape)
        dx[x.real > 0] = dout[x.real > 0]
        return dx.astype(dout.dtype)

    return xp.where(x.real > 0, x, 0), backward


@exhibit(ops.exp)
def exp_of_floats_only(xp, x):
    """the forward does not run on complex numbers"""
    out = np.exp(x, dtype=x.real.dtype, casting="same_kind")
    return out, lambda dout: dout * out


@exhibit(ops.max)
def max_by_absolute_value(xp, x, *, axis=None, keepdims=False):
    """abs(x) times the sign of x: the absolute value of a complex number has no imaginary part left"""
    out, right = ops.max.raw(xp, x, axis=axis, keepdims=keepdims)
    return (xp.abs(out) * xp.sign(out.real)).astype(x.dtype), right


# ---- what the engine refuses -----------------------------------------------------------------------------------------


@exhibit(ops.add, caught_by="backward")
def add_with_one_gradient(xp, a, b):
    """one gradient for two inputs"""
    return a + b, lambda dout: dout


@exhibit(ops.add, caught_by="backward")
def add_that_returns_nothing(xp, a, b):
    """None for an input that wants a gradient"""
    return a + b, lambda dout: (dout, None)


@exhibit(ops.swapaxes, caught_by="backward")
def swapaxes_not_swapped_back(xp, x, *, first, second):
    """the gradient comes back in the shape of the output"""
    return x.swapaxes(first, second), lambda dout: dout


@exhibit(ops.log, caught_by="backward")
def log_with_a_typing_error(xp, x):
    """backward names a thing that does not exist"""
    return xp.log(x), lambda dout: dout / input_that_is_not_there  # noqa: F821
