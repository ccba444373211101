"""Does a number still move when it has been stopped at a wall?

    out = x held between the numbers min and max, either of which may be left out; NaN stays NaN

At a bound itself x still moves out in one direction, and the slope is 1; outside it is 0, even where dout is infinite.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.clip, __doc__, hints=(
    "Between the bounds, out is x. And outside, if x grows by very little?",
    "Outside a bound stands in its place, and nothing moves. `outside` is True there, and False at the bounds.",
    "dx is 0 where outside, and dout elsewhere: xp.where(outside, 0, dout)."))


@EXERCISE.given
def clip(xp, x, *, min=None, max=None):
    below = x.real < (-xp.inf if min is None else float(min))
    above = x.real > (xp.inf if max is None else float(max))
    outside = below | above

    def backward(dout):
        return xp.where(outside, 0, dout)

    out = x if min is None else xp.where(below, float(min), x)
    return out if max is None else xp.where(above, float(max), out), backward


@EXERCISE.mistake
def clip_like_nothing(xp, x, *, min=None, max=None):
    """dout passes everywhere, also where a bound stands in the place of x"""
    return ops.clip.raw(xp, x, min=min, max=max)[0], lambda dout: dout


@EXERCISE.mistake(caught_by="special")
def clip_flat_at_the_bounds(xp, x, *, min=None, max=None):
    """slope 0 at the bounds, where 1 is stated"""
    out = ops.clip.raw(xp, x, min=min, max=max)[0]
    on = (x.real == (-xp.inf if min is None else min)) | (x.real == (xp.inf if max is None else max))
    return out, lambda dout: xp.where(on | (out.real != x.real) & (x.real == x.real), 0, dout)


@EXERCISE.mistake
def clip_of_the_gradient(xp, x, *, min=None, max=None):
    """dout is clipped, and it is x that was"""
    return (ops.clip.raw(xp, x, min=min, max=max)[0],
            lambda dout: ops.clip.raw(xp, dout, min=min, max=max)[0])
