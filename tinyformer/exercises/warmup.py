"""How large is each step, if the first ones are to be small and the last ones too?

    step            0, 1, ..., steps - 1
    step < climb    the rate climbs in equal parts, from peak / (climb + 1) in step 0
    step = climb    the rate is the peak, for the first time
    then            it walks down a straight line, which would reach 0 in step `steps`, the first not taken

No step has the rate 0, and none is negative: from step `steps` on the rate is 0.  (Devlin et al. 2019, appendix A.2.)
"""

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="the published BERT walks down from step 0 on, also while it climbs, so that the rate drops at once "
    "where the climb ends (bert 1374; the same in tensorflow/models 9709), and its first step has the rate 0 and is "
    "lost (1293); an early transformers went on below 0 after the last step (pull request 327).", hints=(
        "Draw it for steps = 10 and climb = 3, and write the numbers of the steps below: where is the peak?",
        "In the climb the rate grows by peak / (climb + 1) a step. Going down, count the steps since the peak, of "
        "steps - climb.",
        "step < climb: peak * (step + 1) / (climb + 1). Else: peak * (steps - step) / (steps - climb), and never below "
        "0; take care where climb = steps."))


@EXERCISE.solution
def warmup(step: int, steps: int, peak: float, climb: int) -> float:
    """The learning rate of one step."""
    if step < climb:
        return peak * (step + 1) / (climb + 1)
    return peak * max(0, steps - step) / max(1, steps - climb)


@EXERCISE.observe
def _(theirs, call):
    steps, peak, climb = call.constants.values()
    return {f"step {step}": float(theirs(step, steps, peak, climb)) for step in range(steps + 3)}


@EXERCISE.case
def _(rng):
    """no climb"""
    return Call(steps=4, peak=1.0, climb=0)


@EXERCISE.case
def _(rng):
    """ten steps, three of them climb"""
    return Call(steps=10, peak=8.0, climb=3)


@EXERCISE.case
def _(rng):
    """nothing but climbing"""
    return Call(steps=3, peak=1.0, climb=3)


@EXERCISE.case
def _(rng):
    """a hundred steps"""
    return Call(steps=100, peak=0.0005, climb=10)


@EXERCISE.mistake
def _(step, steps, peak, climb):
    """step 0 has the rate 0 and is lost: in the climb it is (step + 1) / (climb + 1), not step / climb"""
    return peak * step / climb if step < climb else peak * max(0, steps - step) / max(1, steps - climb)


@EXERCISE.mistake
def _(step, steps, peak, climb):
    """the way down is counted from step 0 and not from the peak, so that the rate drops at once where the climb ends"""
    return peak * (step + 1) / (climb + 1) if step < climb else peak * max(0, steps - step) / max(1, steps)


@EXERCISE.mistake
def _(step, steps, peak, climb):
    """the rate goes on below 0 after the last step, and the model walks uphill"""
    return peak * (step + 1) / (climb + 1) if step < climb else peak * (steps - step) / max(1, steps - climb)


@EXERCISE.mistake
def _(step, steps, peak, climb):
    """the peak comes one step too early: the climb goes by peak / (climb + 1), not by peak / climb"""
    return peak * (step + 1) / climb if step < climb else peak * max(0, steps - step) / max(1, steps - climb)


@EXERCISE.mistake
def _(step, steps, peak, climb):
    """the rate stays at the peak: after the climb it is to come down again"""
    return peak * min(1, (step + 1) / (climb + 1))


@EXERCISE.mistake
def _(step, steps, peak, climb):
    """0 is reached one step too early, so that the last step does nothing"""
    if step < climb:
        return peak * (step + 1) / (climb + 1)
    return peak * max(0, steps - 1 - step) / max(1, steps - 1 - climb)
