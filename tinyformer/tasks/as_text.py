"""How does a task with labels become a text for a text?  Its name in front, its answer in words: GLUE's nine, as in T5.

"cola sentence: The course is jumping well." is answered by "unacceptable" or "acceptable", and a pair of STS-B by a
number that is written out, "3.8", in steps of 0.2.  What is written is held to the answers that there are, and each
task is judged by its own official figures.  (Raffel et al. 2020, section 2.4 and appendix D.)
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyformer import tinyland
from tinyformer.data import readers
from tinyformer.data.readers.examples import Examples, Rewriting
from tinyformer.errors import InputError
from tinyformer.metrics.classification import accuracy, f1, matthews
from tinyformer.metrics.correlation import pearson, spearman
from tinyformer.options import suggestion

TINYLAND = "tinyland"                         # in the place of a folder: the generated sets
LEARNED, JUDGED = 1000, 300                   # of each of these
STEPS, HIGHEST = 5, 5.0                       # a score is written in fifths, from 0
NO_ANSWER, NO_SCORE = "no answer", -1.0       # what stands for a text that is none
YES = {"0": "not_entailment", "1": "entailment"}
SAME = {"0": "not_equivalent", "1": "equivalent"}


def _themselves(name: str) -> dict[str, str]:
    return {label: label for label in readers.GLUE[name].labels or ()}


@dataclass(frozen=True)
class Form:
    """How a task is written: what its texts are called, each with its name in an example; and the words of its labels.

    Where `words` is None, a number is written.
    """

    parts: tuple[tuple[str, str], ...]
    words: dict[str, str] | None


def _pair(first: str, second: str) -> tuple[tuple[str, str], ...]:
    return ((first, "first"), (second, "second"))


FORMS = {
    "cola": Form((("sentence", "text"),), {"0": "unacceptable", "1": "acceptable"}),
    "sst2": Form((("sentence", "text"),), {"0": "negative", "1": "positive"}),
    "mrpc": Form(_pair("sentence1", "sentence2"), SAME),
    "stsb": Form(_pair("sentence1", "sentence2"), None),
    "qqp": Form(_pair("question1", "question2"), {"0": "not_duplicate", "1": "duplicate"}),
    "mnli": Form((("hypothesis", "second"), ("premise", "first")), _themselves("mnli")),
    "qnli": Form(_pair("question", "sentence"), _themselves("qnli")),
    "rte": Form(_pair("sentence1", "sentence2"), _themselves("rte")),
    "wnli": Form(_pair("sentence1", "sentence2"), YES),
}


@dataclass(frozen=True)
class Asked(Rewriting):
    """A text that names its task, the words that are right, and the label that they stand for."""

    task: str
    label: str | float | None


def names_of(written: str) -> list[str]:
    """The tasks that --as-text names; InputError for another one."""
    names = [name.strip().lower().replace("-", "") for name in written.split(",")]
    for name in names:
        if name not in FORMS:
            raise InputError(f"--as-text: {name!r} is not one of the nine{suggestion(name, FORMS)}; choose among "
                             f"{', '.join(FORMS)}")
    return list(dict.fromkeys(names))


def read(folder: str, names: Sequence[str], training: bool, skip_bad_rows: int = 0) -> Examples:
    """The examples of several tasks in one list: of GLUE's folder, or of tinyland."""
    split, found = "train" if training else "dev", Examples()
    if folder != TINYLAND and not Path(folder).is_dir():
        raise InputError(f"{folder}: tasks as text are read from the folder of GLUE, with CoLA, SST-2 ... in it, or "
                         f"from {TINYLAND}, nine generated tasks; name one of the two")
    for name in names:
        if folder == TINYLAND:
            generated = tinyland.task(name, split, LEARNED if training else JUDGED, 0)
            found += [asked(name, example) for example in generated]
            continue
        examples = readers.read_glue(readers.glue_file(folder, name, split), name, skip_bad_rows=skip_bad_rows)
        found += [asked(name, example) for example in examples]
        found.bad, found.unlabelled = found.bad + examples.bad, found.unlabelled + examples.unlabelled
    return found


def asked(name: str, example) -> Asked:
    """An example of a task as a text for a text."""
    source = " ".join([name, *(f"{called}: {getattr(example, part)}" for called, part in FORMS[name].parts)])
    return Asked(source, said(name, example.label), example.file, example.line, name, example.label)


def said(name: str, label: str | float | None) -> str | None:
    """A label in words: a class by its name, a score in fifths."""
    if label is None:
        return None
    words = FORMS[name].words
    return f"{round(float(label) * STEPS) / STEPS:.1f}" if words is None else words[str(label)]


def understood(name: str, text: str) -> str | float:
    """The label that a text stands for; one that is no answer is of no class, or a score below all."""
    words = FORMS[name].words
    if words is None:
        written = as_written(text)
        score = float(written) if re.fullmatch(r"\d(\.\d{0,9})?", written, re.ASCII) else NO_SCORE
        return score if score <= HIGHEST else NO_SCORE
    return {as_written(word): label for label, word in words.items()}.get(as_written(text), NO_ANSWER)


def as_written(text: str) -> str:
    """A text without its spaces and capitals, for a vocabulary may have pulled a word apart."""
    return "".join(text.lower().split())


def figures_of(names: Sequence[str]) -> list[str]:
    """What the official figures of these tasks are called where several are told: "cola matthews"."""
    return [f"{name} {metric}" for name in names for metric in readers.GLUE[name].metrics]


def scores(examples: Sequence[Asked], texts: Sequence[str]) -> dict[str, float]:
    """The official figures of each task, "cola matthews" and so on, of what was written for its examples."""
    found = {}
    for name in dict.fromkeys(example.task for example in examples):
        pairs = [(e.label, understood(name, text)) for e, text in zip(examples, texts, strict=True)
                 if e.task == name and e.label is not None]
        true, guessed = [one for one, _ in pairs], [other for _, other in pairs]
        for metric in readers.GLUE[name].metrics:
            value = METRICS[metric](true, guessed)
            found[f"{name} {metric}"] = 0.0 if math.isnan(value) else value        # a constant has no direction
    return found


def commonest(train: Sequence[Asked], examples: Sequence[Asked]) -> list[dict]:
    """What somebody writes who reads the name of the task alone: its commonest answer."""
    answers: dict[str, Counter] = {}
    for example in train:
        answers.setdefault(example.task, Counter())[example.target] += 1
    return [{"text": answers[example.task].most_common(1)[0][0]} for example in examples]


def _f1(true: Sequence, guessed: Sequence) -> float:
    """F1 of "1"; what is no answer counts as the class that is wrong, as T5's own judge has it."""
    wrong = {"0": "1", "1": "0"}
    return f1(true, [wrong[a] if b == NO_ANSWER else b for a, b in zip(true, guessed, strict=True)], positive="1")


METRICS: dict[str, Callable[[Sequence, Sequence], float]] = {
    "accuracy": accuracy, "f1": _f1, "matthews": matthews, "pearson": pearson, "spearman": spearman}
