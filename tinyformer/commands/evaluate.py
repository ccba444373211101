"""How good is a fine-tuned model on examples it has not seen?  Its figures, and some of what it gets wrong."""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyformer.errors import InputError
from tinyformer.options import REQUIRED, option, settings_of, switch
from tinyformer.places import check_figures, make_folder, say
from tinyformer.tasks.finetuning_settings import every_option, reading


@dataclass(frozen=True, kw_only=True)
class Options:
    """The labelled file, and how it is read."""

    data: str = option(REQUIRED, "file with labelled examples", metavar="FILE")
    given: dict = settings_of(every_option(), only=reading())
    overwrite: bool = switch("replace the figures, predictions and picture that stand in --out")


def run(options: Options) -> int:
    """Print the figures and some mistakes on a labelled file; with --out write them, predictions and picture there.

    There they replace those of the same model on the same file, and others only with --overwrite.
    """
    from tinyformer.tasks.fine_tuned import open_trained, predictions_of, read_shown, unknown_labels
    from tinyformer.tasks.finished_run import PREDICTIONS, draw, final_line, judge, write_lines
    from tinyformer.train.durable import write_json
    from tinyformer.train.log import METRICS
    model, tokenizer, task, settings = open_trained(options.given)
    out = check_figures(settings.out) if settings.out else None
    what = {"task": task.name, "model": settings.model, "data": options.data}
    if out and not options.overwrite:
        refuse_others_figures(out / METRICS, (PREDICTIONS, task.picture), what)
    examples = read_shown(task, options.data, settings, labelled=True)
    for line in unknown_labels(model, examples):
        say(line)
    predictions = predictions_of(task, model, tokenizer, examples, settings)
    found = judge(task, predictions, examples)
    if out:
        make_folder(out)
        write_json(out / METRICS, {**what, "examples": len(examples), **found})
        write_lines(out / PREDICTIONS, predictions)
        draw(task, examples, predictions, out)
    print(task.mistakes(examples, predictions))
    print(final_line(task, found, len(examples)))
    return 0


def refuse_others_figures(figures: Path, beside: tuple[str | None, ...], what: dict[str, Any]) -> None:
    """InputError where figures stand there, or other files beside them, unless the figures are said to be of `what`."""
    there = [name for name in (figures.name, *beside) if name and (figures.parent / name).exists()]
    said = None
    with suppress(OSError, ValueError, RecursionError):
        said = json.loads(figures.read_bytes())
    if there and not (isinstance(said, dict) and all(said.get(key) == value for key, value in what.items())):
        raise InputError(f"{figures.parent} holds {', '.join(there)} of something else; choose another --out, or "
                         "replace them (--overwrite)")
