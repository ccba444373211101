"""In which columns were the well-known sets of sentences and pairs published?  GLUE's nine, SICK, SNLI and MNLI.

Wang et al. 2019 (GLUE), Marelli et al. 2014 (SICK), Bowman et al. 2015 (SNLI), Williams et al. 2018 (MNLI).
"""

import os
from dataclasses import dataclass
from pathlib import Path

from tinyformer.data.readers.cells import first_row
from tinyformer.data.readers.examples import Examples
from tinyformer.data.readers.tabular import Columns, read_table
from tinyformer.errors import InputError

BINARY = ("0", "1")
ENTAILED = ("entailment", "not_entailment")
THREE_WAY = ("entailment", "neutral", "contradiction")


@dataclass(frozen=True)
class GlueTask:
    """Where one of the nine tasks keeps its parts, its labels (None: a score) and which figures are official."""

    folder: str
    columns: Columns
    labels: tuple[str, ...] | None
    metrics: tuple[str, ...] = ("accuracy",)
    header: bool = True                                    # of train and dev; every test file has one
    width: int | None = None


GLUE = {
    "cola": GlueTask("CoLA", {"text": 4, "label": 2}, BINARY, ("matthews",), header=False, width=4),
    "sst2": GlueTask("SST-2", {"text": "sentence", "label": "label"}, BINARY),
    "mrpc": GlueTask("MRPC", {"first": "#1 String", "second": "#2 String", "label": "Quality"}, BINARY,
                     ("accuracy", "f1")),
    "stsb": GlueTask("STS-B", {"first": "sentence1", "second": "sentence2", "score": "score"}, None,
                     ("pearson", "spearman")),
    "qqp": GlueTask("QQP", {"first": "question1", "second": "question2", "label": "is_duplicate"}, BINARY,
                    ("accuracy", "f1")),
    "mnli": GlueTask("MNLI", {"first": "sentence1", "second": "sentence2", "label": "gold_label"}, THREE_WAY),
    "qnli": GlueTask("QNLI", {"first": "question", "second": "sentence", "label": "label"}, ENTAILED),
    "rte": GlueTask("RTE", {"first": "sentence1", "second": "sentence2", "label": "label"}, ENTAILED),
    "wnli": GlueTask("WNLI", {"first": "sentence1", "second": "sentence2", "label": "label"}, BINARY),
}


def glue_task(name: str) -> GlueTask:
    """The task of this name, however it is written: sst2, SST-2, sts-b, MNLI."""
    try:
        return GLUE[name.lower().replace("-", "").replace("_", "")]
    except KeyError:
        raise InputError(f"task {name!r} is not one of GLUE's: {', '.join(GLUE)}") from None


def glue_file(folder: str | os.PathLike, task: str, split: str) -> Path:
    """The published place of a split (train, dev, test) below GLUE's folder; MNLI has dev_matched, dev_mismatched."""
    spec = glue_task(task)
    if spec.folder == "MNLI" and split in ("dev", "test"):
        split += "_matched"
    return Path(folder) / spec.folder / f"{split}.tsv"


def read_glue(path: str | os.PathLike, task: str, labelled: bool = True, skip_bad_rows: int = 0) -> Examples:
    """The examples of one file of a GLUE task in its published columns; `labelled=False` for the test files."""
    spec = glue_task(task)
    columns, header, width = dict(spec.columns), spec.header, spec.width
    if not labelled:
        columns = {part: column for part, column in columns.items() if part not in ("label", "score")}
        if not header:                                     # CoLA's test file has a header, the others of CoLA have none
            columns, header, width = {"text": "sentence"}, True, None
    return read_table(path, columns, format="tsv", header=header, width=width, labels=spec.labels,
                      skip_bad_rows=skip_bad_rows)


def read_sick(path: str | os.PathLike, target: str = "entailment", skip_bad_rows: int = 0) -> Examples:
    """The sentence pairs of SICK with their `target`: "entailment" (a class) or "relatedness" (1 to 5)."""
    if target not in ("entailment", "relatedness"):
        raise InputError(f"target is {target!r}; SICK has entailment and relatedness")
    columns = {"first": "sentence_A", "second": "sentence_B"}
    if target == "relatedness":
        columns["score"] = "relatedness_score"
    else:                                                  # the file with all splits in one spells it otherwise
        whole = "entailment_label" in first_row(path, "tsv")
        columns["label"] = "entailment_label" if whole else "entailment_judgment"
    return read_table(path, columns, format="tsv", labels=("NEUTRAL", "ENTAILMENT", "CONTRADICTION"),
                      skip_bad_rows=skip_bad_rows)


def read_snli(path: str | os.PathLike, skip_bad_rows: int = 0) -> Examples:
    """The pairs of an SNLI or MNLI JSONL file; those on which the annotators did not agree ("-") are counted."""
    columns = {"first": "sentence1", "second": "sentence2", "label": "gold_label"}
    return read_table(path, columns, format="jsonl", labels=THREE_WAY, no_label=("-",), skip_bad_rows=skip_bad_rows)
