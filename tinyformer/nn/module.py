"""Where are the parameters?  In the attributes: a module is a plain object, and its tree is read from it when asked.

There is no hook on assignment, no base constructor to call and no Parameter class.  Whatever tensor can be reached
through attributes, lists and dicts is a parameter, and its dotted path is its name.

What a model remembers and does not learn, a running mean for example, is a plain array in the dict `buffers` of a
module: saved and moved with the parameters, and unknown to optimizers.  A forward pass writes nothing: it returns the
new values, by name, and who drives it calls `put`.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from tinyformer import backend
from tinyformer.engine import Tensor
from tinyformer.errors import CheckpointError
from tinyformer.opening import NotHere


class Module:
    """Something with parameters: derive from it, and assign tensors and other modules in __init__.

    self.buffers = {"mean": array}, where there is something to remember, belongs there too.
    """

    buffers: dict[str, Any]                   # set where there is something to remember
    maps: ClassVar[Mapping[str, int]] = {}    # matrices of its own between hidden vectors: name -> maps in each

    def named_parameters(self) -> dict[str, Tensor]:
        """Every parameter once, by dotted name, in the order of assignment; tied weights keep their first name."""
        found, seen = {}, set()
        for name, tensor in _walk(self, ""):
            if id(tensor) not in seen:
                seen.add(id(tensor))
                found[name] = tensor
        return found

    def parameters(self) -> list[Tensor]:
        """Every parameter once, in the order of assignment."""
        return list(self.named_parameters().values())

    def named_buffers(self) -> dict[str, Any]:
        """Every array in the `buffers` of this module and of those in it, by dotted name: "norm.mean", say."""
        places = self._buffer_places()
        return {name: owner.buffers[key] for name, (owner, key) in places.items()}

    def put(self, buffers: Mapping[str, Any]) -> None:
        """Replace buffers by new values of the same kind, as a forward pass returned them.

        ValueError lists every name that is no buffer and every other shape, dtype or device; nothing is replaced then.
        """
        places, mine = self._buffer_places(), self.named_buffers()
        buffers = {name: np.asarray(value) if isinstance(value, np.generic) else value       # NumPy's 0-d results
                   for name, value in buffers.items()}
        wrong = [f"there is no {name}" for name in buffers if name not in mine]
        wrong += [f"{name}: given {_kind(buffers[name])}, wanted {_kind(array)}" for name, array in mine.items()
                  if name in buffers and _kind(buffers[name]) != _kind(array)]
        if wrong:
            raise ValueError(f"{type(self).__name__}: {len(wrong)} buffers do not fit\n  " + "\n  ".join(wrong))
        for name, value in buffers.items():
            owner, key = places[name]
            owner.buffers[key] = value

    def hidden_matrices(self) -> dict[str, int]:
        """The matrices that map hidden vectors to hidden vectors, by name, and how many maps each of them holds.

        Several maps of the same vectors may lie in one matrix, one above the other, as query, key and value do.
        """
        held: dict[int, int] = {}
        for _, module in modules_in(self):
            own = module.named_parameters() if module.maps else {}
            held |= {id(own[name]): maps for name, maps in module.maps.items()}
        return {name: held[id(p)] for name, p in self.named_parameters().items() if id(p) in held}

    def __call__(self, *inputs, **constants) -> Any:
        raise TypeError(f"{type(self).__name__}: it defines no __call__, which is what PyTorch calls forward")

    if not TYPE_CHECKING:
        def __getattr__(self, name):                           # asked for what is not there alone
            raise NotHere("Module", f"a {type(self).__name__}", name, self)

    def count(self) -> int:
        """How many numbers the parameters hold."""
        return sum(p.size for p in self.parameters())

    def state(self) -> dict[str, np.ndarray]:
        """The numbers of all parameters and then of all buffers by name, on the host.

        On the CPU these are the arrays themselves, no copies.
        """
        arrays = {name: p.data for name, p in self.named_parameters().items()} | self.named_buffers()
        return {name: backend.to_host(array) for name, array in arrays.items()}

    def load(self, arrays: Mapping[str, np.ndarray]) -> Self:
        """Copy arrays into the parameters and buffers of the same names.

        Raises CheckpointError that lists every missing, unexpected and mis-shaped name; nothing is copied then.
        """
        self.check(arrays)
        for name, tensor in self.named_parameters().items():
            tensor.data = fitted(arrays[name], tensor.data)
        self.put({name: fitted(arrays[name], buffer) for name, buffer in self.named_buffers().items()})
        return self

    def check(self, arrays: Mapping[str, np.ndarray]) -> None:
        """CheckpointError that lists every name of `arrays` that is missing, unexpected or mis-shaped."""
        mine = self.named_parameters() | self.named_buffers()
        if wrong := misfits(arrays, {name: array.shape for name, array in mine.items()}):
            raise CheckpointError(f"{type(self).__name__}: {len(wrong)} tensors do not fit\n  " + "\n  ".join(wrong))

    def to(self, device: str | None = None, dtype=None) -> Self:
        """Move parameters and buffers, in place, to a device ("cpu", "cuda") or another precision.

        Gradients are dropped.  Buffers of whole numbers keep their type.
        """
        for p in self.parameters():
            p.data, p.grad = p.to(device, dtype).data, None
        for owner, key in self._buffer_places().values():
            array = owner.buffers[key]
            array = array if device is None else backend.to_device(array, device)
            owner.buffers[key] = array if dtype is None or array.dtype.kind not in "fc" else array.astype(dtype)
        return self

    def _buffer_places(self) -> dict[str, tuple["Module", str]]:
        """For the dotted name of every buffer the module that keeps it, and its name there."""
        found: dict[str, tuple[Module, str]] = {}
        seen = set()
        for path, module in modules_in(self):
            if id(module) not in seen:                         # a layer that is used twice keeps them once
                seen.add(id(module))
                found |= {_join(path, key): (module, key) for key in getattr(module, "buffers", {})}
        clash = sorted(found.keys() & self.named_parameters().keys())
        if clash:
            raise ValueError(f"{type(self).__name__}: {', '.join(clash)} names a parameter and a buffer; rename one")
        return found

    def __repr__(self):
        named = self.named_parameters()
        rows = [(name, str(p.shape), f"{p.size:,}") for name, p in named.items()]
        rows += [(name, str(buffer.shape), "buffer") for name, buffer in self.named_buffers().items()]
        rows.append(("total", "", f"{self.count():,}"))
        wide, tall, long = (max(len(row[i]) for row in rows) for i in range(3))
        lines = [f"  {name:<{wide}}  {shape:<{tall}}  {size:>{long}}" for name, shape, size in rows]
        return "\n".join([type(self).__name__, *lines])


def fitted(array: np.ndarray, old) -> Any:
    """A copy of a host array in the precision and on the device of what it replaces."""
    return backend.to_device(np.array(array, dtype=old.dtype, order="C"), backend.device_of(old))


def misfits(arrays: Mapping[str, np.ndarray], shapes: Mapping[str, tuple]) -> list[str]:
    """A line for each of `arrays` that is missing, unexpected or of another shape than the one wanted."""
    wrong = [f"missing: {name} {shape}" for name, shape in shapes.items() if name not in arrays]
    wrong += [f"unexpected: {name} {array.shape}" for name, array in arrays.items() if name not in shapes]
    return wrong + [f"shape of {name}: given {arrays[name].shape}, wanted {shape}" for name, shape in shapes.items()
                    if name in arrays and arrays[name].shape != shape]


def _kind(array) -> str:
    return f"{array.shape} {array.dtype} on {backend.device_of(array)}"


def _walk(thing, name: str) -> Iterator[tuple[str, Tensor]]:
    if isinstance(thing, Tensor):
        yield name, thing
    for key, child in _children(thing).items():
        yield from _walk(child, _join(name, key))


def modules_in(thing, name: str = "") -> Iterator[tuple[str, Module]]:
    if isinstance(thing, Module):                              # as often as it is mentioned
        yield name, thing
    for key, child in _children(thing).items():
        yield from modules_in(child, _join(name, key))


def _children(thing) -> dict:
    """What a module, a dict or a list holds, by name or number."""
    if isinstance(thing, list | tuple):
        return dict(enumerate(thing))
    return vars(thing) if isinstance(thing, Module) else thing if isinstance(thing, dict) else {}


def _join(path: str, key) -> str:
    return f"{path}.{key}" if path else str(key)
