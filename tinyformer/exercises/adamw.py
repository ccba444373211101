"""Given the gradient, where does a parameter go?

    first  = beta1 first  + (1 - beta1) g                 the mean of the gradients, which fades
    second = beta2 second + (1 - beta2) g²                the mean of their squares
    p = p - rate ( (first / (1 - beta1^t)) / (sqrt(second / (1 - beta2^t)) + eps) + decay p )

All of it number by number; t = 1 in the first step, when first and second are still 0.  (Loshchilov and Hutter 2019,
algorithm 2.)  Return the new (p, first, second), and leave the arrays that came in as they are.
"""

import numpy as np

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="the published BERT left the division by 1 - beta^t out, an oversight as its author says (bert 153); "
    "fine-tuning on small sets, which collapses now and then (bert 175), was later found to be steadier with it "
    "(Mosbach et al. 2021).", hints=(
        "Five lines, in the order of the formula. What is first / (1 - beta1^t) in the very first step?",
        "The decay p stands outside the fraction: it is no part of g, and is not divided by the root.",
        "new = beta1 first + (1 - beta1) g, and likewise for g g; then p - rate * (a / (sqrt(b) + eps) + decay * p), "
        "with a = new / (1 - beta1**t) and b likewise; eps stands behind the root."))


@EXERCISE.solution
def adamw(p, g, first, second, t: int, rate: float, decay: float = 0.01, beta1: float = 0.9, beta2: float = 0.999,
          eps: float = 1e-8):
    """The new p, first and second, (n,) each, after step t = 1, 2, ..."""
    first = beta1 * first + (1 - beta1) * g
    second = beta2 * second + (1 - beta2) * g * g
    mean, square = first / (1 - beta1 ** t), second / (1 - beta2 ** t)
    return p - rate * (mean / (np.sqrt(square) + eps) + decay * p), first, second


@EXERCISE.observe
def _(theirs, call):
    p, gradients = call.arrays
    first = second = np.zeros_like(p)
    seen = {}
    for t, g in enumerate(gradients, 1):
        before = [x.copy() for x in (p, g, first, second)]
        new = theirs(p, g, first, second, t, **call.constants)
        changed = [name for name, x, y in zip(("p", "g", "first", "second"), (p, g, first, second), before, strict=True)
                   if not np.array_equal(x, y, equal_nan=True)]
        p, first, second = map(np.asarray, new)
        seen |= {f"p after step {t}": p, f"first after step {t}": first, f"second after step {t}": second}
        seen[f"written into in step {t}"] = ", ".join(changed) or "nothing"
    return seen


@EXERCISE.case
def _(rng):
    """one step of one number, without decay"""
    return Call(np.array([1.0]), np.array([[0.5]]), rate=0.1, decay=0.0)


@EXERCISE.case
def _(rng):
    """one step of one number, with decay"""
    return Call(np.array([2.0]), np.array([[0.5]]), rate=0.1, decay=0.3)


@EXERCISE.case
def _(rng):
    """a large eps beside a small gradient"""
    return Call(np.array([2.0]), np.array([[0.01]]), rate=0.1, decay=0.0, eps=0.5)


@EXERCISE.case
def _(rng):
    """four steps of three numbers"""
    return Call(rng.normal(size=3), rng.normal(size=(4, 3)), rate=0.01, decay=0.1)


@EXERCISE.case
def _(rng):
    """other betas"""
    return Call(rng.normal(size=2), rng.normal(size=(3, 2)), rate=0.01, decay=0.1, beta1=0.5, beta2=0.7)


def wrong(p, g, first, second, t, rate, decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8, *, corrected=True, inside=False,
          alone=False, with_g=False, later=0):
    """The solution with one thing in it changed."""
    g = g + decay * p if with_g else g
    first, second = beta1 * first + (1 - beta1) * g, beta2 * second + (1 - beta2) * g * g
    b1, b2 = (1 - beta1 ** (t + later), 1 - beta2 ** (t + later)) if corrected else (1, 1)
    root = np.sqrt(second / b2 + eps) if inside else np.sqrt(second / b2) + eps
    pull = 0 if with_g else decay * p
    move = rate * (first / b1 / root) + pull if alone else rate * (first / b1 / root + pull)
    return p - move, first, second


@EXERCISE.mistake
def _(*arguments, **settings):
    """the averages are not divided by 1 - beta^t, though they begin at 0 and are too small at first"""
    return wrong(*arguments, **settings, corrected=False)


@EXERCISE.mistake
def _(*arguments, **settings):
    """the decay is added to the gradient, where the root divides it again: that is Adam with L2, and the W is lost"""
    return wrong(*arguments, **settings, with_g=True)


@EXERCISE.mistake
def _(*arguments, **settings):
    """eps is added below the root: sqrt(second + eps), where it is sqrt(second) + eps"""
    return wrong(*arguments, **settings, inside=True)


@EXERCISE.mistake
def _(*arguments, **settings):
    """the decay is not multiplied by the learning rate, so that it does not fade with it"""
    return wrong(*arguments, **settings, alone=True)


@EXERCISE.mistake
def _(*arguments, **settings):
    """t is one too large: in the first step it is 1 already, and the power is beta^1"""
    return wrong(*arguments, **settings, later=1)


@EXERCISE.mistake
def _(p, g, first, second, t, rate, decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    """the averages are the old ones: p moves by what was known before this gradient came"""
    mean = first / (1 - beta1 ** (t - 1)) if t > 1 else first
    square = second / (1 - beta2 ** (t - 1)) if t > 1 else second
    return (p - rate * (mean / (np.sqrt(square) + eps) + decay * p),
            beta1 * first + (1 - beta1) * g, beta2 * second + (1 - beta2) * g * g)
