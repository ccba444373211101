"""Can every experiment be reached, does it say what it is about, and does it have the form that all have?"""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import tinyformer.phenomena
from tinyformer.cli import main
from tinyformer.phenomena import CHAPTERS, PHENOMENA
from tinyformer.phenomena.kit import Experiment, running
from tinyformer.phenomena.kit.report import question_of
from tinyformer.phenomena.kit.running import opened
from tinyformer.train.loop_settings import OPTIMIZERS

FOLDER = Path(tinyformer.phenomena.__file__).parent
each_experiment = pytest.mark.parametrize("name", PHENOMENA)


@each_experiment
def test_the_list_says_what_the_module_says(name):
    module, line = opened(name), PHENOMENA[name]
    assert line.question == question_of(module) and line.question.endswith("?")
    assert isinstance(module.EXPERIMENT, Experiment) and line.chapter in CHAPTERS
    assert (module.EXPERIMENT.chapter, module.EXPERIMENT.minutes) == (line.chapter, line.minutes)
    assert tuple(module.EXPERIMENT.takes) == line.takes


@each_experiment
def test_it_has_the_form_of_an_experiment(name):
    module = opened(name)
    sizes, more = module.EXPERIMENT.full, module.EXPERIMENT.saves
    asked = ["sizes", "seed"] + ["arm"] * (sizes.arms != (None,)) + ["folder"] * more
    assert len(inspect.signature(module.one).parameters) == len(asked)
    for function, taken in (("verdict", 1), ("table", 1), ("draw", 2)):
        assert len(inspect.signature(getattr(module, function)).parameters) == taken
    taken = inspect.signature(module.one_given).parameters if module.EXPERIMENT.takes else {}
    assert list(taken) == (["sizes", "seed", "files"] if taken else []) and bool(taken) == hasattr(module, "one_given")
    assert inspect.getdoc(module.verdict), "its docstring is the rule in words"
    assert module.EXPERIMENT.control
    assert module.EXPERIMENT.optimizer in OPTIMIZERS and "optimizer=EXPERIMENT.optimizer" in inspect.getsource(module)


def test_every_file_beside_the_kit_and_the_parts_is_an_experiment_in_the_list():
    files = {f".{file.stem}" for file in FOLDER.glob("*.py")} - {".__init__"}
    assert files == {line.module for line in PHENOMENA.values()}
    assert {name.replace("-", "_") for name in PHENOMENA} == {line.module[1:] for line in PHENOMENA.values()}


def test_without_a_name_all_are_listed_by_chapter_and_nothing_is_opened(capsys):
    assert main(["reproduce"]) == 0
    said = capsys.readouterr().out
    for name, line in PHENOMENA.items():
        assert f"{name} " in said and line.question in said and f"{line.minutes:g} min" in said
    assert all(f"{title}:" in said for title in CHAPTERS.values())
    code = "import sys\nfrom tinyformer import phenomena\nphenomena.overview()\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    opened = {name for name in done.stdout.split() if name.partition(".")[0] in ("tinyformer", "numpy")}
    assert opened <= {"tinyformer", "tinyformer.phenomena", "tinyformer.opening"}


@pytest.mark.parametrize("words, said", [(["inducton"], "choose one of"), (["few-labels", "--seeds", "0"], "--seeds"),
                                         (["few-labels", "--seed", "-1"], "--seed"),
                                         (["few-labels", "--all"], "give one of the two")])
def test_mistakes_are_named(words, said, capsys):
    assert main(["reproduce", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_folder_that_cannot_be_used_is_refused_before_any_work(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(running, "run", lambda *more: pytest.fail("work was begun"))
    (tmp_path / "file").write_text("")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    wrong = {"file": "a folder is needed", "model": "holds a model"}
    if Path("/proc/self").is_dir():                            # a folder that is there, and takes no file
        wrong["/proc/self"] = "cannot be written"
    for name, said in wrong.items():
        assert main(["reproduce", "addition", "--out", str(tmp_path / name)]) == 2
        assert said in capsys.readouterr().err


def test_a_quick_look_does_not_replace_the_results_of_a_full_run(monkeypatch, tmp_path):
    folders = []

    def stopped(name, module, folder, seeds, quick, files=None):
        folders.append((str(folder), len(seeds)))
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "run", stopped)
    monkeypatch.chdir(tmp_path)
    for words in (["addition"], ["addition", "--quick"], ["addition", "--quick", "--out", "mine"], ["--all", "--quick"],
                  ["--all", "--out", "here"]):
        assert main(["reproduce", *words]) == 130
    first = next(iter(PHENOMENA))
    assert folders == [("runs/addition", 3), ("runs/addition-quick", 3), ("mine", 3), (f"runs/{first}-quick", 1),
                       (f"here/{first}", 3)]
