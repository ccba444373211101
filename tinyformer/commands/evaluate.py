"""How good is a fine-tuned model on examples it has not seen?  Its figures, and some of what it gets wrong."""

from pathlib import Path

from tinyformer.errors import InputError
from tinyformer.pretraining.stages import say
from tinyformer.tasks import results
from tinyformer.tasks.trained import open_trained, predictions_of, read_shown, unknown_labels
from tinyformer.train.durable import write_json


def evaluate(given: dict, data: str) -> int:
    """Print the figures and some mistakes on a labelled file; with --out write them, predictions and picture there."""
    model, tokenizer, task, settings = open_trained(given)
    out = Path(settings.out) if settings.out else None
    if out and (out.is_file() or (out / "config.json").exists()):
        raise InputError(f"{out} is a file, or holds a model whose own figures stand there; --out takes another folder")
    examples = read_shown(task, data, settings, labelled=True)
    for line in unknown_labels(model, examples):
        say(line)
    predictions = predictions_of(task, model, tokenizer, examples, settings)
    found = results.judge(task, predictions, examples)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        write_json(out / "metrics.json", {"task": task.name, "model": settings.model, "data": data,
                                          "examples": len(examples), **found})
        results.write_lines(out / results.PREDICTIONS, predictions)
        results.draw(task, examples, predictions, found, results.labels_of(model), out)
    print(results.mistakes(task, examples, predictions))
    print(results.final_line(task, found, len(examples)))
    return 0
