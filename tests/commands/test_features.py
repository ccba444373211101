"""Does `features` write the vectors of a model as it says, and refuse what it cannot use?"""

import io

import numpy as np
from refusals import refused

from tinyformer.cli import main
from tinyformer.models import encoder_of
from tinyformer.tasks.features import features
from tinyformer.train import load_model

TEXTS = ["Ida lives in Ashby.", "The museum", "A dog and a cat and the old snake"]


def test_the_command_writes_a_file(capsys, untrained, tmp_path, monkeypatch):
    model, tokenizer = load_model(untrained)
    data, out = tmp_path / "texts.txt", tmp_path / "new" / "f.npz"
    data.write_text("\ufeff" + "\r\n\r\n".join(TEXTS) + "\r\n")
    assert main(["features", "--model", str(untrained), "--data", str(data), "--out", str(out), "--layers", "0,last",
                 "--tokens", "pieces"]) == 0
    vectors, of_text, tokens = features(encoder_of(model), tokenizer, TEXTS, (0, -1), "pieces")
    with np.load(out) as found:
        assert np.array_equal(found["vectors"], vectors) and found["token"].tolist() == tokens
        assert np.array_equal(found["text"], of_text)
    assert f"{len(vectors)} vectors of 32 numbers from 3 texts" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(TEXTS)))
    again = ["features", "--model", str(untrained), "--out", str(out), "--width", "2"]
    assert "is there already" in refused(capsys, *again)
    assert main([*again, "--overwrite"]) == 0
    with np.load(out) as found:
        assert found["vectors"].shape == (3, 2)


def test_what_features_refuses(capsys, untrained, tmp_path):
    data = tmp_path / "a.txt"
    data.write_text("one\ntwo\n")
    words = ["features", "--model", untrained, "--data", data, "--out", tmp_path / "f.npz"]
    assert "this model has layers 0 to 2" in refused(capsys, *words, "--layers", "3")
    assert "--layers is 'first'" in refused(capsys, *words, "--layers", "first")
    assert "--width is 3; of 2 vectors with 16 numbers it can be 1 to 2" in refused(capsys, *words, "--width", 3)
    data.write_text(" \n")
    assert "no texts in it" in refused(capsys, *words)
    assert not (tmp_path / "f.npz").exists()


def test_bytes_that_are_no_text_are_refused(capsys, untrained, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe"), "ascii", "surrogateescape"))
    assert "not UTF-8 (byte 0xff" in refused(capsys, "features", "--model", untrained, "--out", tmp_path / "f.npz")


def test_a_table_is_no_list_of_texts(capsys, untrained, tmp_path):
    tables = {"a.tsv": "sentence\tlabel\ngood\t1\nbad\t0\n", "b.csv": "text,label\na,1\n", "c.jsonl": '{"text": "a"}\n'}
    lists = {"d.txt": "a\tb\nc\n", "e.txt": "a, b\n"}
    for name, text in (tables | lists).items():
        (tmp_path / name).write_text(text)
        assert main(["features", "--model", str(untrained), "--data", str(tmp_path / name), "--out",
                     str(tmp_path / f"{name}.npz")]) == 0
        assert ("looks like a table" in capsys.readouterr().err) == (name in tables), name
