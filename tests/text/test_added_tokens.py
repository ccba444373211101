"""Are added tokens found, and settings applied or refused, as the usual library has it?"""

import json
import random
from itertools import product

import pytest

from tinyformer.errors import InputError
from tinyformer.text import ByteLevelBPE, WordPieceTokenizer, load_tokenizer
from tinyformer.text.added import AddedToken

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz<>-中文é", "##a", "##b", "##drug",
         "the", "gives", "drug"]
PIECES = ["the", "The", " ", "  ", "\t", "\u3000", "<drug>", "<DRUG>", "drug", "new-york", "New-York", "[MASK]", "中文",
          "中", "é", "É", "e\u0301", "a", "!", "_", "1", "x<drug>y", "\xa0", "<dr", "ug>", "\u200d", "İ", "ﬁ"]


def strange(count=2000):
    draw = random.Random(3)
    return ["".join(draw.choice(PIECES) for _ in range(draw.randint(0, 12))) for _ in range(count)]


# ---- without a library -----------------------------------------------------------------------------------------------


def test_an_added_word_is_one_token_and_its_place_is_known():
    tokenizer = WordPieceTokenizer([*WORDS, "<drug>"], added=[AddedToken("<drug>", special=False)])
    ids, offsets = tokenizer.encode_with_offsets("The <drug> a<drug>")
    assert [tokenizer.tokens[id] for id in ids] == ["the", "<drug>", "a", "<drug>"]
    assert offsets == [(0, 3), (4, 10), (11, 12), (12, 18)]
    assert tokenizer.vocab["<drug>"] not in tokenizer.special_ids


def test_what_was_added_is_there_after_saving(tmp_path):
    added = [AddedToken("<drug>", special=False, normalized=True), AddedToken("<end>", lstrip=True, single_word=True)]
    for name, tokenizer in (("words", WordPieceTokenizer([*WORDS, "<drug>", "<end>"], longest_word=9, added=added)),
                            ("bytes", ByteLevelBPE([*ByteLevelBPE.train(["a"], 257).tokens, "<drug>", "<end>"], [],
                                                   added))):
        tokenizer.save(tmp_path / name)
        again = load_tokenizer(tmp_path / name)
        assert again.added == tokenizer.added and again.special_ids == tokenizer.special_ids
        text = "the <DRUG>  <end>x <end>"
        assert again.encode(text) == tokenizer.encode(text) and again.tokens == tokenizer.tokens
    assert load_tokenizer(tmp_path / "words").longest_word == 9


@pytest.mark.parametrize("settings, part", [
    ({"do_basic_tokenize": False}, "do_basic_tokenize"), ({"never_split": ["x"]}, "never_split"),
    ({"clean_text": False}, "clean_text"), ({"mask_token": "<mask>"}, "mask_token is '<mask>'"),
    ({"added_tokens_decoder": {"99": {"content": "<drug>"}}}, "'<drug>' has id 99 where"),
    ({"added_tokens_decoder": {"40": {"content": "<drug>", "lstrip": 3}}}, "lstrip is 3"),
    ({"added_tokens_decoder": {"40": {"content": ""}}}, "an added token is ''"),
    ({"added_tokens_decoder": [1]}, "not described as usual"), ({"additional_special_tokens": [5]}, "added token is 5"),
    ({"sep_token": None}, "sep_token is null, and '[SEP]'"),
    ({"split_special_tokens": True}, "split_special_tokens of"),
    ({"max_input_chars_per_word": "x"}, "max_input_chars_per_word is 'x'")])
def test_a_setting_of_an_older_folder_is_refused_by_name(tmp_path, settings, part):
    WordPieceTokenizer(WORDS).save(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(InputError) as error:
        load_tokenizer(tmp_path)
    assert part in str(error.value) and str(tmp_path) in str(error.value)


def test_the_map_of_special_tokens_is_held_to_the_same(tmp_path):
    WordPieceTokenizer(WORDS).save(tmp_path)
    for said, part in (({"split_special_tokens": True}, "split_special_tokens of special_tokens_map.json"),
                       ({"mask_token": "x"}, "mask_token is 'x'")):
        (tmp_path / "special_tokens_map.json").write_text(json.dumps(said))
        with pytest.raises(InputError, match=part):
            load_tokenizer(tmp_path)
    for said in (["<drug>"], {"image_token": "<drug>"}):       # newer libraries give each a name
        (tmp_path / "special_tokens_map.json").write_text(json.dumps({"extra_special_tokens": said}))
        (tmp_path / "added_tokens.json").write_text(json.dumps({"<drug>": len(WORDS)}))
        assert load_tokenizer(tmp_path).encode("a<drug>")[1] == len(WORDS)


def test_a_space_in_front_is_refused_by_name(tmp_path):
    ByteLevelBPE.train(["a b"], 257).save(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text('{"add_prefix_space": true}')
    with pytest.raises(InputError, match="add_prefix_space of tokenizer_config.json is True"):
        load_tokenizer(tmp_path)


# ---- the usual library as the outside oracle -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def library():
    return pytest.importorskip("tokenizers", reason="the tokenizers library is the oracle here")


def bert(library, **settings):
    clean = {"lowercase": True, "strip_accents": None, "handle_chinese_chars": True, "clean_text": True}
    clean |= {name: settings.pop(name) for name in list(settings) if name in clean}
    model = {"unk_token": "[UNK]", **settings}
    theirs = library.Tokenizer(library.models.WordPiece({word: id for id, word in enumerate(WORDS)}, **model))
    theirs.normalizer = library.normalizers.BertNormalizer(**clean)
    theirs.pre_tokenizer = library.pre_tokenizers.BertPreTokenizer()
    theirs.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    return theirs


def gpt2(library, use_regex=True, add_prefix_space=False, **settings):
    ours = ByteLevelBPE.train(["the drug gives the new york <drug>"] * 3, 290)
    theirs = library.Tokenizer(library.models.BPE(vocab=ours.vocab, merges=ours.merges, **settings))
    theirs.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space, use_regex=use_regex)
    theirs.add_special_tokens(["<|endoftext|>"])
    return theirs


def same(theirs, folder):
    theirs.save(str(folder / "tokenizer.json"))
    ours = load_tokenizer(folder)
    for text in strange():
        expected = theirs.encode(text, add_special_tokens=False)
        ids, offsets = ours.encode_with_offsets(text)
        assert ids == ours.encode(text) == expected.ids, text
        if isinstance(ours, WordPieceTokenizer):
            assert offsets == expected.offsets, text


@pytest.mark.parametrize("make", [bert, gpt2], ids=["BERT", "GPT-2"])
@pytest.mark.parametrize("lstrip, rstrip, single_word", list(product([False, True], repeat=3)))
@pytest.mark.parametrize("normalized, special", [(False, True), (True, False), (False, False)])
def test_added_tokens_are_found_as_the_library_has_it(library, make, lstrip, rstrip, single_word, normalized, special,
                                                      tmp_path):
    flags = dict(lstrip=lstrip, rstrip=rstrip, single_word=single_word, normalized=normalized)
    theirs = make(library)
    add = theirs.add_special_tokens if special else theirs.add_tokens
    add([library.AddedToken(content, special=special, **flags) for content in ("<drug>", "New-York", "中文", "<dr")])
    same(theirs, tmp_path)


@pytest.mark.parametrize("settings", [
    {"max_input_chars_per_word": 3}, {"lowercase": False}, {"strip_accents": False}, {"handle_chinese_chars": False},
    {"lowercase": False, "strip_accents": True}])
def test_a_setting_that_we_know_gives_the_same_ids(library, settings, tmp_path):
    same(bert(library, **settings), tmp_path)


@pytest.mark.parametrize("make, settings, name", [
    (bert, {"clean_text": False}, "clean_text"), (bert, {"unk_token": "the"}, "unk_token"),
    (bert, {"continuing_subword_prefix": "@@"}, "continuing_subword_prefix"), (gpt2, {"use_regex": False}, "use_regex"),
    (gpt2, {"ignore_merges": True}, "ignore_merges"), (gpt2, {"add_prefix_space": True}, "add_prefix_space"),
    (gpt2, {"dropout": 0.5}, "dropout")])
def test_a_setting_that_we_do_not_know_is_refused_by_name(library, make, settings, name, tmp_path):
    make(library, **settings).save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(InputError, match=name):
        load_tokenizer(tmp_path)
