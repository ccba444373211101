"""Are translations read line beside line, and is the first place named where they would slip?"""

import pytest

from tinyformer.data.readers import read_parallel
from tinyformer.errors import InputError


def test_line_beside_line(file):
    pairs = read_parallel(file("a.en", "a sea otter\r\n\r\n two crabs \r\n"), file("a.fr", "une loutre\n\ndeux crabes"))
    assert pairs == [("a sea otter", "une loutre"), ("two crabs", "deux crabes")]


@pytest.mark.parametrize("left, right, words", [
    ("a\nb\nc\n", "x\ny\n", "a.en has 3 lines and .*a.fr has 2"),
    ("a\n\nc\n", "x\ny\nz\n", "a.en:2: the line is empty, and that of .*a.fr is not"),
    ("a\nb\n", "x\n  \n", "a.fr:2: the line is empty, and that of .*a.en is not"),
    ("\n", "\n", "no sentence in it")])
def test_a_slip_is_named(file, left, right, words):
    with pytest.raises(InputError, match=words):
        read_parallel(file("a.en", left), file("a.fr", right))


def test_multi30k_as_it_is_published(published):
    pairs = read_parallel(published("multi30k/val.en.gz"), published("multi30k/val.fr.gz"))
    assert len(pairs) == 1014
    assert pairs[0][0].startswith("A group of men") and pairs[0][1].startswith("Un groupe d'hommes")
