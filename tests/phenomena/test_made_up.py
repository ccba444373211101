"""Is a new experiment one file and one line, from which it gets everything: resume, --all, --quick, verdict, page?"""

import json
from pathlib import Path

import pytest

from tinyformer import phenomena
from tinyformer.cli import main
from tinyformer.phenomena import Phenomenon
from tinyformer.phenomena.kit import running


@pytest.fixture(autouse=True)
def the_line(monkeypatch):
    """The one file stands beside this one, where its workers find it too; this is the one line."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    line = Phenomenon("made_up", "inside", 0.1, "How many heads in so many throws?", ("model", "data"))
    monkeypatch.setitem(phenomena.PHENOMENA, "made-up", line)


def reproduce(*words) -> int:
    return main(["reproduce", *map(str, words)])


def traces(folder: Path) -> dict[str, int]:
    """How often each job was done."""
    return {path.name: path.stat().st_size for path in folder.iterdir() if path.name[-2:-1] == "-"}


def test_it_is_listed(capsys):
    assert reproduce() == 0
    assert ("made-up 0.1 min How many heads in so many throws? (also of yours: --model, --data)"
            in " ".join(capsys.readouterr().out.split()))


def test_it_leaves_figures_a_verdict_and_a_page(tmp_path, capsys):
    assert reproduce("made-up", "--out", tmp_path) == 0
    said = capsys.readouterr().out
    assert "verdict: seen\n  loaded: " in said and f"page: {tmp_path / 'page.md'}" in said
    found = json.loads((tmp_path / "metrics.json").read_text())
    assert found["verdict"] == "seen" and found["seeds"] == [0, 1, 2] and not found["quick"]
    assert [(each["seed"], each["arm"]) for each in found["outcomes"]] == [
        (seed, coin) for seed in range(3) for coin in ("fair", "loaded")]
    assert all(700 <= value <= 900 for value in found["checks"][0]["values"]) and found["checks"][1]["control"]
    page = (tmp_path / "page.md").read_text()
    assert page.startswith("# made-up: How many heads in so many throws?\n\n**Verdict: seen.**\n\n| coin | heads |\n")
    for part in ("](made-up.png)", "One coin is fair", "700 and more are heads", "- control: fair: ",
                 "\nA fair coin.\n", "reproduce made-up --seeds 3 --seed 0\n", "Seeds 0, 1, 2; ", "NumPy "):
        assert part in page


def test_two_seeds_are_too_few_for_a_verdict(tmp_path, capsys):
    assert reproduce("made-up", "--out", tmp_path, "--seeds", 2) == 0
    assert "verdict: unclear, since fewer than 3 seeds tell nothing\n" in capsys.readouterr().out
    assert "**Verdict: unclear, since fewer" in (tmp_path / "page.md").read_text()


def test_it_goes_on_where_it_was_stopped(tmp_path, capsys):
    (tmp_path / "stop").touch()
    assert reproduce("made-up", "--out", tmp_path) == 130
    assert "--resume goes on from there" in capsys.readouterr().err
    assert reproduce("made-up", "--out", tmp_path) == 2        # what stands there is not replaced unasked
    assert "go on with them (--resume)" in capsys.readouterr().err
    (tmp_path / "stop").unlink()
    done = {json.loads(line)["job"][1] + "-" + str(json.loads(line)["job"][0])
            for line in (tmp_path / "outcomes.jsonl").read_text().splitlines()[1:]}
    assert "loaded-1" not in done and done
    assert reproduce("made-up", "--out", tmp_path, "--resume", "--seeds", 4) == 0
    assert {name: traces(tmp_path)[name] for name in done} == dict.fromkeys(done, 1)
    assert reproduce("made-up", "--out", tmp_path / "whole", "--seeds", 4) == 0
    again, whole = (json.loads((folder / "metrics.json").read_text()) for folder in (tmp_path, tmp_path / "whole"))
    assert again["checks"] == whole["checks"]


def test_all_in_a_quick_run_with_one_seed(tmp_path, monkeypatch, capsys):
    alone = {"made-up": phenomena.PHENOMENA["made-up"]}        # the real ones have tests of their own
    monkeypatch.setattr(running, "PHENOMENA", alone)
    assert reproduce("--all", "--quick", "--out", tmp_path) == 0
    folder = tmp_path / "made-up-quick"
    found = json.loads((folder / "metrics.json").read_text())
    assert found["seeds"] == [0] and found["verdict"].startswith("not judged")
    assert capsys.readouterr().out.endswith(f"made-up        {found['verdict']}; {folder / 'page.md'}\n")
    assert "Verdict: not judged" in (folder / "page.md").read_text()
    assert reproduce("--all", "--quick", "--out", tmp_path) == 2
    assert f"results stand already in {folder}" in capsys.readouterr().err
    assert reproduce("--all", "--quick", "--out", tmp_path, "--resume", "--seeds", 2) == 0
    assert traces(folder) == dict.fromkeys(("fair-0", "loaded-0", "fair-1", "loaded-1"), 1)


@pytest.fixture
def mine(tmp_path) -> list:
    """The options that name a model and two files of a user."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    for name, text in {"a": "HTH", "b b": "HH"}.items():
        (tmp_path / name).write_text(text)
    return ["--model", tmp_path / "model", "--data", tmp_path / "a", "--data", tmp_path / "b b"]


def test_it_looks_at_files_of_the_user_as_well(tmp_path, mine, capsys):
    out = tmp_path / "out"
    assert reproduce("made-up", "--out", out) == 0
    line = ("It looks at files of yours as well, `python -m tinyformer reproduce made-up --model DIR --data FILE`, "
            "where DIR is the folder of a model, and FILE is texts in which heads are H.")
    assert line in capsys.readouterr().out and line in (out / "page.md").read_text()
    assert "given" not in json.loads((out / "metrics.json").read_text())
    before = traces(out)
    assert reproduce("made-up", "--out", out, "--resume", *mine) == 0          # files are added, and nothing done again
    assert line not in capsys.readouterr().out and traces(out) == before
    found = json.loads((out / "metrics.json").read_text())
    assert [(each["seed"], each["arm"], each["heads"], each["config"]) for each in found["given"]] == [
        (seed, "given", 4, "{}") for seed in range(3)]
    lines = [json.loads(line) for line in (out / "outcomes.jsonl").read_text().splitlines()]
    (given, *_) = [line["outcome"]["files"] for line in lines[1:] if line["job"] == [0, "given"]]
    assert given == {"model": str(mine[1]), "data": [str(mine[3]), str(mine[5])], "sha256": given["sha256"]}
    page = (out / "page.md").read_text()
    assert "| yours | 4 |" in page and f"--model {mine[1]} --data {mine[3]} --data '{mine[5]}'\n```" in page
    Path(mine[3]).write_text("HHH", encoding="utf-8")                          # another content: looked at anew
    assert reproduce("made-up", "--out", out, "--resume", *mine) == 0 and traces(out) == before
    assert json.loads((out / "metrics.json").read_text())["given"][0]["heads"] == 5


def test_a_fault_in_the_users_files_is_told_before_the_work(tmp_path, mine, capsys):
    Path(mine[3]).write_text("", encoding="utf-8")
    assert reproduce("made-up", "--out", tmp_path / "out", *mine) == 2
    assert "nothing in it" in capsys.readouterr().err and not traces(tmp_path / "out")


def test_files_that_are_not_taken_or_cannot_be_read_are_refused(tmp_path, mine, capsys):
    def refused(*words) -> str:
        assert reproduce(*words) == 2 and not (tmp_path / "out").exists()
        return capsys.readouterr().err

    assert "made-up looks at --model and --data together, and --data is missing" in refused("made-up", *mine[:2])
    assert f"{tmp_path / 'none'}: cannot be read" in refused("made-up", *mine, "--data", tmp_path / "none")
    assert f"{tmp_path}: neither a MIDI file nor a text file" in refused("made-up", *mine, "--data", tmp_path)
    assert "no config.json in it" in refused("made-up", *mine[2:], "--model", tmp_path)
    assert "addition takes no --model; leave it out (it goes with" in refused("addition", *mine)
    assert "addition takes no --data; leave it out" in refused("addition", "--data", "texts.txt")
    for words in ("--all", *mine), tuple(mine):
        assert "--model and --data are for one experiment" in refused(*words)
