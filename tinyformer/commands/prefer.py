"""How does a model learn what people prefer?  A reward model of their choices, tuning by it, or both in one."""

from dataclasses import dataclass

from tinyformer.options import argument, settings_of
from tinyformer.pretraining.preferences import METHODS
from tinyformer.pretraining.preferences.method import every_option
from tinyformer.train.beginning import Beginning

USAGE = ("reward --model DIR --pairs FILE --out DIR | tune --model DIR --reward DIR --prompts FILE --out DIR | "
         "direct --model DIR --pairs FILE --out DIR [--setting value ...]")


@dataclass(frozen=True, kw_only=True)
class Options(Beginning):
    """What is learned, and the settings of the run that were given."""

    method: str = argument(" ".join(f"{name}: {METHODS.question(name)}" for name in METHODS), choices=tuple(METHODS))
    given: dict = settings_of(every_option())


def run(options: Options) -> int:
    """Learn as the settings say, and leave in --out the model, settings.json, metrics.json, logs and a picture."""
    from tinyformer.pretraining.preferences import method
    return method.run(options.method, options.given, options.config, options.resume, options.overwrite)
