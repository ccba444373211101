"""Does a file of any size and depth give examples in linear time, or an error within a second?"""

import json
import os
from time import process_time

import pytest

from tinyformer.data.readers import read_conllu, read_examples, read_squad
from tinyformer.data.sentences import sentences
from tinyformer.errors import CheckpointError
from tinyformer.options import read_object
from tinyformer.tasks.terminal_lines import clipped, wrapped
from tinyformer.text import load_tokenizer
from tinyformer.train import load_model

DIGITS = "7" * 5000
DEEP = "[" * 200_000
TWICE = '{"text": "a", "label": "x", "label": "y"}'


def squad(count: int, document: str = "The café of Zoë burned. " * 20, start: int = 16, per_document: int = 5, **more):
    """A file with so many questions, every answer counted in bytes and so in need of repair."""
    asked = [{"id": f"q{n}é", "question": "Whose?", "answers": [{"text": "Zoë", "answer_start": start}]}
             for n in range(count)]
    paragraphs = [{"context": document, "qas": asked[first:first + per_document]}
                  for first in range(0, count, per_document)]
    return json.dumps({"data": [{"title": "t", "paragraphs": paragraphs}]}, indent=1, **more)


def seconds(function, *args, **options):
    before = process_time()
    function(*args, **options)
    return process_time() - before


@pytest.mark.parametrize("more", [{}, {"ensure_ascii": False}], ids=["escaped", "written out"])
def test_twice_as_many_questions_take_twice_the_time(file, more):
    found = [seconds(read_squad, file("a.json", squad(count, document="The café of Zoë burned. " * 200,
                                                      start=13, **more))) for count in (1000, 4000)]
    assert found[1] < 8 * found[0] + 0.5


def test_many_questions_on_one_long_document(file):
    path = file("a.json", squad(300, document="The café of Zoë burned. " * 40_000, start=13, per_document=300))
    assert seconds(read_squad, path) < 5                       # a million characters, looked through once
    found = read_squad(path, training=True)
    assert len(found) == 300 and {q.answers[0].start for q in found} == {12}


@pytest.mark.parametrize("text", [DIGITS, DEEP, TWICE, "{" + '"a":{' * 100_000])
def test_json_that_python_does_not_read(file, tmp_path, refused, text):
    refused(read_examples, file("a.jsonl", text), ("text", "label"), words=["a.jsonl:1"])
    refused(read_squad, file("a.json", text), words=["a.json"])
    refused(read_object, str(file("settings.json", text)), words=["settings.json", "not JSON"])
    file("tokenizer.json", text)
    refused(load_tokenizer, tmp_path, words=["tokenizer.json", "not JSON"])
    file("config.json", text)
    with pytest.raises(CheckpointError, match=r"config.json(:1)?: not JSON"):
        load_model(tmp_path)


def test_a_long_number_is_named(file, refused):
    refused(read_object, str(file("s.json", f'{{"steps": {DIGITS}}}')), words=["4,300 digits"])
    refused(read_object, str(file("s.json", '{"steps": 1, "steps": 2}')), words=["key 'steps' stands there twice"])
    for wrong in (f"{DIGITS}\tDogs", f"1-{DIGITS}\tDogs", f"0.{DIGITS}\tDogs"):
        refused(read_conllu, file("a.conllu", f"{wrong}\tdog\tNOUN\t_\t_\t0\troot\t_\t_\n\n"), words=["a.conllu:1"])
    refused(read_conllu, file("a.conllu", f"1\tDogs\tdog\tNOUN\t_\t_\t{DIGITS}\troot\t_\t_\n\n"), words=["HEAD"])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_nobody_waits_for_a_fifo(tmp_path, refused):
    for name in ("settings.json", "vocab.txt"):
        os.mkfifo(tmp_path / name)
    refused(read_object, str(tmp_path / "settings.json"), words=["settings.json is a FIFO"])
    refused(load_tokenizer, tmp_path, words=["vocab.txt is a FIFO"])


def test_every_answer_misplaced_is_said(file, refused):
    path = file("a.json", squad(3, start=5))
    assert "0 were bad" not in refused(read_squad, path, training=True, words=["of 3 questions not one", "'Zoë' at 5"])
    assert len(read_squad(path)) == 3                          # they can be judged, since that compares texts




@pytest.mark.parametrize("piece", [".", "?!", ". - ", "Mr. ", "(", "a.", ".) ", " \n", "\n ", "a-\n", "A. ", "\"' "])
def test_sentences_of_any_text(piece):
    found = [seconds(sentences, piece * (size // len(piece))) for size in (20_000, 200_000)]
    assert found[1] < 40 * found[0] + 0.5


@pytest.mark.parametrize("piece", ["a", "a ", "a\u0301", "\u4e00", "\x1b"])
def test_a_long_text_is_shown_in_linear_time(piece):
    text = piece * (200_000 // len(piece))
    assert seconds(clipped, text, 80) < 2 and len(clipped(text, 80)) < 200
    assert seconds(wrapped, text, 80, 4) < 2 and 1 < len(wrapped(text, 80, 4)) <= 8
