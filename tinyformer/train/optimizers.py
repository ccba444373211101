"""Given the gradients, where do the parameters go?  SGD with momentum, and AdamW.

An optimizer lays all parameters out in one flat array and leaves the tensors as views of it; what it remembers of
each number (its moments) lies in arrays of the same layout.  A step then walks over a few long stretches and not over
hundreds of tensors.  On the CPU it takes them in pieces that stay in the cache from the first line of the formula to
the last; on a GPU each line is one call for everything.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from tinyformer import backend
from tinyformer.engine import Tensor
from tinyformer.errors import CheckpointError
from tinyformer.nn.module import Module, misfits
from tinyformer.train.loop_settings import Settings
from tinyformer.train.moved_by import named_tensors, rate_of

CHUNK = 1 << 15                               # numbers in one piece: 128 kB in float32, so five arrays fit in L2
LINE = 16                                     # numbers in a line of the cache, 64 bytes in float32


class Slot:
    """The place of one parameter in the flat arrays."""

    def __init__(self, name: str, tensor: Tensor, start: int, decays: bool, rate: float):
        self.name, self.tensor, self.decays = name, tensor, decays
        self.rate = rate                      # its share of the learning rate
        self.start, self.stop = start, start + tensor.size
        self.steps = 0                        # how often this parameter has moved
        self.view: Any = None                 # its part of the flat array, in its own shape


class Optimizer:
    """What SGD and AdamW share: the flat layout, and the walk over it.

    `parameters` is a module, names and tensors, or tensors; those with requires_grad=False are left out.  One whose
    `.grad` is None stays as it is.  Weight decay pulls on tensors with two or more axes (the weights of products
    and the embeddings) and never on biases and norm gains, which have one.  `rates` gives the share of the learning
    rate that a parameter of this name gets, where it is not all of it.
    """

    moments: tuple[str, ...] = ()             # names of the arrays that a subclass remembers

    @classmethod
    def of(cls, parameters: Module | Mapping[str, Tensor], settings: Settings,
           rates: Mapping[str, float] | None = None) -> "Optimizer":
        """The optimizer of a run with these settings."""
        raise NotImplementedError(f"{cls.__name__} must say which settings it takes: define of")

    def __init__(self, parameters: Module | Mapping[str, Tensor] | Iterable[Tensor], weight_decay: float,
                 rates: Mapping[str, float] | None = None, lr: float | None = None):
        named, self.lr = named_tensors(parameters), lr
        trained = {name: p for name, p in named.items() if p.requires_grad}
        if not trained:
            raise ValueError(f"{type(self).__name__}: none of the {len(named)} parameters has requires_grad; "
                             "there is nothing to train")
        kinds = {(backend.device_of(p.data), str(p.dtype)) for p in trained.values()}
        if len(kinds) > 1:
            raise ValueError(f"{type(self).__name__}: the parameters are of several kinds, {sorted(kinds)}; "
                             "bring all to one device and dtype with model.to(...)")
        self.weight_decay = weight_decay
        first = next(iter(trained.values())).data
        self.xp = xp = backend.library(first)
        self.slots: list[Slot] = []
        for name, p in sorted(trained.items(), key=lambda item: item[1].ndim < 2):     # what decays stands in front
            start = self.slots[-1].stop if self.slots else 0
            self.slots.append(Slot(name, p, start, decays=p.ndim >= 2, rate=(rates or {}).get(name, 1.0)))
        size = self.slots[-1].stop
        self.values = xp.empty(size, first.dtype)                                      # every parameter, one array
        for slot in self.slots:
            slot.view = self._part(self.values, slot)
            slot.view[...] = slot.tensor.data
            slot.tensor.data = slot.view
        self.memory = {name: xp.zeros(size, first.dtype) for name in self.moments}
        self.chunk = min(CHUNK, size) if xp is np else size
        self.gathered = xp.empty(self.chunk, first.dtype)
        self.scratch = xp.empty(self.chunk, first.dtype)

    def step(self, learning_rate: float | None = None, start: int = 0, stop: int | None = None) -> None:
        """Move every parameter that has a gradient, once; with two neighbours of `cuts`, only what lies between them.

        The learning rate is `lr` where none is given here; a schedule gives each step its own.
        Those that share a step, each with a stretch of its own, all count it for every parameter.
        """
        learning_rate = rate_of(self, learning_rate)
        stop = self.values.size if stop is None else stop
        for slots in self.stretches():
            first, last = slots[0], slots[-1]
            for slot in slots:
                slot.steps += 1
            low, high = max(start, first.start), min(stop, last.stop)
            if low >= high:
                continue
            gradient, decay = self._gather(slots), self.weight_decay if first.decays else 0.0
            for place in range(low, high, self.chunk):
                here = slice(place, min(place + self.chunk, high))
                g = gradient[here.start - first.start:here.stop - first.start]
                memory = [array[here] for array in self.memory.values()]
                self.update(self.values[here], g, *memory, learning_rate * first.rate, decay, first.steps)

    def cuts(self, parts: int) -> list[int]:
        """Where the flat arrays are cut, 0 and their end included, for `parts` stretches of about equal work.

        A formula that goes number by number may be cut anywhere, here at a line of the cache; one that moves a matrix
        as a whole cuts between matrices.  Stretches may be empty.
        """
        lines = -(-self.values.size // LINE)
        return [min(self.values.size, lines * part // parts * LINE) for part in range(parts + 1)]

    def update(self, p, g, *rest) -> None:
        """Apply the formula, in place, to one piece: p and g (n,), the moments, learning rate, decay, step."""
        raise NotImplementedError(f"{type(self).__name__} must say how a piece moves: define update")

    def remembers(self, slot: Slot) -> tuple[str, ...]:
        """The moments that are in use for this parameter, and so are saved: all of them."""
        return self.moments

    def zero_grad(self) -> None:
        """Forget the gradients, so that the next backward starts anew."""
        for slot in self.slots:
            slot.tensor.grad = None

    def state(self) -> dict[str, np.ndarray]:
        """The moments by name of moment and parameter, and how often each parameter has moved, on the host.

        On the CPU these are the optimizer's own arrays and no copies: save them before the next step.
        """
        arrays = {f"{moment}.{slot.name}": backend.to_host(self._part(self.memory[moment], slot))
                  for slot in self.slots for moment in self.remembers(slot)}
        return arrays | {"steps": np.array([slot.steps for slot in self.slots])}

    def load(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take over what `state` returned; CheckpointError lists everything that does not fit, and nothing changes."""
        wanted = {f"{moment}.{slot.name}": slot.tensor.shape
                  for slot in self.slots for moment in self.remembers(slot)}
        wanted["steps"] = (len(self.slots),)
        if wrong := misfits(arrays, wanted):
            raise CheckpointError(f"{type(self).__name__}: {len(wrong)} arrays do not fit; they are of other "
                                  "parameters or of another optimizer\n  " + "\n  ".join(wrong))
        for place, slot in enumerate(self.slots):
            slot.steps = int(arrays["steps"][place])
            for moment in self.remembers(slot):
                self._part(self.memory[moment], slot)[...] = self.xp.asarray(arrays[f"{moment}.{slot.name}"])

    def _part(self, flat, slot: Slot):
        return flat[slot.start:slot.stop].reshape(slot.tensor.shape)

    def stretches(self) -> Iterator[list[Slot]]:
        """Neighbours that move alike: small ones until a chunk is full, a large one alone."""
        waiting: list[Slot] = []
        for slot in self.slots:
            if slot.tensor.data is not slot.view:
                raise ValueError(f"{type(self).__name__}: the numbers of {slot.name} have moved since the optimizer "
                                 "was built, by model.to or model.load; build it anew after them")
            if waiting and not self._alike(waiting, slot):
                yield waiting
                waiting = []
            if slot.tensor.grad is not None:
                waiting.append(slot)
        if waiting:
            yield waiting

    def _alike(self, waiting: list[Slot], slot: Slot) -> bool:
        first, last = waiting[0], waiting[-1]
        return (slot.tensor.grad is not None and slot.start == last.stop and slot.stop - first.start <= self.chunk
                and (slot.decays, slot.steps, slot.rate) == (first.decays, first.steps, first.rate))

    def _gather(self, slots: list[Slot]):
        """Their gradients in one flat array.

        A large one lends its own, so that on the CPU no second copy of all gradients is ever made.  On a GPU one chunk
        holds everything: there the copy is the price of one call for all.
        """
        if len(slots) == 1:
            return slots[0].tensor.grad.reshape(-1)
        start = slots[0].start
        for slot in slots:
            self.gathered[slot.start - start:slot.stop - start] = slot.tensor.grad.reshape(-1)
        return self.gathered[:slots[-1].stop - start]


class SGD(Optimizer):
    """Roll downhill with momentum: velocity = momentum * velocity + g + decay * p;  p = p - learning_rate * velocity.

    (Polyak 1964; Sutskever et al. 2013.)  The decay is part of the gradient here, as an L2 penalty would have it.
    """

    moments = ("velocity",)

    def __init__(self, parameters, *, momentum: float = 0.9, weight_decay: float = 0.0, rates=None, lr=None):
        super().__init__(parameters, weight_decay, rates, lr)
        self.momentum = momentum

    def update(self, p, g, velocity, learning_rate, decay, step) -> None:
        xp, a = self.xp, self.scratch[:g.size]
        velocity *= self.momentum
        velocity += g
        if decay:
            velocity += xp.multiply(p, decay, out=a)
        p -= xp.multiply(velocity, learning_rate, out=a)


class AdamW(Optimizer):
    """Step by the averaged gradient over its averaged size (Loshchilov and Hutter 2019, algorithm 2).

    With t = 1, 2, ... and all of it number by number,

        first  = beta1 * first  + (1 - beta1) * g
        second = beta2 * second + (1 - beta2) * g²
        p = p - learning_rate * ( (first / (1 - beta1^t)) / (sqrt(second / (1 - beta2^t)) + eps) + weight_decay * p )

    The division by 1 - beta^t makes up for averages that start at 0.  The decay stands outside the fraction: inside
    it, as part of g, weights with large gradients would hardly decay at all.
    """

    moments = ("first", "second")

    def __init__(self, parameters, *, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0.01, rates=None, lr=None):
        super().__init__(parameters, weight_decay, rates, lr)
        self.betas, self.eps = betas, eps

    @classmethod
    def of(cls, parameters, settings, rates=None) -> "AdamW":
        return cls(parameters, betas=settings.betas, eps=settings.eps, weight_decay=settings.weight_decay, rates=rates)

    def update(self, p, g, first, second, learning_rate, decay, step) -> None:
        """The three lines above, in place; sqrt(1 - beta2^t) is taken out of the fraction, which saves a pass."""
        xp, a = self.xp, self.scratch[:g.size]
        beta1, beta2 = self.betas
        root = math.sqrt(1 - beta2 ** step)
        first *= beta1
        first += xp.multiply(g, 1 - beta1, out=a)
        xp.multiply(g, g, out=a)
        a *= 1 - beta2
        second *= beta2
        second += a
        xp.sqrt(second, out=a)
        a += self.eps * root
        xp.divide(first, a, out=a)
        a *= learning_rate * root / (1 - beta1 ** step)
        if decay:
            p *= 1 - learning_rate * decay
        p -= a
