"""What must a tokenizer say for itself, and what does every one refuse?"""

import pytest

from tinyformer.errors import InputError
from tinyformer.text import CharTokenizer, Tokenizer


def test_a_subclass_says_how_text_is_cut():
    bare = Tokenizer(["a", "b"])
    with pytest.raises(NotImplementedError, match="Tokenizer must say how text is cut: define _encode_plain"):
        bare.encode("ab")
    with pytest.raises(NotImplementedError, match="must say where its pieces lie"):
        bare.encode_with_offsets("ab")


def test_a_token_that_stands_there_twice_is_named_with_both_ids():
    with pytest.raises(InputError, match="token 'a' has id 0 and id 2"):
        Tokenizer(["a", "b", "a"])


@pytest.mark.parametrize("text", [b"ab", ["ab"], None])
def test_what_is_no_text_is_refused(text):
    with pytest.raises(TypeError, match=f"text is {type(text).__name__}; it must be str"):
        CharTokenizer(["a", "b"]).encode(text)


def test_its_name_says_how_many_tokens():
    assert repr(CharTokenizer(["a", "b"])) == "CharTokenizer(2 tokens)"
