import numpy as np
import pytest

from tinyformer.data.readers import read_conll2003
from tinyformer.data.readers.bio import bio_to_iob1, check_bio, iob1_to_bio, looks_like_iob1
from tinyformer.data.readers.lines import BadRow

IOB1 = """-DOCSTART- -X- -X- O

EU NNP I-NP I-ORG
rejects VBZ I-VP O
German JJ I-NP I-MISC
Israeli JJ I-NP B-MISC
call NN I-NP O
. . O O

-DOCSTART- -X- O O

Peter NNP B-NP I-PER
Blackburn NNP I-NP I-PER
"""
BIO = "EU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\nPeter NNP B-NP B-PER\nBlackburn NNP I-NP I-PER\n\n"


def test_the_published_form(file):
    path = file("eng.train", IOB1)
    first, second = read_conll2003(path)
    assert first.words == ("EU", "rejects", "German", "Israeli", "call", ".")
    assert first.tags == ("B-ORG", "O", "B-MISC", "B-MISC", "O", "O") and first.line == 3
    assert second.tags == ("B-PER", "I-PER") and second.line == 12
    assert read_conll2003(path, "pos")[1].tags == ("NNP", "NNP")
    assert read_conll2003(path, "ner", scheme="none")[1].tags == ("I-PER", "I-PER")


def test_the_form_in_bio_and_with_tabs(file):
    found = read_conll2003(file("a.txt", BIO))
    assert [s.tags for s in found] == [("B-ORG", "O"), ("B-PER", "I-PER")]
    assert read_conll2003(file("a.txt", BIO), "chunk")[0].tags == ("B-NP", "B-VP")
    assert read_conll2003(file("a.txt", BIO.replace(" ", "\t")), -1) == [
        type(s)(s.words, s.tags, str(s.file), s.line) for s in found]
    path = file("b.txt", "New York\tB-LOC\n#\tO\n\u00a0\tO\n")
    assert read_conll2003(path, 2)[0].words == ("New York", "#", "\u00a0")


@pytest.mark.parametrize("row, words", [
    ("x NN B-NP", ["3 columns where 4 were due"]),
    ("x NN B-NP O O", ["5 columns where 4 were due"]),
    ("x NN B-NP I-LOC", ["'I-LOC' after 'O'", "write B-LOC", "IOB1"]),
    ("x NN B-NP B-ANIMAL", ["'ANIMAL' is not among PER, ORG, LOC"]),
    ("x NN B-NP E-PER", ["'E-PER' is not BIO"]),
    ("x NN B-NP PER", ["'PER' is not BIO"]),
    ("x NN B-NP B-", ["'B-' is not BIO"]),
    ("x\tNN\t\tO", ["an empty column"]),
])
def test_every_fault_is_named(file, refused, row, words):
    path = file("a.txt", BIO + "a NN B-NP O\n" + row + "\n\n" + BIO)
    refused(read_conll2003, path, kinds=("PER", "ORG", "LOC"), words=[f"{path}:8: ", *words])
    found = read_conll2003(path, kinds=("PER", "ORG", "LOC"), skip_bad_rows=1)
    assert (len(found), len(found.bad)) == (4, 1)


def test_what_cannot_be_asked_for(file, refused):
    path = file("a.txt", BIO)
    refused(read_conll2003, path, "names", words=["'names'", "pos, chunk, ner"])
    for column in (5, -4):
        refused(read_conll2003, path, column, words=[f"{path}:1: 4 columns", f"column {column}"])
    refused(read_conll2003, path, 1, words=["tag is 1"])
    refused(read_conll2003, path, scheme="bioes", words=["'bioes'", "iob1"])
    for data in ("", "\n\n", "-DOCSTART- -X- O O\n\n"):
        refused(read_conll2003, file("b.txt", data), words=["no examples"])


def test_schemes_turn_into_each_other():
    iob1 = "I-A I-A B-A I-B O I-B B-B".split()
    bio = "B-A I-A B-A B-B O B-B B-B".split()
    assert iob1_to_bio(iob1) == bio and bio_to_iob1(bio) == iob1
    assert looks_like_iob1([iob1]) and not looks_like_iob1([bio]) and not looks_like_iob1([["O"]])
    tags = np.array(["O", "B-A", "I-A", "B-B", "I-B"])
    for seed in range(200):
        loose = np.random.default_rng(seed).choice(tags, 10).tolist()
        bio = iob1_to_bio(loose)                           # puts right every I- that continues nothing
        check_bio(bio)
        assert iob1_to_bio(bio_to_iob1(bio)) == bio
    with pytest.raises(BadRow, match="'I-B' after 'B-A'"):
        check_bio(["B-A", "I-B"])
