"""Would this code run on a GPU?  A device that lives on the host and is stricter than any GPU says so.

`FakeArray` holds NumPy numbers that nobody may touch except through `xp`, a namespace with those functions of CuPy,
in CuPy's signatures, that tinyformer has use for.  What CuPy would refuse, or do silently wrong, is an error here:

- a host array, or a NumPy scalar, met anywhere but in `xp.asarray(host)`;
- a function of NumPy applied to a FakeArray;
- float(), bool(), int(), iteration: on a GPU each of them waits for the device;
- an id outside the table, which CuPy wraps round without a word (WrappedRound, and no IndexError, so that a test
  which waits for the host's own check is not content with this one);
- `where=` in a reduction; `add.at` on complex numbers; reading what `empty` has left unwritten (it holds NaN);
- reading what another stream has written, without an event that was waited for (see `fake_streams.py`).

Results of shape () stay arrays, as in CuPy.  `TALLY` keeps what was asked of the device, and counts what a GPU would
have to launch, and where it would have been waited for.  Importing this file registers the device "fake":
`model.to("fake")`, `Tensor(...).to("fake")` and `to_device(array, "fake")` work from then on.
"""

import operator
from collections import Counter
from contextlib import contextmanager
from functools import wraps
from types import SimpleNamespace

import fake_cuda
import fake_kernels
import numpy as np
from fake_streams import NULL, Written, get_current_stream

from tinyformer import backend, cuda


class Tally:
    """What the device was asked for since the last `clear`, and what that would have cost on a GPU."""

    def __init__(self):
        self.clear()

    def clear(self) -> None:
        self.asked = set()                    # (of what, name, number of arguments, keywords, dtypes of the arrays)
        self.launches = Counter()             # what would have been launched, a kernel or a copy each, by name
        self.waits = 0                        # how often the host would have waited for the device
        self.uploads = 0                      # arrays of the host that went up, from pinned memory and without a wait
        self.beside = 0                       # and of these, how many on another stream than that of the work

    def note(self, owner: str, name: str, args: tuple, kwargs: dict) -> None:
        for a in (*args, *kwargs.values()):
            for one in a if type(a) in (list, tuple) else (a,):
                if type(one) is FakeArray and one.written:
                    one.written.read()
        dtypes = tuple(str(a.dtype) for a in args if type(a) is FakeArray)
        self.asked.add((owner, name, len(args), tuple(sorted(kwargs)), dtypes))

    def launch(self, name: str, times: int = 1) -> None:
        if times:
            self.launches[name] += times


TALLY = Tally()


class FakeArray:
    """An array on the fake device.  `_host` is its memory, and only this file may look at it."""

    __slots__ = ("_host", "base", "written", "__weakref__")
    __hash__ = None

    def __init__(self, host: np.ndarray, base=None):
        self._host = host
        self.base = base                                       # the array whose memory this is a view of
        self.written = base.written if base is not None else None if get_current_stream() is NULL else Written()

    shape = property(lambda self: self._host.shape)
    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    nbytes = property(lambda self: self._host.nbytes)
    itemsize = property(lambda self: self._host.itemsize)
    strides = property(lambda self: self._host.strides)
    flags = property(lambda self: self._host.flags)
    T = property(lambda self: self.transpose())
    data = property(lambda self: SimpleNamespace(ptr=_read(self).ctypes.data))
    real = property(lambda self: _view(self, self._host.real) if self.dtype.kind == "c" else self)
    imag = property(lambda self: _view(self, self._host.imag) if self.dtype.kind == "c" else zeros_like(self))

    def __reduce__(self):
        return FakeArray, (self._host,)                        # a copy of the numbers, as of CuPy's

    def __len__(self):
        if not self.shape:
            raise TypeError("len() of an array without axes")
        return self.shape[0]

    def __repr__(self):
        return f"FakeArray(shape={self.shape}, dtype={self.dtype})"

    # The ways down that nobody may take by accident.

    def _refuse(self, *args, **kwargs):
        raise TypeError("fake device: an implicit way to the host (float(), bool(), int(), iteration, a function of "
                        "NumPy); on a GPU it would wait for the device or fail; use backend.to_host")

    __float__ = __bool__ = __int__ = __complex__ = __index__ = __iter__ = __contains__ = _refuse
    __array_ufunc__ = __array_function__ = __array__ = _refuse
    __array_priority__ = 100

    # Views and copies.

    def reshape(self, *shape):
        return _view(self, self._host.reshape(*shape))

    def ravel(self):
        return _view(self, self._host.ravel())

    def transpose(self, *axes):
        return _view(self, self._host.transpose(*axes))

    def swapaxes(self, axis1, axis2):
        return _view(self, self._host.swapaxes(axis1, axis2))

    def view(self):
        return _view(self, self._host.view())

    def copy(self):
        return FakeArray(self._host.copy())

    def astype(self, dtype, copy=True):
        return FakeArray(self._host.astype(dtype)) if copy or self.dtype != dtype else self

    def conj(self):
        return FakeArray(self._host.conj())

    def fill(self, value):
        self._host.fill(_lower(value))

    def __getitem__(self, index):
        with _complaint(index):
            return _view(self, np.asarray(self._host[_index(index)]))

    def __setitem__(self, index, value):
        with _complaint(index):
            self._host[_index(index)] = _lower(value)

    # Reductions: as in CuPy, without `where` and `initial`.

    def sum(self, axis=None, dtype=None, out=None, keepdims=False):
        return _reduced(np.sum, self, out, axis=axis, dtype=dtype, keepdims=keepdims)

    def prod(self, axis=None, dtype=None, out=None, keepdims=False):
        return _reduced(np.prod, self, out, axis=axis, dtype=dtype, keepdims=keepdims)

    def mean(self, axis=None, dtype=None, out=None, keepdims=False):
        return _reduced(np.mean, self, out, axis=axis, dtype=dtype, keepdims=keepdims)

    def max(self, axis=None, out=None, keepdims=False):
        return _reduced(np.max, self, out, axis=axis, keepdims=keepdims)

    def min(self, axis=None, out=None, keepdims=False):
        return _reduced(np.min, self, out, axis=axis, keepdims=keepdims)

    def any(self, axis=None, out=None, keepdims=False):
        return _reduced(np.any, self, out, axis=axis, keepdims=keepdims)

    def all(self, axis=None, out=None, keepdims=False):
        return _reduced(np.all, self, out, axis=axis, keepdims=keepdims)

    def argmax(self, axis=None, dtype=None, out=None, keepdims=False):
        return FakeArray(np.asarray(np.argmax(self._host, axis=axis, keepdims=keepdims)))

    def argsort(self, axis=-1):
        return FakeArray(np.argsort(self._host, axis=axis, kind="stable"))

    def argmin(self, axis=None, dtype=None, out=None, keepdims=False):
        return FakeArray(np.asarray(np.argmin(self._host, axis=axis, keepdims=keepdims)))

    def cumsum(self, axis=None, dtype=None, out=None):
        return _reduced(np.cumsum, self, out, axis=axis, dtype=dtype)

    def cumprod(self, axis=None, dtype=None, out=None):
        return _reduced(np.cumprod, self, out, axis=axis, dtype=dtype)


def _add_operators():
    def straight(function):
        return lambda self, other: FakeArray(np.asarray(function(self._host, _lower(other))))

    def turned(function):
        return lambda self, other: FakeArray(np.asarray(function(_lower(other), self._host)))

    def in_place(function):
        def write(self, other):
            function(self._host, _lower(other), out=self._host, casting="same_kind")
            return self
        return write

    for name, function in {"add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide,
                           "floordiv": np.floor_divide, "mod": np.remainder, "pow": np.power,
                           "matmul": fake_cuda.product, "and": np.bitwise_and, "or": np.bitwise_or,
                           "xor": np.bitwise_xor}.items():
        setattr(FakeArray, f"__{name}__", straight(function))
        setattr(FakeArray, f"__r{name}__", turned(function))
        if name != "matmul":                                   # CuPy has none
            setattr(FakeArray, f"__i{name}__", in_place(function))
    for name in ("lt", "le", "gt", "ge", "eq", "ne"):
        setattr(FakeArray, f"__{name}__", straight(getattr(operator, name)))
    FakeArray.__neg__ = lambda self: FakeArray(np.asarray(-self._host))
    FakeArray.__invert__ = lambda self: FakeArray(np.asarray(~self._host))
    FakeArray.__abs__ = lambda self: FakeArray(np.asarray(abs(self._host)))


def _lower(x):
    """What NumPy may compute with: the memory of a FakeArray, or a number of Python's own."""
    if type(x) is FakeArray:
        return x._host
    if isinstance(x, np.generic | np.ndarray):
        raise TypeError(f"fake device: a host {type(x).__name__} among device arrays; "
                        "upload it with xp.asarray(...), or use a plain Python number")
    if isinstance(x, bool | int | float | complex):
        return x
    raise TypeError(f"fake device: {type(x).__name__} is neither an array on this device nor a Python number")


def _read(x: FakeArray) -> np.ndarray:
    if x.written:
        x.written.read()
    return x._host


def _array(x):
    if type(x) is not FakeArray:
        raise TypeError(f"fake device: {type(x).__name__} where CuPy asks for an array on the device")
    return x._host


def _index(index):
    if isinstance(index, tuple):
        return tuple(_index(i) for i in index)
    if index is None or index is Ellipsis or isinstance(index, slice):
        return index
    if isinstance(index, list):
        raise TypeError("fake device: a list as index; upload it with xp.asarray(...)")
    return _lower(index)


class WrappedRound(AssertionError):
    """An index array on the device points outside; CuPy would take some other place and say nothing."""


@contextmanager
def _complaint(index):
    try:
        yield
    except IndexError as error:
        parts = index if isinstance(index, tuple) else (index,)
        if any(type(i) is FakeArray and i.dtype.kind in "iu" for i in parts):
            raise WrappedRound(f"fake device: {error}; CuPy would wrap it round in silence") from error
        raise


def _view(source: FakeArray, result: np.ndarray) -> FakeArray:
    shared = np.may_share_memory(result, source._host)
    return FakeArray(result, (source if source.base is None else source.base) if shared else None)


def _reduced(function, x, out, **how):
    result = np.asarray(function(_array(x), **how))
    if out is None:
        return FakeArray(result)
    out._host[...] = result
    return out


class Ufunc:
    """An elementwise function; CuPy's also know `out` and `dtype`, and a few of them `at`."""

    def __init__(self, name: str):
        self.function = getattr(np, name)

    def __call__(self, *args, out=None, dtype=None):
        name = self.function.__name__
        given = {key: value for key, value in (("out", out), ("dtype", dtype)) if value is not None}
        TALLY.note("ufunc", name, args, given)
        if not any(type(a) is FakeArray for a in args):
            raise TypeError(f"fake device: {self.function.__name__} of {', '.join(type(a).__name__ for a in args)}; "
                            "CuPy computes with arrays on the device")
        function = fake_cuda.product if name == "matmul" else self.function
        result = function(*map(_lower, args), out=None if out is None else _array(out),
                               **({} if dtype is None else {"dtype": dtype}))
        TALLY.launch(name, _cost(name, args, result))
        return out if out is not None else FakeArray(np.asarray(result))


class Adding(Ufunc):
    """`add`, the one function whose `at` is needed: a scatter-add by atomics, which CUDA has for few types."""

    def at(self, a, indices, b=None):
        TALLY.note("ufunc", "add.at", (a, indices, b), {})
        TALLY.launch("add.at")
        if a.dtype not in (np.int32, np.uint32, np.uint64, np.float16, np.float32, np.float64):
            raise TypeError("cupy.add.at only supports int32, float16, float32, float64, uint32, uint64 "
                            f"as data type, not {a.dtype}")
        with _complaint(indices):
            np.add.at(_array(a), _index(indices), _lower(b))


def asarray(a, dtype=None, order=None):
    """The one way up: arrays of the host, lists and numbers; what is on the device already stays there."""
    if type(a) is FakeArray:
        return a if dtype is None or a.dtype == dtype else a.astype(dtype)
    TALLY.uploads += 1
    TALLY.beside += get_current_stream() is not NULL
    return FakeArray(np.array(a, dtype=dtype, order=order or "K"))


def array(obj, dtype=None, copy=True):
    return asarray(obj, dtype).copy() if type(obj) is FakeArray and copy else asarray(obj, dtype)


def ascontiguousarray(a, dtype=None):
    return _view(a, np.ascontiguousarray(_array(a), dtype=dtype))


def empty(shape, dtype=float, order="C"):
    return FakeArray(np.full(shape, np.nan if np.dtype(dtype).kind in "fc" else 77, dtype, order=order))


def zeros(shape, dtype=float, order="C"):
    return FakeArray(np.zeros(shape, dtype, order=order))


def ones(shape, dtype=float):
    return FakeArray(np.ones(shape, dtype))


def full(shape, fill_value, dtype=None):
    return FakeArray(np.full(shape, _lower(fill_value), dtype))


def arange(start, stop=None, step=1, dtype=None):
    return FakeArray(np.arange(start, stop, step, dtype) if stop is not None else np.arange(0, start, step, dtype))


def empty_like(prototype, dtype=None):
    return empty(_array(prototype).shape, dtype or prototype.dtype)


def zeros_like(a, dtype=None):
    return FakeArray(np.zeros_like(_array(a), dtype))


def ones_like(a, dtype=None):
    return FakeArray(np.ones_like(_array(a), dtype))


def full_like(a, fill_value, dtype=None):
    return FakeArray(np.full_like(_array(a), _lower(fill_value), dtype))


def concatenate(tup, axis=0):
    return FakeArray(np.concatenate([_array(a) for a in tup], axis=axis))


def stack(tup, axis=0):
    return FakeArray(np.stack([_array(a) for a in tup], axis=axis))


def where(condition, x, y):
    return FakeArray(np.asarray(np.where(_array(condition), _lower(x), _lower(y))))


def copyto(dst, src, casting="same_kind", where=None):
    np.copyto(_array(dst), _lower(src), casting=casting, where=True if where is None else _array(where))


def broadcast_to(array, shape):
    return _view(array, np.broadcast_to(_array(array), shape))


def take_along_axis(a, indices, axis):
    return FakeArray(np.take_along_axis(_array(a), _array(indices), axis))


def sort(a, axis=-1):
    return FakeArray(np.sort(_array(a), axis))


def isscalar(element):
    return np.isscalar(element)


def reshape(a, newshape):
    return _view(a, _array(a).reshape(newshape))


def transpose(a, axes=None):
    return _view(a, _array(a).transpose(axes))


class Library:
    """The namespace `xp`.  A name that is missing here says so: add it, if CuPy has it."""

    __name__ = "fake"
    __version__ = "0"
    cuda, _core = fake_cuda, SimpleNamespace(_routines_linalg=fake_cuda.linalg)
    get_default_memory_pool = fake_cuda.MemoryPool
    ndarray = FakeArray
    inf, nan, pi, newaxis = np.inf, np.nan, np.pi, None
    float32, float64, complex64, complex128 = np.float32, np.float64, np.complex64, np.complex128
    int32, int64, bool_, finfo, result_type = np.int32, np.int64, np.bool_, np.finfo, np.result_type
    add = Adding("add")

    def __reduce__(self):
        return "xp"

    def __getattr__(self, name):
        raise AttributeError(f"fake device: xp.{name} is not here; if CuPy has it, add it to the fake device")


# What each call costs on a GPU: a launch, unless it is named here.

VIEWS = {"transpose", "swapaxes", "view", "broadcast_to", "isscalar", "empty", "empty_like"}


def _copies(product_of: tuple) -> int:
    """What CuPy launches before a product: copies of operands that cuBLAS cannot read as they lie, and pointers."""
    a, b = (x._host for x in product_of)
    if a.ndim < 3 and b.ndim < 3:                              # cuBLAS reads a matrix as it lies, or its transpose
        return sum(not (x.flags.c_contiguous or x.flags.f_contiguous) for x in (a, b))
    axes = max(a.ndim, b.ndim) - 2
    stretched = a.shape[:-2] != b.shape[:-2]
    return sum(not x.flags.c_contiguous for x in (a, b)) + (3 * axes if stretched else 0)


def _cost(name: str, args: tuple, result) -> int:
    """How many launches a call of this name was, that gave this result."""
    if name in ("matmul", "__matmul__", "__rmatmul__"):
        return 1 + _copies(args[:2])
    if name in ("reshape", "ravel", "ascontiguousarray", "astype", "__getitem__", "asarray"):
        source = args[0]
        return int(type(source) is FakeArray and not np.may_share_memory(result._host, source._host))
    return 0 if name in VIEWS else 1


def _watched(owner: str, name: str, function):
    """The same function, of which TALLY knows."""
    @wraps(function)
    def call(*args, **kwargs):
        TALLY.note(owner, name, args, kwargs)
        result = function(*args, **kwargs)
        TALLY.launch(name, _cost(name, args, result))
        return result
    return call


_add_operators()
for _name, _function in list(vars(FakeArray).items()):
    if callable(_function) and _function is not FakeArray._refuse and _name not in ("__init__", "__len__", "__repr__"):
        setattr(FakeArray, _name, _watched("array", _name, _function))
xp = Library()
for _name in ("subtract", "multiply", "divide", "true_divide", "negative", "power", "matmul", "exp", "expm1", "log",
              "log1p", "tanh", "sqrt", "square", "reciprocal", "maximum", "minimum", "absolute", "sign", "copysign",
              "isfinite", "isnan", "isinf", "equal", "logical_and", "logical_or", "logical_not", "floor", "cos", "sin"):
    setattr(xp, _name, Ufunc(_name))
xp.abs = xp.absolute
for _function in (asarray, array, ascontiguousarray, empty, zeros, ones, full, arange, empty_like, zeros_like,
                  ones_like, full_like, concatenate, stack, where, copyto, broadcast_to, take_along_axis, sort,
                  isscalar, reshape, transpose):
    setattr(xp, _function.__name__, _watched("xp", _function.__name__, _function))
for _name in ("sum", "prod", "mean", "max", "min", "any", "all", "argmax", "argmin", "argsort", "cumsum", "cumprod",
              "swapaxes", "ravel"):
    setattr(xp, _name, _watched("xp", _name, getattr(FakeArray, _name).__wrapped__))


def to_host(array: FakeArray) -> np.ndarray:
    """The one way down, on which a GPU is waited for."""
    TALLY.waits += 1
    return _read(array).copy()


backend.register("fake", FakeArray, xp, xp.asarray, to_host)
if fake_kernels.COMPILER:
    xp.RawModule = fake_kernels.RawModule
    cuda.attach(FakeArray)
