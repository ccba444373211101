"""Do word vectors survive the way through a file, to the last bit, and is every fault named with its line?"""

import gzip

import numpy as np
import pytest

from tinyformer.data.word_vectors import read_vectors, write_vectors
from tinyformer.errors import InputError


def test_what_is_written_is_read_to_the_last_bit(tmp_path):
    rng = np.random.default_rng(0)
    vectors = (rng.normal(size=(4, 5)) * 10.0 ** rng.integers(-30, 30, size=(4, 5))).astype(np.float32)
    words = ["the", "##ing", "naïve", "\u3000x".strip()]
    write_vectors(tmp_path / "v.txt", words, vectors)
    found, numbers = read_vectors(tmp_path / "v.txt")
    assert found == words and numbers.dtype == np.float32 and np.array_equal(numbers, vectors)
    assert (tmp_path / "v.txt").read_text(encoding="utf-8").startswith("4 5\nthe ")
    (tmp_path / "v.gz").write_bytes(gzip.compress((tmp_path / "v.txt").read_bytes()))
    assert read_vectors(tmp_path / "v.gz")[0] == words


def test_files_of_the_published_program_are_read(tmp_path):
    """It ends each line with a space."""
    (tmp_path / "v.txt").write_text("2 3\n</s> 0.001 -0.5 1e-3 \ncat 1 2 3 \n")
    words, vectors = read_vectors(tmp_path / "v.txt")
    assert words == ["</s>", "cat"] and vectors[1].tolist() == [1, 2, 3]


@pytest.mark.parametrize("text, said", [
    ("", "v.txt:1: '' is no header"), ("the 0.1 0.2\n", "v.txt:1: 'the 0.1 0.2' is no header"),
    ("2 2\na 1 2\n", "v.txt:1: the header says 2 words and 1 lines follow"),
    ("2 2\na 1 2\nb 1\n", "v.txt:3: 1 numbers behind the word 'b'; the header says 2"),
    ("2 2\na 1 2\n\n", "v.txt:3: 0 numbers behind the word ''"),
    ("3 1\na 1\nb 2\na 3\n", "v.txt:4: the word 'a' stands in line 2 already"),
    ("1 2\na 1 x\n", "v.txt:2: not all that stands behind the word 'a' are finite"),
    ("1 1\na nan\n", "v.txt:2: not all"), ("1 1\na 1e999\n", "v.txt:2: not all")])
def test_a_fault_is_named_with_its_line(text, said, tmp_path):
    (tmp_path / "v.txt").write_text(text)
    with pytest.raises(InputError) as error:
        read_vectors(tmp_path / "v.txt")
    assert said in str(error.value)


@pytest.mark.parametrize("words, said", [(["a b", "c"], "the word 'a b' is empty or has a space"),
                                         (["", "c"], "the word '' is empty"), (["c", "c"], "stands there twice")])
def test_words_that_the_format_cannot_say_are_refused(words, said, tmp_path):
    with pytest.raises(InputError, match=said):
        write_vectors(tmp_path / "v.txt", words, np.zeros((2, 3)))
    with pytest.raises(ValueError, match="2 words and vectors"):
        write_vectors(tmp_path / "v.txt", words, np.zeros((3, 3)))
