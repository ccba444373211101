"""Where does the time of a step go, and its memory?  One row for each op, layers that do the same together, and totals.

Shares are of the whole step.  What no op takes, building the graph, walking it and adding up gradients, has a row of
its own, so that the milliseconds of all rows are those of the step.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class Use:
    """One use of one op in a step.  Bytes are those of its arrays, each read or written once; times in milliseconds."""

    op: str
    module: str                               # the innermost module that was at work
    inputs: list[tuple[int, ...]]
    shape: tuple[int, ...]
    multiplications_forward: int
    multiplications_backward: int
    read: int                                 # inputs; backwards dout and what was kept; none where nothing is written
    written: int                              # the result; backwards the gradients; not what is handed on as it is
    kept: int                                 # until backward, of memory that no earlier op keeps and no leaf has
    keeps: str | None                         # what that is, as the op says
    mentioned: int = 0                        # bytes of all arrays that its backward reads, weights included
    forward: float = 0.0
    backward: float = 0.0

    @property
    def multiplications(self) -> int:
        return self.multiplications_forward + self.multiplications_backward


@dataclass
class Trace:
    """What `trace` found: `uses` in the order of the calls, and the step as a whole; `print` it, or `to_dict()`."""

    uses: list[Use]
    forward: float                            # milliseconds of the three parts of the step
    backward: float
    moved: float
    alone: float                              # of a step without the watch
    peak: int | None                          # bytes beyond those before the step; None on a GPU
    products: float                           # multiplications a second in a product of matrices on this machine
    copies: float                             # bytes a second that a copy reads and writes

    @property
    def step(self) -> float:
        """Milliseconds of the whole step."""
        return self.forward + self.backward + self.moved

    @property
    def between(self) -> float:
        """Milliseconds of forward and backward in which no op was at work."""
        return self.forward + self.backward - sum(use.forward + use.backward for use in self.uses)

    @property
    def kept(self) -> int:
        """Bytes that the graph keeps until backward."""
        return sum(use.kept for use in self.uses)

    def by_op(self) -> dict[str, "Sum"]:
        """The totals of each op, the longest first."""
        return _sums(self.uses, lambda use: [use.op])

    def by_module(self) -> dict[str, "Sum"]:
        """The totals of each module with all that is in it; layers that do the same as `layers.*`."""
        found = _sums(self.uses, lambda use: _inward(_starred(use.module)), by_time=False)
        order = {name: number for number, name in enumerate(found)}
        return {name: found[name] for name in sorted(found, key=lambda name: [order[part] for part in _inward(name)])}

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON: milliseconds, bytes, and every single use."""
        whole = {name: value for name, value in asdict(self).items() if name != "uses"}
        return {"step": self.step, **whole, "between": self.between, "kept": self.kept,
                "ops": {name: asdict(total) for name, total in self.by_op().items()},
                "modules": {name: asdict(total) for name, total in self.by_module().items()},
                "uses": [asdict(use) for use in self.uses]}

    def __str__(self) -> str:
        folded = _sums(self.uses, lambda use: [(use.op, _starred(use.module), str(use.shape))], by_time=False)
        roots = {use.module.partition(".")[0] for use in self.uses} - {""}
        root = roots.pop() if len(roots) == 1 else ""          # the one model need not be named in each row
        rows = [[op, module.removeprefix(root).removeprefix("."), shape, *self._figures(total)]
                for (op, module, shape), total in folded.items()]
        rows.append(["between the ops", "", "", *self._times("", self.between)])
        if self.moved:
            rows.append(["move()", "", "", *self._times("", self.moved)])
        rows.append(["the step", "", "", *self._figures(_total(self.uses))[:-3], f"{self.forward:.2f}",
                     f"{self.backward:.2f}", "100.0"])
        parts = [_table(["op", f"in {root}" if root else "module", "result", *FIGURES], rows, words=3)]
        for title, write, totals in (("op", str, self.by_op()), ("module, and all in it", _indented, self.by_module())):
            rows = [[write(name), *self._figures(total)] for name, total in totals.items()]
            parts.append(_table([title, *FIGURES], rows, words=1))
        return "\n\n".join([*parts, self._summary()])

    __repr__ = __str__

    def _figures(self, total: "Sum") -> list[str]:
        per_byte = total.multiplications / (total.read + total.written or 1)
        return [str(total.times), f"{total.multiplications / 1e6:,.1f}", f"{total.read / 1e6:,.2f}",
                f"{total.written / 1e6:,.2f}", f"{per_byte:.1f}", f"{total.kept / 1e6:,.2f}", f"{total.forward:.2f}",
                f"{total.backward:.2f}", f"{100 * (total.forward + total.backward) / self.step:.1f}"]

    def _times(self, forward: str, taken: float) -> list[str]:
        return ["", "", "", "", "", "", forward, f"{taken:.2f}", f"{100 * taken / self.step:.1f}"]

    def _summary(self) -> str:
        total = _total(self.uses)
        moved = total.read + total.written
        move = f", move() {self.moved:.2f}" if self.moved else ""
        lines = [f"A step takes {self.step:.2f} ms: forward {self.forward:.2f}, backward {self.backward:.2f}{move}; "
                 f"without the watch {self.alone:.2f}.",
                 f"Its products take {total.multiplications / 1e6:,.0f} million multiplications, its ops move "
                 f"{moved / 1e6:,.0f} MB: {total.multiplications / (moved or 1):.1f} multiplications a byte.",
                 f"This machine: {self.products / 1e9:.1f} thousand million multiplications a second, and "
                 f"{self.copies / 1e9:.1f} GB read and written; with fewer than "
                 f"{self.products / self.copies:.1f} a byte an op waits for the memory.",
                 f"Kept for backward: {self.kept / 1e6:,.2f} MB."]
        if self.peak is not None:
            lines[-1] += f"  Held at the peak, beyond what was there before the step: {self.peak / 1e6:,.2f} MB."
        return "\n".join(lines)


FIGURES = ("times", "mult. (M)", "read (MB)", "written", "mult./byte", "kept (MB)", "forward (ms)", "backward",
           "share (%)")


@dataclass
class Sum:
    """The totals of some uses, forwards and backwards together but for the times."""

    times: int = 0
    multiplications: int = 0
    read: int = 0
    written: int = 0
    kept: int = 0
    forward: float = 0.0
    backward: float = 0.0

    def add(self, use: Use) -> None:
        self.times += 1
        for name in ("multiplications", "read", "written", "kept", "forward", "backward"):
            setattr(self, name, getattr(self, name) + getattr(use, name))


def _sums(uses: Iterable[Use], keys: Callable[[Use], list], by_time: bool = True) -> dict[Any, Sum]:
    found: dict[Any, Sum] = {}
    for use in uses:
        for key in keys(use):
            found.setdefault(key, Sum()).add(use)
    if by_time:
        return dict(sorted(found.items(), key=lambda item: -item[1].forward - item[1].backward))
    return found


def _total(uses: Iterable[Use]) -> Sum:
    return _sums(uses, lambda use: [""]).get("", Sum())


def _starred(module: str) -> str:
    """layers.3.attend -> layers.*.attend."""
    return re.sub(r"\.\d+(?=\.|$)", ".*", module)


def _inward(module: str) -> list[str]:
    """A module and all around it, the outermost first."""
    parts = module.split(".")
    return [".".join(parts[:i]) for i in range(1, len(parts) + 1) if i == len(parts) or parts[i] != "*"]


def _indented(module: str) -> str:
    """Its name within the module around it, and as far to the right as it lies deep."""
    *around, name = _inward(module or "(none)")
    return "  " * len(around) + (name.removeprefix(around[-1] + ".") if around else name)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], words: int) -> str:
    """Columns of words to the left, columns of figures to the right."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join("  ".join(f"{text:<{wide}}" if i < words else f"{text:>{wide}}" for i, (text, wide) in
                               enumerate(zip(line, widths, strict=True))).rstrip() for line in lines)
