"""Where are the parameters?  In the attributes: a module is a plain object, and its tree is read from it when asked.

There is no hook on assignment, no base constructor to call and no Parameter class.  Whatever tensor can be reached
through attributes, lists and dicts is a parameter, and its dotted path is its name.
"""

from collections.abc import Iterator

import numpy as np

from tinyformer import backend
from tinyformer.engine import Tensor
from tinyformer.errors import CheckpointError


class Module:
    """Something with parameters: derive from it, and assign tensors and other modules in __init__."""

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

    def count(self) -> int:
        """How many numbers the parameters hold."""
        return sum(p.size for p in self.parameters())

    def state(self) -> dict[str, np.ndarray]:
        """The numbers of all parameters by name, on the host; on the CPU these are the arrays themselves, no copies."""
        return {name: backend.to_host(p.data) for name, p in self.named_parameters().items()}

    def load(self, arrays: dict[str, np.ndarray]) -> "Module":
        """Copy arrays into the parameters of the same names.

        Raises CheckpointError that lists every missing, unexpected and mis-shaped name; nothing is copied then.
        """
        mine = self.named_parameters()
        wrong = [f"missing: {name} {mine[name].shape}" for name in mine if name not in arrays]
        wrong += [f"unexpected: {name} {arrays[name].shape}" for name in arrays if name not in mine]
        wrong += [f"shape of {name}: given {arrays[name].shape}, wanted {mine[name].shape}"
                  for name in mine if name in arrays and arrays[name].shape != mine[name].shape]
        if wrong:
            raise CheckpointError(f"{type(self).__name__}: {len(wrong)} tensors do not fit\n  " + "\n  ".join(wrong))
        for name, tensor in mine.items():
            fresh = np.array(arrays[name], dtype=tensor.dtype, order="C")
            tensor.data = backend.to_device(fresh, tensor.device)
        return self

    def to(self, device: str | None = None, dtype=None) -> "Module":
        """Move the parameters, in place, to a device ("cpu", "cuda") or another precision; gradients are dropped."""
        for p in self.parameters():
            p.data, p.grad = p.to(device, dtype).data, None
        return self

    def __repr__(self):
        named = self.named_parameters()
        rows = [(name, str(p.shape), f"{p.size:,}") for name, p in named.items()]
        rows.append(("total", "", f"{self.count():,}"))
        wide, tall, long = (max(len(row[i]) for row in rows) for i in range(3))
        lines = [f"  {name:<{wide}}  {shape:<{tall}}  {size:>{long}}" for name, shape, size in rows]
        return "\n".join([type(self).__name__, *lines])


def _walk(thing, name: str) -> Iterator[tuple[str, Tensor]]:
    if isinstance(thing, Tensor):
        yield name, thing
        return
    children = (vars(thing) if isinstance(thing, Module) else thing if isinstance(thing, dict) else
                dict(enumerate(thing)) if isinstance(thing, list | tuple) else {})
    for key, child in children.items():
        yield from _walk(child, f"{name}.{key}" if name else str(key))
