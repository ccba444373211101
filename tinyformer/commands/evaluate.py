"""What can be done with a fine-tuned model?  Judge it on labelled examples, or let it speak on a text that is typed.

The settings it was trained with lie beside it in settings.json, so that files are read and texts cut as they were then.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path

from tinyformer.backend import choose_device
from tinyformer.data.readers import Examples, PairExample, Question, Rewriting, TaggedSentence, TextExample
from tinyformer.errors import InputError
from tinyformer.nn import Module
from tinyformer.options import read_config, read_object
from tinyformer.pretraining.stages import say
from tinyformer.tasks import results
from tinyformer.tasks.finetuning_settings import SETTINGS, Finetuning, refuse_others
from tinyformer.tasks.folders import open_folder
from tinyformer.tasks.kinds import task_of
from tinyformer.tasks.task import Task
from tinyformer.train.durable import write_json

TYPED = "typed text"                          # stands for the file's name in examples that came from no file


def evaluate(given: dict, data: str) -> int:
    """Print the figures and some mistakes on a labelled file; with --out write them, predictions and picture there."""
    model, tokenizer, task, settings = open_trained(given)
    out = Path(settings.out) if settings.out else None
    if out and (out.is_file() or (out / "config.json").exists()):
        raise InputError(f"{out} is a file, or holds a model whose own figures stand there; --out takes another folder")
    examples = _read(task, data, settings, labelled=True)
    for line in unknown_labels(model, examples):
        say(line)
    predictions = _predictions(task, model, tokenizer, examples, settings)
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


def predict(given: dict, texts: Sequence[str], data: str | None = None) -> int:
    """Print one JSON object for each example: typed, read line by line from the standard input, or of a file.

    With --out they are written to that file instead.  InputError where nothing comes in.
    """
    if texts and data:
        raise InputError("both a text and --data were given; give one of the two")
    model, tokenizer, task, settings = open_trained(given)
    if settings.out and Path(settings.out).is_dir():
        raise InputError(f"{settings.out} is a folder; --out takes the name of a JSONL file to write")
    if settings.out and data and _is_read(Path(settings.out), data, settings.endings):
        raise InputError(f"--out is a file that --data {data} names, {settings.out}, which would be lost; choose "
                         "another --out")
    if data:
        groups = iter([_read(task, data, settings, labelled=False)])
    elif texts:
        groups = iter([[_typed(task, list(texts), 1)]])
    else:
        groups = ([_typed(task, line.split("\t"), number)] for number, line in enumerate(_lines(), 1))
    if settings.out:
        Path(settings.out).parent.mkdir(parents=True, exist_ok=True)
    written, count = open(settings.out, "w", encoding="utf-8") if settings.out else None, 0
    try:
        for examples in groups:
            for example, found in zip(examples, _predictions(task, model, tokenizer, examples, settings), strict=True):
                line = json.dumps({**_shown(example), **found}, ensure_ascii=False)
                print(line, file=written or sys.stdout, flush=True)
                count += 1
    finally:
        if written:
            written.close()
    if not count:
        raise InputError("no text: nothing stood on the standard input; give a text, lines or --data FILE")
    return 0


def open_trained(given: dict) -> tuple[Module, object, Task, Finetuning]:
    """(model, tokenizer, task, settings): what lies in the folder, the settings changed as `given` says."""
    folder = given.get("model")
    if not folder:
        raise InputError("--model is missing; give the folder of a fine-tuned model, such as the --out of finetune")
    model, tokenizer = open_folder(folder)
    task = task_of(model)
    path = Path(folder) / SETTINGS
    if task.name == "rewrite" and path.is_file() and "noise" in read_object(str(path)):
        raise InputError(f"{folder}: the model has learned to repair texts and nothing else yet; teach it first, by "
                         f"finetune rewrite --model {folder}, or try generate")
    saved = read_config(str(path), Finetuning) if path.is_file() else {"max_length": min(512, model.config.context)}
    refuse_others(given, task.name, folder)
    known = {field.name for field in fields(Finetuning)} - {"model", "out", "task", "train", "dev", "steps", "epochs"}
    saved = {name: value for name, value in saved.items() if value is not None and name in known}
    settings = Finetuning(**{**saved, "device": "auto", **given, "task": task.name})
    if settings.max_length > model.config.context:
        raise InputError(f"--max-length is {settings.max_length}, and this model has room for {model.config.context} "
                         "tokens; ask for no more")
    return model.to(choose_device(settings.device)[0]), tokenizer, task, settings


def unknown_labels(model: Module, examples: Sequence) -> list[str]:
    """A warning about labels that the model was never shown; InputError where it knows none of them."""
    if not results.labels_of(model):
        return []
    named = [(e, label) for e in examples for label in (getattr(e, "tags", None) or (e.label,))]
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


def _predictions(task: Task, model: Module, tokenizer, examples: Sequence, settings: Finetuning) -> list[dict]:
    rows = task.rows(examples, tokenizer, results.labels_of(model), settings)
    if rows.cut and task.name != "answer":
        say(f"{rows.cut:,} of {len(examples):,} texts were cut to {settings.max_length} tokens")
    return task.predict(model, examples, rows, tokenizer, settings)


def _read(task: Task, data: str, settings: Finetuning, labelled: bool) -> Examples:
    examples = task.read(data, settings, labelled=labelled)
    for line in examples.report():
        say(line)
    return examples


def _is_read(out: Path, data: str, endings: str | None) -> bool:
    """Is `out` the file `data`, or one of the two that `data` and its endings name?"""
    names = [data] if endings is None else [f"{data}.{end.strip().removeprefix('.')}{packed}"
                                            for end in endings.split(",") for packed in ("", ".gz")]
    return out.exists() and any(Path(name).exists() and out.samefile(name) for name in names)


def _typed(task: Task, parts: list[str], number: int):
    """An example made of what was typed."""
    wanted = {"classify": "one text", "tag": "one sentence", "pair": "two texts", "score": "two texts",
              "answer": "a question and then its document", "rewrite": "one text"}[task.name]
    if len(parts) != (1 if wanted.startswith("one") else 2):
        raise InputError(f"{TYPED} {number}: {len(parts)} parts were given, and this model takes {wanted}; put each "
                         "part in quotes, or a tab between them in a line of the standard input")
    if not all(part.strip() for part in parts):
        raise InputError(f"{TYPED} {number}: it is empty; this model takes {wanted}")
    if task.name == "classify":
        return TextExample(parts[0], None, TYPED, number)
    if task.name == "rewrite":
        return Rewriting(parts[0], None, TYPED, number)
    if task.name == "tag":
        return TaggedSentence(tuple(parts[0].split()), (), TYPED, number)
    if task.name == "answer":
        return Question(str(number), parts[0], parts[1], (), False, "", TYPED, number)
    return PairExample(parts[0], parts[1], None, TYPED, number)


def _shown(example) -> dict:
    """The parts of an example that stand in front of its prediction."""
    names = {TextExample: ("text",), PairExample: ("first", "second"), Question: ("question",),
             Rewriting: ("source",)}.get(type(example), ())
    return {name: getattr(example, name) for name in names}


def _lines() -> Iterator[str]:
    """The lines of the standard input that hold something."""
    if sys.stdin.isatty():
        say("one text a line; Ctrl-D ends")
    for line in sys.stdin:
        if line.strip():
            yield line.rstrip("\r\n")
