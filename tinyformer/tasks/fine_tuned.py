"""How is a fine-tuned model opened, so that files are read and texts cut as they were when it learned?

The settings it was trained with lie beside it in settings.json.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tinyformer.backend import choose_device
from tinyformer.data.readers import Examples
from tinyformer.errors import InputError
from tinyformer.nn import Module
from tinyformer.places import say
from tinyformer.tasks import task_of
from tinyformer.tasks.finetuning_settings import SETTINGS, Finetuning, refuse_others, saved_settings
from tinyformer.tasks.finished_run import finite
from tinyformer.tasks.folders import open_folder
from tinyformer.tasks.task import Task, labels_of

RUN = ("model", "out", "train", "dev", "steps", "epochs")      # settings of the run that was, and not of the model


def open_trained(given: dict) -> tuple[Module, object, Task, Finetuning]:
    """(model, tokenizer, task, settings): what lies in the folder, the settings changed as `given` says."""
    folder = given.get("model")
    if not folder:
        raise InputError("--model is missing; give the folder of a fine-tuned model, such as the --out of finetune")
    model, tokenizer = open_folder(folder)
    task = task_of(model)
    settings = settings_beside(Path(folder), model, task, given)
    return model.to(choose_device(settings.device)[0]), tokenizer, task.under(settings), settings


def settings_beside(folder: Path, model: Any, task: Task, given: dict) -> Finetuning:
    """The settings with which the model in this folder was fine-tuned, changed as `given` says."""
    task.check_folder(folder)
    path = folder / SETTINGS
    saved = saved_settings(str(path), task.name) if path.is_file() else {"max_length": min(512, model.config.context)}
    refuse_others(given, task.name)
    saved = {name: value for name, value in saved.items() if name not in RUN}
    settings = task.settled(task.options(**{**saved, "device": "auto", **given}))
    if settings.max_length > model.config.context:
        raise InputError(f"--max-length is {settings.max_length}, and this model has room for {model.config.context} "
                         "tokens; ask for no more")
    return settings


def unknown_labels(model: Any, examples: Sequence) -> list[str]:
    """A warning about labels that the model was never shown; InputError where it knows none of them."""
    if not labels_of(model):
        return []
    named = [(e, label) for e in examples for label in e.labels]
    unknown = [(e, label) for e, label in named if label not in model.labels]
    if not unknown:
        return []
    example, label = unknown[0]
    message = (f"{example.file}:{example.line}: label {label!r} is not among those the model knows "
               f"({', '.join(model.labels)})")
    if len(unknown) == len(named):
        raise InputError(f"{message}, nor is any other of the file; is it a file for this model, and the label column "
                         "the right one?")
    return [f"{message}; {len(unknown):,} of {len(named):,} labels are unknown and will count as wrong"]


def predictions_of(task: Task, model: Module, tokenizer, examples: Sequence, settings: Finetuning) -> list[dict]:
    rows = task.rows(examples, tokenizer, labels_of(model), settings)
    if rows.cut and not task.windows:
        say(f"{rows.cut:,} of {len(examples):,} texts were cut to {settings.max_length} tokens")
    return finite(task.predict(model, examples, rows, tokenizer, settings))


def read_shown(task: Task, data: str, settings: Finetuning, labelled: bool) -> Examples:
    examples = task.read(data, settings, labelled=labelled)
    for line in examples.report():
        say(line)
    return examples
