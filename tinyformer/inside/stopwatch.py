"""What does a training step cost, op by op?  It runs under a watch: once to count, and some times to be timed.

While `trace` runs, every primitive is called through a watch, which takes the place of `Primitive.__call__`; the engine
itself knows nothing of this, and pays nothing for it.
"""

import gc
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from tinyformer.backend import is_array, library, synchronize
from tinyformer.engine import Tensor, nodes_behind
from tinyformer.inside.machine import speeds
from tinyformer.inside.multiplications import multiplications
from tinyformer.inside.step_table import Trace, Use
from tinyformer.inside.watching import watched
from tinyformer.kept import bytes_kept_by, memory
from tinyformer.nn.module import Module, modules_in


def trace(f: Callable[[], Tensor], move: Callable[[], Any] | None = None, repeats: int = 3) -> Trace:
    """A table of one training step: f() computes the loss, its backward runs, and then move(), an optimizer's step say.

        print(tinyformer.trace(lambda: model.loss(batch)))

    The step runs once to count, once to find the peak, `repeats` times alone, and as often under the watch, of which
    the fastest is shown.  Every `.grad` is as before afterwards; what `move` changes stays changed.  Of an op of one's
    own no multiplications are known.  ValueError where f() is no number that depends on parameters, or computes
    something else each time.
    """
    loss = f()
    if not isinstance(loss, Tensor) or loss.node is None or loss.size != 1:
        raise ValueError(f"trace: the function returned {loss!r}; it must return one number, a loss, that depends on "
                         "tensors that require a gradient")
    nodes = nodes_behind(loss.node)
    leaves = list({id(p): p for node in nodes for p in node.parents if isinstance(p, Tensor)}.values())
    xp, before = library(loss.data), [leaf.grad for leaf in leaves]
    del loss, nodes
    step = _Step(f, move, leaves)
    try:
        uses = _survey(step)
        peak = _peak(step) if xp.__name__ == "numpy" else None
        alone = min(sum(step.run()) for _ in range(repeats))
        rounds = [_timed(step, len(uses)) for _ in range(repeats)]
    finally:
        for leaf, grad in zip(leaves, before, strict=True):
            leaf.grad = grad
    times, forward, backward, moved = min(rounds, key=lambda found: sum(found[1:]))
    for use, (there, back) in zip(uses, times, strict=True):
        use.forward, use.backward = 1e3 * there, 1e3 * back
    products, copies = speeds(xp)
    return Trace(uses, 1e3 * forward, 1e3 * backward, 1e3 * moved, 1e3 * alone, peak, products, copies)


@dataclass
class _Step:
    """One training step, to be run again and again."""

    f: Callable[[], Tensor]
    move: Callable[[], Any] | None
    leaves: list[Tensor]

    def run(self, between: Callable[[Tensor], None] | None = None) -> tuple[float, float, float]:
        """The seconds that forward, backward and move took; `between` looks at the loss after the first."""
        for leaf in self.leaves:
            leaf.grad = None
        start = _now()
        loss = self.f()
        there = _now() - start
        if between is not None:
            between(loss)
        start = _now()
        loss.backward()
        back = _now() - start
        start = _now()
        if self.move is not None:
            self.move()
        return there, back, _now() - start


def _now() -> float:
    synchronize()
    return perf_counter()


# ---- once, to count --------------------------------------------------------------------------------------------------


def _survey(step: _Step) -> list[Use]:
    """Every use of an op in the order of the calls, with all that needs no clock."""
    uses: list[Use] = []
    made: dict = {}
    names: dict[int, str] = {}

    def watch(call, op, inputs, constants):
        module = _module(sys._getframe(2), names)
        arrays = [x.data if isinstance(x, Tensor) else x for x in inputs]
        shapes = [tuple(getattr(x, "shape", ())) for x in arrays]
        there, back = multiplications(op.name, shapes, constants)
        use = Use(op.name, module, shapes, (), there, back, 0, 0, 0, op.keeps)
        uses.append(use)
        result = call(op, *inputs, **constants)
        use.shape = result.shape
        use.read, use.written = _moved([*arrays, *constants.values()], result.data)
        if result.node is None:
            use.multiplications_backward = 0
            return result
        made[result.node] = use
        backward = result.node.backward

        def counted(dout, **last):
            grads = backward(dout, **last)
            read, written = _moved([dout], grads)
            use.read += read + (use.mentioned if written else 0)
            use.written += written
            return grads

        result.node.backward = counted
        return result

    def keep(loss) -> None:
        nodes = nodes_behind(loss.node)
        for node, (own, mentioned) in zip(nodes, bytes_kept_by(nodes), strict=True):
            made[node].kept, made[node].mentioned = own, mentioned
        unused = {*map(id, made.values())} - {id(made[node]) for node in nodes}
        for use in made.values():
            if id(use) in unused:
                use.multiplications_backward = 0

    with watched(watch):
        step.run(keep)
    made.clear()
    return uses


def _module(frame, names: dict[int, str]) -> str:
    """The dotted name of the innermost module that is at work, read off the call stack; the outermost is its root."""
    found = []
    while frame is not None:
        owner = frame.f_locals.get("self") if "self" in frame.f_code.co_varnames else None
        if isinstance(owner, Module):
            found.append(owner)
        frame = frame.f_back
    if not found:
        return ""
    if id(found[0]) not in names:
        root = type(found[-1]).__name__
        for path, module in modules_in(found[-1]):
            names.setdefault(id(module), f"{root}.{path}" if path else root)
    return names.get(id(found[0]), type(found[0]).__name__)


def _moved(given, results) -> tuple[int, int]:
    """The bytes of all arrays that went in, and of those that came out; none where all that came out went in.

    What is handed on as it is, or looked at in another shape, is not moved.
    """
    known = {id(memory(array)) for array in _arrays(given)}
    fresh = {id(array): array for array in _arrays(results) if id(memory(array)) not in known}
    read = sum(array.nbytes for array in _arrays(given)) if fresh else 0
    return read, sum(array.nbytes for array in fresh.values())


def _arrays(thing) -> list:
    """The arrays in a tuple, and in those in it."""
    if isinstance(thing, list | tuple):
        return [array for part in thing for array in _arrays(part)]
    return [thing] if is_array(thing) else []


def _peak(step: _Step) -> int:
    """The most bytes that were held at one time, beyond those before the step."""
    gc.collect()
    running = tracemalloc.is_tracing()
    if not running:
        tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        step.run()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not running:
            tracemalloc.stop()


# ---- some times, by the clock ----------------------------------------------------------------------------------------


def _timed(step: _Step, expected: int) -> tuple[list, float, float, float]:
    """The seconds of every use, (forwards, backwards), and of the three parts of the step.

    An op that is called within another one's forward or backward counts for itself, and not for that one too.
    """
    times: list[list[float]] = []
    within = [0.0]                                             # the seconds of inner ops, for each that is at work

    def clocked(place: int, way: int, function, *given, **more):
        within.append(0.0)
        start = _now()
        result = function(*given, **more)
        taken = _now() - start
        times[place][way] += taken - within.pop()
        within[-1] += taken
        return result

    def watch(call, op, inputs, constants):
        place = len(times)
        times.append([0.0, 0.0])
        result = clocked(place, 0, call, op, *inputs, **constants)
        if result.node is not None:
            backward = result.node.backward
            result.node.backward = lambda dout, **last: clocked(place, 1, backward, dout, **last)
        return result

    with watched(watch):
        parts = step.run()
    if len(times) != expected:
        raise ValueError(f"trace: the function used {expected} ops at first and then {len(times)}; "
                         "it must compute the same each time")
    return times, *parts
