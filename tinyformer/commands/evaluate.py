"""How good is a fine-tuned model on examples it has not seen?  Its figures, and some of what it gets wrong."""

from dataclasses import dataclass

from tinyformer.options import REQUIRED, option, settings_of
from tinyformer.places import check_figures, make_folder, say
from tinyformer.tasks.finetuning_settings import every_option, reading


@dataclass(frozen=True, kw_only=True)
class Options:
    """The labelled file, and how it is read."""

    data: str = option(REQUIRED, "file with labelled examples", metavar="FILE")
    given: dict = settings_of(every_option(), only=reading())


def run(options: Options) -> int:
    """Print the figures and some mistakes on a labelled file; with --out write them, predictions and picture there."""
    from tinyformer.tasks.fine_tuned import open_trained, predictions_of, read_shown, unknown_labels
    from tinyformer.tasks.finished_run import PREDICTIONS, draw, final_line, judge, write_lines
    from tinyformer.train.durable import write_json
    model, tokenizer, task, settings = open_trained(options.given)
    out = check_figures(settings.out) if settings.out else None
    examples = read_shown(task, options.data, settings, labelled=True)
    for line in unknown_labels(model, examples):
        say(line)
    predictions = predictions_of(task, model, tokenizer, examples, settings)
    found = judge(task, predictions, examples)
    if out:
        make_folder(out)
        write_json(out / "metrics.json", {"task": task.name, "model": settings.model, "data": options.data,
                                          "examples": len(examples), **found})
        write_lines(out / PREDICTIONS, predictions)
        draw(task, examples, predictions, out)
    print(task.mistakes(examples, predictions))
    print(final_line(task, found, len(examples)))
    return 0
