"""Whatever happens to a labelled file, a reader gives sound examples or an InputError that names the file, and soon.

The list of the readers is walked: one that comes later belongs into SAMPLES, with a file that it reads.
"""

import gzip
import json
import math
import random

import pytest

from campaigns.mutants import damaged, refusal
from tinyformer.data import readers
from tinyformer.data.corpus import read_documents
from tinyformer.data.readers import GLUE, Examples
from tinyformer.errors import InputError

TREE = ("# text = Dogs bark\n1-2\tDogsbark\t_\t_\t_\t_\t_\t_\t_\t_\n1\tDogs\tdog\tNOUN\tNNS\t_\t2\tnsubj\t_\t_\n"
        "2\tbark\tbark\tVERB\tVBP\t_\t0\troot\t_\t_\n2.1\tx\t_\t_\t_\t_\t_\t_\t_\t_\n\n")
SQUAD = {"version": "v2.0", "data": [{"title": "t", "paragraphs": [{"context": "a café 😀 burned", "qas": [
    {"id": "1", "question": "what?", "answers": [{"text": "café", "answer_start": 2}], "is_impossible": False},
    {"id": "2", "question": "why?", "answers": [], "is_impossible": True},
    {"id": "3", "question": "how?", "answers": [{"text": "burned", "answer_start": 10}]}]}]}]}
NLI = '{"gold_label": "neutral", "sentence1": "a\\u00e9", "sentence2": "b"}\n'
NAMES = "-DOCSTART- -X- O O\n\nEU NNP I-NP B-ORG\nwept VBD I-VP O\n\n# id 7\nBo\tNNP\tB-NP\tB-PER\n\n"
WORDS = ("1\tgood film\n0\tbad café\n1\tfine\n0\tso\n", 'label,text\n1,"good, film"\n0,"bad ""x"""\n',
         '{"text": "good", "label": 1}\n{"text": "bad", "label": "0"}\n')
SETS = "text\tlabels\nlong film\tdull|long\ngood\t\nother\tlong\n"
RATED = "text\ttoxic\tother\nlong film\t0\t1\ngood\t1\t1\n"
SICK = ("pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment\n1\ta\tb\t4.5\tNEUTRAL\n"
        "2\tc\td\t1\tNEUTRAL\n")
TALK = ('{"prompt": "what\\u00e9 ?", "completion": "so"}\n{"messages": [{"role": "user", "content": "a"}, {"role": '
        '"assistant", "content": "b"}]}\n{"instruction": "x", "input": "", "output": "caf\u00e9"}\n')
CHOICES = ('{"prompt": "what ?", "chosen": "so", "rejected": "no"}\n{"chosen": "\\n\\nHuman: a\\n\\nAssistant: b", '
           '"rejected": "\\n\\nHuman: a\\n\\nAssistant: caf\u00e9"}\n')
FASTA = ">one of them\nACGT\nac\n\n; a remark\n>\nMKV-L*\n"
LINES = "one line\n\ntwo café lines\nthree\n"
MIDI = (b"MThd\0\0\0\6\0\1\0\2\0\x60"
        b"MTrk\0\0\0\x15\0\xff\x51\3\7\xa1\x20\0\xc0\0\0\x90\x3c\x40\x60\x3c\0\0\xff\x2f\0"
        b"MTrk\0\0\0\x0b\0\x90\x40\x40\0\x43\x40\0\xff\x2f\0")


def glue(name: str) -> str:
    """Two rows of a task as it is published."""
    spec = GLUE[name]
    if not spec.header:
        return "gj04\t1\t\tGood one.\nks08\t0\t*?\tBad the.\n"
    value = {"label": (spec.labels or [""])[0], "score": "2.5"}
    names = ["index", *spec.columns.values()]
    rows = [[str(n), *[value.get(part, f"some {part} {n}") for part in spec.columns]] for n in range(2)]
    return "".join("\t".join(row) + "\n" for row in [names, *rows])


def of(name, **fixed):
    """A call of the reader with this name on a path."""
    return lambda path, **more: getattr(readers, name)(path, **fixed, **more)


# The name of each reader -> what it reads: name of the file, its text, and how it is called with the path.
SAMPLES = {
    "read_examples": [(f"a.{ending}", text, of("read_examples", parts=("text", "label"), **more))
                      for ending, text in zip(("tsv", "csv", "jsonl"), WORDS, strict=True)
                      for more in ({}, {"labelled": False})],
    "read_table": [("a.tsv", "a\tb\t0.5\nc\td\t-1e3\n",
                    of("read_table", columns={"first": 1, "second": 2, "score": 3})),
                   ("a.csv", WORDS[1], of("read_table", columns={"source": "text", "target": "label"}))],
    "read_label_sets": [("a.tsv", SETS, of("read_label_sets")),
                        ("b.tsv", RATED, of("read_label_sets", columns={"text": "text", "labels": "toxic+other"})),
                        ("c.jsonl", '{"text": "a", "labels": ["x", "y"]}\n{"text": "b", "labels": "x,z"}\n',
                         of("read_label_sets"))],
    "read_glue": [("a.tsv", glue(name), of("read_glue", task=name)) for name in GLUE],
    "read_sick": [("a.txt", SICK, of("read_sick", target=target)) for target in ("entailment", "relatedness")],
    "read_snli": [("a.jsonl", 2 * NLI, of("read_snli"))],
    "read_conllu": [("a.conllu", 2 * TREE, of("read_conllu", **more)) for more in ({}, {"labelled": False})],
    "read_conll2003": [("a.txt", NAMES, of("read_conll2003", **more)) for more in ({}, {"tag": "pos"}, {"tag": -1},
                                                                                   {"labelled": False})],
    "read_squad": [("a.json", json.dumps(SQUAD, indent=indent, ensure_ascii=bool(indent)), of("read_squad", **more))
                   for indent in (None, 1) for more in ({}, {"training": True}, {"labelled": False})],
    "read_conversations": [("a.jsonl", TALK, of("read_conversations", **more)) for more in ({}, {"labelled": False})],
    "read_preferences": [("a.jsonl", CHOICES, of("read_preferences"))],
    "read_fasta": [("a.fa", FASTA, of("read_fasta"))],
    "read_midi": [("a.mid", MIDI, of("read_midi"))],
    "read_parallel": [("a.en", LINES, lambda path, **_: readers.read_parallel(path, beside(path)))],
    "read_aligned": [("a.en", LINES, lambda path, **_: readers.read_aligned(path, beside(path)))],
    "read_sources": [("a.txt", LINES, lambda path, **_: readers.read_sources(path))],
}
CORPUS = [("a.txt", 2 * LINES, lambda path, how=how, **_: read_documents(path, how)) for how in ("file", "blank-lines")]
BINARY = {"read_midi": "mido"}                # those that read no text, and with what
SKIPS = SAMPLES.keys() - BINARY.keys() - {"read_parallel", "read_aligned", "read_sources"}     # can pass over bad rows


def sample(name: str) -> list:
    """The samples of a reader, as bytes."""
    if name in BINARY:
        pytest.importorskip(BINARY[name])
    return [(file, data if name in BINARY else data.encode(), reader)
            for file, data, reader in SAMPLES.get(name, CORPUS)]


def beside(path):
    """The other half of two files that are read line by line."""
    other = path.with_name("other")
    other.write_text(LINES.replace("e", "a"))
    return other


def test_every_reader_is_in_it():
    assert {name for name in dir(readers) if name.startswith("read_")} == SAMPLES.keys()


@pytest.mark.parametrize("name", [*SAMPLES, "corpus"])
def test_a_damaged_file_is_read_as_it_stands_or_refused(tmp_path, campaign, name):
    read, refused, samples = 0, 0, sample(name)
    for which, draw in campaign.trials(short=150):
        file, whole, reader = draw.choice(samples)
        path, data = tmp_path / file, damaged(whole, draw)
        path.write_bytes(data)
        found, error = refusal(f"{which}: {data!r}", (InputError,), reader, path)
        if error is not None:
            refused += 1
            assert str(tmp_path) in str(error), f"{which}: {error}"
        else:
            read += 1
            unsound = [fault for one in found for fault in faults(one, data)]
            assert not unsound, f"{which}: {data!r}: {unsound}"
        if name in SKIPS:
            lenient, problem = refusal(f"{which}: {data!r}", (InputError,), reader, path, skip_bad_rows=10**6)
            assert found is None or lenient == found, f"{which}: {data!r}: nothing was to be skipped"
            assert problem is None or error is not None, f"{which}: {data!r}: {problem}"
        if name not in BINARY and draw.random() < 0.2:
            in_other_clothes(reader, path, data, draw, (found, error), which)
    campaign.report(f"{read:,} read, {refused:,} refused")
    assert read and refused


def in_other_clothes(reader, path, data: bytes, draw: random.Random, expected, which: str) -> None:
    """The same text with another line end, with a byte order mark, or packed, is the same."""
    if b"\r" in data or data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x1f\x8b")):
        return
    other = draw.choice((data.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + data, gzip.compress(data)))
    path.write_bytes(other)
    found, error = refusal(f"{which} in other clothes: {other!r}", (InputError,), reader, path)
    assert found == expected[0], f"{which}: {other[:200]!r}: {found} and not {expected[0]} ({error})"


def faults(example, data: bytes) -> list[str]:
    """What cannot be meant in an example that was read."""
    if isinstance(example, str):
        return [] if example.strip() else ["an empty document"]
    if isinstance(example, tuple):
        return [f"an empty sentence in {example}" for text in example if not text.strip()]
    found, parts = [], vars(example)
    texts = [value for name, value in parts.items() if isinstance(value, str) and name != "file"]
    texts += [text for name in ("words", "tags", "labels") for text in parts.get(name) or ()]
    texts += [answer.text for answer in parts.get("answers", ())]
    found += [f"half a character in {text!r}" for text in texts if any("\ud800" <= c <= "\udfff" for c in text)]
    if not 1 <= example.line <= data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n") + 1:
        found.append(f"line {example.line}")
    for name in ("text", "source", "target", "question", "document", "id", "label"):
        value = parts.get(name)
        if isinstance(value, str) and not value.strip():
            found.append(f"{name} is {value!r}")
    label = parts.get("label")
    if isinstance(label, float) and not math.isfinite(label):
        found.append(f"score {label}")
    named = [*(parts.get("labels") or ()), *parts.get("tags", ()), *([label] if isinstance(label, str) else [])]
    found += [f"label {name!r}" for name in named if name != name.strip() or not name]
    if "words" in parts:
        found += [f"word {word!r}" for word in example.words if not word.strip(" \t\n\v\f")]
        if example.tags and len(example.tags) != len(example.words):
            found.append("another number of tags than of words")
    for answer in parts.get("answers", ()):
        if answer.start is not None and not example.document.startswith(answer.text, answer.start):
            found.append(f"{answer} does not stand in {example.document!r}")
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_are_read(tmp_path, name):
    for file, data, reader in sample(name):
        (tmp_path / file).write_bytes(data)
        found = reader(tmp_path / file)
        assert found and not getattr(found, "bad", []) and isinstance(found, Examples | list)
        assert not [fault for one in found for fault in faults(one, data)]
