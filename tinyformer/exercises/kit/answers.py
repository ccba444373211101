"""What does a primitive answer at a point, forwards and three times backwards, in each kind of numbers?

Two primitives that answer alike are the same mistake, or both right.
"""

from typing import Any, NamedTuple

import numpy as np

from tinyformer.engine import Call, Primitive, Tensor
from tinyformer.gradcheck.registry import calling
from tinyformer.gradcheck.trial import complex_or_nothing
from tinyformer.gradcheck.user_file import line_of, one_line

TOLERANCE = {"float64": 1e-11, "float32": 1e-5, "complex128": 1e-11}            # in each kind of numbers


class Answer(NamedTuple):
    """What came of one call; `out` is None, and `grads` is (), where an error ended it before."""

    out: Any
    dout: Any
    grads: tuple                              # one for each input, of the first pass
    later: tuple                              # those of a second pass, and of a last one
    harm: tuple                               # what was overwritten: 0 is dout, 1 the first input
    inputs: list                              # at which point
    error: str = ""                           # what it said
    place: str = ""                           # the same with the user's line


def answer(op: Primitive, call: Call, kind: str = "float64", number: int = 0) -> Answer:
    """Run one call with numbers of this kind, under the call's own dout or a random one."""
    rng = np.random.default_rng([7, number])
    arrays = [np.asarray(a, kind) + (0.1j * rng.normal(size=np.shape(a)) if kind == "complex128" else 0)
              for a in call.arrays]
    leaves = [Tensor(a.copy()) for a in arrays]
    out, dout, grads, later, harm = None, None, (), (), ()
    try:
        with complex_or_nothing(), np.errstate(all="ignore"):
            result = calling(op, call)(*leaves)
            out = result.data.copy()
            given = getattr(call, "dout", None)
            dout = np.array(rng.normal(size=out.shape) if given is None else given, kind)
            for keep in (True, True, False):
                handed = dout.copy()
                for leaf in leaves:
                    leaf.grad = None
                result.backward(handed, retain_graph=keep)
                found = tuple(leaf.grad.copy() for leaf in leaves)
                grads, later = (found, later) if not grads else (grads, (*later, *found))
                before, now = [dout, *arrays], [handed, *(leaf.data for leaf in leaves)]
                harm = harm or tuple(i for i in range(len(now)) if before[i].tobytes() != now[i].tobytes())
    except Exception as error:                                 # any mistake can stand in a backward
        return Answer(out, dout, grads, later, harm, arrays, one_line(error), line_of(error))
    return Answer(out, dout, grads, later, harm, arrays)


def alike(a: Answer, b: Answer, kind: str = "float64") -> bool:
    """Do two answers agree in everything that shows?"""
    if a.harm != b.harm or a.error != b.error:
        return False
    ours, theirs = ([x.out, *x.grads, *x.later] for x in (a, b))
    return len(ours) == len(theirs) and all(near(x, y, kind) for x, y in zip(ours, theirs, strict=True))


def near(a, b, kind: str = "float64") -> bool:
    """Equal within the roundings of this kind of numbers, of the larger array; NaN equals NaN."""
    if a is None or b is None:
        return a is b
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    finite = np.abs(b[np.isfinite(b)])
    bound = TOLERANCE[kind]
    with np.errstate(all="ignore"):
        return bool(np.allclose(a, b, rtol=bound, atol=bound * (finite.max(initial=0) + 1e-3), equal_nan=True))
