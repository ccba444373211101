"""How do the world's sets become files?  In the formats in which such sets are published, so that every reader applies.

Below the folder: corpus.txt (documents between blank lines) and corpus-b.txt (in the second language), parallel.tsv,
the nine tasks in GLUE's folders and columns, pos/*.conllu, ner/*.txt (CoNLL-2003), and squad/*.json
and portraits/*.json (passages about several people, and about one); asked/*.jsonl (questions with people's answers, and
choices between two of these).
"""

import json
import os
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from tinyformer.data.readers.glue import GLUE, glue_file
from tinyformer.rng import stream
from tinyformer.tinyland.asked import chosen, shown
from tinyformer.tinyland.documents import World
from tinyformer.tinyland.sets import SPLITS, TINYGLUE, task
from tinyformer.tinyland.word_tables import Chance

SIZES = {"train": 2000, "dev": 400, "test": 400}


def write(folder: str | os.PathLike, seed: int = 0, documents: int = 2000, sizes: dict[str, int] | None = None) -> None:
    """Write the corpus and every set below `folder`; `sizes` gives the examples of train, dev and test."""
    folder, world, sizes = Path(folder), World(seed), {**SIZES, **(sizes or {})}
    for name, language in (("corpus.txt", "a"), ("corpus-b.txt", "b")):
        texts = world.documents(documents, language)
        _put(folder / name, chain([next(texts) + "\n"], (f"\n{text}\n" for text in texts)))
    _put(folder / "parallel.tsv", (f"{a}\t{b}\n" for a, b in chain([("source", "target")], world.parallel(documents))))
    for split in SPLITS:
        n = sizes[split]
        for name in TINYGLUE:
            _put(glue_file(folder, name, split), glue_rows(name, task(name, split, n, seed)))
        if split != "train":
            _put(folder / "MNLI" / f"{split}_mismatched.tsv", glue_rows("mnli", task("mnli-mm", split, n, seed)))
        _put(folder / "pos" / f"{split}.conllu", conllu(task("pos", split, n, seed)))
        _put(folder / "ner" / f"{split}.txt", conll2003(task("ner", split, n, seed)))
        for name in ("squad", "portraits"):
            _put(folder / name / f"{split}.json", squad(task(name, split, n, seed)))
        chance = Chance(stream(seed, f"asked {split}"))
        _put(folder / "asked" / f"{split}.jsonl", _lines(shown(n, chance)))
        _put(folder / "asked" / f"choices-{split}.jsonl", _lines(chosen(n, chance)))


def glue_rows(name: str, examples: list) -> str:
    """The examples in the task's published columns, with their labels (GLUE's test files have none, these do).

    CoLA has no header, and four columns: source, label, mark, sentence.
    """
    columns = GLUE[name].columns
    if name == "cola":
        return _rows(("tinyland", one.label, "" if one.label == "1" else "*", one.text) for one in examples)
    if "text" in columns:
        return _rows([("sentence", "label"), *((one.text, one.label) for one in examples)])
    target = columns.get("label", columns.get("score"))
    head = [target, columns["first"], columns["second"]] if name == "mrpc" else \
        ["index", columns["first"], columns["second"], target]
    rows = [(one.label, one.first, one.second) if name == "mrpc" else (one.line - 1, one.first, one.second, one.label)
            for one in examples]
    return _rows([tuple(head), *rows])


def conllu(sentences: list) -> str:
    """Ten columns with word and universal part of speech; the first word is the root of a flat tree."""
    blocks = []
    for number, one in enumerate(sentences, 1):
        lines = [f"# sent_id = tinyland-{number}"]
        for place, (word, tag) in enumerate(zip(one.words, one.tags, strict=True), 1):
            head, relation = ("0", "root") if place == 1 else ("1", "dep")
            lines.append("\t".join([str(place), word, "_", tag, "_", "_", head, relation, "_", "_"]))
        blocks.append("\n".join(lines) + "\n\n")
    return "".join(blocks)


def conll2003(sentences: list) -> str:
    """Word and entity tag, with the two columns between them left empty (part of speech and chunk)."""
    return "-DOCSTART- -X- -X- O\n\n" + "".join(
        "".join(f"{word} _ _ {tag}\n" for word, tag in zip(one.words, one.tags, strict=True)) + "\n"
        for one in sentences)


def squad(questions: list) -> str:
    """SQuAD 1.1: one article, a paragraph for each question."""
    paragraphs = [{"context": one.document, "qas": [{
        "id": one.id, "question": one.question,
        "answers": [{"text": answer.text, "answer_start": answer.start} for answer in one.answers]}]}
        for one in questions]
    return json.dumps({"version": "1.1", "data": [{"title": "tinyland", "paragraphs": paragraphs}]}, indent=1) + "\n"


def _rows(rows) -> str:
    return "".join("\t".join(map(str, row)) + "\n" for row in rows)


def _lines(rows: Iterable[dict]) -> Iterable[str]:
    """JSONL: one object a line."""
    return (json.dumps(row) + "\n" for row in rows)


def _put(path: Path, text: str | Iterable[str]) -> None:
    """Write a text, or pieces of text one after another, so that a long corpus is never held as a whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines([text] if isinstance(text, str) else text)
