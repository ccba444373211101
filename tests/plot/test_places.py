"""Does a picture leave nothing behind but itself: no cache, and no home directory that was not there?"""

import os
import subprocess
import sys

import pytest

pytest.importorskip("matplotlib", reason="pictures need matplotlib")

DRAW = """
import sys
from tinyformer import plot
from tinyformer.plot.fonts import families
plot.loss_curve([(1, 2.0), (2, 1.0)], sys.argv[1])
import matplotlib, os
print(matplotlib.get_cachedir(), families()[0], "MPLCONFIGDIR" in os.environ, sep="\\n")
"""


def drawn(tmp_path, **environment) -> list[str]:
    """Draw in a process of its own, with a folder for temporary files that is looked at afterwards; what it says."""
    (tmp_path / "temporary").mkdir(exist_ok=True)
    cleared = {name: value for name, value in os.environ.items()
               if name not in ("MPLCONFIGDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
    done = subprocess.run([sys.executable, "-c", DRAW, str(tmp_path / "loss.png")], capture_output=True, text=True,
                          timeout=120, env={**cleared, "TMPDIR": str(tmp_path / "temporary"), **environment,
                                            "PYTHONPATH": os.pathsep.join(sys.path)})
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "loss.png").stat().st_size > 5000
    return done.stdout.splitlines()


@pytest.mark.skipif(os.name != "posix", reason="a home as in POSIX")
def test_a_home_that_is_not_there_is_not_made(tmp_path):
    cache, first, is_set = drawn(tmp_path, HOME=str(tmp_path / "nobody"))
    assert cache.startswith(str(tmp_path / "temporary")) and first == "DejaVu Sans" and is_set == "False"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["loss.png", "temporary"], "nothing else stays"


@pytest.mark.skipif(os.name != "posix", reason="a home as in POSIX")
def test_what_is_known_of_the_fonts_is_read_and_not_written(tmp_path):
    home = tmp_path / "home"
    (home / ".cache").mkdir(parents=True)
    home.chmod(0o500)
    (home / ".cache").chmod(0o500)
    drawn(tmp_path, HOME=str(home))
    assert [path.name for path in home.rglob("*")] == [".cache"]
    home.chmod(0o700)
    (home / ".cache").chmod(0o700)
    (home / ".cache" / "matplotlib").mkdir()
    known = home / ".cache" / "matplotlib" / "fontlist-v1.json"
    known.write_text("{}")
    drawn(tmp_path, HOME=str(home))
    assert list((home / ".cache").rglob("*")) == [known.parent, known] and known.read_text() == "{}"
    assert not list((tmp_path / "temporary").iterdir())


def test_a_place_that_somebody_has_chosen_is_used(tmp_path):
    (tmp_path / "mine").mkdir()
    cache, *_ = drawn(tmp_path, MPLCONFIGDIR=str(tmp_path / "mine"))
    assert cache == str(tmp_path / "mine") and list((tmp_path / "mine").glob("fontlist*"))
