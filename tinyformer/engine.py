"""What is a graph, and how does it run backwards?

A `Tensor` is an array that wants a gradient.  A `@primitive` turns a function on raw arrays, which returns its
result and a function `backward`, into a function on tensors that remembers how its result came about.  Running
those `backward`s from the last to the first is reverse-mode differentiation (Linnainmaa 1970; Griewank and
Walther 2008, section 3.2).  There is no calculus in this file: every derivative stands in `tinyformer/ops/`.

The words of those derivations.  Let L be the number at the end.  Where some result `out` moves by a small δout, L moves
by <dout, δout>, the sum over all products of their numbers: this defines `dout`, an array like `out`, which is called
the *gradient* of L, the *incoming gradient* of the op that made `out`, or the *cotangent* of `out`.  Each backward is
then one calculation.  Put in δout as a change δx of the input makes it, and bring <dout, δout> into the form
<something, δx>: what stands beside δx is `dx`.
"""

import inspect
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from tinyformer import backend
from tinyformer.backend import LIBRARIES, library
from tinyformer.tensor_manners import Manners

if TYPE_CHECKING:
    from tinyformer.tensor_signatures import Operators  # those that ops hangs on a tensor
else:
    Operators = object

REGISTRY: dict[str, "Primitive"] = {}         # every primitive by name: what the gradient checks walk over
_recording = True                             # False inside no_grad()
_clock = count()                              # numbers the nodes in the order in which they come to be


@contextmanager
def no_grad() -> Iterator[None]:
    """Inside this block nothing is remembered: results are plain values, and memory is freed at once."""
    global _recording
    before, _recording = _recording, False
    try:
        yield
    finally:
        _recording = before


class Node:
    """One use of one primitive: what it was applied to, and how a gradient goes back through it.

    A node refers to the nodes before it and never to a tensor that some op computed, so that a result nobody
    mentions any more (least of all a `backward`) is freed while the forward pass still runs.
    """

    __slots__ = ("op", "parents", "backward", "shape", "dtype", "number", "grad", "owned", "watcher")

    def __init__(self, op, parents, backward, shape, dtype):
        self.op = op                          # the Primitive, for its name in error messages
        self.parents = parents                # for each input: a Node, a leaf Tensor, or None for a constant
        self.backward = backward              # gradient of the output -> gradients of the inputs
        self.shape = shape
        self.dtype = dtype
        self.number = next(_clock)
        self.grad = None                      # the sum of what has arrived so far, while backward runs
        self.owned = False                    # True once `grad` is a sum that only this node refers to
        self.watcher = None                   # a weak reference to the tensor that asked for retain_grad()


class Tensor(Manners, Operators):
    """An array that wants a gradient: `data` holds the numbers, `grad` the gradient once backward() has run.

    Operators and methods come from ops; what it says where an array or a number is wanted, from tensor_manners.
    Numbers and lists become float64.  `requires_grad=False` freezes a tensor; plain arrays are constants anyway.
    Raises TypeError for integer and boolean arrays: nothing can be differentiated with respect to an id or a mask.
    """

    __slots__ = ("data", "grad", "requires_grad", "node", "__weakref__")

    def __init__(self, data, requires_grad: bool = True):
        if isinstance(data, Tensor):
            raise TypeError("Tensor: the data is a Tensor already; use it as it is, or pass its .data")
        if type(data) not in LIBRARIES:
            data = _as_array(data)
        if data.dtype.kind not in "fc":
            raise TypeError(f"Tensor: data of type {data.dtype} has no gradient; "
                            "pass ids and masks as plain arrays, and numbers to differentiate as floats")
        self.data: Any = data
        self.grad: Any = None
        self.requires_grad = requires_grad
        self.node: Node | None = None         # how this tensor was computed; None for a leaf

    shape = property(lambda self: self.data.shape)
    dtype = property(lambda self: self.data.dtype)
    ndim = property(lambda self: self.data.ndim)
    size = property(lambda self: self.data.size)
    device = property(lambda self: backend.device_of(self.data))

    def __len__(self):
        if not self.shape:
            raise TypeError("len: a Tensor of shape () has no length")
        return self.shape[0]

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __repr__(self):
        from tinyformer.inside.shown import text_of
        return text_of(self)

    def _repr_html_(self) -> str:
        from tinyformer.inside.shown import html_of
        return html_of(self)

    def detach(self) -> "Tensor":
        """The same numbers without their history: no gradient flows back from here."""
        return Tensor(self.data, requires_grad=False)

    def to(self, device: str | None = None, dtype=None) -> "Tensor":
        """A leaf with the same numbers on another device ("cpu", "cuda") or in another precision."""
        data = self.data if device is None else backend.to_device(self.data, device)
        return Tensor(data if dtype is None else data.astype(dtype), self.requires_grad)

    def graph(self, *modules, **names) -> Any:
        """How this came about, as a picture: in a notebook, or `.save("graph.svg")`.  Names are the caller's own."""
        from tinyformer.inside.graph_of import callers_variables, graph_of
        return graph_of(self, modules, names, callers_variables())

    def retain_grad(self) -> "Tensor":
        """Ask for `.grad` of a computed tensor too; leaves have it anyway."""
        if self.node is not None:
            self.node.watcher = weakref.ref(self)
        return self

    def backward(self, cotangent=None, *, retain_graph: bool = False, create_graph: bool = False) -> None:
        """Add to `.grad` of every leaf the gradient of this scalar (or of <cotangent, self>) with respect to it.

        Anything but a scalar needs a cotangent of its own shape.  The graph is freed on the way unless
        `retain_graph` is set.  Raises ValueError for a second pass over a freed graph, and for `create_graph`.
        """
        if create_graph or isinstance(cotangent, Tensor):
            raise ValueError("backward: gradients are plain arrays here, so no op can be differentiated twice this "
                             "way; for second derivatives use tinyformer.gradcheck.hvp, which is exact")
        backward(self, cotangent, retain_graph)


def _as_array(data):
    if backend.is_array(data):
        return data
    data = np.asarray(data)
    return data.astype(np.float64) if data.dtype.kind in "iu" else data


def backward(root: Tensor, cotangent=None, retain_graph: bool = False) -> None:
    """Run every primitive behind `root` backwards, each once, after everything that used its result.

    Why an order is needed: in b = 2 a; c = b * b the node of b receives two gradients.  A walk that follows each
    edge as it finds it would run b's backward after the first, and again after the second with the first counted
    twice.  A result is always made after its inputs, so the latest node first is such an order.
    """
    xp = library(root.data)
    if cotangent is None:
        if root.size != 1:
            raise ValueError(f"backward: the tensor has shape {root.shape}, not one number; pass a cotangent of that "
                             "shape (ones would be a choice like any other, and for softmax they hide every mistake)")
        cotangent = xp.ones(root.shape, root.dtype)
    elif type(cotangent) is not type(root.data) or cotangent.shape != root.shape or cotangent.dtype != root.dtype:
        kind = f"{getattr(cotangent, 'shape', '?')} {getattr(cotangent, 'dtype', type(cotangent).__name__)}"
        raise ValueError(f"backward: the cotangent is {kind}; the tensor is {root.shape} {root.dtype}, "
                         "and they must agree")
    if root.node is None:
        if root.requires_grad:
            _deposit(root, cotangent.copy())
            return
        raise ValueError("backward: this tensor depends on nothing that requires a gradient, or was made in no_grad()")
    order = nodes_behind(root.node)
    root.node.grad = cotangent
    try:
        while order:
            _run(order.pop(), retain_graph)
    finally:
        for node in order:                                     # after an error: leave no half sums behind
            node.grad, node.owned = None, False


def nodes_behind(last: Node) -> list[Node]:
    """All nodes behind `last`, itself included, in the order in which they were made."""
    seen, waiting = {last}, [last]
    while waiting:                                             # a list, not recursion: 10,000 ops deep is fine
        for parent in waiting.pop().parents:
            if type(parent) is Node and parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return sorted(seen, key=lambda node: node.number)


def _run(node: Node, retain_graph: bool) -> None:
    """Send the gradient that has gathered at `node` on to its parents, and let go of everything it needed."""
    dout, op = node.grad, node.op
    node.grad, node.owned = None, False
    if node.backward is None:
        raise ValueError(f"{op.name}: backward has run through this graph already and freed it; "
                         "compute the result again, or pass retain_graph=True the first time")
    if node.watcher is not None and (tensor := node.watcher()) is not None:
        _deposit(tensor, dout.copy())
    grads = node.backward(dout, last=not retain_graph) if op.reuses else node.backward(dout)
    if type(grads) is not tuple:
        grads = (grads,)
    if len(grads) != len(node.parents):
        raise ValueError(f"{op.name}: backward returned {len(grads)} gradients for {len(node.parents)} inputs")
    kind, dtype = type(dout), dout.dtype
    for place, (parent, grad) in enumerate(zip(node.parents, grads, strict=True)):
        if parent is None:
            continue
        if type(grad) is not kind or grad.dtype is not dtype or grad.shape != parent.shape:
            grad = _police(op, place, grad, parent.shape, dout)
        if type(parent) is Tensor:                             # a leaf: its gradient must be an array of its own
            shared = grad is dout or grad.base is not None or sum(grad is other for other in grads) > 1
            _deposit(parent, grad.copy() if shared and parent.grad is None else grad)
        elif parent.grad is None:
            parent.grad = grad                                 # perhaps shared (an addition hands on dout itself)
        elif parent.owned:
            parent.grad += grad
        else:
            parent.grad, parent.owned = parent.grad + grad, True
    if not retain_graph:
        node.backward, node.parents = None, ()


def _deposit(leaf: Tensor, grad) -> None:
    """Add to the gradient of a leaf.  Gradients accumulate: a weight used twice gets the sum of both uses."""
    if leaf.grad is None:
        leaf.grad = library(leaf.data).asarray(grad)
    elif leaf.grad.dtype == grad.dtype:
        leaf.grad += grad
    else:
        leaf.grad = leaf.grad + grad


class Call:
    """The arguments of one call, arrays and constants, as a case gives them: `Call(x, gain, eps=1e-5)`."""

    def __init__(self, *arrays, **constants):
        self.arrays = arrays
        self.constants = constants


class Special(Call):
    """A call at a point where nothing may be differenced, with what must come out there.

    `out` and `grads` (one for each input) are the stated value and subgradient; None means: anything, so long as it
    is finite.  `dout` is the incoming gradient, ones unless it is given.
    """

    def expect(self, out=None, grads=None, dout=None) -> "Special":
        self.out, self.grads, self.dout = out, grads, dout
        return self


class Primitive:
    """A differentiable function: call it on tensors and arrays, or use `.raw(xp, ...)` on arrays alone.

    Positional arguments are differentiable arrays, keyword-only arguments are constants, and `xp`, the library
    that the arrays live in, is found here once and handed over.  `linear`: the function is linear in each input.

    What `backward` mentions, Python keeps for it: an array even if only its shape is asked for, so take the shape
    before.  `keeps` says what that is: inputs, constants and `out` by their names, other arrays with their shape and,
    where they are no floats, their type ("off (...) bool"); None where nobody has said.  `reuses`: backward takes
    `last`, which `_run` hands over, True if no other pass will follow (no `retain_graph`): it may then overwrite
    what it kept.
    """

    def __init__(self, raw: Callable, linear: bool = False, reuses: bool = False, keeps: str | None = None):
        self.raw = raw
        self.name = raw.__name__
        self.linear = linear
        self.reuses = reuses
        self.keeps = keeps
        self.cases: dict[str, Callable] = {}
        self.specials: dict[str, Callable] = {}
        self.forms: dict[Any, Callable] = {}                   # array type -> what runs in place of raw: see cuda/
        kept = "" if keeps is None else f"\n\nKeeps for backward: {keeps or 'nothing'}."
        self.__doc__ = raw.__doc__ and inspect.cleandoc(raw.__doc__) + kept
        self.__name__ = raw.__name__
        self.__module__ = raw.__module__
        signature = inspect.signature(raw)
        xp, *parameters = signature.parameters.values()
        if xp.name != "xp":
            raise TypeError(f"primitive {self.name}: the first parameter is {xp.name!r}; it must be xp, "
                            "the array library")
        self.__signature__ = signature.replace(parameters=parameters)
        positional = [p for p in parameters if p.kind is not p.KEYWORD_ONLY]
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in positional)
        self.most = len(positional)
        self.least = sum(p.default is p.empty for p in positional)
        self.inputs = [p.name for p in positional]
        self.constants = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]

    def __repr__(self):
        return f"<primitive {self.name}{self.__signature__}>"

    def case(self, function: Callable[[np.random.Generator], Call]) -> Callable:
        """Register a function of a random generator that returns a `Call` in the smooth part of the domain."""
        self.cases[title(function)] = function
        return function

    def special(self, function: Callable[[np.random.Generator], Special]) -> Callable:
        """Register a function that returns a `Special`: a kink, a tie, an infinity, a fully masked row."""
        self.specials[title(function)] = function
        return function

    def __call__(self, *inputs: Any, **constants: Any) -> Tensor:
        if self.variadic:
            if inputs and type(inputs[0]) in (list, tuple):    # concatenate([x, y]) is concatenate(x, y)
                if len(inputs) > 1:
                    raise TypeError(_said("count", self.name, len(inputs), 1, 1, self.constants))
                inputs = tuple(inputs[0])
        elif not self.least <= len(inputs) <= self.most:
            raise TypeError(_said("count", self.name, len(inputs), self.least, self.most, self.constants))
        arrays, parents, tracked = [], [], False
        for x in inputs:
            if type(x) is Tensor:
                arrays.append(x.data)
                parent = x.node or (x if x.requires_grad else None)
                tracked = tracked or parent is not None
                parents.append(parent)
            else:
                arrays.append(x)
                parents.append(None)
        kind: Any = type(arrays[0]) if arrays else None
        xp: Any = LIBRARIES.get(kind)
        dtype: Any = arrays[0].dtype if xp else None
        for a in arrays:                                       # the usual case: one library, one dtype
            if xp is None or type(a) is not kind or a.dtype is not dtype:
                xp, dtype = self._same_kind(arrays)
                break
        if arrays and dtype.kind not in "fc":
            self._same_kind(arrays)                            # raises, and says which input
        try:
            form = self.forms.get(type(arrays[0]), self.raw) if arrays else self.raw
            returned = form(xp, *arrays, **constants)
        except TypeError:
            if unknown := _said("keywords", self.name, constants, self.constants):
                raise TypeError(unknown) from None
            raise
        except ValueError as error:
            if str(error).startswith(self.name):
                raise
            names = [f"input {i}" for i in range(len(arrays))] if self.variadic else self.inputs
            raise ValueError(_said("shapes", self.name, names, arrays, error)) from error
        if type(returned) is not tuple or len(returned) != 2 or not callable(returned[1]):
            raise TypeError(f"{self.name}: returned {type(returned).__name__} without a backward; a primitive ends in "
                            "return out, backward: its result, and the function that takes a gradient back")
        out, backward = returned
        if type(out) is not kind:
            out = xp.asarray(out)                              # NumPy turns 0-d results into scalars
        if out.dtype is not dtype and out.dtype != dtype:
            raise TypeError(f"{self.name}: returned {out.dtype} for inputs of {dtype}; "
                            "an op keeps the precision of its inputs")
        result = Tensor.__new__(Tensor)                        # the checks of __init__ have been made
        result.data, result.grad, result.node = out, None, None
        result.requires_grad = tracked and _recording
        if result.requires_grad:
            result.node = Node(self, parents, backward, out.shape, dtype)
        return result

    def _same_kind(self, arrays: list) -> tuple[Any, np.dtype]:
        """The slow path: turn Python numbers into arrays, and refuse mixtures by name."""
        kinds: dict[Any, Any] = {}
        for a in arrays:
            if not isinstance(a, (int, float, complex)):
                try:
                    kinds.setdefault(library(a if not isinstance(a, np.generic) else np.asarray(a)), a)
                except TypeError as error:
                    raise TypeError(f"{self.name}: {error}") from None
        if len(kinds) > 1:
            names = " and ".join(sorted(getattr(xp, "__name__", str(xp)) for xp in kinds))
            raise TypeError(f"{self.name}: inputs live in {names}; move them to one device first with .to(...)")
        if not kinds:
            raise TypeError(f"{self.name}: no input is a tensor or an array; wrap numbers with tinyformer.Tensor(...)")
        xp = next(iter(kinds))
        given = [a.dtype for a in arrays if hasattr(a, "dtype") and not isinstance(a, float)]
        for dtype in given:
            if arrays and dtype.kind not in "fc":
                raise TypeError(_said("whole_numbers", self.name, dtype, self.constants))
        dtype = np.result_type(*given)
        precisions = {np.finfo(d).dtype for d in given}        # the real type behind: complex128 -> float64
        if len(precisions) > 1:
            raise TypeError(f"{self.name}: inputs are {' and '.join(sorted(map(str, set(given))))}; "
                            "nothing is promoted silently, convert one with .to(dtype=...) or .astype(...)")
        for i, a in enumerate(arrays):
            if not hasattr(a, "dtype") or isinstance(a, np.generic):
                arrays[i] = xp.asarray(a, dtype=dtype)
        return xp, dtype


@overload
def primitive(raw: Callable) -> Primitive: ...
@overload
def primitive(*, linear: bool = ..., reuses: bool = ..., keeps: str | None = ...,
              register: bool = ...) -> Callable[[Callable], Primitive]: ...
def primitive(raw: Callable | None = None, *, linear: bool = False, reuses: bool = False, keeps: str | None = None,
              register: bool = True) -> Any:
    """Make a differentiable function of `raw(xp, *arrays, **constants) -> (out, backward)`: see `Primitive`."""
    if raw is None:
        return lambda function: _registered(Primitive(function, linear, reuses, keeps), register)
    return _registered(Primitive(raw, linear, reuses, keeps), register)


def _registered(op: Primitive, register: bool) -> Primitive:
    if register:
        REGISTRY[op.name] = op
    return op


def _said(kind: str, *about) -> Any:
    """What to say of a wrong call."""
    from tinyformer import wrong_calls  # opened by a mistake alone
    return getattr(wrong_calls, kind)(*about)


def title(function: Callable) -> str:
    """The first line of a function's docstring, as a part of a sentence."""
    return (function.__doc__ or function.__name__).strip().splitlines()[0].rstrip(".")


def _police(op: Primitive, place: int, grad, shape: tuple, dout):
    """Hold a returned gradient to the parent's shape and the output's dtype and library; sum broadcast axes."""
    if type(grad) is not type(dout):
        if not (isinstance(grad, np.generic) and isinstance(dout, (np.ndarray, np.generic))
                or isinstance(grad, np.ndarray) and isinstance(dout, np.generic)):
            raise TypeError(f"{op.name}: backward returned {type(grad).__name__} for input {place}; "
                            f"it must be an array like the incoming gradient, {type(dout).__name__}")
    if grad.dtype != dout.dtype:
        raise TypeError(f"{op.name}: backward returned {grad.dtype} for input {place}, but the incoming gradient is "
                        f"{dout.dtype}; a NumPy scalar such as np.sqrt(2.0) promotes, math.sqrt(2.0) does not")
    if grad.shape == shape:
        return grad
    extra = len(grad.shape) - len(shape)
    if extra < 0 or any(ours != 1 and ours != theirs for ours, theirs in zip(shape, grad.shape[extra:], strict=True)):
        raise ValueError(f"{op.name}: backward returned shape {grad.shape} for input {place} of shape {shape}")
    stretched = tuple(extra + i for i, side in enumerate(shape) if side == 1 and grad.shape[extra + i] != 1)
    return grad.sum(axis=tuple(range(extra)) + stretched).reshape(shape)


import tinyformer.ops  # noqa: E402, F401    # the one import from above: whoever has tensors has their operators
