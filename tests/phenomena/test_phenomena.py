"""Can every experiment be reached, and does it say what it is about?"""

import ast
from pathlib import Path

import pytest

import tinyformer.phenomena
from tinyformer.cli import main
from tinyformer.phenomena import PHENOMENA

FOLDER = Path(tinyformer.phenomena.__file__).parent


@pytest.mark.parametrize("name", PHENOMENA)
def test_the_module_is_there_and_runs_by_one_signature(name):
    tree = ast.parse((FOLDER / f"{PHENOMENA[name].module}.py").read_text(encoding="utf-8"))
    run = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "run")
    assert [argument.arg for argument in run.args.args] == ["folder", "seeds", "quick"]


@pytest.mark.parametrize("words, said", [(["inducton"], "choose one of"), (["few-labels", "--seeds", "0"], "--seeds"),
                                         (["few-labels", "--seed", "-1"], "--seed")])
def test_mistakes_are_named(words, said, capsys):
    assert main(["reproduce", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_folder_that_cannot_be_used_is_refused_before_any_work(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(tinyformer.phenomena, "import_module", lambda name: pytest.fail("work was begun"))
    (tmp_path / "file").write_text("")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    wrong = {"file": "cannot be made a folder", "model": "holds a model"}
    if Path("/proc/self").is_dir():                            # a folder that is there, and takes no file
        wrong["/proc/self"] = "cannot be made a folder to write into"
    for name, said in wrong.items():
        assert main(["reproduce", "addition", "--out", str(tmp_path / name)]) == 2
        assert said in capsys.readouterr().err


def test_a_quick_look_does_not_replace_the_results_of_a_full_run(monkeypatch):
    folders = []
    monkeypatch.setattr(tinyformer.phenomena, "reproduce", lambda name, out, *more: folders.append(out) or 0)
    for words in ([], ["--quick"], ["--quick", "--out", "mine"]):
        assert main(["reproduce", "addition", *words]) == 0
    assert folders == ["runs/addition", "runs/addition-quick", "mine"]
