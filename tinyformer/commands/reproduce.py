"""How does one run a known experiment again?  By its name, over several seeds."""

from dataclasses import dataclass

from tinyformer import phenomena
from tinyformer.options import argument, option, switch


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which experiment, how often, and what to do with results that stand in --out."""

    experiment: str = argument("; ".join(f"{name}: {each.question} ({each.minutes:g} min)"
                                         for name, each in phenomena.PHENOMENA.items()))
    out: str | None = option(None, "folder for pictures and metrics.json (default runs/EXPERIMENT, and with --quick "
                             "runs/EXPERIMENT-quick)", metavar="DIR")
    seeds: int = option(3, "how many times, each with other chance", least=1)
    seed: int = option(0, "the first of them", least=0)
    quick: bool = switch("smaller and shorter, to see that it works; shows little")
    resume: bool = switch("go on with an experiment that was stopped, or with more seeds; what is done in --out is not "
                          "done again")
    overwrite: bool = switch("replace the results that stand in --out")


def run(options: Options) -> int:
    """Run the experiment; its pictures and metrics.json are left in --out."""
    out = options.out or f"runs/{options.experiment}" + "-quick" * options.quick
    return phenomena.reproduce(options.experiment, out, options.seeds, options.quick, options.seed, options.resume,
                               options.overwrite)
