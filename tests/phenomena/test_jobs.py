"""Does an experiment that was stopped go on with what is missing, and refuse what is not its own?"""

import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from tinyformer.errors import InputError
from tinyformer.phenomena.kit import jobs
from tinyformer.phenomena.kit.jobs import OUTCOMES, begin, outcomes
from tinyformer.train import workers
from tinyformer.train.log import METRICS


def squared(folder: Path, number: int, fails: int = -1) -> dict:
    """A job that leaves a trace of having been done."""
    if number == fails and not (folder / f"{number}-is-mended").exists():
        raise RuntimeError("this one breaks")
    with (folder / f"done-{number}").open("a") as file:
        file.write("x")
    return {"number": number, "square": number ** 2, "pair": (1, 2.5)}


def run(folder: Path, numbers, **more) -> list:
    return outcomes(folder, "squares", partial(squared, folder, **more), [(n,) for n in numbers],
                    lambda each: f"{each['number']} is done")


def times(folder: Path) -> dict[int, int]:
    """How often each job was done."""
    return {int(path.name.removeprefix("done-")): path.stat().st_size for path in folder.glob("done-*")}


def test_what_is_done_is_not_done_again(tmp_path, capsys):
    begin(tmp_path, "squares", False)
    first = run(tmp_path, [3, 1, 2])
    assert [each["square"] for each in first] == [9, 1, 4]
    begin(tmp_path, "squares", False, resume=True)
    again = run(tmp_path, [1, 2, 3, 4, 5])
    assert [each["square"] for each in again] == [1, 4, 9, 16, 25] and times(tmp_path) == dict.fromkeys(range(1, 6), 1)
    assert again[2] == first[0] and first[0]["pair"] == [1, 2.5]               # as JSON has it, from the beginning on
    shown = capsys.readouterr()
    assert "3 of 5 were done before" in shown.err and "5 is done" in shown.err


def test_an_error_in_one_job_loses_none_that_was_done(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(workers, "cores", lambda: 1)           # one after the other
    begin(tmp_path, "squares", False)
    run(tmp_path, [9], fails=2)                                # another seed, which is not asked for below
    with pytest.raises(RuntimeError, match="this one breaks"):
        run(tmp_path, [1, 2, 3], fails=2)
    assert "1 of 3 are done and stand in" in capsys.readouterr().err
    (tmp_path / "2-is-mended").touch()
    begin(tmp_path, "squares", False, resume=True)
    assert [each["square"] for each in run(tmp_path, [1, 2, 3], fails=2)] == [1, 4, 9]
    assert times(tmp_path)[1] == times(tmp_path)[2] == 1       # the third may have been on its way


def test_an_outcome_counts_for_the_settings_it_was_found_with(tmp_path):
    """With or without a `begin`: a script may call an experiment's run."""
    assert run(tmp_path, [1, 2]) == run(tmp_path, [1, 2]) and times(tmp_path) == {1: 1, 2: 1}
    assert run(tmp_path, [1, 2], fails=9) == run(tmp_path, [1, 2]) and times(tmp_path) == {1: 2, 2: 2}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_a_killed_experiment_goes_on(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import sys, time\nfrom functools import partial\nfrom pathlib import Path\n"
                      "from tinyformer.phenomena.kit.jobs import begin, outcomes\n"
                      "def slow(number):\n    time.sleep(60 * (number > 1))\n    return {'square': number ** 2}\n"
                      "if __name__ == '__main__':\n    folder = Path(sys.argv[1])\n"
                      "    begin(folder, 'squares', False)\n"
                      "    outcomes(folder, 'squares', partial(slow), [(1,), (2,)], str)\n")
    process = subprocess.Popen([sys.executable, script, tmp_path], stderr=subprocess.PIPE)
    end = time.monotonic() + 60
    while time.monotonic() < end and len((tmp_path / OUTCOMES).read_text().splitlines() if
                                         (tmp_path / OUTCOMES).exists() else []) < 2:
        time.sleep(0.05)
    process.kill()
    process.communicate()
    with (tmp_path / OUTCOMES).open("a") as file:
        file.write('{"job": [2], "outc')                                       # and the disk has half a line
    begin(tmp_path, "squares", False, resume=True)
    assert [each["square"] for each in run(tmp_path, [1, 2])] == [1, 4] and times(tmp_path) == {2: 1}


def test_results_are_neither_replaced_nor_mixed_unasked(tmp_path, monkeypatch):
    begin(tmp_path, "squares", False)
    begin(tmp_path, "squares", False)                          # nothing was done: nothing is lost
    run(tmp_path, [1])
    (tmp_path / METRICS).write_text("{}")
    before = (tmp_path / OUTCOMES).read_text()

    def refused(said: str, **what) -> str:
        with pytest.raises(InputError, match=said) as caught:
            begin(tmp_path, **dict(name="squares", quick=False) | what)
        assert (tmp_path / OUTCOMES).read_text() == before and (tmp_path / METRICS).exists()
        return str(caught.value)

    assert "(--resume)" in refused("holds results already")
    refused("experiment is 'squares'.*--overwrite", name="cubes", resume=True)
    refused("quick is False.*--overwrite", quick=True, resume=True)
    refused("give one of the two", overwrite=True, resume=True)
    with monkeypatch.context() as patched:
        patched.setattr(jobs, "version", lambda: "another")
        refused("code is .* what is to be run has 'another'", resume=True)
    begin(tmp_path, "squares", False, overwrite=True)
    assert not (tmp_path / METRICS).exists() and run(tmp_path, [1]) and times(tmp_path) == {1: 2}


def test_there_must_be_something_to_go_on_with(tmp_path):
    for text in (None, ""):
        if text is not None:
            (tmp_path / OUTCOMES).write_text(text)
        with pytest.raises(InputError, match="no experiment to go on with"):
            begin(tmp_path, "squares", False, resume=True)
    (tmp_path / METRICS).write_text("{}")
    with pytest.raises(InputError, match="holds results already .metrics.json.; choose another"):
        begin(tmp_path, "squares", False)
    (tmp_path / OUTCOMES).write_text("not JSON\n{}\n")
    with pytest.raises(InputError, match="outcomes.jsonl:1: not JSON"):
        begin(tmp_path, "squares", False, resume=True)


def test_a_folder_says_only_where(tmp_path):
    """Outcomes go on counting where their folder has been moved, however the function takes it."""
    (tmp_path / "a").mkdir()
    outcomes(tmp_path / "a", "squares", partial(named_folder, folder=tmp_path / "a"), [(1,)], str)
    (tmp_path / "a").rename(tmp_path / "b")
    outcomes(tmp_path / "b", "squares", partial(named_folder, folder=tmp_path / "b"), [(1,)], str)
    assert times(tmp_path / "b") == {1: 1}


def named_folder(number: int, folder: Path) -> dict:
    return squared(folder, number)
