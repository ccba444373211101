"""What does a fine-tuned model say of a text that is typed, or of every example of a file?"""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyformer.errors import InputError
from tinyformer.options import argument, option, settings_of, switch
from tinyformer.places import check_file, read_lines
from tinyformer.tasks.finetuning_settings import every_option, reading

NO_TEXT = "no text: nothing stood on the standard input; give a text, lines or --data FILE"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is predicted, and how a file is read."""

    text: tuple[str, ...] = argument("one text (to be tagged: words and marks with spaces between them); two for a "
                                     "pair; a question and then its document; without any, lines are read from the "
                                     "standard input, the two parts with a tab between them", default=())
    data: str | None = option(None, "file in the format the model was trained on, with or without labels",
                              metavar="FILE")
    given: dict = settings_of(every_option(), only=reading())
    overwrite: bool = switch("replace the file that stands at --out")


def run(options: Options) -> int:
    """Print one JSON object for each example: typed, read line by line from the standard input, or of a file.

    With --out they are written to that file instead.  InputError where nothing comes in.
    """
    from tinyformer.tasks.fine_tuned import open_trained, predictions_of, read_shown
    texts, data = options.text, options.data
    if texts and data:
        raise InputError("both a text and --data were given; give one of the two")
    model, tokenizer, task, settings = open_trained(options.given)
    if settings.out and data and any(path.exists() and Path(settings.out).exists() and path.samefile(settings.out)
                                     for path in task.files(data, settings)):
        raise InputError(f"--out is a file that --data {data} names, {settings.out}, which would be lost; choose "
                         "another --out")
    out = check_file(settings.out, options.overwrite) if settings.out else None
    if data:
        groups: Iterable[Sequence] = [read_shown(task, data, settings, labelled=False)]
    elif texts:
        groups = [[task.typed(texts, 1)]]
    else:
        groups = ([task.typed(line.split("\t"), number)] for number, line in enumerate(read_lines(NO_TEXT), 1))
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
    written = open(out, "w", encoding="utf-8") if out else None
    try:
        for examples in groups:
            predictions = predictions_of(task, model, tokenizer, examples, settings)
            for example, found in zip(examples, predictions, strict=True):
                shown = {name: getattr(example, name) for name in task.shown}
                line = json.dumps({**shown, **found}, ensure_ascii=False, allow_nan=False)
                print(line, file=written or sys.stdout, flush=True)
    finally:
        if written:
            written.close()
    return 0
