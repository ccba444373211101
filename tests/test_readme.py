"""Is what the pages say true?  Their commands, links, figures, lists of files, and the Python that they show."""

import re
import shlex
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import file_list
import pytest
import reading_path

import tinyformer
from tinyformer.cli import main
from tinyformer.commands.table import parser_of
from tinyformer.exercises import EXERCISES

ROOT = Path(__file__).parent.parent
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in [
    *ROOT.glob("*.md"), *(page for folder in ("examples", "benchmarks", "tinyformer")
                          for page in (ROOT / folder).rglob("*.md"))]}
README = PAGES["README.md"]
PATH = reading_path.files()
each_page = pytest.mark.parametrize("page", sorted(PAGES))


def blocks(page: str, language: str) -> list[str]:
    """The blocks of a language on a page, but for examples with their outcome, which test_reference.py runs."""
    return re.findall(rf"^```{language}\n(?!>>>)(.*?)^```", PAGES[page], re.M | re.S)


def commands(page: str) -> list[list[str]]:
    """The arguments of every `python -m tinyformer ...` that a page shows, in a block or within a line."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    lines += re.findall(r"`(python -m tinyformer[^`]*)`", PAGES[page])
    found = [shlex.split(line, comments=True) for line in lines if "-m tinyformer" in line]
    typed = [words[words.index("tinyformer") + 1:] for words in found]
    return [words for words in typed if not any(word.isupper() for word in words)]         # NAME stands for a name


# ---- the front door --------------------------------------------------------------------------------------------------


def test_the_readme_is_one_page():
    assert len(README.splitlines()) <= 150


def test_the_path_is_pointed_to_on_the_first_screen():
    assert "(examples/README.md)" in "\n".join(README.splitlines()[:25])


def test_the_two_commands_stand_where_the_gate_looks_for_them():
    run, test = re.findall(r"^## (?:Run it|Pass the tests)\n.*?```sh\n(.*?)```", README, re.M | re.S)
    assert run.splitlines()[-1] == ".venv/bin/python -m tinyformer"
    assert "'.[test]'" in test and test.splitlines()[-1] == ".venv/bin/python -m pytest -q"


def test_its_claim_of_size_is_true():
    """Within a twentieth, as "about" says; `python tests/file_list.py` counts again."""
    book, workshop = (int(number.replace(",", "")) for number in re.search(
        r"about ([\d,]+) lines.*about ([\d,]+) that the book built", README).groups())
    path, whole = reading_path.lines(PATH), reading_path.lines(reading_path.package())
    assert path == pytest.approx(book, rel=0.05)
    assert whole - path == pytest.approx(workshop, rel=0.05)


def test_ten_commands_are_ten():
    block = re.search(r"^## Ten commands\n.*?```sh\n(.*?)```", README, re.M | re.S)[1]
    assert len(block.splitlines()) == 10


def test_the_chapters_are_the_folders():
    chapters = set(re.findall(r"`(\w+)/`", re.search(r"^## The chapters\n(.*?)^## ", README, re.M | re.S)[1]))
    assert chapters == {path.name for path in (ROOT / "tinyformer").iterdir() if (path / "__init__.py").exists()}


# ---- every page ------------------------------------------------------------------------------------------------------


@each_page
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)(?:#[\w-]+)?\)", PAGES[page]):
        assert (ROOT / page).parent.joinpath(target).exists(), target


@each_page
def test_the_commands_are_understood(page):
    for name, *rest in (words or ["tour"] for words in commands(page)):
        if "--help" in (name, *rest):
            assert main([name, *rest]) == 0
        else:
            parser_of(name).parse(rest)
    assert page not in ("README.md", "examples/README.md") or commands(page)


@pytest.mark.parametrize("page", [page for page in sorted(PAGES) if blocks(page, "python")])
def test_the_python_that_it_shows_runs(page, tmp_path):
    """All blocks in one program, in a process of its own, so that its primitive does not enter our registry."""
    source = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n" + "\n".join(blocks(page, "python"))
    result = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "WRONG" not in result.stdout


def test_a_primitive_of_ones_own_is_shown_and_checked():
    shown = "\n".join(blocks("examples/README.md", "python"))
    assert "@tf.primitive" in shown and "check(softplus" in shown and "hvp" in shown


def test_the_version_is_one():
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    assert settings["metadata"]["version"] == tinyformer.__version__
    assert f"## {tinyformer.__version__}" in PAGES["CHANGELOG.md"]


# ---- the list of files, and the path ---------------------------------------------------------------------------------


def test_the_list_of_files_is_that_of_the_docstrings():
    assert PAGES["tinyformer/README.md"] == file_list.page(), "python tests/file_list.py writes it again"


def test_the_list_names_every_file():
    listed = re.findall(r"\]\(([\w/]+\.py)\)", PAGES["tinyformer/README.md"])
    files = [path.relative_to(ROOT / "tinyformer").as_posix() for path in reading_path.package()]
    assert sorted(listed) == [name for name in files if not name.endswith("__init__.py")]


def test_the_path_is_short_enough_to_be_read():
    assert len(set(PATH)) == len(PATH) >= 40 and all(path.is_file() for path in PATH)
    assert reading_path.lines(PATH) <= 6000


def test_the_lines_of_each_stop_are_counted():
    page = PAGES["examples/README.md"]
    assert page == reading_path.counted(page), "python tests/file_list.py counts again"


def test_every_stop_says_what_to_read_to_run_to_do_and_to_see_and_asks_a_question():
    stops = re.split(r"^## \d+\. ", PAGES["examples/README.md"].partition("## Beyond the path")[0], flags=re.M)[1:]
    assert 12 <= len(stops) <= 14
    for stop in stops:
        assert re.findall(r"^\* \*\*(\w+)\*\*", stop, re.M) == ["Read", "Run", "Do", "See"]
        assert re.search(r"<details><summary>.*\?</summary>\n\n.+\n\n</details>\n\nNow you can .+\.\n", stop), stop[:40]


def test_the_exercises_of_the_path_exist():
    done = re.findall(r"^\* \*\*Do\*\*: `python -m tinyformer exercise (\w+)`(.*)$", PAGES["examples/README.md"], re.M)
    names = [name for first, rest in done for name in (first, *re.findall(r"`(\w+)`", rest))]
    assert len(done) == 13 and sorted({*names} - {*EXERCISES}) == []


def test_the_path_goes_up():
    """A learner who has come to a file has met what it stands on: no file of the path is told before its floor."""
    place = {path.relative_to(ROOT / "tinyformer").parts[0].removesuffix(".py"): number
             for number, path in reversed(list(enumerate(PATH)))}
    order = ["errors", "engine", "ops", "gradcheck", "nn", "models", "train", "generate"]
    assert sorted(order, key=place.get) == order


def test_every_example_has_its_place():
    linked = re.findall(r"\]\((\d\d_\w+\.py)\)", PAGES["examples/README.md"])
    assert sorted(set(linked)) == sorted(path.name for path in (ROOT / "examples").glob("[0-9]*.py"))
