"""Are the ids of Llama 2's kind of vocabulary those of the tokenizers library?"""

import json

import pytest

from tinyformer.errors import InputError
from tinyformer.generate import beginning
from tinyformer.text import load_tokenizer
from tinyformer.text.spaced import BYTES
from tinyformer.text.spaced_bpe import SpacedBPE

from .test_tokenizer_parity import STRANGE, tokenizers


@pytest.fixture(scope="module")
def theirs():
    """A vocabulary of their own training, in the pipeline of the published file."""
    steps = tokenizers.normalizers
    normalizer = steps.Sequence([steps.Prepend("▁"), steps.Replace(" ", "▁")])
    blank = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="<unk>"))
    blank.normalizer = normalizer
    blank.train_from_iterator(
        [*(text[:40] for text in STRANGE[::3]), *["the 1984  café owner's aaaa aaa"] * 9],
        tokenizers.trainers.BpeTrainer(vocab_size=1200, special_tokens=["<unk>", "<s>", "</s>", *BYTES],
                                       limit_alphabet=300, show_progress=False))
    model = json.loads(blank.to_str())["model"]
    found = tokenizers.Tokenizer(tokenizers.models.BPE(
        vocab=model["vocab"], merges=[tuple(pair) for pair in model["merges"]], unk_token="<unk>", fuse_unk=True,
        byte_fallback=True))
    found.normalizer, decoders = normalizer, tokenizers.decoders
    found.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                       decoders.Strip(" ", 1, 0)])
    found.add_special_tokens([tokenizers.AddedToken(name, normalized=False) for name in ("<unk>", "<s>", "</s>")])
    found.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B:1", special_tokens=[("<s>", 1)])
    return found


@pytest.fixture
def folder(theirs, tmp_path):
    theirs.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"eos_token": "</s>"}))
    return tmp_path


def test_ids_offsets_and_texts_are_theirs_both_ways(theirs, folder):
    ours = load_tokenizer(folder)
    assert isinstance(ours, SpacedBPE) and (ours.eos_id, ours.unk_id, ours.starting_ids) == (2, 0, (1,))
    ours.save(folder / "ours")
    again = load_tokenizer(folder / "ours")
    reopened = tokenizers.Tokenizer.from_file(str(folder / "ours" / "tokenizer.json"))
    assert (again.starting_ids, again.eos_id, again.merges) == (ours.starting_ids, ours.eos_id, ours.merges)
    for n, text in enumerate([*STRANGE, "", " ", "   a  b ", "x</s> y<s>", "<0x41>", "aaaaaaa aaaaa", "\x00é🚀"]):
        expected = theirs.encode(text, add_special_tokens=False)
        ids, spans = ours.encode_with_offsets(text)
        assert ids == ours.encode(text) == expected.ids, text
        assert spans == expected.offsets, text
        if n % 10 == 0 or n >= len(STRANGE):
            assert again.encode(text) == reopened.encode(text, add_special_tokens=False).ids == ids
            assert reopened.encode(text).ids == theirs.encode(text).ids == [1, *ids]
            assert ours.decode(ids) == theirs.decode(ids, skip_special_tokens=False)
    assert beginning(ours, "x") == theirs.encode("x").ids


def changed(folder, **model):
    path = folder / "tokenizer.json"
    whole = json.loads(path.read_text())
    whole["model"] |= model
    path.write_text(json.dumps(whole))
    return folder


@pytest.mark.parametrize("model, said", [
    ({"byte_fallback": False}, "can be read"), ({"dropout": 0.1}, "dropout"),
    ({"ignore_merges": True}, "ignore_merges"), ({"merges": [["a"]]}, r"merge 0 is \('a',\)")])
def test_settings_with_which_ids_would_be_others_are_refused(folder, model, said):
    with pytest.raises(InputError, match=said):
        load_tokenizer(changed(folder, **model))


def test_every_byte_must_be_there():
    with pytest.raises(InputError, match="lacks <0x00>; all 256 bytes"):
        SpacedBPE(["<unk>", "a"], [])
