"""How does a gradient follow numbers that only change places?

None of these functions computes anything.  Where place i of the output is a copy of place j of x, δout_i = δx_j, so
what stands beside δx_j in <dout, δout> is the sum of dout_i over all places to which x_j was copied.  Backward brings
the gradients back from there, for which it needs no number of x, only where it went.
"""

import numpy as np

from tinyformer.backend import scatter_add, to_host
from tinyformer.engine import Call, Special, primitive


@primitive(linear=True, keeps="")
def reshape(xp, x, *, shape: tuple):
    """The same numbers in the same order, in another shape; one side may be -1."""
    before = x.shape

    def backward(dout):
        return dout.reshape(before)

    return x.reshape(shape), backward


@primitive(linear=True, keeps="")
def transpose(xp, x, *, axes: tuple | None = None):
    """The axes in another order (reversed where none is given): out axis i is x axis axes[i]."""
    axes = tuple(range(x.ndim))[::-1] if axes is None else tuple(a + x.ndim if a < 0 else a for a in axes)
    if sorted(axes) != list(range(x.ndim)):
        raise ValueError(f"transpose: x is {x.shape}, axes are {axes}; they must name each of the {x.ndim} axes once")
    back = tuple(axes.index(j) for j in range(len(axes)))      # x axis j is out axis back[j]

    def backward(dout):
        return dout.transpose(back)

    return x.transpose(axes), backward


@primitive(linear=True, keeps="")
def swapaxes(xp, x, *, first: int, second: int):
    """Two axes exchanged; doing it again undoes it."""
    def backward(dout):
        return dout.swapaxes(first, second)

    return x.swapaxes(first, second), backward


@primitive(linear=True, keeps="index")
def getitem(xp, x, *, index):
    """x[index], for any index NumPy knows.  A number picked several times gathers all its gradients.

    Of x its shape is enough; the index is kept, which may be an array.
    Raises IndexError for a place outside x, on any device.
    """
    parts = index if isinstance(index, tuple) else (index,)
    basic = all(i is None or i is Ellipsis or isinstance(i, (int, slice)) for i in parts)
    try:
        if xp is not np and not basic:
            index = _uploaded(xp, parts, x.shape)
        out = x[index]
    except IndexError as error:
        raise IndexError(f"getitem: x is {x.shape}; {error}") from None

    shape = x.shape

    def backward(dout):
        dx = xp.zeros(shape, dout.dtype)
        if basic:
            dx[index] = dout                                   # nothing is picked twice
        else:
            scatter_add(xp, dx, index, dout)
        return dx

    return out.copy(), backward


def _uploaded(xp, parts: tuple, shape: tuple) -> tuple:
    """An index with its arrays on the device, tried on the host first: a GPU wraps places outside x silently."""
    host = tuple(to_host(i) if hasattr(i, "dtype") else i for i in parts)
    np.broadcast_to(False, shape)[host]
    return tuple(xp.asarray(i) if isinstance(i, (list, np.ndarray)) else i for i in host)


@primitive(linear=True, keeps="")
def concatenate(xp, *arrays, axis: int = 0):
    """The arrays one after the other along `axis`; each takes its own stretch of the gradient."""
    if not arrays:
        raise ValueError("concatenate: no arrays are given; one is needed at least")
    out = xp.concatenate(arrays, axis=axis)
    ends = np.cumsum([a.shape[axis] for a in arrays]).tolist()

    def backward(dout):
        along = [slice(None)] * dout.ndim
        pieces = []
        for start, end in zip([0, *ends], ends, strict=False):
            along[axis] = slice(start, end)
            pieces.append(dout[tuple(along)])
        return tuple(pieces)

    return out, backward


@primitive(linear=True, keeps="keep")
def where(xp, a, b, *, keep):
    """a where keep is True, b elsewhere; what was not taken gets the gradient 0, whatever it and dout are there.

    So neither is multiplied by the mask: 0 times infinity is NaN.  The mask alone is kept, not what it chose from.
    """
    keep = xp.asarray(keep)
    if keep.dtype != bool:
        raise TypeError(f"where: keep has dtype {keep.dtype}; it must be boolean, True = take a")
    try:
        np.broadcast_shapes(a.shape, b.shape, keep.shape)
    except ValueError:
        raise ValueError(f"where: a is {a.shape}, b is {b.shape}, keep is {keep.shape}; "
                         "sides must be equal or 1, counted from the right") from None

    def backward(dout):
        return xp.where(keep, dout, 0), xp.where(keep, 0, dout)

    return xp.where(keep, a, b), backward


@reshape.case
def _(rng):
    """three axes into two"""
    return Call(rng.normal(size=(2, 3, 4)), shape=(6, -1))


@transpose.case
def _(rng):
    """three axes turned round"""
    return Call(rng.normal(size=(2, 3, 4)), axes=(1, 2, 0))


@transpose.case
def _(rng):
    """a matrix on its side"""
    return Call(rng.normal(size=(2, 3)))


@swapaxes.case
def _(rng):
    """the last two of three axes"""
    return Call(rng.normal(size=(2, 3, 4)), first=-1, second=-2)


@getitem.case
def _(rng):
    """a slice, backwards and with a new axis"""
    return Call(rng.normal(size=(4, 3)), index=(slice(None, None, -2), None, 1))


@getitem.case
def _(rng):
    """rows by number, with repeats and from the end"""
    return Call(rng.normal(size=(4, 3)), index=(np.array([0, 2, 2, -1]), np.array([1, 0, 0, 2])))


@getitem.case
def _(rng):
    """a boolean mask"""
    return Call(rng.normal(size=(2, 3)), index=np.array([[True, False, True], [False, True, False]]))


@concatenate.case
def _(rng):
    """three pieces along the last axis"""
    return Call(rng.normal(size=(2, 3)), rng.normal(size=(2, 1)), rng.normal(size=(2, 2)), axis=-1)


@where.case
def _(rng):
    """a mask that stretches over both"""
    return Call(rng.normal(size=(2, 3)), rng.normal(size=3), keep=np.array([[True], [False]]))


@where.special
def _(rng):
    """NaN on the side not taken stays there, and an infinite gradient goes to one side alone"""
    return Special(np.array([1.0, np.nan]), np.array([np.nan, 2.0]), keep=np.array([True, False])).expect(
        out=[1.0, 2.0], grads=([np.inf, 0.0], [0.0, -np.inf]), dout=[np.inf, -np.inf])
