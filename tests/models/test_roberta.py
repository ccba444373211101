"""Are RoBERTa and DistilBERT those of the library, in all that makes them differ from BERT?"""

import json

import numpy as np
import pytest
import small

import tinyformer
from tinyformer.cli import main
from tinyformer.data.labelled import pair_rows
from tinyformer.data.readers.examples import PairExample
from tinyformer.data.windows import windows
from tinyformer.errors import InputError
from tinyformer.generate.mask_filling import fill, filled
from tinyformer.models import (
    DistilBert,
    DistilBertConfig,
    DistilBertForMaskedLM,
    Roberta,
    RobertaConfig,
    RobertaForMaskedLM,
    encoder_of,
)
from tinyformer.text import ByteLevelBPE
from tinyformer.text.bpe import BART_ROLES
from tinyformer.train import load_model, save_model

RNG = np.random.default_rng(5)
IDS = RNG.integers(2, small.VOCABULARY, (3, 7))
KEEP = np.array([[1] * 7, [1] * 5 + [0] * 2, [1] * 4 + [0] * 3], bool)
IDS = np.where(KEEP, IDS, 1)
MAKE = {"Roberta": small.roberta, "DistilBert": small.distilbert}


def test_positions_of_roberta_begin_behind_padding_wherever_it_stands():
    model = small.roberta().bert
    assert model.positions.weight.shape == (9 + 2, 8)
    left, keep = (np.array([np.roll(row, 7 - real.sum()) for row, real in zip(rows, KEEP, strict=True)])
                  for rows in (IDS, KEEP))                     # all padding in front
    there, here = model(left, keep=keep).data, model(IDS, keep=KEEP).data
    assert np.allclose(there[keep], here[KEEP], atol=1e-12)
    words, row = model.words.weight.data, model.positions.weight.data
    summed = model.norm(words[IDS[:1]] + row[np.arange(2, 9)] + model.segments.weight.data[0])
    assert np.allclose(model.embed(IDS[:1]).data, summed.data, atol=1e-14)


def test_segments_are_no_matter_to_either():
    for make in MAKE.values():
        model = make().bert
        assert np.array_equal(model(IDS, segments=np.ones_like(IDS)).data, model(IDS).data)


def test_a_head_on_a_text_brings_its_own_layer():
    model = small.distilbert().bert
    assert model.pooler is None and small.distilbert().bert.segments is None
    with pytest.raises(ValueError, match="gives it a new one"):
        model.pool(model(IDS))
    pooled = encoder_of(model, np.random.default_rng(0))
    assert type(pooled) is DistilBert and (pooled.pool(pooled(IDS)).data >= 0).all()


@pytest.mark.parametrize("cls", [RobertaConfig, DistilBertConfig])
@pytest.mark.parametrize("more", [dict(pair_objective="nsp"), dict(shared=True), dict(factor=4)])
def test_what_is_of_another_paper_is_refused(cls, more):
    with pytest.raises(InputError, match="pair_objective is none, factor 0 and shared false"):
        cls(vocabulary=10, **more)


def test_padding_must_be_a_token():
    with pytest.raises(InputError, match="pad_id is 10; it must be the id of a token, 0 to 9"):
        RobertaConfig(vocabulary=10, pad_id=10)


# ---- pretrain --family roberta ----


def test_pretraining_leaves_a_folder_that_opens_whole(corpus, tmp_path, small, capsys):
    out = tmp_path / "run"
    words = ["pretrain", "bert", "--family", "roberta", "--corpus", str(corpus), "--out", str(out), *small]
    assert main([*words, "--vocabulary", "300"]) == 0
    settings = json.loads((out / "settings.json").read_text())
    assert settings["tokenizer"] == "bpe" and settings["objective"] == "none" and settings["masking"] == "dynamic"
    model, tokenizer = load_model(out)
    assert type(model) is RobertaForMaskedLM and isinstance(tokenizer, ByteLevelBPE)
    assert model.config.pad_id == tokenizer.pad_id == 1 and model.config.context == settings["max_length"]
    blanks = fill(model, tokenizer, "The [MASK] cat", 2)
    assert blanks == fill(model, tokenizer, "The <mask> cat", 2) and len(blanks) == 1
    assert filled("The [MASK] cat", [[("Ġ", 0.5)]], tokenizer) == "The  cat"
    assert filled("play<mask> on", [[("s", 0.5)]], tokenizer) == "plays on"
    assert main([*words, "--objective", "nsp"]) == 2 and "learns from no pairs" in capsys.readouterr().err
    assert main([*words, "--vocabulary", "300", "--overwrite", "--whole-word"]) == 0


# ---- the usual library as the outside oracle ----


@pytest.fixture(scope="module")
def theirs():
    pytest.importorskip("torch", reason="the library runs on it")
    transformers = pytest.importorskip("transformers", reason="the outside oracle for published layouts")
    transformers.logging.set_verbosity_error()
    return transformers


def said(there) -> np.ndarray:
    import torch
    with torch.no_grad():
        return there.eval()(input_ids=torch.tensor(IDS), attention_mask=torch.tensor(KEEP.astype(int))).logits.numpy()


@pytest.mark.parametrize("family", MAKE)
@pytest.mark.parametrize("more", [{}, dict(activation="gelu_tanh", dropout=0.2)])
def test_ours_opens_there_with_nothing_missing(theirs, family, more, tmp_path):
    ours = MAKE[family](dtype=np.float32, **more)
    folder = save_model(tmp_path / "model", ours)
    assert "tinyformer" not in json.loads((folder / "config.json").read_text())
    there, info = getattr(theirs, f"{family}ForMaskedLM").from_pretrained(folder, output_loading_info=True)
    assert not any(info[name] for name in ("missing_keys", "unexpected_keys", "mismatched_keys")), info
    words = ours.word_logits(ours(IDS, keep=KEEP)).data.reshape(*IDS.shape, -1)
    assert np.abs(words - said(there))[KEEP].max() < 1e-5


def test_a_trained_roberta_and_its_tokenizer_open_there(theirs, corpus, tmp_path, small):
    out = tmp_path / "run"
    assert main(["pretrain", "bert", "--family", "roberta", "--corpus", str(corpus), "--out", str(out), *small,
                 "--vocabulary", "300"]) == 0
    model, tokenizer = load_model(out)
    there = theirs.RobertaTokenizer.from_pretrained(out)
    for text in ("The cat sat.", "the <mask> é 中</s>", " a  b"):
        assert there(text).input_ids == [0, *tokenizer.encode(text), 2]
    ids = np.array([[0, *tokenizer.encode("The <mask> cat."), 2]])
    import torch
    logits = theirs.RobertaForMaskedLM.from_pretrained(out).eval()(input_ids=torch.tensor(ids)).logits
    assert np.abs(logits.detach().numpy()[0] - model.word_logits(model(ids)).data).max() < 1e-5


def test_pairs_and_questions_are_laid_out_as_there(theirs, tmp_path):
    ours = ByteLevelBPE.train(["the cat sat on the mat"] * 3, 280, end_of_text=False, specials=BART_ROLES.values())
    ours.save(tmp_path)
    there = theirs.RobertaTokenizer.from_pretrained(tmp_path)
    pair = PairExample("the cat", "on the mat", "yes", "file", 1)
    for length in (32, 12):
        said = there(pair.first, pair.second, truncation=True, max_length=length).input_ids
        assert len(said) <= length and pair_rows([pair], ours, ["yes"], 32)[0].ids.tolist() == there(
            pair.first, pair.second).input_ids
        assert len(pair_rows([pair], ours, ["yes"], length)[0].ids) == len(said)
    window = windows(ours, "the cat", "on the mat", max_length=32, stride=4)[0]
    first, behind = window.document
    assert window.ids.tolist() == there("the cat", "on the mat").input_ids
    assert ours.decode(window.ids[first:behind]) == "on the mat" and window.characters(*window.place(3, 6)) == (3, 6)


@pytest.mark.parametrize("family", MAKE)
def test_the_encoder_and_the_words_come_back(family, tmp_path):
    ours = MAKE[family](dtype=np.float32)
    again, _ = tinyformer.load(save_model(tmp_path / "words", ours))
    assert type(again) is type(ours) and type(again) in (RobertaForMaskedLM, DistilBertForMaskedLM)
    assert again.config == ours.config and np.array_equal(again(IDS).data, ours(IDS).data)
    bare, _ = tinyformer.load(save_model(tmp_path / "bare", ours.bert))
    assert type(bare) in (Roberta, DistilBert) and np.array_equal(bare(IDS).data, ours(IDS).data)
