"""Do the examples still show what they say, each in one short file?"""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import tinyformer

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "examples").glob("[0-9][0-9]_*.py"))


def test_every_script_has_a_number_of_its_own_and_none_is_missing():
    assert SCRIPTS and SCRIPTS == sorted((ROOT / "examples").glob("*.py"))
    assert [int(script.name[:2]) for script in SCRIPTS] == list(range(1, len(SCRIPTS) + 1))


def run(script: Path, folder: Path, *words: str) -> subprocess.CompletedProcess:
    environment = os.environ | {"MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
                                "PYTHONPATH": str(Path(tinyformer.__file__).parents[1])}
    return subprocess.run([sys.executable, str(script), *words], cwd=folder, env=environment, capture_output=True,
                          text=True, encoding="utf-8", timeout=60)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_example_runs_and_ends_in_a_number(script, tmp_path):
    """In an empty folder and without a screen; the assertion at its end is its own test."""
    draws = "sys.argv" in script.read_text(encoding="utf-8") and find_spec("matplotlib")
    done = run(script, tmp_path, *["picture.png"] if draws else [])
    assert done.returncode == 0, done.stderr
    assert re.search(r"\d", done.stdout.splitlines()[-1])
    assert not done.stderr
    if draws:                                                  # where it is told to
        assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_example_asks_first_whether_it_was_told_where_to_draw(script):
    asked = [line for line in script.read_text(encoding="utf-8").splitlines() if "sys.argv" in line]
    assert not asked or asked[0] == "if sys.argv[1:]:"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_example_is_short_asks_a_question_and_checks_its_answer(script):
    text = script.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 45
    assert text.startswith('"""') and "?" in text.splitlines()[0]
    assert text.splitlines()[-1].startswith("assert ")
