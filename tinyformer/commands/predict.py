"""What does a fine-tuned model say of a text that is typed, or of every example of a file?"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from tinyformer.errors import InputError
from tinyformer.options import argument, option, settings_of
from tinyformer.places import check_file, read_lines
from tinyformer.tasks.finetuning_settings import READING, Finetuning

TYPED = "typed text"                          # stands for the file's name in examples that came from no file
NO_TEXT = "no text: nothing stood on the standard input; give a text, lines or --data FILE"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is predicted, and how a file is read."""

    text: tuple[str, ...] = argument("one text (to be tagged: words and marks with spaces between them); two for a "
                                     "pair; a question and then its document; without any, lines are read from the "
                                     "standard input, the two parts with a tab between them", default=())
    data: str | None = option(None, "file in the format the model was trained on, with or without labels",
                              metavar="FILE")
    given: dict = settings_of(Finetuning, only=("model", "out", *READING))


def run(options: Options) -> int:
    """Print one JSON object for each example: typed, read line by line from the standard input, or of a file.

    With --out they are written to that file instead.  InputError where nothing comes in.
    """
    from tinyformer.tasks.trained import open_trained, predictions_of, read_shown
    texts, data = options.text, options.data
    if texts and data:
        raise InputError("both a text and --data were given; give one of the two")
    model, tokenizer, task, settings = open_trained(options.given)
    out = check_file(settings.out) if settings.out else None
    if out and data and _is_read(out, data, settings.endings):
        raise InputError(f"--out is a file that --data {data} names, {settings.out}, which would be lost; choose "
                         "another --out")
    if data:
        groups = iter([read_shown(task, data, settings, labelled=False)])
    elif texts:
        groups = iter([[_typed(task, list(texts), 1)]])
    else:
        groups = ([_typed(task, line.split("\t"), number)] for number, line in enumerate(read_lines(NO_TEXT), 1))
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
    written = open(out, "w", encoding="utf-8") if out else None
    try:
        for examples in groups:
            predictions = predictions_of(task, model, tokenizer, examples, settings)
            for example, found in zip(examples, predictions, strict=True):
                line = json.dumps({**_shown(example), **found}, ensure_ascii=False)
                print(line, file=written or sys.stdout, flush=True)
    finally:
        if written:
            written.close()
    return 0


def _is_read(out: Path, data: str, endings: str | None) -> bool:
    """Is `out` the file `data`, or one of the two that `data` and its endings name?"""
    names = [data] if endings is None else [f"{data}.{end.strip().removeprefix('.')}{packed}"
                                            for end in endings.split(",") for packed in ("", ".gz")]
    return out.exists() and any(Path(name).exists() and out.samefile(name) for name in names)


def _typed(task, parts: list[str], number: int):
    """An example made of what was typed."""
    from tinyformer.data.readers import PairExample, Question, Rewriting, TaggedSentence, TextExample
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
    from tinyformer.data.readers import PairExample, Question, Rewriting, TextExample
    names = {TextExample: ("text",), PairExample: ("first", "second"), Question: ("question",),
             Rewriting: ("source",)}.get(type(example), ())
    return {name: getattr(example, name) for name in names}
