"""Does everything work from an installed wheel, in an empty folder, with no clone in sight?"""

import os
import shutil
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE")
pytestmark = pytest.mark.skipif(not (find_spec("pip") and find_spec("setuptools")),
                                reason="a wheel is built by pip and setuptools: pip install pip 'setuptools>=70.1'")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from a copy of the sources, so that nothing is left behind in the clone."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT / "tinyformer", source / "tinyformer", ignore=shutil.ignore_patterns("__pycache__"))
    for name in PROJECT:
        shutil.copy(ROOT / name, source)
    done = subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation",
                           "--no-index", "--wheel-dir", out, source], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(out.glob("tinyformer-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """A folder of packages with this wheel in it, and nothing else."""
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def run(site: Path, folder: Path, *words: str) -> str:
    """What this Python prints in an empty folder, where the wheel is the only tinyformer."""
    environment = os.environ | {"PYTHONPATH": str(site), "MPLBACKEND": "Agg"}
    done = subprocess.run([sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True,
                          encoding="utf-8", timeout=1200)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_every_file_of_the_package(wheel):
    ours = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tinyformer").rglob("*")
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".md"}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("tinyformer/")}
    assert packed == ours
    assert "tinyformer/py.typed" in packed                     # its type hints are meant to be read


def test_what_runs_is_the_wheel(installed, tmp_path):
    assert Path(run(installed, tmp_path, "-c", "import tinyformer; print(tinyformer.__file__)").strip()).is_relative_to(
        installed)


def test_the_overview_and_the_help_of_a_command(installed, tmp_path):
    assert "usage: python -m tinyformer" in run(installed, tmp_path, "-m", "tinyformer", "--help")
    assert "--corpus" in run(installed, tmp_path, "-m", "tinyformer", "pretrain", "--help")


def test_the_script_that_the_wheel_installs(installed, tmp_path):
    scripts = (next(installed.glob("*.dist-info")) / "entry_points.txt").read_text(encoding="utf-8")
    assert "tinyformer = tinyformer.cli:main" in scripts


def test_the_tour(installed, tmp_path):
    """It checks gradients, trains, reads the word lists of tinyland, draws and writes its report."""
    run(installed, tmp_path, str(ROOT / "tests" / "short_tour.py"))
    assert (tmp_path / "runs" / "tour" / "report.md").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
