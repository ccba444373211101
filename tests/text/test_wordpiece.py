"""BERT's tokenizer: cleaning, cutting, offsets, words, training, and the folder it lives in."""

import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyformer.errors import InputError
from tinyformer.text import WordPieceTokenizer, load_tokenizer
from tinyformer.text.basic import CharacterTable

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES = ["un", "##will", "##ing", "will", "!", ",", "cafe", "c", "##a", "##f", "##e", "中", "##中", "'", "t", "i"]
SMALL = WordPieceTokenizer(SPECIALS + PIECES)
TEXTS = ["The cat sat on the mat, and the other cat sat on that mat!", "A hat, a bat; 42 cats' hats."] * 3
TRAINED = WordPieceTokenizer.train(TEXTS, 45)


def words(text, lower=True, strip=True, chinese=True):
    return CharacterTable(lower, strip, chinese).words(text)


def pieces(tokenizer, text):
    return [tokenizer.tokens[id] for id in tokenizer.encode(text)]


@pytest.mark.parametrize("text, expected", [
    ("Hello,  World!", ["hello", ",", "world", "!"]),
    ("a\tb\nc\u00a0d\u3000e\u2028f", list("abcdef")),
    ("a\x00b\u200bc\ufffdd\x7fe\ue000", ["abcde"]),        # control, zero width, replacement, private: gone
    ("Café cafe\u0301 ÅNGSTRÖM", ["cafe", "cafe", "angstrom"]),
    ("İstanbul ΟΔΟΣ", ["istanbul", "οδοσ"]),               # no context: the final sigma is the ordinary one
    ("中文abc字", ["中", "文", "abc", "字"]),
    ("ひらがな 한국", ["ひらかな", "한국"]),                  # no ideographs: not split
    ("$5^2=x_1~", ["$", "5", "^", "2", "=", "x", "_", "1", "~"]),
    ("don’t “x”…", ["don", "’", "t", "“", "x", "”", "…"]),
    ("x\u037ey", ["x", ";", "y"]),                         # the Greek question mark decomposes to a semicolon
    ("", []),
])
def test_cleaning_and_splitting(text, expected):
    import unicodedata
    decomposed = [unicodedata.normalize("NFD", word) for word in expected]  # accents off means Hangul decomposed
    assert words(text) == decomposed


def test_options_of_the_basic_tokenizer():
    assert words("Été", lower=False, strip=False) == ["Été"]
    assert words("Été", lower=True, strip=False) == ["été"]
    assert words("Été", lower=False, strip=True) == ["Ete"]
    assert words("中文", chinese=False) == ["中文"]
    assert WordPieceTokenizer(SPECIALS + ["é"], lower_case=True, strip_accents=False).encode("É") == [5]
    assert WordPieceTokenizer(SPECIALS + ["e"], lower_case=True).encode("É") == [5]
    assert WordPieceTokenizer(SPECIALS + ["É"], lower_case=False).encode("É") == [5]


def test_chinese_characters_are_these_ranges_and_no_others():
    table = CharacterTable(True, False, True)
    first_and_last = [0x3400, 0x4DBF, 0x4E00, 0x9FFF, 0xF900, 0xFAFF, 0x20000, 0x2A6DF, 0x2A700, 0x2B81F,
                      0x2B820, 0x2CEAF, 0x2F800, 0x2FA1F]
    assert all(len(table.words(f"a{chr(code)}b")) == 3 for code in first_and_last)
    outside = [0x33FF, 0x4DC0, 0x4DFF, 0xA000, 0x3042, 0x30A2, 0xAC00, 0x2A6FF, 0x2CEB0, 0x2FA20]
    assert all(len(table.words(f"a{chr(code)}b")) == 1 for code in outside)


def test_longest_match_first():
    assert pieces(SMALL, "Unwilling will!") == ["un", "##will", "##ing", "will", "!"]
    assert pieces(SMALL, "caf cafe") == ["c", "##a", "##f", "cafe"]
    assert pieces(SMALL, "unwillingx") == ["[UNK]"]        # one hole, and the whole word is unknown
    assert pieces(SMALL, "un中") == ["un", "中"]


def test_a_word_longer_than_100_characters_is_unknown():
    tokenizer = WordPieceTokenizer(SPECIALS + ["a", "##a"])
    assert len(tokenizer.encode("a" * 100)) == 100
    assert tokenizer.encode("a" * 101) == [tokenizer.unk_id]


def test_special_tokens_written_in_the_text():
    assert pieces(SMALL, "un[MASK]will [SEP]") == ["un", "[MASK]", "will", "[SEP]"]
    assert pieces(SMALL, "[mask]") == ["[UNK]"] * 3        # as they are written, or not at all
    assert SMALL.special_ids == {0, 1, 2, 3, 4}
    assert [SMALL.pad_id, SMALL.unk_id, SMALL.cls_id, SMALL.sep_id, SMALL.mask_id] == [0, 1, 2, 3, 4]


def test_offsets_point_into_the_original_text():
    text = "  UNwilling\u200b, Cafe\u0301! [MASK] zebra"
    ids, offsets = SMALL.encode_with_offsets(text)
    assert [(SMALL.tokens[id], text[a:b]) for id, (a, b) in zip(ids, offsets, strict=True)] == [
        ("un", "UN"), ("##will", "will"), ("##ing", "ing"), (",", ","), ("cafe", "Cafe"), ("!", "!"),
        ("[MASK]", "[MASK]"), ("[UNK]", "zebra")]


def test_word_numbers():
    tokens = ["[CLS]", "un", "##will", "##ing", "!", "[UNK]", "[MASK]", "##ing", "[SEP]", "[PAD]"]
    ids = [SMALL.vocab[token] for token in tokens]
    assert SMALL.word_ids(ids) == [-1, 0, 0, 0, 1, 2, -1, 3, -1, -1]
    assert [SMALL.is_continuation(id) for id in ids[:4]] == [False, False, True, True]


def test_decoding():
    ids = SMALL.encode("unwilling, will")
    assert SMALL.decode(ids) == "unwilling , will"
    assert SMALL.decode(ids[1:]) == "##willing , will"     # without its beginning a piece shows what it is
    assert SMALL.decode([2, *ids, 3]) == "[CLS] unwilling , will [SEP]"
    assert SMALL.decode([2, *ids, 3], skip_special=True) == "unwilling , will"
    for id in (-1, len(SMALL)):
        with pytest.raises(InputError, match=f"id {id} .* 0 to {len(SMALL) - 1}"):
            SMALL.decode([id])


@given(st.text())
def test_encode_takes_any_text_and_offsets_are_in_order(text):
    ids, offsets = TRAINED.encode_with_offsets(text)
    assert ids == TRAINED.encode(text)
    assert all(0 <= a < b <= len(text) for a, b in offsets)
    assert offsets == sorted(offsets) and [b for _, b in offsets] == sorted(b for _, b in offsets)


@given(st.lists(st.sampled_from(["cat", "Hat", "THE", "séat", "sa\u0301t", "!", "42", "中", "[MASK]", "zebra",
                                 "\u200b"])))
def test_offsets_cover_the_words_and_their_surface_spells_the_piece(parts):
    text = " ".join(parts)
    ids, offsets = TRAINED.encode_with_offsets(text)
    table = TRAINED.table
    covered = set()
    for id, (a, b) in zip(ids, offsets, strict=True):
        covered.update(range(a, b))
        if id not in TRAINED.special_ids:
            assert "".join(table.words(text[a:b])) == TRAINED.tokens[id].removeprefix("##")
    left_out = "".join(char for i, char in enumerate(text) if i not in covered)
    assert set(left_out) <= {" ", "\u200b", "\u0301"}


@given(st.lists(st.integers(0, 44)))
def test_a_stream_says_what_decode_says(ids):
    stream = TRAINED.stream()
    assert "".join([stream.feed(id) for id in ids]) + stream.finish() == TRAINED.decode(ids)


def test_training_takes_what_is_frequent_and_knows_its_own_text():
    tokenizer = WordPieceTokenizer.train(TEXTS, 45)
    assert tokenizer.tokens[:5] == SPECIALS
    assert {"cat", "the", "##at"} <= set(tokenizer.vocab)
    assert all(tokenizer.unk_id not in tokenizer.encode(text) for text in TEXTS)
    assert len(tokenizer) == 45 == len(set(tokenizer.tokens))
    assert len(WordPieceTokenizer.train(TEXTS, 10_000)) < 200    # pairs seen once are not joined
    assert not any("[" in token for token in WordPieceTokenizer.train(["[MASK] a a [SEP]"], 50).tokens[5:])


def test_the_alphabet_can_be_bounded():
    tokenizer = WordPieceTokenizer.train(["aaaa aaab bbbb c"], 30, max_alphabet=2)
    assert tokenizer.encode("c") == [tokenizer.unk_id] and tokenizer.unk_id not in tokenizer.encode("abab")
    with pytest.raises(InputError, match=r"vocab_size is 6; raise it or lower max_alphabet"):
        WordPieceTokenizer.train(["abcdef"], 6)


def test_training_depends_on_the_text_alone():
    code = (f"from tinyformer.text import WordPieceTokenizer as W, ByteLevelBPE as B; texts = {TEXTS!r}; "
            "print(W.train(texts, 60).tokens, B.train(texts, 300).tokens)")
    runs = {subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
                           capture_output=True, text=True, check=True).stdout for seed in "123"}
    assert len(runs) == 1 and str(WordPieceTokenizer.train(reversed(TEXTS), 60).tokens) in runs.pop()


def test_wrong_use_is_refused():
    for wrong in (b"bytes", None, 3, ["a", "list"]):
        with pytest.raises(TypeError, match=f"text is {type(wrong).__name__}; it must be str"):
            SMALL.encode(wrong)
        with pytest.raises(TypeError, match="must be str"):
            SMALL.encode_with_offsets(wrong)
    with pytest.raises(TypeError, match=r"give \[text\]"):
        WordPieceTokenizer.train("one str", 100)
    with pytest.raises(InputError, match="no words"):
        WordPieceTokenizer.train([" \n"], 100)
    with pytest.raises(InputError, match=r"\[UNK\] is missing"):
        WordPieceTokenizer(["a"])
    with pytest.raises(InputError, match="'a' has id 1 and id 3"):
        WordPieceTokenizer(["[UNK]", "a", "b", "a"])


def test_a_saved_folder_gives_the_same_tokenizer(tmp_path):
    for options in {}, {"lower_case": False}, {"strip_accents": False, "split_chinese": False}:
        tokenizer = WordPieceTokenizer.train(TEXTS + ["Été 中文 中文"], 80, **options)
        tokenizer.save(tmp_path)
        again = load_tokenizer(tmp_path)
        assert type(again) is WordPieceTokenizer and again.tokens == tokenizer.tokens
        for text in ["Été 中文 中 Cat", *TEXTS]:
            assert again.encode(text) == tokenizer.encode(text)


def test_workers_of_another_process_get_an_equal_tokenizer():
    SMALL.encode("unwilling")
    assert pickle.loads(pickle.dumps(SMALL)).encode("Unwilling, [MASK]!") == SMALL.encode("Unwilling, [MASK]!")
