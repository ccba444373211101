"""GPT-2's tokenizer: bytes, merges, nothing lost, and text that streams."""

import json
import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tinyformer.errors import InputError
from tinyformer.text import ByteLevelBPE, load_tokenizer
from tinyformer.text.base import sentinel_names
from tinyformer.text.bpe import BART_ROLES, BYTE_OF_CHAR, CHAR_OF_BYTE

TEXTS = ["the cat sat on the mat, and the other cat said that's the hat", "naïve café, déjà vu 中文 中文 😀😀"] * 3
TRAINED = ByteLevelBPE.train(TEXTS, 300)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def pieces(text, tokenizer=TRAINED):
    return [tokenizer.tokens[id] for id in tokenizer.encode(text)]


def test_every_byte_has_a_visible_character_of_its_own():
    assert sorted(BYTE_OF_CHAR.values()) == list(range(256)) and len(CHAR_OF_BYTE) == 256
    assert all(char.isprintable() and not char.isspace() for char in BYTE_OF_CHAR)
    assert (CHAR_OF_BYTE[ord(" ")], CHAR_OF_BYTE[ord("\n")], CHAR_OF_BYTE[0], CHAR_OF_BYTE[ord("a")]) == tuple("ĠĊĀa")
    assert TRAINED.tokens[:3] == ["!", '"', "#"] and TRAINED.tokens[255] == "Ń"       # the order of GPT-2's ids


def test_text_is_split_before_it_is_merged():
    plain = ByteLevelBPE([*CHAR_OF_BYTE.values(), "Ġa", "aĠ", "'s"], [("Ġ", "a"), ("a", "Ġ"), ("'", "s")])
    assert pieces("a a's", plain) == ["a", "Ġa", "'s"]
    assert pieces("a  a", plain) == ["a", "Ġ", "Ġa"]       # the last space belongs to the word that follows
    assert pieces("aa  ", plain) == ["a", "a", "Ġ", "Ġ"]


def test_merges_are_done_in_the_order_they_were_learnt():
    tokens = [*CHAR_OF_BYTE.values(), "bc", "ab", "abc"]
    assert pieces("abc", ByteLevelBPE(tokens, [("b", "c"), ("a", "b")])) == ["a", "bc"]
    assert pieces("abc", ByteLevelBPE(tokens, [("a", "b"), ("b", "c"), ("ab", "c")])) == ["abc"]


@given(ANY_TEXT)
@example("<|endoftext|>")
@example("\r\n\x00\ufeff\u200d👩\u200d🚀 \u0301")
def test_decode_undoes_encode(text):
    ids, offsets = TRAINED.encode_with_offsets(text)
    assert ids == TRAINED.encode(text)
    assert TRAINED.decode(ids) == text
    assert all(0 <= a < b <= len(text) for a, b in offsets) and offsets == sorted(offsets)
    assert {i for a, b in offsets for i in range(a, b)} == set(range(len(text)))      # every character is covered


@given(st.lists(st.integers(0, len(TRAINED) - 1)))
def test_a_stream_says_what_decode_says_for_any_ids(ids):
    stream = TRAINED.stream()
    assert "".join([stream.feed(id) for id in ids]) + stream.finish() == TRAINED.decode(ids)


@given(ANY_TEXT)
def test_a_stream_never_takes_back_what_it_wrote(text):
    stream = TRAINED.stream()
    written = ""
    for id in TRAINED.encode(text):
        written += stream.feed(id)
        assert text.startswith(written)                    # no U+FFFD for half a character
    assert written == text and stream.finish() == ""


def test_a_character_cut_short_is_held_back_and_then_replaced():
    stream = TRAINED.stream()
    first, second = (TRAINED.vocab[CHAR_OF_BYTE[byte]] for byte in "é".encode())
    assert [stream.feed(first), stream.feed(second)] == ["", "é"]
    assert [stream.feed(first), stream.finish()] == ["", "\ufffd"]
    assert TRAINED.decode([first]) == "\ufffd"


@pytest.mark.parametrize("text, place", [("ab\ud800c", 2), ("<|endoftext|>\udfff", 13)])
def test_a_lone_surrogate_is_refused_with_its_place(text, place):
    for act in TRAINED.encode, TRAINED.encode_with_offsets, lambda text: ByteLevelBPE.train([text], 300):
        with pytest.raises(InputError, match=f"position {place} is a lone surrogate"):
            act(text)


def test_the_end_of_text_token():
    assert TRAINED.eos_id == len(TRAINED) - 1 and TRAINED.special_ids == {TRAINED.eos_id}
    assert pieces("a<|endoftext|>b") == ["a", "<|endoftext|>", "b"]
    assert TRAINED.decode(TRAINED.encode("a<|endoftext|>b"), skip_special=True) == "ab"
    without = ByteLevelBPE.train(TEXTS, 300, end_of_text=False)
    assert without.eos_id is None and without.decode(without.encode("<|endoftext|>")) == "<|endoftext|>"
    assert [TRAINED.pad_id, TRAINED.unk_id, TRAINED.cls_id, TRAINED.sep_id, TRAINED.mask_id] == [None] * 5


def test_training_joins_what_is_frequent():
    assert len(TRAINED) == 300 and pieces(" the cat") == ["Ġthe", "Ġcat"]
    assert len(TRAINED.encode(TEXTS[0])) < len(TEXTS[0]) / 2
    assert len(ByteLevelBPE.train(TEXTS, 100_000)) < 500   # pairs seen once are not joined
    with pytest.raises(InputError, match="vocab_size is 200; the bytes alone are 256"):
        ByteLevelBPE.train(TEXTS, 200)


def test_files_have_gpt2s_layout_and_give_the_same_tokenizer(tmp_path):
    TRAINED.save(tmp_path)
    assert json.loads((tmp_path / "vocab.json").read_text()) == TRAINED.vocab
    lines = (tmp_path / "merges.txt").read_text(encoding="utf-8").split("\n")
    assert lines[0] == "#version: 0.2" and lines[-1] == "" and len(lines) == len(TRAINED.merges) + 2
    again = load_tokenizer(tmp_path)
    assert type(again) is ByteLevelBPE and again.tokens == TRAINED.tokens and again.merges == TRAINED.merges
    assert pickle.loads(pickle.dumps(again)).encode(TEXTS[1]) == TRAINED.encode(TEXTS[1])


def test_wrong_use_is_refused():
    with pytest.raises(TypeError, match="text is bytes"):
        TRAINED.encode(b"bytes")
    with pytest.raises(InputError, match="lacks 'ÿ', byte 255"):
        ByteLevelBPE([char for char in CHAR_OF_BYTE.values() if char != "ÿ"], [])
    with pytest.raises(InputError, match="'中' .*not made of byte characters"):
        ByteLevelBPE([*CHAR_OF_BYTE.values(), "中"], [])
    with pytest.raises(InputError, match=r"merge 0 is \('a', 'b'\)"):
        ByteLevelBPE(CHAR_OF_BYTE.values(), [("a", "b")])


def test_bart_has_special_tokens_of_its_own(tmp_path):
    text = "the otter swam to the far bank, and the old otter slept there. " * 5
    specials = [*dict.fromkeys(BART_ROLES.values()), *sentinel_names(2)]
    tokens = ByteLevelBPE.train([text], 290, end_of_text=False, specials=specials)
    tokens.save(tmp_path)
    for one in (tokens, load_tokenizer(tmp_path)):
        assert (one.cls_id, one.pad_id, one.sep_id, one.unk_id, one.mask_id, one.eos_id) == (0, 1, 2, 3, 4, 2)
        assert one.tokens[:7] == specials and one.sentinel_ids == [5, 6] and one.special_ids == set(range(7))
        assert one.encode("the <mask> slept") == [*one.encode("the"), 4, *one.encode(" slept")]
        assert one.decode(one.encode(text)) == text
    with pytest.raises(InputError, match="<s>, <pad>, .* <extra_id_1> are 7 more: raise"):
        ByteLevelBPE.train([text], 262, end_of_text=False, specials=specials)


def test_bart_cuts_text_as_the_library_does(tmp_path):
    transformers = pytest.importorskip("transformers", reason="the outside oracle")
    text = "The otter swam to the far bank. Its name was  Lüla; it's 12 years old.\n" * 3
    tokens = ByteLevelBPE.train([text], 320, end_of_text=False, specials=dict.fromkeys(BART_ROLES.values()))
    tokens.save(tmp_path)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    for part in (text, "the <mask> bank", "a<mask>", "<s> the otter </s>"):
        assert theirs(part, add_special_tokens=False)["input_ids"] == tokens.encode(part), part
    assert theirs("the otter")["input_ids"] == [0, *tokens.encode("the otter"), 2]
