"""Whatever happens to a file, a reader gives examples or an InputError that names the file; nothing else."""

import json

import numpy as np
import pytest

from tinyformer.data.readers import (
    Examples,
    read_conll2003,
    read_conllu,
    read_examples,
    read_glue,
    read_sick,
    read_snli,
    read_squad,
)
from tinyformer.errors import InputError

TREE = "1\tDogs\tdog\tNOUN\tNNS\t_\t2\tnsubj\t_\t_\n2\tbark\tbark\tVERB\tVBP\t_\t0\troot\t_\t_\n\n"
SQUAD = {"version": "1.1", "data": [{"title": "t", "paragraphs": [{"context": "a caf\u00e9 burned", "qas": [
    {"id": "1", "question": "what?", "answers": [{"text": "caf\u00e9", "answer_start": 2}]}]}]}]}
FILES = {
    "a.tsv": ("1\tgood film\n0\tbad caf\u00e9\n1\tfine\n0\tso\n", lambda path: read_examples(path, ("text", "label"))),
    "b.csv": ('label,text\n1,"good, film"\n0,"bad ""x"""\n', lambda path: read_examples(path, ("text", "label"))),
    "c.tsv": ("gj04\t1\t\tGood.\nks08\t0\t*\tBad the.\n", lambda path: read_glue(path, "cola")),
    "d.txt": ("pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment\n1\ta\tb\t4.5\tNEUTRAL\n",
              lambda path: read_sick(path, "relatedness")),
    "e.jsonl": (2 * '{"gold_label": "neutral", "sentence1": "a\\u00e9", "sentence2": "b"}\n', read_snli),
    "f.conllu": ("# text\n" + 2 * TREE, read_conllu),
    "g.txt": ("-DOCSTART- -X- O O\n\nEU NNP I-NP I-ORG\nwept VBD I-VP O\n\n", read_conll2003),
    "h.json": (json.dumps(SQUAD), read_squad),
    "i.json": (json.dumps(SQUAD, indent=1, ensure_ascii=False), read_squad),
}


@pytest.mark.parametrize("name", FILES)
def test_flipped_cut_and_repeated_bytes(file, name):
    text, reader = FILES[name]
    data = text.encode()
    assert len(reader(file(name, data))) > 0
    refusals = 0
    rng = np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(data)
        start, length = rng.integers(len(data)), int(rng.integers(1, 12))
        match rng.integers(4):
            case 0:
                damaged[start] ^= 1 << rng.integers(8)
            case 1:
                del damaged[start:start + length]
            case 2:
                damaged[start:start] = damaged[start:start + length]
            case 3:
                damaged[start] = rng.choice(list(b'\t\n\r "#-0{}[]\x00\xff'))
        path = file(name, bytes(damaged))
        try:
            assert type(reader(path)) is Examples
        except InputError as error:
            assert str(path) in str(error)
            refusals += 1
    assert refusals > 12
