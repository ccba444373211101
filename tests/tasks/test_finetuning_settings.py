"""Do the settings of a fine-tuning run come out as they were given, and is what does not fit refused by name?"""

import json

import pytest
from refusals import refused

from tinyformer.cli import main
from tinyformer.tasks.finetuning_settings import Finetuning

pytest.importorskip("matplotlib", reason="pictures need matplotlib")


def test_the_rate_that_is_chosen():
    assert Finetuning().peak(256) == 5e-5 and Finetuning().peak(128) == 5e-4
    assert Finetuning(freeze="all").peak(256) == 1e-2 and Finetuning(freeze="1").peak(256) == 5e-5
    assert Finetuning(freeze="all", learning_rate=0.0).peak(16) == 0


@pytest.mark.parametrize("more, words", [
    (["--freeze", "3"], "freeze is 3; it must be all, or a number of layers from 0 to 2"),
    (["--freeze", "half"], "--freeze is 'half'"),
    (["--freeze", "all", "--layer-decay", "0.9"], "--layer-decay slows layers that learn"),
    (["--epochs", "1"], "--steps is 6 and --epochs is 1.0; give one"),
    (["--labels", "0%"], "--labels is '0%'"), (["--labels", "101%"], "--labels is '101%'"),
    (["--labels", "2.5"], "--labels is '2.5'"), (["--labels", "nan%"], "--labels is 'nan%'"),
    (["--learning-rate", "inf"], "--learning-rate is inf"), (["--seeds", "0"], "--seeds is 0"),
    (["--max-length", "7"], "--max-length is 7"), (["--lr", "1"], "did you mean '--learning-rate'"),
    (["--stride", "4"], "--stride is a setting of answer, and the task is classify"),
    (["--tags", "ner"], "--tags is a setting of tag, and the task is classify"),
    (["--width", "32"], "--width is a setting of --model scratch"),
    (["--momentum", "0.9"], "--momentum is a setting of muon, and the optimizer is adamw"),
    (["--columns", "text=1"], "classify reads text, label"),
    (["--columns", "first=1,second=2"], "classify reads text, label"),
    (["--model", "nowhere"], "nowhere: no such folder"),
    (["--train", "nowhere.tsv"], "nowhere.tsv: no such file"),
    (["--resume"], "there is no such folder, and so no run to resume")])
def test_settings_that_do_not_fit(capsys, command, tmp_path, more, words):
    assert words in refused(capsys, command("classify", tmp_path / "run", *more))
    assert not (tmp_path / "run" / "config.json").exists()


def test_what_is_missing(capsys, command, heads, tmp_path):
    words = command("tag", tmp_path / "run")
    for name in ("--model", "--train", "--dev"):
        place = words.index(name)
        assert f"{name} is missing" in refused(capsys, words[:place] + words[place + 2:])
    assert "no folder was named" in refused(capsys, words[:words.index("--out")])
    (tmp_path / "file").write_text("mine")
    assert "is a file, and a folder is needed" in refused(capsys, command("tag", tmp_path / "file"))
    assert "belongs to `finetune pair`, and this is `finetune tag`" in refused(
        capsys, ["finetune", "tag", "--config", heads["pair"] / "settings.json"])


def test_columns_are_for_tables(capsys, command, tmp_path):
    assert "--columns is a setting of classify, multilabel, pair, score, rewrite, and the task is tag" in refused(
        capsys, command("tag", tmp_path / "run", "--columns", "text=1,label=2"))


def test_labels_that_do_not_fit(capsys, command, land, tmp_path, no_pictures):
    one = tmp_path / "one.tsv"
    one.write_bytes("\ufeffsentence\tlabel\r\ngood\t1\r\nfine\t1\r\n".encode())
    assert "SST-2/dev.tsv:" in (said := refused(capsys, command("classify", tmp_path / "a", "--train", one)))
    assert "label '0' is not among those of the training file (1)" in said
    assert main(command("classify", tmp_path / "b", "--train", one, "--dev", one, steps=1)) == 0
    assert "only one class, '1', in 2 labels" in capsys.readouterr().err
    assert main(command("classify", tmp_path / "c", "--labels", "1", steps=1)) == 0
    assert "only one class" in capsys.readouterr().err, "of so few examples"
    scores = tmp_path / "same.tsv"
    scores.write_text("sentence1\tsentence2\tscore\na\tb\t2\nc\td\t2\n")
    assert main(command("score", tmp_path / "d", "--train", scores, "--dev", scores, steps=1)) == 0
    assert json.loads((tmp_path / "d/metrics.json").read_text())["pearson"] == 0, "what never changes has no direction"
    conllu = tmp_path / "dev.conllu"
    conllu.write_text("1\ta\t_\tDET\t_\t_\t_\t_\t_\t_\n\n")
    assert "label 'DET' is not among those of the training file" in refused(
        capsys, command("tag", tmp_path / "e", "--dev", conllu))
