"""How does a model of twelve layers fit on one screen?  Layers that do the same stand there once, with their number."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tinyformer.plot.graph import Frame, Step


def folded(steps: Sequence[Step], frames: Mapping[str, Frame]) -> tuple[list[Step], dict[str, Frame]]:
    """The same graph with one frame for each run of frames that follow one another, are numbered, and do the same.

    What came out of the last of them comes out of the one that stands for all.
    """
    kept = dict(frames)
    moved: dict[int, int] = {}
    waiting = list(frames)
    while waiting:
        run = [waiting.pop(0)]
        while (other := _next(run[-1], waiting)) and _form(other, steps) == _form(run[0], steps):
            waiting.remove(other)
            run.append(other)
        if len(run) > 1:
            kept[run[0]] = replace(frames[run[0]], last=frames[run[-1]].name, times=len(run))
            for other in run[1:]:
                moved |= {b.key: a.key for a, b in zip(_within(run[0], steps), _within(other, steps), strict=True)}
    remaining = [replace(step, inputs=tuple(moved.get(key, key) for key in step.inputs))
                 for step in steps if step.key not in moved]
    return remaining, {key: frame for key, frame in kept.items() if any(key in step.frame for step in remaining)}


def _next(key: str, waiting: Sequence[str]) -> str | None:
    """The frame of the next number, layers.1 after layers.0; keys are a dotted name and a number of their own."""
    stem, dot, number = _name(key).rpartition(".")
    wanted = f"{stem}.{int(number) + 1}" if dot and number.isdecimal() else None
    return next((other for other in waiting if _name(other) == wanted), None)


def _name(key: str) -> str:
    return key.rpartition(" ")[0]


def _within(key: str, steps: Sequence[Step]) -> list[Step]:
    return [step for step in steps if key in step.frame]


def _form(key: str, steps: Sequence[Step]) -> list[tuple]:
    """What a frame does, whatever it is called and wherever its inputs come from."""
    inside = _within(key, steps)
    place = {step.key: i for i, step in enumerate(inside)}
    name = _name(key) + "."
    return [(step.op, step.result.shape, step.module, len(step.frame), [place.get(k, "outside") for k in step.inputs],
             [(array.name.removeprefix(name), array.shape) for array in (*step.parameters, *step.constants)])
            for step in inside]
