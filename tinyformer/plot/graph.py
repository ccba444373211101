"""What is left of a graph without its tensors?  Steps with names, shapes and numbers, and frames around them.

It is shown as SVG, which a notebook shows by itself, as DOT for whoever has Graphviz, and as lines of text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

from tinyformer.errors import InputError
from tinyformer.places import room_for


@dataclass(frozen=True)
class Array:
    """One array as a picture shows it: rows of its numbers and of its gradient where there are few."""

    name: str = ""
    shape: tuple[int, ...] | None = None                       # None where nobody knows it any more
    numbers: tuple[tuple[float, ...], ...] | None = None
    gradient: tuple[tuple[float, ...], ...] | None = None

    def label(self) -> str:
        """Its name and shape."""
        return f"{self.name} {shape_text(self)}".strip()


@dataclass(frozen=True)
class Step:
    """One use of an op (or, without an op, a parameter that several use): its result, and what it was applied to."""

    key: int
    op: str
    result: Array
    inputs: tuple[int, ...] = ()                               # the keys of earlier steps
    parameters: tuple[Array, ...] = ()
    constants: tuple[Array, ...] = ()
    module: str = ""                                           # what it is called within its frame, "project" say
    frame: tuple[str, ...] = ()                                # the keys of the frames around it, the outermost first


@dataclass(frozen=True)
class Frame:
    """A module: its name and class; where it stands for several alike, the name of the last of them and how many."""

    name: str
    kind: str
    last: str = ""
    times: int = 1

    def label(self) -> str:
        """What stands in its corner."""
        names = f"{self.name} to {self.last}" if self.last else self.name
        return f"{names}  {self.kind}".strip() + (f"  × {self.times}" if self.times > 1 else "")


class Graph:
    """A graph to be looked at: `svg` and `dot` are texts, `save` writes one of them, a notebook shows the picture."""

    def __init__(self, steps: Sequence[Step], frames: Mapping[str, Frame], title: str = "graph"):
        self.steps, self.frames, self.title = list(steps), dict(frames), title

    @property
    def svg(self) -> str:
        """The picture."""
        from tinyformer.plot.graph_picture import svg_text
        return svg_text(self)

    @property
    def dot(self) -> str:
        """The same in the language of Graphviz: `dot -Tpdf graph.dot -o graph.pdf`."""
        from tinyformer.plot.graph_dot import dot_text
        return dot_text(self)

    def save(self, path: str | Path) -> Path:
        """Write the picture, or where the name ends in .dot its description: the path.  Missing folders are made."""
        path = Path(path)
        if path.suffix not in (".svg", ".dot"):
            raise InputError(f"{path}: a graph is saved as .svg or as .dot")
        text = (self.svg if path.suffix == ".svg" else self.dot).encode()
        path.parent.mkdir(parents=True, exist_ok=True)
        with room_for(path, len(text)):
            path.write_bytes(text)
        return path

    def _repr_svg_(self) -> str:
        return self.svg

    def __str__(self) -> str:
        """One line a step: its frame, its op and shape, and what it was applied to."""
        named = {step.key: step.result.name or f"{step.op} {number}" for number, step in enumerate(self.steps, 1)}
        rows = []
        for number, step in enumerate(self.steps, 1):
            known = [*(named[key] for key in step.inputs), *(array.name or "?" for array in step.parameters),
                     *(array.name or "?" for array in step.constants)]
            rows.append((str(number), self._inside(step), said(step), shape_text(step.result), ", ".join(known)))
        wide = [max(len(row[i]) for row in rows) for i in range(4)]
        return "\n".join("  ".join(f"{text:<{width}}" for text, width in zip(row, [*wide, 0], strict=True)).rstrip()
                         for row in rows)

    __repr__ = __str__

    def _inside(self, step: Step) -> str:
        """The names of the frames around a step, and how often it is there where frames are folded."""
        frames = [self.frames[key] for key in step.frame]
        times = prod(frame.times for frame in frames)
        return ".".join(frame.name for frame in frames) + (f" × {times}" if times > 1 else "")


def said(step: Step) -> str:
    """h = affine project: its name, where it has one, its op, and what that is called in its module."""
    name = step.result.name and (f"{step.result.name} =" if step.op else step.result.name)
    return " ".join(filter(None, [name, step.op, step.module]))


def shape_text(array: Array) -> str:
    """Its shape as Python writes it; nothing where it is not known."""
    return "" if array.shape is None else str(array.shape)


def written(rows: Sequence[Sequence[float]]) -> list[list[str]]:
    """Numbers with three digits that count."""
    return [[f"{value:.3g}" for value in row] for row in rows]
