"""Where do several processes see the same numbers?  In an arena, a piece of memory that each of them has mapped.

Arrays are taken from it, and whatever holds such arrays, a model say, can be packed and sent to another process: what
lies in the arena is named by its place there and copied nowhere.

An arena has no name, so that no kill, of whomever it may be, leaves it behind: the processes hand its descriptor on,
and it is gone with the last of them.  (`multiprocessing.shared_memory` gives out names, and has no more room than
/dev/shm, which in a container is 64 MB.)
"""

import io
import mmap
import os
import pickle
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import reduction
from types import ModuleType

import numpy as np

from tinyformer.errors import InputError
from tinyformer.nn.module import Module
from tinyformer.train.optimizers import Optimizer

ALIGNED = 64                                  # bytes: where an array begins, a line of the cache does
UNSENDABLE = (pickle.PicklingError, TypeError, AttributeError)     # what pickle says of a function inside a function


class CannotShare(InputError):
    """Several processes cannot share this model here; the message says why, and what else there is to do."""


class Arena:
    """Shared memory of so many bytes, from which arrays are taken one after another.

    Sent to a process that is being started, it is the same memory there.  It lives as long as an array of it does.
    CannotShare where there is no room.
    """

    def __init__(self, size: int):
        self.size, self.used = max(size, ALIGNED), 0
        try:
            if os.name == "nt":
                self.handle = f"tinyformer-{uuid.uuid4().hex}"     # Windows forgets a name with the last who has it
                self.memory = mmap.mmap(-1, self.size, tagname=self.handle)
            else:
                self.file = _nameless(self.size)
                self.memory = mmap.mmap(self.file.fileno(), self.size)
        except OSError as error:
            raise CannotShare(f"there is no room for {self.size / 1e6:,.1f} MB that several workers share "
                              f"({error.strerror}); take one (--workers 1)") from None

    def __reduce__(self):
        if os.name == "nt":
            return _mapped_by_name, (self.handle, self.size)
        return _mapped, (reduction.DupFd(self.file.fileno()), self.size)

    def empty(self, size: int, dtype) -> np.ndarray:
        """A flat array of so many numbers, not set to anything."""
        array = np.frombuffer(self.memory, dtype, size, self.used) if size else np.empty(0, dtype)
        self.used += room(size, dtype)
        return array

    def pack(self, thing) -> tuple[bytes, list[tuple[int, int]]]:
        """What `unpack` makes `thing` of again, in a process that has mapped this arena.

        CannotShare where something in it cannot be sent, such as a function that was defined inside another.
        """
        begins, places = _address(self.memory), []

        def lies_elsewhere(buffer: pickle.PickleBuffer) -> bool:
            with buffer.raw() as raw:
                place = _address(raw) - begins if raw.nbytes else -1
                if 0 <= place < self.size:
                    places.append((place, place + raw.nbytes))
                return not 0 <= place < self.size              # what does is copied into the bytes

        return packed(thing, lies_elsewhere), places

    def unpack(self, data: bytes, places: list[tuple[int, int]]):
        """The thing that was packed; its arrays in the arena are the very same memory here."""
        memory = memoryview(self.memory)
        return pickle.loads(data, buffers=[memory[first:last] for first, last in places])


def lay_out(optimizer: Optimizer, empty: Callable) -> None:
    """Move the flat arrays of an optimizer into memory from empty(size, dtype), and the tensors' views with them."""
    optimizer.values = _copied(optimizer.values, empty)
    optimizer.memory = {name: _copied(array, empty) for name, array in optimizer.memory.items()}
    for slot in optimizer.slots:
        slot.view = slot.tensor.data = optimizer.values[slot.start:slot.stop].reshape(slot.tensor.shape)


def _copied(array, empty: Callable):
    there = empty(array.size, array.dtype)
    there[...] = array
    return there


@contextmanager
def laid_out(model: Module, optimizer: Optimizer, more: int = 0) -> Iterator[Arena]:
    """An arena with all parameters and moments in it, until the end of the block, and room for `more` bytes.

    Then they are back in memory of this process alone.  CannotShare where there is no room.
    """
    optimizer.zero_grad()
    frozen = [p for p in model.parameters() if not p.requires_grad]
    flat = [optimizer.values, *optimizer.memory.values(), *(p.data for p in frozen)]
    arena = Arena(more + sum(room(array.size, array.dtype) for array in flat))
    before = [p.data for p in frozen]
    try:
        lay_out(optimizer, arena.empty)
        for p in frozen:
            there = arena.empty(p.size, p.dtype).reshape(p.shape)
            there[...] = p.data
            p.data = there
        yield arena
    finally:
        lay_out(optimizer, np.empty)
        for p, array in zip(frozen, before, strict=True):
            p.data = array


def packed(thing, lies_elsewhere: Callable | None = None) -> bytes:
    """What pickle.loads makes `thing` of again, in another process; CannotShare where it cannot be sent."""
    data = io.BytesIO()
    try:
        _Pickler(data, protocol=5, buffer_callback=lies_elsewhere).dump(thing)
    except UNSENDABLE as error:
        raise CannotShare(f"a model, loss or measure that cannot be sent to another process ({error}) is trained "
                          "by one (--workers 1); what is sent must stand at the top of a module") from None
    return data.getvalue()


def room(size: int, dtype) -> int:
    """The bytes that an array of so many numbers takes up in an arena."""
    return -(-size * np.dtype(dtype).itemsize // ALIGNED) * ALIGNED


def _nameless(size: int):
    """An open file of so many bytes that no folder shows: in memory on Linux, elsewhere among the temporary ones."""
    if hasattr(os, "memfd_create"):
        file = os.fdopen(os.memfd_create("tinyformer"), "r+b", buffering=0)
    else:
        file = tempfile.TemporaryFile(buffering=0)
    try:
        file.truncate(size)
    except OSError:
        file.close()
        raise
    return file


def _mapped(descriptor, size: int) -> Arena:
    """The arena behind a descriptor that came from another process."""
    arena = Arena.__new__(Arena)
    arena.size, arena.used, arena.file = size, 0, os.fdopen(descriptor.detach(), "r+b", buffering=0)
    arena.memory = mmap.mmap(arena.file.fileno(), size)
    return arena


def _mapped_by_name(handle: str, size: int) -> Arena:
    arena = Arena.__new__(Arena)
    arena.size, arena.used, arena.handle = size, 0, handle
    arena.memory = mmap.mmap(-1, size, tagname=handle)
    return arena


class _Pickler(pickle.Pickler):
    """Pickles modules too, since an optimizer knows by one which array library it works with."""

    def reducer_override(self, thing):
        return (import_module, (thing.__name__,)) if isinstance(thing, ModuleType) else NotImplemented


def _address(buffer) -> int:
    return np.frombuffer(buffer, np.uint8).ctypes.data
