"""Is every gradient right?  The checks of `gradcheck` as a command: a table for people, JSON for programs."""

import json
import sys
from collections.abc import Iterable
from contextlib import nullcontext, redirect_stdout

from tinyformer.backend import choose_device
from tinyformer.errors import InputError
from tinyformer.gradcheck import Report, check_op, load_primitives, select, sweep_op

COLUMNS = ("complex step", "real part", "central", "adjoint", "curvature", "float32", "twice", "special")
LINE = "{:<32}" + "{:>10}" * len(COLUMNS) + "  {}"


def run(names: list[str], file: str | None = None, as_json: bool = False, valley: str | None = None,
        picture: str = "valley.png", seed: int = 0, device: str = "cpu") -> int:
    """Check the named primitives, or all of the file or the registry: 0 if every gradient is right, else 1.

    `valley` names a primitive whose error against the step is drawn to `picture`; without other names nothing else
    is done.
    """
    if seed < 0:
        raise InputError(f"--seed is {seed}; it must be 0 or larger")
    if valley is not None and not picture.lower().endswith(".png"):
        raise InputError(f"--out is {picture}; --valley draws a picture, so it must end in .png")
    apart = redirect_stdout(sys.stderr) if as_json else nullcontext()      # what a user's file prints is no JSON
    with apart:
        own = load_primitives(file) if file else None
    ops = select(names, own)
    if valley is not None:
        draw_valley(select([valley], own)[0], picture, seed)
        if not names and not as_json:
            return 0
    place = choose_device(device)[0]
    reports = (check_op(op, seed, place) for op in ops)
    if as_json:
        with apart:
            found = [report.to_dict() for report in reports]
        print(json.dumps(found, indent=1, allow_nan=False))
        return 0 if all(report["ok"] for report in found) else 1
    return 0 if print_table(reports) else 1


def print_table(reports: Iterable[Report]) -> bool:
    """Print one line for each report as it comes, with the error of every check; True if all gradients are right."""
    print(LINE.format("error of each check", *(name.split()[0] for name in COLUMNS), "verdict"))
    right = total = 0
    for report in reports:
        print("\n".join(table_lines(report)), flush=True)
        right += report.ok
        total += 1
    print(f"{right} of {total} gradients are right")
    return right == total


def table_lines(report: Report) -> list[str]:
    """One line for a report, and one more for each check that failed."""
    errors = {row.check: "-" if row.error is None else f"{row.error:.1e}" for row in report.rows}
    shown = [errors.get(name, "") for name in COLUMNS]
    lines = [LINE.format(report.name, *shown, "right" if report.ok else "WRONG")]
    return lines + [f"  {row.check}: {row.note or f'error {row.error:.1e}, allowed {row.bound:.0e}'}"
                    for row in report.rows if not row.ok]


def draw_valley(op, path: str, seed: int = 0) -> None:
    """Draw the error of a primitive's numerical derivative against the step, and say where on the standard error."""
    from tinyformer import plot
    found = sweep_op(op, seed=seed)
    plot.valley(found, path)
    best = found.steps[found.float64.argmin()]
    print(f"{path}: {found.name}; in float64 the best step is {best:.0e}, with a relative error of "
          f"{found.float64.min():.0e}; the complex step reaches {found.complex_step.min():.0e}", file=sys.stderr)
