"""Is every gradient right?  The checks of `gradcheck` as a command: a table for people, JSON for programs."""

import json
import sys
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass

from tinyformer import gradcheck
from tinyformer.errors import InputError
from tinyformer.options import DEVICES, argument, option, switch
from tinyformer.places import check_file, say


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is checked, and how it is shown."""

    ops: tuple[str, ...] = argument("primitives to check (default: all)", default=(), metavar="op")
    json: bool = switch("print a JSON list with one object for each primitive")
    file: str | None = option(None, "check the primitives that this file defines", flag="--from", metavar="FILE.py")
    valley: str | None = option(None, "draw the error of this primitive's numerical derivative against the step",
                                metavar="OP")
    out: str = option("valley.png", "where --valley draws", metavar="FILE.png")
    seed: int = option(0, "of the points and directions", least=0)
    device: str = option("cpu", "where to compute", DEVICES)
    overwrite: bool = switch("replace the picture that stands at --out")


def run(options: Options) -> int:
    """Check the named primitives, or all of the file or the registry: 0 if every gradient is right, else 1.

    With --valley and no other names nothing is done but to draw.
    """
    from tinyformer.backend import choose_device
    if options.valley is not None and not options.out.lower().endswith(".png"):
        raise InputError(f"--out is {options.out}; --valley draws a picture, so it must end in .png")
    apart = redirect_stdout(sys.stderr) if options.json else nullcontext()     # what a user's file prints is no JSON
    with apart:
        own = gradcheck.load_primitives(options.file) if options.file else None
    ops = gradcheck.select(options.ops, own)
    if options.valley is not None:
        draw_valley(gradcheck.select([options.valley], own)[0], options.out, options.seed, options.overwrite)
        if not options.ops and not options.json:
            return 0
    device = choose_device(options.device)[0]
    reports = (gradcheck.check_op(op, options.seed, device, op not in (own or ())) for op in ops)
    if options.json:
        with apart:
            found = [report.to_dict() for report in reports]
        print(json.dumps(found, indent=1, allow_nan=False))
        return 0 if all(report["ok"] for report in found) else 1
    return 0 if gradcheck.print_table(reports) else 1


def draw_valley(op, path: str, seed: int = 0, overwrite: bool = False) -> None:
    """Draw the error of a primitive's numerical derivative against the step, and say where on the standard error."""
    from tinyformer import plot
    check_file(path, overwrite)
    found = gradcheck.sweep_op(op, seed=seed)
    plot.valley(found, path)
    best = found.steps[found.float64.argmin()]
    say(f"{path}: {found.name}; in float64 the best step is {best:.0e}, with a relative error of "
        f"{found.float64.min():.0e}; the complex step reaches {found.complex_step.min():.0e}")
