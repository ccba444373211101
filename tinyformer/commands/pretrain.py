"""How does one train a model on text, from nothing?  All settings of a run as options, and where they may come from."""

from dataclasses import dataclass

from tinyformer.options import argument, settings_of
from tinyformer.pretraining import OBJECTIVES
from tinyformer.pretraining.pretraining_settings import every_option, names_and_deeds
from tinyformer.train.beginning import Beginning

USAGE = f"{'|'.join(OBJECTIVES)} --corpus PATH|pydocs|tinyland --out DIR [--setting value ...]"


@dataclass(frozen=True, kw_only=True)
class Options(Beginning):
    """What is trained, and the settings of the run that were given."""

    model: str = argument(names_and_deeds(), choices=tuple(OBJECTIVES))
    given: dict = settings_of(every_option())


def run(options: Options) -> int:
    """Train as the settings say, and leave in --out the model, settings.json, metrics.json, logs and a picture."""
    from tinyformer.pretraining import stages
    return stages.run(options.model, options.given, options.config, options.resume, options.overwrite)
