"""One id a character: nothing is lost, nothing is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyformer.errors import InputError
from tinyformer.text import CharTokenizer, load_tokenizer


def test_ids_are_the_characters_in_code_point_order():
    tokenizer = CharTokenizer.train(["banana", "cab"])
    assert tokenizer.tokens == ["a", "b", "c", "n"]
    assert tokenizer.encode("cab") == [2, 0, 1]
    assert tokenizer.encode_with_offsets("cab") == ([2, 0, 1], [(0, 1), (1, 2), (2, 3)])
    assert tokenizer.decode([1, 0, 3]) == "ban"
    assert len(tokenizer) == 4 and tokenizer.unk_id is None and tokenizer.special_ids == frozenset()


def test_an_unknown_character_is_named_with_its_place():
    tokenizer = CharTokenizer.train(["acgt"])
    with pytest.raises(InputError, match=r"'n' \(U\+006E\) at position 3 .*\[UNK\]"):
        tokenizer.encode("acgnt")


def test_with_an_unk_token_unknown_characters_become_it():
    tokenizer = CharTokenizer.train(["acgt"], specials=["[PAD]", "[UNK]"])
    assert tokenizer.encode("anna") == [2, 1, 1, 2]
    assert (tokenizer.pad_id, tokenizer.unk_id, tokenizer.mask_id) == (0, 1, None)


def test_berts_special_tokens_are_recognised_in_the_text_and_counted_in_positions():
    tokenizer = CharTokenizer.train(["acgt"], specials=["[PAD]", "[CLS]", "[SEP]", "[MASK]"])
    ids, offsets = tokenizer.encode_with_offsets("ac[MASK]t")
    assert ids == [4, 5, tokenizer.mask_id, 7]
    assert offsets == [(0, 1), (1, 2), (2, 8), (8, 9)]
    assert tokenizer.decode(ids) == "ac[MASK]t" and tokenizer.decode(ids, skip_special=True) == "act"
    assert tokenizer.special_ids == {0, 1, 2, 3}
    with pytest.raises(InputError, match="position 9"):
        tokenizer.encode("ac[MASK]tx")


def test_a_size_keeps_the_most_frequent_and_breaks_ties_by_code_point():
    tokenizer = CharTokenizer.train(["aaabbbccd"], vocab_size=4, specials=["[UNK]"])
    assert tokenizer.tokens == ["[UNK]", "a", "b", "c"]
    assert CharTokenizer.train(["dcba"], vocab_size=3, specials=["[UNK]"]).tokens == ["[UNK]", "a", "b"]
    with pytest.raises(InputError, match=r"vocab_size is 3; the text has 4 characters"):
        CharTokenizer.train(["abcd"], vocab_size=3)


def test_training_refuses_what_is_no_text():
    with pytest.raises(InputError, match="empty"):
        CharTokenizer.train([""])
    with pytest.raises(TypeError, match=r"give \[text\]"):
        CharTokenizer.train("one str")
    with pytest.raises(InputError, match="whole character"):
        CharTokenizer.train(["a\ud800"])
    with pytest.raises(InputError, match="'ab'.*one whole character"):
        CharTokenizer(["a", "ab"])


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_decode_undoes_encode(text):
    tokenizer = CharTokenizer.train([text])
    ids, offsets = tokenizer.encode_with_offsets(text)
    assert ids == tokenizer.encode(text) and tokenizer.decode(ids) == text
    assert [text[a:b] for a, b in offsets] == list(text)


def test_a_saved_folder_gives_the_same_tokenizer(tmp_path):
    tokenizer = CharTokenizer.train(["line\nline \u2028 '\"\\ é 中 😀"], specials=["[PAD]", "[MASK]"])
    tokenizer.save(tmp_path)
    again = load_tokenizer(tmp_path)
    assert type(again) is CharTokenizer and again.tokens == tokenizer.tokens
    assert again.mask_id == tokenizer.mask_id == 1
