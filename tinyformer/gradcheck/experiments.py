"""What can be learned from a derivative that is exact?  Where differences fail, and how a loss bends."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tinyformer.backend import to_host
from tinyformer.engine import Primitive
from tinyformer.errors import InputError
from tinyformer.gradcheck.checks import Examination, nearest
from tinyformer.gradcheck.registry import calling
from tinyformer.gradcheck.trial import Trial, complex_or_nothing, dot
from tinyformer.gradcheck.user_file import one_line
from tinyformer.rng import stream

LAST_PLACE = 2.0 ** -53                       # half a unit in the last place of 1: no relative error is known better


@dataclass
class Valley:
    """Relative errors of a derivative against the step it was taken with: three curves over `steps`."""

    name: str
    steps: np.ndarray
    float64: np.ndarray                       # central difference
    float32: np.ndarray                       # central difference
    complex_step: np.ndarray                  # NaN where f does not run on complex numbers

    def __repr__(self):
        rows = zip(self.steps, self.float64, self.float32, self.complex_step, strict=True)
        lines = [f"{self.name}: relative error of the derivative",
                 f"{'step':>8s}{'float64':>10s}{'float32':>10s}{'complex':>10s}"]
        return "\n".join(lines + [f"{s:8.0e}{a:10.1e}{b:10.1e}{c:10.1e}" for s, a, b, c in rows])


def sweep(f: Callable, *inputs, steps=None, cotangent=None, seed: int = 0, directions: int = 8,
          name: str | None = None) -> Valley:
    """The error of central differences and of the complex step for each of `steps` (by default 1e-16 to 0.1).

    A long step bends (an error like h²), a short one cancels (like 1/h): a valley with a floor that no step can lower.
    The complex step has the first error only.  All are taken at one point that float32 can hold, as root mean squares
    over random directions, relative to that of the derivative itself.

    No curve is measured against itself: differences against the complex step with h = 1e-30 (where f does not run on
    complex numbers: against backward), the complex step against backward.  So a wrong backward lifts the line of the
    complex step off the floor, and leaves the valley alone.
    """
    e = Examination(f, inputs, cotangent, np.float32, seed, directions)
    e.dtype, steps = np.dtype(np.float64), np.logspace(-16, -1, 31) if steps is None else np.asarray(steps, np.float64)
    e.differentiate()
    backward = np.array([dot(v, e.gradient) for v in e.directions])

    def imaginary(h):
        return np.array([dot([e.cotangent], [e.complex_value(v, h).imag]) / h for v in e.directions])

    def difference(h, dtype):
        ends = [[e.value([x.astype(dtype) for x in e.along(v, sign * h)]) for sign in (1, -1)] for v in e.directions]
        return np.array([dot([e.cotangent], [there.astype(np.float64) - back]) for there, back in ends]) / (2 * h)

    def error(found, reference):
        return max(np.sqrt(((found - reference) ** 2).mean() / ((reference ** 2).mean() + 1e-300)), LAST_PLACE)

    with np.errstate(all="ignore"):                            # a long step may leave the domain of f: NaN there
        try:
            reference, flat = imaginary(1e-30), [error(imaginary(h), backward) for h in steps]
        except (TypeError, np.exceptions.ComplexWarning):
            reference, flat = backward, [np.nan for h in steps]
        double, single = ([error(difference(h, dtype), reference) for h in steps] for dtype in (np.float64, np.float32))
    name = name or getattr(f, "name", None) or getattr(f, "__name__", "f").replace("<lambda>", "f")
    return Valley(name, steps, np.array(double), np.array(single), np.array(flat))


def sweep_op(op: Primitive, case: str | None = None, seed: int = 0, steps=None) -> Valley:
    """`sweep` of a primitive at one of its cases, the first unless its title is given."""
    if not op.cases:
        raise InputError(f"{op.name}: has no case to start from; write one with @{op.name}.case")
    title = next(iter(op.cases)) if case is None else nearest("case", case, op.cases)
    call = op.cases[title](stream(seed, f"{op.name}: {title}"))
    return sweep(calling(op, call), *call.arrays, steps=steps, seed=seed, name=f"{op.name}: {title}")


def hvp(f: Callable, parameters, direction, h: float = 1e-30) -> list:
    """The Hessian of a scalar times a vector, exactly: H v = imag(gradient(theta + i h v)) / h.

    `parameters` is a module, a tensor, an array, or a list of these; f(parameters) (of a list: f(*parameters)) or f()
    computes the scalar.  `direction` is a list of one array for each tensor of the parameters, or an array where there
    is one tensor, and the result is such a list, in float64.  Here `backward` itself runs on complex numbers, so the
    derivative of the gradient needs no second graph, and no difference.

    Frozen tensors do not move and get zeros.  Data and gradients of the parameters are left as they were.
    Raises TypeError where f does not run on complex numbers, ValueError for other shapes and for more than one result.
    """
    t = Trial(f, parameters if isinstance(parameters, (list, tuple)) else [parameters])
    direction = [direction] if hasattr(direction, "shape") else list(direction)
    given, wanted = [np.shape(d) for d in direction], [leaf.shape for leaf in t.leaves]
    if given != wanted:
        raise ValueError(f"hvp: the direction has shapes {given}, the parameters have {wanted}; "
                         "they must agree one by one")
    v = [np.asarray(to_host(d), np.float64) * leaf.requires_grad for d, leaf in zip(direction, t.leaves, strict=True)]
    try:
        with complex_or_nothing(), t.at(t.along(v, 1j * h)) as out:
            if out.size != 1:
                raise ValueError(f"hvp: f returned shape {out.shape}; a Hessian belongs to one number, "
                                 "such as a sum or a mean")
            if out.dtype.kind != "c":
                raise TypeError(f"complex parameters gave a result of {out.dtype}")
            out.backward()
            return [gradient.imag / h for gradient in t.gradients()]
    except (TypeError, np.exceptions.ComplexWarning) as error:
        raise TypeError(f"hvp: f does not run on complex numbers ({one_line(error)}); "
                        "build it from tinyformer.ops, or make its own primitives complex-safe") from error
