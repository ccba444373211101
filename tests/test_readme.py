"""Is what the README says true?  Its commands, its file list, its pictures, and the Python that it shows."""

import ast
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import tinyformer
from tinyformer.commands.table import parser_of
from tinyformer.engine import REGISTRY

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PACKAGE = sorted(str(f.relative_to(ROOT)) for f in (ROOT / "tinyformer").rglob("*.py"))


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


def commands() -> list[list[str]]:
    """The arguments of every `python -m tinyformer ...` that the README shows."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    found = [shlex.split(line, comments=True) for line in lines if "-m tinyformer" in line]
    return [words[words.index("tinyformer") + 1:] for words in found]


def test_the_tour_lists_every_file_of_the_package_once():
    listed = re.findall(r"^\| \[`[^`]+`\]\((tinyformer/[^)]+\.py)\)", README, re.M)
    assert sorted(listed) == PACKAGE


@pytest.mark.parametrize("file", PACKAGE)
def test_a_file_opens_with_the_question_that_the_tour_gives_it(file):
    line = re.search(rf"\]\({re.escape(file)}\) \| (.*) \|$", README, re.M)
    opening = ast.get_docstring(ast.parse((ROOT / file).read_text(encoding="utf-8"))).splitlines()[0]
    assert line and line[1] == opening


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_commands_are_understood():
    assert len(commands()) >= 8
    for name, *rest in (words or ["tour"] for words in commands()):
        parser_of(name).parse(rest)


def test_the_two_commands_stand_where_the_gate_looks_for_them():
    run, test = re.findall(r"^## (?:Run it|Pass the tests)\n.*?```sh\n(.*?)```", README, re.M | re.S)
    assert run.splitlines()[-1] == ".venv/bin/python -m tinyformer"
    assert "'.[test]'" in test and test.splitlines()[-1] == ".venv/bin/python -m pytest -q"


def test_the_python_that_it_shows_runs():
    """All blocks in one program, in a process of its own, so that its primitive does not enter our registry."""
    source = "\n".join(blocks("python"))
    result = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 0, result.stderr
    assert "right" in result.stdout and "WRONG" not in result.stdout


def test_what_it_says_of_the_package():
    assert tinyformer.__version__ in (ROOT / "setup.cfg").read_text()
    assert "softplus" not in REGISTRY
