"""How large is each step?  Pure functions of the step's number, so that a resumed run needs no memory of them.

All climb for `warmup` steps, from peak / (warmup + 1) in step 0, since the first gradients of a fresh model point
anywhere and AdamW's averages are still empty.  Steps count from 0, and step `warmup` is the first at the peak; the
floor would be reached in step `steps`, the first one that is no longer taken (the conventions of nanoGPT).
"""

import math

WAY_DOWN = 0.35                               # share of the steps in which constant_then_down comes down


def constant(step: int, steps: int, peak: float, warmup: int = 0, floor: float = 0.0) -> float:
    """Climb to the peak and stay there."""
    return _warm(step, peak, warmup)


def linear(step: int, steps: int, peak: float, warmup: int = 0, floor: float = 0.0) -> float:
    """Climb to the peak, then walk down a straight line to the floor (Devlin et al. 2019, appendix A.2)."""
    if step < warmup:
        return _warm(step, peak, warmup)
    return floor + (peak - floor) * (1 - _progress(step, steps, warmup))


def cosine(step: int, steps: int, peak: float, warmup: int = 0, floor: float = 0.0) -> float:
    """Climb to the peak, then down half a cosine wave to the floor (Loshchilov and Hutter 2017, equation 5)."""
    if step < warmup:
        return _warm(step, peak, warmup)
    return floor + (peak - floor) * 0.5 * (1 + math.cos(math.pi * _progress(step, steps, warmup)))


def constant_then_down(step: int, steps: int, peak: float, warmup: int = 0, floor: float = 0.0) -> float:
    """Climb to the peak, stay there, and walk down a straight line to the floor over the last 35 % of the steps.

    (Warmup-stable-decay, Hu et al. 2024, section 4.)  Long strides while there is far to go, and small ones only to
    settle; a run that is to go on for longer can be taken up from where the way down began.
    """
    top = max(warmup, round((1 - WAY_DOWN) * steps))
    return _warm(step, peak, warmup) if step < top else linear(step - top, steps - top, peak, 0, floor)


SCHEDULES = {"constant": constant, "linear": linear, "cosine": cosine, "constant-then-down": constant_then_down}


def _warm(step: int, peak: float, warmup: int) -> float:
    return peak * min(1.0, (step + 1) / (warmup + 1))


def _progress(step: int, steps: int, warmup: int) -> float:
    """From 0 where the way down begins to 1 where it ends."""
    return min(1.0, (step - warmup) / max(1, steps - warmup))
