"""Does a head own all that is said of it, so that another one is one file and one line?"""

import json
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from tinyformer.tasks import TASKS, finetuning_settings
from tinyformer.tasks.finetuning_settings import Finetuning, every_option, reading, saved_settings

PACKAGE = Path(finetuning_settings.__file__).parent.parent
FIXTURES = Path(__file__).parent.parent / "fixtures" / "v0.1"

# The file of a new head, whole: a number for one text, with an option, a figure and a unit of its own.
LENGTH = '''
"""How many words has a text, as far as a model can tell?  One number for one text."""

from dataclasses import dataclass, replace

import numpy as np

from tinyformer.data.labelled import EncodedRows, text_rows
from tinyformer.data.readers import TextExample
from tinyformer.models import PairScorer
from tinyformer.options import option
from tinyformer.tasks.collapse import hardly_differ
from tinyformer.tasks.finetuning_settings import TableSettings
from tinyformer.tasks.task import TYPED, Task


class Measure(PairScorer):
    """How long is the text?"""


@dataclass(frozen=True)
class LengthSettings(TableSettings):
    unit: float = option(1.0, "how many words count as one", above=0)


class Length(Task):
    """One number for a text."""

    name, head, figures, settings = "length", Measure, ("words_off",), LengthSettings
    parts, loss, unit = ("text", "score"), "score loss", "squared words"

    def example(self, text, *, number):
        return TextExample(text, None, TYPED, number)

    def labels(self, examples):
        return []

    def rows(self, examples, tokenizer, labels, options):
        rows = text_rows(examples, tokenizer, (), options.max_length)
        return EncodedRows((replace(row, label=(e.label or 0.0) / options.unit)
                            for row, e in zip(rows, examples, strict=True)), rows.cut)

    def predict(self, model, examples, rows, tokenizer, options):
        return [{"words": float(score) * options.unit} for score in self.outputs(model, rows)]

    def scores(self, examples, predictions):
        return {"words_off": float(np.mean([abs(e.label - p["words"])
                                            for e, p in zip(examples, predictions, strict=True)]))}

    def constant(self, train, examples):
        return [{"words": float(np.mean([e.label for e in train]))}] * len(examples)

    def collapsed(self, examples, predictions):
        flat = hardly_differ([p["words"] for p in predictions], [e.label for e in examples])
        return "one length" if flat else None

    def mistakes(self, examples, predictions, most=5):
        return f"{examples[0].text}: {predictions[0]['words']:.1f} and not {examples[0].label:g}"
'''
# The line in the list of tasks/__init__.py; and since its class is none that others know, that in hub/architectures.py.
LINES = '''
from tinyformer.tasks import TASKS
TASKS.places["length"] = "length:Length()"
from tinyformer.hub.architectures import SEQUENCE, THEIRS
from length import Measure
THEIRS[Measure] = (SEQUENCE, "length")
'''


@pytest.fixture
def lengths(tmp_path):
    """Texts and how many words they have."""
    rows = [(" ".join(["word"] * n), n) for n in (1, 2, 3, 5, 8, 13)] * 4
    path = tmp_path / "lengths.tsv"
    path.write_text("text\tscore\n" + "".join(f"{text}\t{count}\n" for text, count in rows))
    return path


@pytest.fixture
def length(tmp_path):
    """A function that runs a command in a process in which the new head stands in the list."""
    (tmp_path / "length.py").write_text(LENGTH)

    def run(*words, lines=LINES, status=0) -> str:
        source = (f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{lines}\n"
                  f"from tinyformer.cli import main; sys.exit(main({list(map(str, words))!r}))")
        done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, cwd=PACKAGE.parent)
        assert done.returncode == status, done.stderr
        return done.stderr if status else done.stdout
    return run


def test_another_head_is_one_file_and_one_line(length, lengths, tmp_path):
    out, sizes = tmp_path / "run", ["--layers", 1, "--heads", 2, "--width", 16, "--vocabulary", 30, "--max-length", 16]
    said = length("finetune", "length", "--model", "scratch", *sizes, "--train", lengths, "--dev", lengths,
                  "--out", out, "--steps", 6, "--unit", 4, "--seeds", 2)
    assert "words_off of 2 seeds:" in said and re.search(r"^word: -?\d+\.\d and not 1$", said, re.M)
    assert re.search(r"^words off \d.* \(reading nothing 3\.4444\), 24 examples, \d+ s of training$", said, re.M)
    out = out / "seed-1"
    assert json.loads((out / "settings.json").read_text())["unit"] == 4
    found = json.loads((out / "metrics.json").read_text())
    assert [path.name for path in out.glob("*.png")] == ["loss.png"], "it has no picture of its own"
    said = length("evaluate", "--model", out, "--data", lengths)
    assert f"words off {found['words_off']:.4f}, 24 examples" in said
    typed = json.loads(length("predict", "--model", out, "word word"))
    kept = [json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()]
    assert typed == {"text": "word word", "words": pytest.approx(kept[1]["words"])}
    assert json.loads(length("predict", "--model", out, "word word", "--unit", 8))["words"] == pytest.approx(
        2 * typed["words"])
    assert "2 parts were given, and this model takes one text" in length("predict", "--model", out, "a", "b", status=2)


def test_its_question_and_its_options_reach_the_help_and_the_errors(length, lengths, tmp_path):
    text = " ".join(length("finetune", "--help").split())
    assert "rewrite|follow|length --model" in text
    assert "length: how many words has a text, as far as a model can tell?" in text
    assert "length: how many words count as one (default 1.0)" in text
    assert "--unit" in length("evaluate", "--help") and "--unit" in length("predict", "--help")
    words = ["--model", "scratch", "--train", lengths, "--dev", lengths, "--out", tmp_path / "x"]
    assert "--unit is a setting of length, and the task is classify; leave it out" in length(
        "finetune", "classify", *words, "--unit", 2, status=2)
    assert "--unit is 0.0; it must be above 0" in length("finetune", "length", *words, "--unit", 0, status=2)
    assert "--columns is 'text=1,label=2', and length reads text, score" in length(
        "finetune", "length", *words, "--columns", "text=1,label=2", status=2)
    assert "did you mean 'length'?" in length("finetune", "lenght", *words, status=2)


@pytest.mark.parametrize("name", TASKS)
def test_every_head_says_what_it_is(name):
    task = TASKS[name]
    assert task.name == name and task.figures and task.__doc__ and TASKS.question(name).endswith("?")
    assert TASKS.places[name].startswith(f"tinyformer.tasks.{name}:")
    options = task.options(steps=3)
    assert isinstance(options, Finetuning) and (options.task, options.steps) == (name, 3)
    assert ("columns" in {item.name for item in fields(task.settings)}) == bool(task.parts)


def test_names_and_questions_are_known_before_any_head_is_opened():
    look = ("import sys; from tinyformer.tasks import TASKS; print({name: TASKS.question(name) for name in TASKS}); "
            "print([name for name in sys.modules if name.startswith('tinyformer.tasks.') or name == 'numpy'])")
    said, opened = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True,
                                  cwd=PACKAGE.parent).stdout.splitlines()
    assert "'tag': 'which tag does each word of a sentence have?'" in said and opened == "[]"


def test_nobody_else_asks_which_head_it_is():
    asks = re.compile(rf"""(==|!=|\bin\b) *[\[({{]?["']({'|'.join(TASKS)})["']""")
    owners = {f"{name}.py" for name in TASKS} | {"__init__.py"}
    files = [path for room in ("tasks", "commands", "metrics", "plot") for path in (PACKAGE / room).glob("*.py")]
    found = [f"{path.name}: {line.strip()}" for path in files if path.parent.name != "tasks" or path.name not in owners
             for line in path.read_text().splitlines() if asks.search(line)]
    assert not found
    assert asks.search('if task.name == "tag":') and asks.search('name in ("score", 1)'), "or the test could not fail"


def test_options_of_one_name_have_a_meaning_and_a_default_for_each_head():
    merged = {item.name: item for item in fields(every_option())}
    assert merged["threshold"].metadata["help"] == (
        "multilabel: the probability from which a label is given; answer: how much better no answer must be than the "
        "best one (default 0.5; answer: 0.0)")
    assert (TASKS["multilabel"].options().threshold, TASKS["answer"].options().threshold) == (0.5, 0.0)
    assert merged["columns"].metadata["help"].startswith("classify, pair, score, rewrite: where the parts of a row")
    assert {"threshold", "columns", "tags", "stride", "beams", "max_length"} <= {*reading()} <= {*merged}
    assert not {"epochs", "learning_rate", "vocabulary"} & {*reading()}


def test_settings_of_an_old_run_still_load():
    """Version 0.1 wrote the settings of all heads into every file."""
    path = FIXTURES / "classify" / "settings.json"
    old = json.loads(path.read_text())
    assert {"stride", "beams", "threshold", "tags"} < old.keys()
    settings = TASKS["classify"].options(**saved_settings(str(path), "classify")).to_dict()
    assert not {"stride", "beams", "threshold", "tags"} & settings.keys()
    assert {name: old.get(name, value) for name, value in settings.items()} == settings
