"""Does `glue` score the nine tasks as it says?"""

import json
import shutil

import pytest
from refusals import refused

from tinyformer import tinyland
from tinyformer.cli import main
from tinyformer.commands.glue import chosen, row, table
from tinyformer.data.readers import GLUE, glue_file
from tinyformer.tinyland.to_files import glue_rows

pytest.importorskip("matplotlib", reason="pictures need matplotlib")


def glue(model, out, *more) -> list[str]:
    return [str(word) for word in ("glue", "--model", model, "--out", out, "--batch-size", 8, "--steps", 2,
                                   "--max-length", 40, *more)]


def test_two_generated_tasks(capsys, untrained, tmp_path, no_pictures):
    out = tmp_path / "glue"
    assert main(glue(untrained, out, "--tasks", "STS-B,cola", "--examples", 20, "--seeds", 2)) == 0
    found = json.loads((out / "glue.json").read_text())
    assert [each["task"] for each in found["tasks"]] == ["cola", "stsb"] and found["seeds"] == 2
    for each, figure in zip(found["tasks"], ("matthews", "pearson"), strict=True):
        runs = [json.loads((out / each["task"] / f"seed-{seed}/metrics.json").read_text()) for seed in (0, 1)]
        assert [run["seed"] for run in runs] == [0, 1]
        ceiling = tinyland.ceiling(each["task"], "dev", 200, 0)             # of the examples that were asked
        assert each["scores"] == pytest.approx([100 * run[figure] / ceiling for run in runs])
        assert each["figures"][figure] == pytest.approx((runs[0][figure] + runs[1][figure]) / 2)
        assert each["score"] == pytest.approx(sum(each["scores"]) / 2)
    assert found["average"] == pytest.approx((found["tasks"][0]["score"] + found["tasks"][1]["score"]) / 2)
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1].split() == ["average", f"{found['average']:.1f}"] and printed[-2].startswith("stsb")
    assert (out / "glue.png").stat().st_size > 5000
    assert "holds a table already" in refused(capsys, *glue(untrained, out, "--tasks", "cola", "--examples", 20))


def published(folder, name, n=12):
    """Files in the published layout of one task."""
    splits = [("train", name, "train"), ("dev", name, "dev")]
    for split, kind, of in splits:
        path = glue_file(folder, name, split)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(glue_rows(name, tinyland.task(kind, of, n, 1)))
    if name == "mnli":
        (path.parent / "dev_mismatched.tsv").write_text(glue_rows(name, tinyland.task("mnli-mm", "dev", n, 1)))


def test_files_in_the_published_layout(capsys, heads, tmp_path, no_pictures):
    for name in ("cola", "mrpc", "mnli"):
        published(tmp_path / "data", name)
    model = heads["tag"]                                       # which has no pooler: each task gets a new one
    assert main(glue(model, tmp_path / "out", "--data", tmp_path / "data", "--tasks", "mnli,mrpc,cola")) == 0
    found = {each["task"]: each for each in json.loads((tmp_path / "out/glue.json").read_text())["tasks"]}
    assert list(found) == ["cola", "mrpc", "mnli"]
    figures = {name: json.loads((tmp_path / "out" / name / "metrics.json").read_text()) for name in found}
    assert found["cola"]["score"] == pytest.approx(100 * figures["cola"]["matthews"])
    assert found["mrpc"]["score"] == pytest.approx(50 * (figures["mrpc"]["accuracy"] + figures["mrpc"]["f1"]))
    assert found["mnli"]["score"] == pytest.approx(100 * figures["mnli"]["accuracy"])
    assert 0 <= found["mnli"]["figures"]["mismatched accuracy"] <= 1
    shutil.rmtree(tmp_path / "data" / "CoLA")
    (tmp_path / "data/MNLI/dev_mismatched.tsv").unlink()
    said = refused(capsys, *glue(model, tmp_path / "b", "--data", tmp_path / "data", "--tasks", "mnli,mrpc,cola"))
    for part in ("3 files are not there", "CoLA/train.tsv", "MNLI/dev_mismatched.tsv", "others with --tasks mrpc"):
        assert part in said
    assert not (tmp_path / "b").exists()                       # nothing was trained before
    said = refused(capsys, *glue(model, tmp_path / "b", "--data", tmp_path / "data", "--tasks", "cola"))
    assert "2 files are not there" in said and "--tasks" not in said


def test_every_row_is_read_before_anything_is_trained(capsys, untrained, tmp_path):
    for name in ("cola", "mrpc", "mnli"):
        published(tmp_path / "data", name)
    words = glue(untrained, tmp_path / "out", "--data", tmp_path / "data", "--tasks", "cola,mrpc,mnli")
    for path, bad in ((glue_file(tmp_path / "data", "mrpc", "dev"), "1\n"),             # a row that was cut short
                      (tmp_path / "data/MNLI/dev_mismatched.tsv", "a\tb\n")):
        whole = path.read_text()
        path.write_text(whole + bad)
        assert f"{path}:14: " in refused(capsys, words) and not (tmp_path / "out").exists()
        path.write_text(whole)


def test_every_folder_is_looked_at_before_anything_is_trained(capsys, untrained, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mrpc").write_text("a file")
    assert "mrpc is a file" in refused(capsys, *glue(untrained, tmp_path / "out", "--tasks", "cola,mrpc"))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mrpc"]


def test_texts_of_the_mismatched_set_that_are_cut_are_counted_apart(capsys, untrained, tmp_path, no_pictures):
    published(tmp_path / "data", "mnli")
    words = glue(untrained, tmp_path / "out", "--data", tmp_path / "data", "--tasks", "mnli")
    assert main([*words, "--max-length", "12"]) == 0
    said = capsys.readouterr().err.splitlines()
    place = said.index("mnli: 12 mismatched examples")
    assert said[place + 1].endswith("of 12 texts were cut to 12 tokens")


def test_what_is_done_is_kept_when_a_later_task_fails(capsys, untrained, tmp_path, no_pictures, monkeypatch):
    from tinyformer.commands import glue as command
    for name in ("cola", "mrpc"):
        published(tmp_path / "data", name)
    learned = command.learned

    def gone_in_between(name, *given):
        if name == "mrpc":                                     # whoever else writes there does so while cola is learned
            (tmp_path / "out/mrpc").write_text("a file")
        return learned(name, *given)
    monkeypatch.setattr(command, "learned", gone_in_between)
    assert main(glue(untrained, tmp_path / "out", "--data", tmp_path / "data", "--tasks", "cola,mrpc")) == 2
    said = capsys.readouterr().err
    assert "1 of 2 tasks are done" in said and "cola" in said and "mrpc is a file" in said
    assert [row["task"] for row in json.loads((tmp_path / "out/glue.json").read_text())["tasks"]] == ["cola"]


def test_the_table():
    runs = [{"accuracy": 0.75, "f1": 0.5, "seed": 0, "collapsed": "'1'"}, {"accuracy": 0.85, "f1": 0.7, "seed": 1}]
    real = row("mrpc", runs)
    assert real["scores"] == pytest.approx([62.5, 77.5]) and real["collapsed"] == [0]
    made = row("mrpc", runs, top=1.0)             # accuracy alone, from a half to all
    assert made["scores"] == pytest.approx([50, 70])
    lines = table([real, made], 65.0).splitlines()
    assert lines[1] == "mrpc       70.0 ± 10.6  accuracy 0.8000, f1 0.6000   (collapsed: seed 0)"
    assert lines[-1].split() == ["average", "65.0"]


def test_what_glue_refuses(capsys, untrained, tmp_path):
    assert chosen(None) == list(GLUE) and chosen("wnli, SST-2,sst2") == ["sst2", "wnli"]
    out = tmp_path / "out"
    assert "did you mean 'cola'" in refused(capsys, *glue(untrained, out, "--tasks", "coal"))
    assert "--examples is 9; it must be at least 10" in refused(capsys, *glue(untrained, out, "--examples", 9))
    assert "--layers is a setting of --model scratch" in refused(capsys, *glue(untrained, out, "--layers", 1))
    assert "--model is missing" in refused(capsys, "glue", "--out", out)
    assert "no folder was named" in refused(capsys, "glue", "--model", untrained)
    assert not out.exists()
