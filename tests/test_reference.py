"""Does every public name of the path have an example, and does each of them come out as it stands there?"""

import doctest
import re
import subprocess
import sys
from importlib.util import find_spec

import pytest
import reading_path
import reference

SECTIONS = reference.sections()
FILES = {path.relative_to(reading_path.ROOT / "tinyformer").as_posix(): path for path in reading_path.files()}


@pytest.fixture(scope="module")
def outcome() -> dict[str, str]:
    """What every section printed that was not as it stands there; all run in one process, one after the other."""
    names: dict = {}
    said = {}
    for file, source in SECTIONS.items():
        told: list[str] = []
        test = doctest.DocTestParser().get_doctest(source, names, file or "before all", "examples/reference.md", 0)
        doctest.DocTestRunner().run(test, out=told.append, clear_globs=False)
        names = test.globs
        said[file] = "".join(told)
    return said


@pytest.mark.parametrize("file", SECTIONS)
def test_the_examples_come_out_as_they_stand_there(file, outcome):
    assert not outcome[file], outcome[file]


def test_they_stand_in_the_order_of_the_path():
    assert [file for file in SECTIONS if file] == [name for name, path in FILES.items() if reference.public(path)]


@pytest.mark.parametrize("file", [file for file in SECTIONS if file])
def test_every_public_name_has_its_example(file):
    shown = [name for names, _ in reference.examples(SECTIONS[file]) for name in names]
    assert sorted({*reference.public(FILES[file])}) == sorted(shown)


@pytest.mark.skipif(find_spec("pdoc") is None, reason="the pages are made by pdoc: pip install -e '.[docs]'")
def test_pages_are_made_of_them(tmp_path):
    done = subprocess.run([sys.executable, reference.__file__, tmp_path, "--plain"], capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "tinyformer" / "ops" / "activation.html").read_text(encoding="utf-8")
    page = re.sub("<[^>]+>", "", page)                         # without the colours
    assert "Keeps for backward" in page and "array([[1.95, 1.95, 1.95]])" in page
    assert (tmp_path / "index.html").exists()
