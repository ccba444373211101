"""How does one train a model on text, from nothing?  All settings of a run as options, and where they may come from."""

from dataclasses import dataclass

from tinyformer.options import argument, option, settings_of, switch
from tinyformer.pretraining import OBJECTIVES
from tinyformer.pretraining.pretraining_settings import every_option, names_and_deeds

USAGE = f"{'|'.join(OBJECTIVES)} --corpus PATH|pydocs|tinyland --out DIR [--setting value ...]"


@dataclass(frozen=True, kw_only=True)
class Options:
    """The settings of the run that were given, and what to do with a run that stands in --out."""

    model: str = argument(names_and_deeds(), choices=tuple(OBJECTIVES))
    given: dict = settings_of(every_option())
    config: str | None = option(None, "a saved set of settings, such as the settings.json of an earlier run; the "
                                "command line wins", metavar="FILE.json")
    resume: str | bool = option(False, "go on from the last checkpoint in --out; auto: start afresh where there is "
                                "none", metavar="auto|CHECKPOINT", alone=True)
    overwrite: bool = switch("replace the model that stands in --out")


def run(options: Options) -> int:
    """Train as the settings say, and leave in --out the model, settings.json, metrics.json, logs and a picture."""
    from tinyformer.pretraining import stages
    return stages.run(options.model, options.given, options.config, options.resume, options.overwrite)
