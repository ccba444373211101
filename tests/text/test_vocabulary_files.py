"""Damaged vocabularies: each real fault, written to a real file, is named with file and line."""

import json

import pytest

from tinyformer.errors import InputError
from tinyformer.text import ByteLevelBPE, CharTokenizer, WordPieceTokenizer, load_tokenizer

GOOD = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "##b"]


def message(folder):
    with pytest.raises(InputError) as caught:
        load_tokenizer(folder)
    text = str(caught.value)
    assert str(folder) in text and text.count("\n") == 0
    return text.replace(str(folder), "DIR")


@pytest.mark.parametrize("lines, part", [
    (GOOD + ["a"], "vocab.txt:8: token 'a' stands in line 6"),
    (GOOD[:3] + [""] + GOOD[3:], "vocab.txt:4: empty line"),
    (GOOD + ["  "], "vocab.txt:8: empty line"),
    (GOOD + ["c "], "vocab.txt:8: 'c ' has a space"),
    (GOOD + ["c\t", "d"], "vocab.txt:8: 'c\\t' has a space"),
    (["[PAD]", "a"], "vocab.txt: none of its 2 lines is [UNK]"),
    ([], "vocab.txt:1: empty line"),
])
def test_faults_of_a_vocab_txt(tmp_path, lines, part):
    (tmp_path / "vocab.txt").write_text("".join(f"{line}\n" for line in lines))
    assert f"DIR/{part}" in message(tmp_path)


def test_a_vocab_txt_from_elsewhere_is_read(tmp_path):
    text = "\n".join([*GOOD, "\u3000x", "é"])              # no newline at the end; an ideographic space is a character
    for raw in text.encode(), text.replace("\n", "\r\n").encode() + b"\r\n", b"\xef\xbb\xbf" + text.encode():
        (tmp_path / "vocab.txt").write_bytes(raw)
        tokenizer = load_tokenizer(tmp_path)
        assert tokenizer.tokens == text.split("\n") and tokenizer.encode("AB") == [5, 6]   # lower case by default


def test_bytes_that_are_no_utf8_are_named_with_their_line(tmp_path):
    (tmp_path / "vocab.txt").write_bytes(b"[PAD]\n[UNK]\ncaf\xe9\n")
    assert "DIR/vocab.txt:3: byte 0xe9 is not UTF-8" in message(tmp_path)


@pytest.mark.parametrize("settings, part", [
    ('{"do_lower_case": "yes"}', "tokenizer_config.json: do_lower_case is 'yes'; it must be true, false or null"),
    ('{"do_lower_case": tru', "tokenizer_config.json:1: not JSON"),
    ("[]", "tokenizer_config.json: holds a JSON list"),
])
def test_faults_of_the_settings(tmp_path, settings, part):
    WordPieceTokenizer(GOOD).save(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(settings)
    assert f"DIR/{part}" in message(tmp_path)


@pytest.mark.parametrize("vocab, part", [
    ('{"a": 0, "b": 2}', "token 'b' has id 2 where 1 was due"),
    ('{"a": 0, "b": 0}', "has id 0 where 1 was due"),
    ('{"a": 0, "a": 1}', "key 'a' stands there twice"),
    ('{"a": "0"}', "token 'a' has id '0'; an id must be a whole number"),
    ('{"a": 0, "ab": 1}', "'ab'; it must be one whole character"),
    ('{"a": 0,\n "b"', "vocab.json:2: not JSON"),
])
def test_faults_of_a_vocab_json(tmp_path, vocab, part):
    (tmp_path / "vocab.json").write_text(vocab)
    text = message(tmp_path)
    assert "DIR/vocab.json" in text and part in text


@pytest.mark.parametrize("line, part", [
    ("a b c", "merges.txt:3: 'a b c' is not a merge"),
    ("ab", "merges.txt:3: 'ab' is not a merge"),
    ("", "merges.txt:3: '' is not a merge"),
    ("x 中", "merges.txt:3: '中' is not in vocab.json"),
    ("x y", "merges.txt:3: 'xy' is not in vocab.json"),
])
def test_faults_of_a_merges_txt(tmp_path, line, part):
    ByteLevelBPE.train(["abab abab"], 300).save(tmp_path)
    path = tmp_path / "merges.txt"
    lines = path.read_text(encoding="utf-8").split("\n")
    path.write_text("\n".join([*lines[:2], line, *lines[2:]]), encoding="utf-8")
    assert f"DIR/{part}" in message(tmp_path)


def test_files_that_do_not_belong_together(tmp_path):
    ByteLevelBPE.train(["abab abab"], 300).save(tmp_path)
    CharTokenizer.train(["abc"]).save(tmp_path)            # overwrites vocab.json, leaves merges.txt
    assert "tokenizer_class is 'CharTokenizer'" in message(tmp_path)
    (tmp_path / "tokenizer_config.json").unlink()
    assert "DIR/merges.txt:2" in message(tmp_path)
    (tmp_path / "vocab.json").unlink()
    assert "DIR/vocab.json: cannot be read (No such file" in message(tmp_path)


def test_a_folder_without_a_tokenizer(tmp_path):
    assert "holds none of the files of a tokenizer; needed is vocab.txt" in message(tmp_path)
    assert message(tmp_path / "nowhere").startswith("DIR: is not a folder; needed is vocab.txt")


@pytest.mark.parametrize("whole, part", [
    ({"model": {"type": "WordLevel", "vocab": {}}}, "are ('WordLevel', None, None); only BERT's"),
    ({"model": {"type": "Unigram", "vocab": []}}, "unk_id of model is None"),
    ({"model": {"type": "WordPiece", "vocab": {"a": 0}}, "normalizer": {"type": "BertNormalizer"},
      "pre_tokenizer": {"type": "BertPreTokenizer"}}, "is incomplete (KeyError('lowercase'))"),
    ({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []},
      "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False}}, "the vocabulary lacks '!'"),
])
def test_faults_of_a_tokenizer_json(tmp_path, whole, part):
    (tmp_path / "tokenizer.json").write_text(json.dumps(whole))
    text = message(tmp_path)
    assert "DIR/tokenizer.json" in text and part in text


def in_one_file(folder, added=GOOD[:5], vocab=GOOD, **settings):
    """BERT's tokenizer as tokenizer.json, with other settings of its model or its normalizer."""
    model = {"type": "WordPiece", "unk_token": "[UNK]", "vocab": {token: id for id, token in enumerate(vocab)}}
    cleans = {"type": "BertNormalizer", "lowercase": True, "strip_accents": None, "handle_chinese_chars": True}
    model |= {key: value for key, value in settings.items() if key not in cleans}
    cleans |= {key: value for key, value in settings.items() if key in cleans}
    tokens = [token if isinstance(token, dict) else {"id": id, "content": token} for id, token in enumerate(added)]
    (folder / "tokenizer.json").write_text(json.dumps({
        "added_tokens": tokens, "model": model, "normalizer": cleans, "pre_tokenizer": {"type": "BertPreTokenizer"}}))


@pytest.mark.parametrize("settings, part", [
    ({"max_input_chars_per_word": "9"}, "max_input_chars_per_word is '9'; it must be a whole number"),
    ({"max_input_chars_per_word": -1}, "max_input_chars_per_word is -1"), ({"lowercase": 1}, "lowercase is 1"),
    ({"strip_accents": "no"}, "strip_accents is 'no'; it must be true or false or null"),
    ({"handle_chinese_chars": None}, "handle_chinese_chars is None; it must be true or false")])
def test_a_setting_of_a_wrong_type_in_a_tokenizer_json(tmp_path, settings, part):
    in_one_file(tmp_path, **settings)
    assert part in message(tmp_path)


@pytest.mark.parametrize("added, part", [
    (GOOD[:4], "'[MASK]' is in the vocabulary and not among added_tokens"),
    ([*GOOD[:5], GOOD[0]], "'[PAD]' stands there twice"),
    ([*GOOD[:4], {"id": 9, "content": "[MASK]"}], "'[MASK]' has id 9 where 4 is due"),
    ([*GOOD[:5], {"id": 8, "content": "<x>"}], "'<x>' has id 8 where 7 is due")])
def test_tokens_that_their_library_would_number_or_find_otherwise(tmp_path, added, part):
    in_one_file(tmp_path, added)
    assert part in message(tmp_path)
    in_one_file(tmp_path, [*GOOD[:5], {"id": 7, "content": "<x>"}])
    assert load_tokenizer(tmp_path).encode("a<x>") == [5, 7]


@pytest.mark.parametrize("name, value", [("do_lower_case", False), ("strip_accents", False),
                                         ("tokenize_chinese_chars", False), ("do_lower_case", "x")])
def test_settings_beside_a_tokenizer_json_must_say_the_same(tmp_path, name, value):
    in_one_file(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True, "strip_accents": None}))
    assert load_tokenizer(tmp_path).encode("A") == [5]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({name: value}))
    assert f"{name} of tokenizer_config.json is {value!r}, and this file says" in message(tmp_path)


@pytest.mark.parametrize("make, wrong", [(lambda: WordPieceTokenizer(GOOD), "BertJapaneseTokenizer"),
                                         (lambda: ByteLevelBPE.train(["ab"], 257), "CLIPTokenizerFast"),
                                         (lambda: ByteLevelBPE.train(["ab"], 257), "Qwen2Tokenizer"),
                                         (lambda: CharTokenizer(["a"]), "CanineTokenizer"),
                                         (lambda: WordPieceTokenizer(GOOD), 5)])
def test_a_class_that_has_the_same_files_and_cuts_otherwise(tmp_path, make, wrong):
    make().save(tmp_path)
    path = tmp_path / "tokenizer_config.json"
    settings = json.loads(path.read_text())
    for known in (settings["tokenizer_class"], None):
        path.write_text(json.dumps({**settings, "tokenizer_class": known}))
        load_tokenizer(tmp_path)
    path.write_text(json.dumps({**settings, "tokenizer_class": wrong}))
    assert f"tokenizer_class is {wrong!r}, with which a text would get other ids" in message(tmp_path)
    path.rename(tmp_path / "config.json")                      # where some folders have it
    assert f"DIR/config.json: tokenizer_class is {wrong!r}" in message(tmp_path)
