"""Are the ids of a vocabulary that brings its own pattern those of the tokenizers library?"""

import json

import pytest

from tinyformer.errors import InputError
from tinyformer.generate import beginning
from tinyformer.text import load_tokenizer
from tinyformer.text.split_bpe import SplitBPE, composed

from .test_tokenizer_parity import STRANGE, tokenizers

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
          r"\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace("{1,3}", "")
WORDS = r"\p{L}+"                                              # everything else is left over, and a piece too


def of_library(pattern, compose, whole, starts):
    """A vocabulary of their own training, in the pipeline that the published files have."""
    theirs = tokenizers.Tokenizer(tokenizers.models.BPE(ignore_merges=whole))
    theirs.normalizer = tokenizers.normalizers.NFC() if compose else None
    steps = tokenizers.pre_tokenizers
    theirs.pre_tokenizer = steps.Sequence([
        steps.Split(tokenizers.Regex(pattern), "isolated"),
        steps.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)])
    theirs.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=900, initial_alphabet=steps.ByteLevel.alphabet(),
                                             show_progress=False)
    theirs.train_from_iterator([*STRANGE[::2], *["the 1984 café owner's"] * 9], trainer)
    theirs.add_special_tokens(["<|begin|>", "<|end|>"])
    if starts:
        theirs.post_processor = tokenizers.processors.TemplateProcessing(
            single="<|begin|> $A", pair="<|begin|> $A $B:1",
            special_tokens=[("<|begin|>", theirs.token_to_id("<|begin|>"))])
    return theirs


@pytest.mark.parametrize("pattern, compose, whole, starts", [
    (LLAMA3, False, True, True), (QWEN2, True, False, False), (WORDS, True, True, False)])
def test_ids_offsets_and_texts_are_theirs_both_ways(pattern, compose, whole, starts, tmp_path):
    theirs = of_library(pattern, compose, whole, starts)
    theirs.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"eos_token": {"content": "<|end|>"}}))
    ours = load_tokenizer(tmp_path)
    assert isinstance(ours, SplitBPE) and ours.eos_id == ours.vocab["<|end|>"]
    ours.save(tmp_path / "ours")
    again, reopened = load_tokenizer(tmp_path / "ours"), tokenizers.Tokenizer.from_file(
        str(tmp_path / "ours" / "tokenizer.json"))
    assert again.starting_ids == ours.starting_ids and again.eos_id == ours.eos_id
    for n, text in enumerate(STRANGE):
        expected = theirs.encode(text, add_special_tokens=False)
        ids, spans = ours.encode_with_offsets(text)
        assert ids == ours.encode(text) == expected.ids, text
        assert compose or spans == expected.offsets, text
        if n % 10 == 0:
            assert again.encode(text) == reopened.encode(text, add_special_tokens=False).ids == ids
            assert reopened.encode(text).ids == theirs.encode(text).ids == [*ours.starting_ids, *ids]
            assert ours.decode(ids) == theirs.decode(ids, skip_special_tokens=False)
    assert beginning(ours, "x") == theirs.encode("x").ids
    assert beginning(ours) == [ours.vocab["<|begin|>" if starts else "<|end|>"]]


def test_offsets_of_composed_text_are_theirs():
    nfc = tokenizers.Tokenizer(tokenizers.models.WordLevel({"?": 0}, unk_token="?"))
    nfc.normalizer = tokenizers.normalizers.NFC()
    nfc.pre_tokenizer = tokenizers.pre_tokenizers.Split(tokenizers.Regex("."), "isolated")
    for text in ("e\u0301x", "xe\u0301\u0323y", "\u1100\u1161\u11a8z", "\u212b", "a\u0323\u0301b", "\u0344a",
                 "x\uf900b", ""):
        plain, origins = composed(text)
        assert [(place, place + 1) for place in origins] == nfc.encode(text).offsets, ascii(text)
        assert plain == nfc.normalizer.normalize_str(text)


@pytest.mark.parametrize("where, value, said", [
    (("pre_tokenizer", "pretokenizers", 0, "behavior"), "Removed", "behavior of Split is 'Removed'"),
    (("pre_tokenizer", "pretokenizers", 0, "invert"), True, "invert of Split is True"),
    (("pre_tokenizer", "pretokenizers", 0, "pattern"), {"String": " "}, "pattern of Split is"),
    (("pre_tokenizer", "pretokenizers", 0, "pattern"), {"Regex": "("}, "is no regular expression"),
    (("pre_tokenizer", "pretokenizers", 0, "pattern"), {"Regex": "(a)"}, "has groups that capture"),
    (("pre_tokenizer", "pretokenizers", 1, "use_regex"), True, "use_regex of ByteLevel is True"),
    (("pre_tokenizer", "pretokenizers", 1, "add_prefix_space"), True, "add_prefix_space of ByteLevel is True"),
    (("model", "byte_fallback"), True, "byte_fallback of model is True"),
    (("normalizer",), {"type": "NFKC"}, "can be read"),
    (("post_processor", "single"), [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "<|end|>"}}],
     "only special tokens in front of it")])
def test_settings_with_which_ids_would_be_others_are_refused(where, value, said, tmp_path):
    of_library(QWEN2, False, False, True).save(str(tmp_path / "tokenizer.json"))
    whole = json.loads((tmp_path / "tokenizer.json").read_text())
    part = whole
    for key in where[:-1]:
        part = part[key]
    part[where[-1]] = value
    (tmp_path / "tokenizer.json").write_text(json.dumps(whole))
    with pytest.raises(InputError, match=said):
        load_tokenizer(tmp_path)
