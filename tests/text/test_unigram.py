"""Are texts cut by probabilities as the tokenizers library cuts them, and are the pieces found that EM should find?"""

import base64
import json
import math
import unicodedata
from itertools import combinations

import numpy as np
import pytest

from tinyformer.errors import InputError
from tinyformer.text import UnigramTokenizer, load_tokenizer
from tinyformer.text.unigram import METASPACE
from tinyformer.text.unigram_training import Lattice, learn_pieces

from .sentencepiece_files import charsmap, spiece
from .test_tokenizer_parity import STRANGE

PIECES = [("<unk>", 0.0), ("▁", -2.0), ("a", -3.0), ("b", -3.5), ("ab", -5.0), ("▁a", -4.0), ("aba", -7.0)]
SENTENCES = ["the cat sat on the mat", "the cats sat there", "a cat and a mat", "that hat is the cat's hat"] * 5
T5_SPACES = {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, METASPACE]}


def unigram(pieces=PIECES, unknown=0, **more) -> UnigramTokenizer:
    return UnigramTokenizer(pieces, unknown, **more)


def segmentations(word: str):
    """Every way to cut a word."""
    for count in range(len(word)):
        for cuts in combinations(range(1, len(word)), count):
            edges = [0, *cuts, len(word)]
            yield [word[a:b] for a, b in zip(edges, edges[1:], strict=False)]


# ---- by hand ----


@pytest.mark.parametrize("text, tokens", [
    ("ab", ["▁a", "b"]),                                       # -7.5; "▁" "ab" is -7 ... see below
    ("", []), ("  ", ["▁", "▁"]), ("bab", ["▁", "b", "ab"]), ("a zzb", ["▁a", "▁", "<unk>", "b"])])
def test_the_most_probable_of_all_segmentations_is_taken(text, tokens):
    ours, score = unigram(), dict(PIECES)
    found = ours.tokenize(text)
    if "<unk>" not in found:
        for chunk in (f"▁{word}" for word in text.split()):
            best = max(segmentations(chunk), key=lambda cut: sum(score.get(piece, -1e9) for piece in cut))
            assert sum(score[ours.tokens[id]] for id, _, _ in ours.cut(chunk)) == sum(score[piece] for piece in best)
    if text != "ab":
        assert found == tokens
    else:
        assert found == ["▁", "ab"]


def test_bytes_spell_what_no_piece_does_and_nothing_is_lost():
    ours = UnigramTokenizer.train([*SENTENCES, *["<0x41>"] * 9], 380)
    for text in ("the zebra é 中\n\t😀", "<0x41>", "<unk>", "cat  cat", "\x00"):
        assert ours.decode(ours.encode(text)) == text
    assert ours.tokenize("é")[1:] == ["<0xC3>", "<0xA9>"]
    assert ours.encode_with_offsets("aé")[1][-2:] == [(1, 2), (1, 2)]
    assert ours.decode(ours.encode("\ud800")) == "<unk>"


def test_a_space_begins_a_word_and_its_offsets_say_where():
    ours = unigram()
    ids, offsets = ours.encode_with_offsets("a ab")
    assert [ours.tokens[id] for id in ids] == ["▁a", "▁", "ab"] and offsets == [(0, 1), (1, 2), (2, 4)]
    assert ours.is_continuation(ours.vocab["b"]) and not ours.is_continuation(ours.vocab["▁a"])


@pytest.mark.parametrize("pieces, unknown, more, message", [
    (PIECES, 7, {}, "id 7, and the pieces have 0 to 6"), ([("a", math.nan)], 0, {}, "finite"),
    ([("", 0.0)], 0, {}, "at least one character"), ([("a", 0.0), ("a", 1.0)], 0, {}, "id 0 and id 1"),
    (PIECES, 0, dict(normalizer={"type": "ByteLevel"}), "normalizer is 'ByteLevel'; one of NFD"),
    (PIECES, 0, dict(normalizer={"type": "Replace", "pattern": {"Regex": "a+"}, "content": ""}), "pattern of Replace"),
    (PIECES, 0, dict(normalizer={"type": "Precompiled", "precompiled_charsmap": "AAAA"}), "cut short"),
    (PIECES, 0, dict(normalizer={"type": "Precompiled", "precompiled_charsmap": "??"}), "base64"),
    (PIECES, 0, dict(pre_tokenizer={"type": "Whitespace"}), r"pre_tokenizer is \['Whitespace'\]"),
    (PIECES, 0, dict(pre_tokenizer={**METASPACE, "replacement": "_"}), "replacement, prepend_scheme and split")])
def test_what_cannot_be_cut_as_it_should_be_is_refused(pieces, unknown, more, message):
    with pytest.raises(InputError, match=message):
        unigram(pieces, unknown, **more)


# ---- training ----


def test_expected_counts_are_those_over_all_segmentations():
    words, times, pieces = ["abab", "ba", "aab"], np.array([2.0, 1.0, 3.0]), ["a", "b", "ab", "ba", "aab"]
    scores = np.log([0.3, 0.2, 0.25, 0.15, 0.1])
    score = dict(zip(pieces, scores, strict=True))
    expected = dict.fromkeys(pieces, 0.0)
    for word, n in zip(words, times, strict=True):
        ways = [cut for cut in segmentations(word) if score.keys() >= set(cut)]
        shares = np.array([math.exp(sum(score[piece] for piece in cut)) for cut in ways])
        for cut, share in zip(ways, shares / shares.sum(), strict=True):
            for piece in cut:
                expected[piece] += n * share
    lattice = Lattice(words, pieces)
    assert np.allclose(lattice.expected(scores, times), list(expected.values()), rtol=1e-12)
    assert np.allclose(lattice.best(scores), [max(sum(score.get(piece, -99) for piece in cut)
                                                  for cut in segmentations(word)) for word in words], rtol=1e-12)


def test_pieces_are_those_that_repeat_and_no_longer_than_that():
    pieces = dict(learn_pieces([f"▁{word}" for text in SENTENCES for word in text.split()], 30))
    assert {"▁the", "▁cat", "▁"} <= pieces.keys() and 20 < len(pieces) <= 30
    assert math.isclose(sum(math.exp(score) for score in pieces.values()), 1, rel_tol=1e-4)
    assert list(pieces.values()) == sorted(pieces.values(), reverse=True)


def test_em_makes_the_text_more_probable_at_each_step():
    words = ["▁" + word for word in "the cat sat on the mat that the hatter sat on".split()]
    pieces = sorted({word[a:b] for word in words for a in range(len(word)) for b in range(a + 1, len(word) + 1)})
    lattice, times, scores, before = Lattice(words, pieces), np.ones(len(words)), np.full(len(pieces), -4.0), -np.inf
    for _ in range(8):
        used = lattice.expected(scores, times)
        whole = lattice._before(scores, np.logaddexp)[lattice.first[1:] - 1].sum()
        assert whole > before - 1e-9
        with np.errstate(divide="ignore"):
            scores, before = np.log(used / used.sum()), whole


def test_training_needs_room_and_a_text():
    with pytest.raises(InputError, match="leave no room"):
        UnigramTokenizer.train(SENTENCES, 258)
    with pytest.raises(InputError, match="empty"):
        UnigramTokenizer.train([""], 300)
    with pytest.raises(TypeError, match="one str"):
        UnigramTokenizer.train("text", 300)


# ---- files ----


def nfkc() -> bytes:
    """A table such as SentencePiece's: every character as NFKC has it, controls gone, blanks as spaces."""
    found = {}
    for code in range(1, 0x3400):
        char = chr(code)
        new = unicodedata.normalize("NFKC", char)
        if unicodedata.category(char) == "Cc":
            new = " " if char in "\t\n\r" else ""
        if new != char:
            found[char] = new
    return charsmap(found | {"e\u0301": "é", "a\u0301": "á", "\ufb01": "fi", "\u200d": "", "\ufe0f": ""})


TABLE = nfkc()


def test_a_table_is_read_as_it_was_compiled():
    from tinyformer.text.charsmap import Charsmap
    table = Charsmap(charsmap({"a": "b", "e\u0301": "é", "½": "1/2", "\x01": ""}))
    assert table.parts("xae\u0301½\x01") == [("x", None), ("a", "b"), ("e\u0301", "é"), ("½", "1/2"), ("\x01", "")]
    with pytest.raises(InputError, match="leads out of the file"):
        Charsmap((4).to_bytes(4, "little") + bytes([0, 255, 255, 255])).parts("a")


def test_saved_files_say_everything(tmp_path):
    ours = UnigramTokenizer.train(SENTENCES, 340, specials=["<pad>", "<unk>", "</s>", "<extra_id_0>", "<extra_id_1>"])
    ours.save(tmp_path)
    again = load_tokenizer(tmp_path)
    assert type(again) is UnigramTokenizer and again.pieces == ours.pieces and again.added == ours.added
    assert again.sentinel_ids == ours.sentinel_ids == [3, 4] and again.eos_id == 2 and again.pad_id == 0
    assert UnigramTokenizer.load(tmp_path).encode("the zebra") == ours.encode("the zebra")


MODEL = [("<pad>", 0.0, 3), ("</s>", 0.0, 3), ("<unk>", 0.0, 2), *((piece, score, 1) for piece, score in PIECES[1:])]
ALBERT = [("<pad>", 0.0, 3), ("<unk>", 0.0, 2), ("[CLS]", 0.0, 3), ("[SEP]", 0.0, 3), ("[MASK]", 0.0, 4),
          *((piece, score, 1) for piece, score in PIECES[1:]), ("1,", -4.0, 1), ("1", -5.0, 1), (",", -5.0, 1)]


def test_the_older_file_of_t5(tmp_path):
    (tmp_path / "spiece.model").write_bytes(spiece(MODEL, 2, charsmap({"Ａ": "a"})))
    (tmp_path / "config.json").write_text('{"model_type": "t5"}')
    ours = load_tokenizer(tmp_path)
    assert len(ours) == len(MODEL) + 100 and ours.sentinel_ids[0] == len(ours) - 1 and ours.eos_id == 1
    assert ours.tokenize("Ａb <extra_id_0></s>") == ["▁", "ab", "<extra_id_0>", "</s>"]
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "T5Tokenizer", "extra_ids": 2}')
    assert len(load_tokenizer(tmp_path)) == len(MODEL) + 2


def test_the_older_file_of_albert(tmp_path):
    (tmp_path / "spiece.model").write_bytes(spiece(ALBERT, 1))
    (tmp_path / "config.json").write_text('{"model_type": "albert"}')
    ours = load_tokenizer(tmp_path)
    assert (ours.pad_id, ours.unk_id, ours.cls_id, ours.sep_id, ours.mask_id) == (0, 1, 2, 3, 4)
    assert ours.tokenize("Á [MASK]") == ["▁a", "[MASK]"] and ours.encode_with_offsets("Á [MASK]")[1] == [(0, 1), (1, 8)]
    assert ours.encode_with_offsets("x  [MASK]")[1][-1] == (1, 9)
    assert ours.tokenize("1,") == ["▁", "1", ","]
    (tmp_path / "tokenizer_config.json").write_text('{"keep_accents": true, "do_lower_case": true}')
    assert load_tokenizer(tmp_path).tokenize("Á") == ["▁", "<unk>"]


@pytest.mark.parametrize("data, more, message", [
    (spiece(MODEL, 2, kind=2), {}, "model_type is 2"), (b"\x0a\xff", {}, "no model of SentencePiece"),
    (b"", {}, "holds no pieces"), (spiece(MODEL, 2), {"tokenizer_class": "XLNetTokenizer"}, "'XLNetTokenizer'; T5Tok"),
    (spiece(MODEL, 2), {"extra_ids": "x"}, "extra_ids of tokenizer_config.json is 'x'")])
def test_an_older_file_that_is_none_is_named(data, more, message, tmp_path):
    (tmp_path / "spiece.model").write_bytes(data)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "T5Tokenizer", **more}))
    with pytest.raises(InputError, match=message) as error:
        load_tokenizer(tmp_path)
    assert "spiece.model" in str(error.value)


# ---- the tokenizers library as the outside oracle ----


# What is no character yet in some Unicode may be part of a cluster in a later one, and replaced with it.
TEXTS = ["".join(char for char in text if unicodedata.category(char) != "Cn") for text in STRANGE]


def assert_same(ours, theirs, texts=TEXTS):
    for text in texts:
        expected, (ids, spans) = theirs.encode(text, add_special_tokens=False), ours.encode_with_offsets(text)
        assert ids == ours.encode(text) == expected.ids and spans == expected.offsets, text


def step(kind, **settings):
    return {"type": kind, **settings}


COMPILED = step("Precompiled", precompiled_charsmap=base64.b64encode(TABLE).decode())
SQUEEZED = step("Replace", pattern={"Regex": " {2,}"}, content="▁")
QUOTES = [step("Replace", pattern={"String": quotes}, content='"') for quotes in ("``", "''")]
NORMALIZERS = {
    "T5": ([COMPILED], T5_SPACES),
    "T5, newer": ([COMPILED, step("Strip", strip_left=False, strip_right=True), SQUEEZED], METASPACE),
    "ALBERT": ([*QUOTES, step("NFKD"), step("StripAccents"), step("Lowercase"), COMPILED], T5_SPACES),
    "of the library": ([step("Nmt"), step("NFKC"), step("Replace", pattern={"Regex": " {2,}"}, content=" ")],
                       {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True}),
    "first": ([step("NFC"), step("Prepend", prepend="x"), step("NFD")], {**METASPACE, "prepend_scheme": "first"}),
    "first word": ([step("Strip", strip_left=True, strip_right=True)], {**T5_SPACES, "pretokenizers": [
        {"type": "WhitespaceSplit"}, {**METASPACE, "prepend_scheme": "first"}]}),
    "whole": ([], {**METASPACE, "prepend_scheme": "never", "split": False}),
}


@pytest.fixture(scope="module")
def library():
    return pytest.importorskip("tokenizers", reason="the library is the oracle here")


@pytest.fixture(scope="module")
def trained():
    return UnigramTokenizer.train(TEXTS[::2], 1500, specials=["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"])


@pytest.mark.parametrize("name", NORMALIZERS)
def test_equals_the_library_with_the_file_it_wrote(name, trained, library, tmp_path):
    steps, spaces = NORMALIZERS[name]
    UnigramTokenizer(trained.pieces, trained.unknown, byte_fallback=name != "T5", pre_tokenizer=spaces,
                     normalizer=step("Sequence", normalizers=steps) if steps else None,
                     added=trained.added.values()).save(tmp_path / "written")
    theirs = library.Tokenizer.from_file(str(tmp_path / "written" / "tokenizer.json"))
    (tmp_path / "again").mkdir()
    theirs.save(str(tmp_path / "again" / "tokenizer.json"))
    assert_same(load_tokenizer(tmp_path / "again"), theirs, TEXTS if name in ("T5", "ALBERT") else TEXTS[::5])


def test_equals_the_library_with_the_vocabulary_it_trained(library, tmp_path):
    theirs = library.Tokenizer(library.models.Unigram())
    theirs.normalizer = library.normalizers.NFKC()
    theirs.pre_tokenizer = library.pre_tokenizers.Metaspace()
    trainer = library.trainers.UnigramTrainer(vocab_size=3000, special_tokens=["<unk>", "</s>"], unk_token="<unk>",
                                              show_progress=False)
    theirs.train_from_iterator(TEXTS[::4], trainer)
    theirs.save(str(tmp_path / "tokenizer.json"))
    assert_same(load_tokenizer(tmp_path), theirs, TEXTS[::4])


def test_trained_by_us_it_decodes_as_in_the_library(trained, library, tmp_path):
    trained.save(tmp_path)
    theirs = library.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert_same(trained, theirs)
    assert len(TEXTS) >= 2000
    for text in TEXTS[::4]:
        ids = trained.encode(text)
        assert trained.decode(ids) == theirs.decode(ids, skip_special_tokens=False)


@pytest.mark.parametrize("name, model, unknown", [("T5Tokenizer", MODEL, 2), ("AlbertTokenizer", ALBERT, 1)])
def test_transformers_opens_what_we_save_of_the_older_files(name, model, unknown, tmp_path):
    transformers = pytest.importorskip("transformers", reason="the library that opens published folders")
    (tmp_path / "spiece.model").write_bytes(spiece(model, unknown, TABLE))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": name}))
    ours = load_tokenizer(tmp_path)
    ours.save(tmp_path / "saved")
    theirs = getattr(transformers, name).from_pretrained(str(tmp_path / "saved"))
    assert len(theirs) == len(ours)
    for text in [*TEXTS[:200], "1,1, ab", "<extra_id_7> ab"]:
        assert theirs(text, add_special_tokens=False).input_ids == ours.encode(text), text
