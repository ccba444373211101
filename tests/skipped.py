"""Which tests were skipped in an earlier run?  With what they lacked at hand, they alone run again.

    PYTHONPATH=tests pytest -p skipped --note-skipped=FILE       # write the names of the skipped tests into FILE
    PYTHONPATH=tests pytest -p skipped --skipped-in=FILE         # run those alone
"""

import os
from pathlib import Path

import pytest


def pytest_addoption(parser) -> None:
    parser.addoption("--note-skipped", type=Path, metavar="FILE", help="write the names of skipped tests into FILE")
    parser.addoption("--skipped-in", type=Path, metavar="FILE", help="run the tests that are named in FILE alone")


def pytest_configure(config) -> None:
    if hasattr(config, "workerinput"):
        os.environ.pop("PYTEST_ADDOPTS", None)                 # a pytest that a test starts would begin FILE anew
    if (path := config.getoption("note_skipped")) and not hasattr(config, "workerinput"):      # a worker tells its head
        config.pluginmanager.register(Notes(path))


class Notes:
    """A test that is skipped is a line of the file, and so is a file that is skipped as a whole."""

    def __init__(self, path: Path):
        self.path = path
        path.write_text("", encoding="utf-8")

    def pytest_runtest_logreport(self, report) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self._note(report.nodeid)

    def pytest_collectreport(self, report) -> None:
        if report.skipped:
            self._note(report.nodeid)

    def _note(self, name: str) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(name + "\n")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items) -> None:
    if not (path := config.getoption("skipped_in")):
        return
    named, chosen, others = {*path.read_text(encoding="utf-8").splitlines()}, [], []
    for item in items:
        (chosen if {item.nodeid, item.nodeid.partition("::")[0]} & named else others).append(item)
    config.hook.pytest_deselected(items=others)
    items[:] = chosen
