"""Does `pretrain seq2seq` train with every corruption, go on where it stopped, and leave a model that opens?"""

import io
import json
import math

import numpy as np
import pytest

import tinyformer
from tinyformer.cli import main
from tinyformer.data.encode import sentence_ids
from tinyformer.data.noise import NOISES
from tinyformer.errors import InputError
from tinyformer.generate import Sampling, rewrite_texts
from tinyformer.models import Seq2Seq
from tinyformer.pretraining.pretraining_settings import resolve


@pytest.fixture
def words(corpus, small):
    return ["pretrain", "seq2seq", "--corpus", str(corpus), "--vocabulary", "70", *small]


@pytest.mark.parametrize("noise", NOISES)
def test_every_corruption_trains(words, noise, tmp_path, capsys):
    assert main([*words, "--noise", noise, "--out", str(tmp_path / "run")]) == 0
    model, tokenizer = tinyformer.load(tmp_path / "run")
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert type(model) is Seq2Seq and (tmp_path / "run" / "loss.png").stat().st_size > 5000
    assert (model.config.pad_id, model.config.start_id, model.config.end_id) == (0, 2, 3)
    assert len(tokenizer) == model.config.vocabulary and len(tokenizer.sentinel_ids) == 3
    assert 0 < metrics["val loss"] < math.log(len(tokenizer)) + 0.5
    said = capsys.readouterr().out
    assert said.startswith(f"val loss {metrics['val loss']:.4f}, unigram entropy")
    assert f"({metrics['share in source']:.4f} of the targets could be copied" in said
    assert (metrics["share in source"] == 1) == (noise in ("permute", "rotate", "deshuffle"))


def test_all_corruptions_share_one_vocabulary(words, tmp_path, capsys):
    for noise in ("spans", "rotate"):
        assert main([*words, "--noise", noise, "--steps", "1", "--out", str(tmp_path / noise)]) == 0
    assert (tmp_path / "spans" / "vocab.txt").read_bytes() == (tmp_path / "rotate" / "vocab.txt").read_bytes()


def test_a_resumed_run_ends_bit_for_bit_where_the_unbroken_one_does(words, tmp_path, capsys):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    more = ["--dropout", "0.1", "--save-every", "6"]
    assert main([*words, *more, "--out", str(whole)]) == 0
    assert main([*words, *more, "--out", str(broken)]) == 0
    for name in ("model.safetensors", "config.json", "MANIFEST.json", "metrics.json"):
        (broken / name).unlink()
    for path in (broken / "checkpoint-00000012").iterdir():
        path.unlink()
    (broken / "checkpoint-00000012").rmdir()
    assert main(["pretrain", "seq2seq", "--out", str(broken), "--resume"]) == 0
    assert "checkpoint-00000006" in capsys.readouterr().err
    assert (broken / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


def test_the_share_that_is_hidden_is_that_of_the_papers():
    assert {noise: resolve("seq2seq", {"noise": noise}).mask_rate for noise in NOISES} == {
        "infill": 0.3, "mask": 0.3, "delete": 0.3, "permute": None, "rotate": None, "mass": 0.5, "spans": 0.15,
        "deshuffle": None}
    assert resolve("seq2seq", {"mask_rate": 0.2}).mask_rate == 0.2


@pytest.mark.parametrize("model, given, words", [
    ("seq2seq", {"noise": "rotate", "mask_rate": 0.3}, "--noise rotate hides no tokens"),
    ("seq2seq", {"noise": "infil"}, "did you mean 'infill'"),
    ("seq2seq", {"objective": "nsp"}, "--objective is a setting of `pretrain bert`, and this is `pretrain seq2seq`"),
    ("bert", {"noise": "mask"}, "--noise is a setting of `pretrain seq2seq`, and this is `pretrain bert`"),
    ("gpt", {"mask_rate": 0.3}, "--mask-rate is a setting of `pretrain bert` and `pretrain seq2seq`")])
def test_settings_that_do_not_go_together_are_refused(model, given, words):
    with pytest.raises(InputError, match=words):
        resolve(model, given)


def test_resolved_settings_repeat_themselves():
    once = resolve("seq2seq", {"preset": "bart-base", "noise": "spans", "steps": 5})
    assert resolve("seq2seq", {}, once.to_dict()) == once
    config = once.config(1000)
    assert (config.layers, config.decoder_layers, config.width, config.context) == (6, 6, 768, 1024)


def test_bytes_can_be_the_tokens_with_the_special_ones_of_bart(words, tmp_path, capsys):
    out = str(tmp_path / "x")
    assert main([*words[:4], *words[6:], "--tokenizer", "bpe", "--vocabulary", "300", "--out", out]) == 0
    model, tokenizer = tinyformer.load(out)
    assert tokenizer.tokens[:4] == ["<s>", "<pad>", "</s>", "<unk>"] and len(tokenizer.sentinel_ids) == 3
    assert (model.config.start_id, model.config.pad_id, model.config.end_id) == (0, 1, 2)
    text = "The red cat sees the tree. The old dog sees the house."
    (first, second), = sentence_ids([text], tokenizer, spaced=True)
    assert tokenizer.decode([*first, *second]) == text
    assert rewrite_texts(model, tokenizer, ["The red <mask>."], 5)


def test_a_tokenizer_without_masks_is_refused(corpus, gpt, tmp_path, capsys):
    words = ["pretrain", "seq2seq", "--corpus", str(corpus), "--out", str(tmp_path / "x"), "--tokenizer", str(gpt)]
    assert main(words) == 2
    assert "need the special tokens pad, cls, sep, mask" in capsys.readouterr().err


def test_characters_can_be_the_tokens(words, tmp_path, capsys):
    out = str(tmp_path / "x")
    assert main([*words[:4], *words[6:], "--tokenizer", "characters", "--noise", "spans", "--out", out]) == 0
    model, tokenizer = tinyformer.load(out)
    ids = np.array([[tokenizer.cls_id, *tokenizer.encode("<extra_id_0> cat"), tokenizer.sep_id]])
    assert ids[0, 1] == tokenizer.sentinel_ids[0] and model.encode(ids).shape == (1, 7, 16)


def test_the_model_answers_a_prompt(words, tmp_path, capsys, monkeypatch):
    out = tmp_path / "run"
    assert main([*words, "--out", str(out)]) == 0
    model, tokenizer = tinyformer.load(out)
    capsys.readouterr()

    def said(*more, status=0):
        assert main(["generate", "--model", str(out), *more]) == status
        return capsys.readouterr()[status > 0]

    prompt = ["--prompt", "the red [MASK] sees the tree.", "--tokens", "9"]
    (greedy,) = rewrite_texts(model, tokenizer, [prompt[1]], 9)
    assert said(*prompt) == greedy + "\n"
    assert said(*prompt, "--beams", "3") == rewrite_texts(model, tokenizer, [prompt[1]], 9, beams=3)[0] + "\n"
    assert said(*prompt, "--samples", "2", "--temperature", "1").startswith("--- 1 of 2\n")
    assert said(*prompt, "--stop", greedy[3:6]) == greedy[:greedy.index(greedy[3:6])] + "\n"
    penalty = Sampling(0, repetition_penalty=9.0)
    for search in ({}, {"beams": 3}):
        (other,) = rewrite_texts(model, tokenizer, [prompt[1]], 9, penalty, **search)
        plain = rewrite_texts(model, tokenizer, [prompt[1]], 9, **search)[0]
        assert other != plain and other + "\n" == said(*prompt, "--repetition-penalty", "9",
                                                       *(["--beams", "3"] if search else []))
    with monkeypatch.context() as patched:                     # this model never ends a text: all have a length
        patched.setattr("tinyformer.generate.rewrite_texts", lambda *more: [f"beams and penalty {more[-2:]}"])
        assert "(4, -9.0)" in said(*prompt, "--beams", "4", "--length-penalty", "-9")
    assert "shorten it" in said("--prompt", "the tree. " * 99, status=2)
    monkeypatch.setattr("sys.stdin", io.StringIO("the tree. " * 99 + "\n" + prompt[1] + "\n"))
    assert greedy in said("--interactive", "--tokens", "9")
    assert "--no-cache reads again" in said(*prompt, "--no-cache", status=2)
    assert main(["fill", "--model", str(out), "a [MASK]"]) == 2
    assert "try: python -m tinyformer generate" in capsys.readouterr().err
