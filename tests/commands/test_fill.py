"""Does `fill` guess in texts that are typed or piped in, and say what is wrong?"""

import io
import shutil

import numpy as np

from tinyformer.cli import main
from tinyformer.train.weights import read_arrays, write_arrays


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


def test_weights_that_are_nan_are_a_damaged_checkpoint(bert, gpt, tmp_path, capsys):
    for folder, words in ((bert, ["fill", "the [MASK]"]), (gpt, ["generate", "--prompt", "The"])):
        damaged = tmp_path / words[0]
        shutil.copytree(folder, damaged)
        (damaged / "MANIFEST.json").unlink(missing_ok=True)
        weights = damaged / "model.safetensors"
        write_arrays(weights, {name: np.full_like(array, np.nan) for name, array in read_arrays(weights).items()})
        assert "not finite" in refused(capsys, *words, "--model", damaged, status=3)


def test_lines_that_are_not_utf8_are_refused(bert, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"The caf\xe9 [MASK]\n"), "ascii", "surrogateescape"))
    assert "not UTF-8 (byte 0xe9" in refused(capsys, "fill", "--model", bert)
