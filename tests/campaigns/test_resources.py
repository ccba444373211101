"""A disk of any size, two runs in one folder, and many steps: nothing is lost, nobody is in the way, nothing grows."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

if os.name != "posix":
    pytest.skip("limits as in POSIX", allow_module_level=True)

import faulty_runs
from faulty_runs import left

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
               "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
STEPS = 32                                    # of the sizes of a disk, from nothing to enough


def faulty(*words, before=()) -> list[str]:
    """What faulty_runs.py says, in lines."""
    done = subprocess.run([*before, sys.executable, faulty_runs.__file__, *map(str, words)], capture_output=True,
                          text=True, env=ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict:
    """What a run leaves that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    faulty("race", folder, 0)
    return left(folder / "0")


def steps_of(campaign, enough: int, least: int) -> list[int]:
    """Sizes from `least` to what is enough: all of them in the long form, two in the short one."""
    count = STEPS if campaign.asked else 2
    return [least + round((enough - least) * (step + 0.5 * (not campaign.asked)) / count) for step in range(count)]


@pytest.mark.parametrize("kind", ["room", "last", "disk"])
def test_at_any_size_of_the_disk_a_run_says_so_and_is_finished_with_more(whole, tmp_path, campaign, kind):
    if kind == "disk":
        mount = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", tmp_path]
        if shutil.which("unshare") is None or subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("nobody may mount a small disk here")
        sizes = steps_of(campaign, 60, 1)
    else:
        sizes = steps_of(campaign, max(len(data) for data in whole.values() if isinstance(data, bytes)) + 200, 0)
    said = faulty(kind, tmp_path, *sizes, before=["unshare", "-rm"] if kind == "disk" else [])
    failed = [line for line in said if "exit" not in line]
    assert len(failed) == sum(line.endswith("exit 2") for line in said), said
    assert not [line for line in said if not re.search("exit [02]$", line) and "exit" in line], said
    for line in failed:
        assert re.search(r"NoRoom: .*cannot be written .*it takes [\d,]+ bytes: make room", line), line
    for size in sizes:
        folder = tmp_path / str(size)
        if kind != "disk":
            faulty_runs.one(folder, resume="auto")
        assert same(left(folder), whole), f"{kind}: {size}"
    campaign.report(f"{len(failed)} of {len(sizes)} sizes were too small")
    assert failed


def same(found: dict, expected: dict) -> bool:
    """Whether two runs left the same, but for the number of threads, which the tests themselves may have."""
    def plain(files):
        return {name: {**data, "environment": 0} if name.endswith("trainer_state.json") else data
                for name, data in files.items()}
    return plain(found) == plain(expected)


def test_several_runs_in_one_folder(whole, tmp_path, campaign):
    seeds = [draw.randrange(10**6) for _, draw in campaign.trials(short=2)]
    said = [line for line in faulty("race", tmp_path, *seeds) if line]       # several write at once
    known = r"a run is at work there, (process \d+|another process)|holds a run already|exits \["
    assert all(re.search(known, line) for line in said), said
    ends = [line for line in said if "exits" in line]
    for seed, line in zip(seeds, ends, strict=True):
        assert "0" in line.split("exits")[1] and not re.search(r"exits .*(1|-)", line), said
        assert same(left(tmp_path / str(seed)), whole), f"seed {seed}: {line}"
    campaign.report(f"{len(ends)} times three runs; {len(said) - len(ends)} were refused")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_memory_does_not_grow_with_the_steps(tmp_path, campaign):
    steps = campaign.asked or 400
    lines = [tuple(map(int, line.split())) for line in faulty("long", tmp_path / "run", steps)]
    assert len(lines) == 10
    grown = lines[-1][1] - lines[1][1]
    campaign.report(f"{grown / 2**20:.2f} MiB more after {lines[-1][0]:,} steps than after {lines[1][0]:,}")
    assert grown < 2**20 + 60 * steps, lines                   # a line of the log takes about half a kilobyte
    shutil.rmtree(tmp_path / "run")
