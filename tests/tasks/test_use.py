"""Do `fill` and `generate` use a trained model as they say?"""

import io
import shutil

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.errors import InputError
from tinyformer.generate.mask_filling import fill, filled, probabilities, row
from tinyformer.phenomena.parts.blanks import ask_counts, attention_of, choose_blanks, lines
from tinyformer.train import load_model, save_model


def refused(capsys, *words, status=2) -> str:
    capsys.readouterr()
    assert main([str(word) for word in words]) == status
    return capsys.readouterr().err


def test_fill_prints_guesses_for_each_blank(capsys, bert):
    assert main(["fill", "--model", str(bert), "--top", "3", "The [MASK] cat sees the [MASK]."]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "The [MASK] cat sees the [MASK]."
    assert [line.split(":")[0].strip() for line in shown[1:3]] == ["[MASK] 1", "[MASK] 2"]
    assert len(shown[1].split(":")[1].split()) == 6
    assert shown[3].startswith("  -> The") and "[MASK]" not in shown[3]


def test_fill_reads_lines(capsys, bert, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("A [MASK] tree.\n\nThe [MASK].\n"))
    assert main(["fill", "--model", str(bert)]) == 0
    assert capsys.readouterr().out.count("->") == 2
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert "no text" in refused(capsys, "fill", "--model", bert)


def test_guesses_are_the_models_own_probabilities(bert):
    model, tokenizer = load_model(bert)
    guesses = fill(model, tokenizer, "the [MASK] dog", top=len(tokenizer))[0]
    assert sum(share for _, share in guesses) == pytest.approx(1)
    assert [share for _, share in guesses] == sorted((share for _, share in guesses), reverse=True)
    ids = np.array([row(tokenizer, "the [MASK] dog")])
    place = int(np.flatnonzero(ids[0] == tokenizer.mask_id)[0])
    shares = probabilities(model, ids, np.array([place]))[0]
    words = [id for id in range(len(tokenizer)) if id not in tokenizer.special_ids]
    best = max(words, key=lambda id: shares[id])
    assert guesses[0][0] == tokenizer.tokens[best]
    assert guesses[0][1] == pytest.approx(shares[best] / shares[words].sum())


def test_pieces_of_words_are_joined():
    assert filled("play[MASK] the [MASK] .", [[("##ing", 0.5)], [("game", 0.4)]]) == "playing the game ."
    assert filled("play [MASK].", [[("##ed", 0.5)]]) == "played."


def test_fill_says_what_is_wrong(capsys, bert, gpt, tmp_path):
    assert "no [MASK]" in refused(capsys, "fill", "--model", bert, "no blank here")
    assert "reads 24" in refused(capsys, "fill", "--model", bert, "word " * 40 + "[MASK]")
    message = refused(capsys, "fill", "--model", gpt, "a [MASK]")
    assert "holds a GPT" in message and "generate" in message
    assert "no such folder" in refused(capsys, "fill", "--model", tmp_path / "none", "a [MASK]")
    assert "--top" in refused(capsys, "fill", "--model", bert, "--top", 0, "a [MASK]")


def test_a_damaged_model_has_status_3(capsys, bert, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(bert, broken)
    (broken / "model.safetensors").write_bytes(b"\x80\x04 not weights")
    assert "model.safetensors" in refused(capsys, "fill", "--model", broken, "a [MASK]", status=3)


def test_generate_goes_on_and_repeats(capsys, gpt):
    words = ["generate", "--model", str(gpt), "--prompt", "The ", "--tokens", "30"]
    texts = []
    for more in ([], ["--top-k", "1"], ["--temperature", "1", "--seed", "3"], ["--temperature", "1", "--seed", "3"],
                 ["--temperature", "1", "--seed", "4"]):
        assert main([*words, *more]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0].startswith("The ") and len(texts[0]) == 4 + 30 + 1
    assert texts[0] == texts[1]
    assert texts[2] == texts[3] != texts[4]


def test_generate_says_what_is_wrong(capsys, gpt, bert):
    assert "top-p is 2.0" in refused(capsys, "generate", "--model", gpt, "--top-p", 2, "--prompt", "a")
    assert "--tokens" in refused(capsys, "generate", "--model", gpt, "--tokens", 0)
    assert "fill" in refused(capsys, "generate", "--model", bert, "--prompt", "a")
    assert "U+20AC" in refused(capsys, "generate", "--model", gpt, "--prompt", "€")


def test_blanks_of_held_out_text(bert, corpus):
    model, tokenizer = load_model(bert)
    texts = ["The red cat sees that the house is near the tree. " * 3] * 2
    tokenizer.vocab.setdefault("house", 0)
    blanks = choose_blanks(texts, tokenizer, 2, room=30)
    for blank in blanks:
        assert blank.text.count("[MASK]") == 1 and blank.text.replace("[MASK]", blank.word) in texts[0]
    from tinyformer.data.counts import NeighbourTable
    table = NeighbourTable([np.array(tokenizer.encode(text)) for text in texts], len(tokenizer))
    ask_counts(blanks, "word counts", table, tokenizer)
    for blank in blanks:
        assert blank.guesses["word counts"][0][0] == blank.word
    assert sum("word counts" in line for line in lines(blanks)) == len(blanks)


def test_attention_of_every_head_sums_to_one(bert):
    model, tokenizer = load_model(bert)
    weights, tokens, names = attention_of(model, tokenizer, "the [MASK] cat")
    assert weights.shape == (2, len(tokens), len(tokens)) and tokens[0] == "[CLS]" and "[MASK]" in tokens
    assert names == ["layer 1, head 1", "layer 1, head 2"]
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-5)


def test_a_vocabulary_without_mask_is_refused(gpt):
    model, tokenizer = load_model(gpt)
    with pytest.raises(InputError, match=r"lacks \[MASK\]"):
        row(tokenizer, "The")


def test_weights_that_are_nan_are_a_damaged_checkpoint(bert, gpt, tmp_path, capsys):
    for folder, words in ((bert, ["fill", "the [MASK]"]), (gpt, ["generate", "--prompt", "The"])):
        model, tokenizer = load_model(folder)
        model.parameters()[0].data[:] = np.nan
        save_model(tmp_path / words[0], model, tokenizer)
        assert "are NaN" in refused(capsys, *words, "--model", tmp_path / words[0], status=3)


def test_lines_that_are_not_utf8_are_refused(bert, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"The caf\xe9 [MASK]\n"), "ascii", "surrogateescape"))
    assert "not UTF-8 (byte 0xe9" in refused(capsys, "fill", "--model", bert)
