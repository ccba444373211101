"""Do the examples still show what they say, each in one short file?"""

import os
import re
import subprocess
import sys
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
    done = run(script, tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"\d", done.stdout.splitlines()[-1])
    assert not done.stderr


@pytest.mark.parametrize("script", [script for script in SCRIPTS if "sys.argv" in script.read_text(encoding="utf-8")],
                         ids=lambda script: script.stem)
def test_an_example_draws_its_picture_where_it_is_told(script, tmp_path):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    assert run(script, tmp_path, "picture.png").returncode == 0
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_example_is_short_asks_a_question_and_checks_its_answer(script):
    text = script.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 45
    assert text.startswith('"""') and "?" in text.splitlines()[0]
    assert text.splitlines()[-1].startswith("assert ")
