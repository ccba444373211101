"""How do a vector and its gate share a gradient?

    out = silu(gate) * up, number by number; silu(x) = x s with s = 1 / (1 + exp(-x))

`silu_with_slope(xp, gate)` gives silu(gate) and the slope of silu there. Return dgate and dup.
A check on paper: where up is 0 the gate learns nothing, and where the gate is shut, up learns nothing.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise
from tinyformer.ops.gates import silu_with_slope

EXERCISE = OpExercise(ops.swiglu, __doc__, hints=(
    "out is a product. What does each factor of a product get?",
    "Each gets dout times the other: up gets dout * silu(gate), and silu(gate) gets dout * up. The gate stands one "
    "function further back.",
    "bent, slope = silu_with_slope(xp, gate); return dout * up * slope, dout * bent."))


@EXERCISE.given
def swiglu(xp, gate, up):
    bent, slope = silu_with_slope(xp, gate)

    def backward(dout):
        return dout * up * slope, dout * bent

    return bent * up, backward


@EXERCISE.mistake
def swiglu_through_no_silu(xp, gate, up):
    """the gate gets dout * up, as if it were not bent"""
    return silu_with_slope(xp, gate)[0] * up, lambda dout: (dout * up, dout * silu_with_slope(xp, gate)[0])


@EXERCISE.mistake
def swiglu_swapped(xp, gate, up):
    """gate and up have each other's gradient; equal shapes hide it from the engine"""
    bent, slope = silu_with_slope(xp, gate)
    return bent * up, lambda dout: (dout * bent, dout * up * slope)


@EXERCISE.mistake
def swiglu_with_the_gate_as_it_is(xp, gate, up):
    """up gets dout * gate: it was multiplied with silu(gate)"""
    bent, slope = silu_with_slope(xp, gate)
    return bent * up, lambda dout: (dout * up * slope, dout * gate)


@EXERCISE.mistake
def swiglu_of_a_mere_sigmoid(xp, gate, up):
    """the slope of the sigmoid in the place of that of silu: the factor x is forgotten"""
    bent, _ = silu_with_slope(xp, gate)
    s = 0.5 * (1 + xp.tanh(0.5 * gate))
    return bent * up, lambda dout: (dout * up * s * (1 - s), dout * bent)
