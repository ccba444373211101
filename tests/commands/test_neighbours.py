"""Are the nearest words the nearest, and does an analogy leave out the words that it is made of?"""

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.data.word_vectors import write_vectors

WORDS = ["man", "woman", "king", "queen", "mouse"]


@pytest.fixture
def path(tmp_path):
    """Vectors whose first number says who rules, and whose second says he or she."""
    vectors = np.array([[0, 1, 0.1], [0, -1, 0.1], [1, 1, 0.1], [1, -1, 0.1], [-1, 0.1, 1]])
    write_vectors(tmp_path / "vectors.txt", WORDS, vectors * np.array([[1], [2], [3], [4], [5]]))
    return str(tmp_path / "vectors.txt")


def test_the_nearest_by_the_cosine(path, capsys):
    assert main(["neighbours", "--model", path, "king", "woman", "--top", "2"]) == 0
    king, woman = capsys.readouterr().out.splitlines()
    assert king.split() == ["king", "man", "0.71", "queen", "0.00"]
    assert woman.split()[:2] == ["woman", "queen"]


def test_an_analogy(path, capsys):
    assert main(["neighbours", "--model", path, "man", "king", "woman", "--analogy"]) == 0
    said = capsys.readouterr().out.split()
    assert said[:5] == ["woman", "+", "king", "-", "man"] and said[5] == "queen"
    assert not {"man", "king", "woman"} & {*said[5:]}


def test_the_table_of_any_model(bert, capsys):
    assert main(["neighbours", "--model", str(bert), "cat"]) == 0
    assert len(capsys.readouterr().out.split()) == 21


@pytest.mark.parametrize("words, said", [
    (["kin"], "'kin' has no vector; did you mean 'king'?; 5 words have one"), ([], "0 words are given"),
    (["man", "king", "--analogy"], "2 words are given; name one word at least, and with --analogy three")])
def test_mistakes_are_named(words, said, path, capsys):
    assert main(["neighbours", "--model", path, *words]) == 2
    assert said in capsys.readouterr().err
