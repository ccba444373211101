"""Whatever happens to the files of a vocabulary, they are read as the usual library reads them, or refused.

The list of the tokenizers is walked: one that comes later belongs into SAMPLES.
"""

import json
import shutil

import pytest

from campaigns.mutants import changed, damaged, refusal
from tinyformer import text
from tinyformer.errors import InputError
from tinyformer.text import ByteLevelBPE, CharTokenizer, Tokenizer, UnigramTokenizer, WordPieceTokenizer, load_tokenizer
from tinyformer.text.added import AddedToken

SAYS = "the drug gives the new york café a cold, doesn't it? 中文 12 <drug>"
PROBES = ("", " ", "the drug", "The <drug>  gives café's 中文!", "abc\n\t x", "[MASK] the [SEP]",
          "<|endoftext|> a<drug>b", "İ é e\u0301 ﬁ", "x" * 150, "New-York  new-york 12½")
WORDS = [*Tokenizer.roles.values(), *dict.fromkeys("abcdefghijklmnopqrstuvwxyz,'?12中文"), "##a", "##e", "##s",
         "the", "drug", "<drug>"]
SAMPLES = {"CharTokenizer": lambda: CharTokenizer.train([SAYS], specials=["[UNK]"]),
           "WordPieceTokenizer": lambda: WordPieceTokenizer(WORDS, added=[AddedToken("<drug>", normalized=True)]),
           "ByteLevelBPE": lambda: ByteLevelBPE.train([SAYS] * 3, 300),
           "UnigramTokenizer": lambda: UnigramTokenizer.train([SAYS] * 3, 330)}


def bert_json() -> dict:
    """BERT's tokenizer in the one-file form."""
    added = [{"id": id, "content": word, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
              "special": True} for id, word in enumerate(WORDS[:5])]
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": {
        "type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
        "lowercase": True}, "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": None,
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True}, "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": {word: id for id, word in enumerate(WORDS)}}}


def gpt2_json() -> dict:
    """GPT-2's tokenizer in the one-file form."""
    ours = SAMPLES["ByteLevelBPE"]()
    level = {"add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [
        {"id": len(ours) - 1, "content": "<|endoftext|>", "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False, "special": True}], "normalizer": None, "pre_tokenizer": {"type": "ByteLevel", **level},
        "post_processor": {"type": "ByteLevel", **level}, "decoder": {"type": "ByteLevel", **level}, "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
            "end_of_word_suffix": "", "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
            "vocab": ours.vocab, "merges": [" ".join(pair) for pair in ours.merges]}}


def albert_json() -> dict:
    """A tokenizer such as ALBERT's in the one-file form, without a table."""
    quotes = {"type": "Replace", "pattern": {"String": "``"}, "content": '"'}
    special = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"]
    added = [{"id": id, "content": word, "single_word": False, "lstrip": word == "[MASK]", "rstrip": False,
              "normalized": False, "special": True} for id, word in enumerate(special)]
    words = [*special, "▁", "▁the", "▁d", "rug", "▁gives", *"abcdefghijklmnopqrstuvwxyz,?"]
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": {
        "type": "Sequence", "normalizers": [quotes, {"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"}]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, {
            "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}]},
        "post_processor": None, "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always",
                                            "split": True},
        "model": {"type": "Unigram", "unk_id": 1, "byte_fallback": False,
                  "vocab": [[word, -0.5 * number] for number, word in enumerate(words)]}}


def test_every_tokenizer_is_in_it():
    there = {name for name in dir(text) if isinstance(getattr(text, name), type)
             and issubclass(getattr(text, name), Tokenizer)}
    assert there - {"Tokenizer"} == SAMPLES.keys()


def sound(tokenizer) -> list:
    """The ids of some texts, after a look at whether they make sense; None for a text that it refuses."""
    found = []
    for probe in PROBES:
        try:
            ids, offsets = tokenizer.encode_with_offsets(probe)
        except InputError:
            found.append(None)
            continue
        assert ids == tokenizer.encode(probe) and all(0 <= id < len(tokenizer) for id in ids), probe
        assert all(0 <= start <= end <= len(probe) for start, end in offsets), probe
        said = tokenizer.decode(ids)
        if isinstance(tokenizer, ByteLevelBPE) and not any(token.lstrip or token.rstrip or token.normalized
                                                           for token in tokenizer.added.values()):
            assert said == probe
        found.append(ids)
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_damaged_files_of_a_vocabulary(name, tmp_path, campaign):
    SAMPLES[name]().save(tmp_path / "whole")
    read, refused = 0, 0
    for which, draw in campaign.trials(short=150):
        folder = tmp_path / "damaged"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(tmp_path / "whole", folder)
        path = draw.choice(sorted(folder.iterdir()))
        data = path.read_bytes()
        if path.suffix == ".json" and draw.random() < 0.6:
            path.write_text(json.dumps(changed(json.loads(data), draw)))
        else:
            path.write_bytes(damaged(data, draw))
        which = f"{which}: {path.name}: {path.read_bytes()[:300]!r}"
        tokenizer, error = refusal(which, (InputError,), load_tokenizer, folder)
        if error is not None:
            refused += 1
            assert str(folder) in str(error), f"{which}: {error}"
            continue
        read += 1
        ids, _ = refusal(which, (), sound, tokenizer)
        tokenizer.save(tmp_path / "again")
        again, _ = refusal(f"{which}, after saving", (), load_tokenizer, tmp_path / "again")
        assert sound(again) == ids, f"{which}: other ids after saving"
        shutil.rmtree(tmp_path / "again")
    campaign.report(f"{read:,} read, {refused:,} refused")
    assert read and refused


@pytest.mark.parametrize("make", [bert_json, gpt2_json, albert_json])
def test_a_changed_tokenizer_json_gives_the_ids_of_the_library_or_is_refused(make, tmp_path, campaign):
    try:
        import tokenizers as library
    except ImportError:
        library = None
    path, whole, read, refused, compared = tmp_path / "tokenizer.json", make(), 0, 0, 0
    for which, draw in campaign.trials(short=150):
        part = draw.choice(("added_tokens", "normalizer", "pre_tokenizer", "model", "model", "model", None))
        other = json.loads(json.dumps(whole))
        if part == "model" and draw.random() < 0.6:            # its settings, of which there are few beside its words
            settings = {key: value for key, value in other["model"].items() if key not in ("vocab", "merges")}
            other["model"] = {**{key: other["model"][key] for key in ("vocab", "merges") if key in other["model"]},
                              **changed(settings, draw)}
        elif part and other[part]:
            other[part] = changed(other[part], draw)
        else:
            other = changed(other, draw)
        text = json.dumps(other)
        path.write_text(text)
        which = f"{which}: {text[:1200]}"
        tokenizer, error = refusal(which, (InputError,), load_tokenizer, tmp_path)
        if error is not None:
            refused += 1
            assert str(path) in str(error), f"{which}: {error}"
            continue
        read += 1
        ours, _ = refusal(which, (), sound, tokenizer)
        if library is None:
            continue
        try:
            theirs = library.Tokenizer.from_str(text)
        except Exception:                                      # what the library refuses may be read here
            continue
        compared += 1
        for probe, ids in zip(PROBES, ours, strict=True):
            expected = theirs.encode(probe, add_special_tokens=False).ids
            assert ids == expected, f"{which}: {probe!r} is {expected} there"
    campaign.report(f"{read:,} read, of which {compared:,} were compared, {refused:,} refused")
    assert read and refused
