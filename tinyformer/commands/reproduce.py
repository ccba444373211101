"""How does one run a known experiment again?  By its name, over several seeds; without one, here is the list.

What came of all of them goes on one page.
"""

from dataclasses import dataclass, fields

from tinyformer import phenomena
from tinyformer.errors import InputError
from tinyformer.options import argument, option, switch


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which experiment, how often, and what to do with results that stand in --out."""

    experiment: str | None = argument(f"one of: {', '.join(phenomena.PHENOMENA)}; without one they are listed, with "
                                      "their questions", default=None)
    all: bool = switch("all of them, each in a folder of its own")
    report: bool = switch("one page of every verdict, made from the folders with results that are there; runs nothing")
    out: str | None = option(None, "folder for pictures, page.md and metrics.json (default runs/EXPERIMENT, and with "
                             "--quick runs/EXPERIMENT-quick); with --all and --report the folder above them (default "
                             "runs)", metavar="DIR")
    seeds: int | None = option(None, "how many times, each with other chance (default 3, and with --all --quick 1)",
                               least=1)
    seed: int = option(0, "the first of them", least=0)
    quick: bool = switch("smaller and shorter, to see that it works; shows little")
    model: str | None = option(None, "folder of a model of yours, ours or published, at which an experiment that takes "
                               "one looks as well", metavar="DIR")
    data: tuple[str, ...] = option((), "file of yours, or a folder, at which an experiment that takes one looks as "
                                   "well; can be given again", metavar="FILE")
    resume: bool = switch("go on with an experiment that was stopped, or with more seeds; what is done in --out is not "
                          "done again")
    overwrite: bool = switch("replace the results that stand in --out")


def run(options: Options) -> int:
    """Run the experiment, whose table, pictures and page are left in --out; or list them all."""
    if options.all and options.experiment:
        raise InputError(f"--all runs every experiment, and {options.experiment} is named; give one of the two")
    if (options.model or options.data) and options.experiment is None:
        raise InputError("--model and --data are for one experiment, and none is named; the list (`reproduce`) says "
                         "which ones take them")
    if options.report:
        return gather(options)
    seeds = options.seeds or (1 if options.all and options.quick else 3)
    more = options.seed, options.resume, options.overwrite
    if options.all:
        return phenomena.reproduce_all(options.out or "runs", seeds, options.quick, *more)
    if options.experiment is None:
        print(phenomena.overview())
        return 0
    return phenomena.reproduce(options.experiment, options.out, seeds, options.quick, *more, options.model,
                               options.data)


def gather(options: Options) -> int:
    """The page of all verdicts; InputError where something else was asked for beside it."""
    plain = Options(report=True, out=options.out)
    beside = [field.name for field in fields(options) if getattr(options, field.name) != getattr(plain, field.name)]
    if beside:
        raise InputError(f"--report gathers what was run before, and takes --out alone; leave out {', '.join(beside)}")
    return phenomena.report(options.out or "runs")
