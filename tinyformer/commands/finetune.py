"""How does one put a head on a pre-trained model and train it?  All settings of a run as options."""

from dataclasses import dataclass

from tinyformer.options import argument, option, settings_of, switch
from tinyformer.tasks import TASKS
from tinyformer.tasks.finetuning_settings import Finetuning, resolve

USAGE = f"{'|'.join(TASKS)} --model DIR|scratch --train FILE --dev FILE --out DIR [--setting value ...]"


@dataclass(frozen=True, kw_only=True)
class Options:
    """The settings of the run that were given, and what to do with a run that stands in --out."""

    task: str = argument(" ".join(f"{name}: {TASKS.question(name)}" for name in TASKS), choices=tuple(TASKS))
    given: dict = settings_of(Finetuning)
    config: str | None = option(None, "a saved set of settings, such as the settings.json of an earlier run; the "
                                "command line wins", metavar="FILE.json")
    resume: str | bool = option(False, "go on from the last checkpoint in --out; auto: start afresh where there is "
                                "none", metavar="auto|CHECKPOINT", alone=True)
    overwrite: bool = switch("replace the model that stands in --out")


def run(options: Options) -> int:
    """Fine-tune as the settings say; with several seeds once for each."""
    from tinyformer.tasks import learn
    chosen = resolve(options.task, options.given, options.config, options.resume)
    return learn.run(chosen, options.resume, options.overwrite)
