"""A run that is killed three times, at any moment, leaves what an unbroken one leaves, byte for byte."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

if os.name != "posix":
    pytest.skip("kills as in POSIX", allow_module_level=True)

from faulty_runs import left

from campaigns import forked

SHORT = ("pretrain", "finetune, two workers")
KILLS = 3                                     # in a row, before the run may come to its end
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg",
               "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
TINY = ["--layers", "1", "--heads", "2", "--width", "16", "--max-length", "24", "--batch-size", "4", "--steps", "6",
        "--save-every", "2", "--tokenizer", "characters"]


@pytest.fixture(scope="module")
def ask():
    """A function that has a command run, and killed, in a process of its own."""
    server = subprocess.Popen([sys.executable, forked.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True, env=ENVIRONMENT)

    def asked(words, folder, **how) -> dict:
        folder.mkdir(exist_ok=True)
        print(json.dumps({"words": words, "folder": str(folder), **how}), file=server.stdin, flush=True)
        found = json.loads(server.stdout.readline())
        assert not found["orphans"], f"{words}: processes were left behind"
        assert "fault of the program" not in found["said"] and "Traceback" not in found["said"], found["said"]
        return found
    yield asked
    server.stdin.close()
    server.wait()


@pytest.fixture(scope="module")
def commands(corpus, command):
    """The words of each kind of run; all of them write into the folder "run"."""
    tune = [*command("classify", "run", steps=6), "--save-every", "2"]
    return {"pretrain": ["pretrain", "bert", "--corpus", str(corpus), "--out", "run", *TINY,
                         "--accumulate", "2"],
            "pretrain, two workers": ["pretrain", "gpt", "--corpus", str(corpus), "--out", "run", *TINY,
                                      "--workers", "2"],
            "finetune": tune, "finetune, two workers": [*tune, "--workers", "2"]}


@pytest.mark.parametrize("name", ["pretrain", "pretrain, two workers", "finetune", "finetune, two workers"])
def test_killed_three_times_a_run_comes_to_the_same(ask, commands, tmp_path, campaign, name):
    if campaign.asked is None and name not in SHORT:
        pytest.skip("in the long form alone (--size)")
    words = commands[name]
    whole = ask(words, tmp_path / "whole")
    assert whole["status"] == 0, whole["said"]
    expected, kills, broken, ways = left(tmp_path / "whole" / "run"), 0, 0, []
    for which, draw in campaign.trials(short=1):
        folder = tmp_path / "trial"
        shutil.rmtree(folder, ignore_errors=True)
        done = []
        for before in range(KILLS):
            way = draw.choice(("change", "after", "after", *(["worker"] if "two" in name else [])))
            moment = draw.uniform(0, whole["seconds"] / (1 + before))
            moment = draw.randint(1, whole["changes"]) if way == "change" else moment
            found = ask([*words, "--resume", "auto"], folder, **{way: moment})
            done.append((way, moment, found["status"]))
            killed = {"change": -9, "after": -9, "worker": 1}[way]
            assert found["status"] in (0, killed), f"{which}: {done}: {found['said']}"
            assert found["status"] != 1 or "was ended by SIGKILL" in found["said"], f"{which}: {done}: {found['said']}"
            kills += found["status"] != 0
            ways.append(way)
        found = ask([*words, "--resume", "auto"], folder)
        assert found["status"] == 0, f"{which}: {done}: {found['said']}"
        broken += any(status != 0 for *_, status in done)
        now = left(folder / "run")
        differs = [file for file in {*now, *expected} if now.get(file) != expected.get(file)]
        assert not differs, f"{which}: {done}: {sorted(differs)} differ"
    tried = ", ".join(f"{ways.count(way)} by {way}" for way in sorted({*ways}))
    campaign.report(f"{broken} broken runs, {kills} kills, of which were tried {tried}")
