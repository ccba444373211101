"""How does one put a head on a pre-trained model and train it?  All settings of a run as options."""

from dataclasses import dataclass

from tinyformer.options import argument, settings_of
from tinyformer.tasks import TASKS
from tinyformer.tasks.finetuning_settings import every_option, resolve
from tinyformer.train.beginning import Beginning

USAGE = f"{'|'.join(TASKS)} --model DIR|scratch --train FILE --dev FILE --out DIR [--setting value ...]"


@dataclass(frozen=True, kw_only=True)
class Options(Beginning):
    """What is trained, and the settings of the run that were given."""

    task: str = argument(" ".join(f"{name}: {TASKS.question(name)}" for name in TASKS), choices=tuple(TASKS))
    given: dict = settings_of(every_option())


def run(options: Options) -> int:
    """Fine-tune as the settings say; with several seeds once for each."""
    from tinyformer.tasks import learn
    chosen = resolve(options.task, options.given, options.config, options.resume)
    return learn.run(chosen, options.resume, options.overwrite)
