"""How are engines measured beside one another?  In processes of their own, in turns, in rounds that nobody disturbs.

Thread pools and allocators of two engines in one process disturb each other, and a machine is never equally fast for
long.  So each engine is a child that waits for requests; they take turns (A B C A B C ...), and medians over the rounds
are compared.  A round in which other programs took more than OTHERS of the processors is thrown away, where two quiet
ones are left; each table says how many were quiet.  Benchmarks print, and assert nothing.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parent.parent
OTHERS = 0.1                                  # share of the processors that others may take in a round that counts
TUNED = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 40),
         "MALLOC_TOP_PAD_": str(64 << 20)}    # glibc keeps freed memory, as `keep_freed_memory` has it for us


# ---- the parent ------------------------------------------------------------------------------------------------------


def options(doc: str, **defaults) -> argparse.ArgumentParser:
    """The options that all have: each of `defaults` by its name, and where the results go."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    for name, value in defaults.items():
        parser.add_argument(f"--{name}", default=value, type=type(value))
    parser.add_argument("--json", help="a file for everything that was measured")
    parser.add_argument("--figure", help="a file for the picture of it")
    parser.add_argument("--serve", nargs="+", help=argparse.SUPPRESS)
    return parser


def start(module: str, *serve, threads: int = 1, environment=None, under=()) -> subprocess.Popen:
    """A child of `benchmarks.module` that gets these arguments behind --serve."""
    given = {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads),
             "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])}
    command = [*under, sys.executable, "-m", f"benchmarks.{module}", "--serve", *map(str, serve)]
    return subprocess.Popen(command, text=True, env={**os.environ, **given, **(environment or {})}, cwd=ROOT,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def ready(child: subprocess.Popen) -> None:
    """Wait until a child can be asked: those that still start up disturb the others."""
    _line(child)


def ask(child: subprocess.Popen, request) -> dict:
    """One request, one answer; "others" in it is the share of the processors that other programs took meanwhile."""
    before = busy()
    child.stdin.write(f"{json.dumps(request)}\n")
    child.stdin.flush()
    found = _line(child)
    total, used = (now - then for now, then in zip(busy(), before, strict=True))
    return {**found, "others": (used - found["used"]) / total if total else 0.0}


def _line(child: subprocess.Popen) -> dict:
    line = child.stdout.readline()
    if not line:
        raise SystemExit(f"{' '.join(child.args[2:])} ended with status {child.wait()}; what it said stands above")
    return json.loads(line)


def in_turns(children: dict[str, subprocess.Popen], request, rounds: int) -> dict[str, list[dict]]:
    """What each child answered in each round; then they end.  `request` may be a function of the child's name."""
    found: dict[str, list[dict]] = {name: [] for name in children}
    for child in children.values():
        ready(child)
    for _ in range(rounds):
        for name, child in children.items():
            found[name].append(ask(child, request(name) if callable(request) else request))
    for child in children.values():
        child.communicate("")
    return found


def quiet(lines: list[dict]) -> list[dict]:
    """Those of the rounds that nobody disturbed, if they are two at least; else all."""
    calm = [line for line in lines if line["others"] < OTHERS]
    return calm if len(calm) > 1 else lines


def middle(lines: list[dict], what: str) -> float:
    """The median of the quiet rounds."""
    return statistics.median(line[what] for line in quiet(lines))


def cell(lines: list[dict], what: str, digits: int = 1) -> str:
    """The median of the quiet rounds, with their range where there is one."""
    values = [line[what] for line in quiet(lines)]
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def calm(found: dict[str, list[dict]]) -> str:
    """How many rounds of all were quiet."""
    lines = [line for rounds in found.values() for line in rounds]
    return f"{sum(line['others'] < OTHERS for line in lines)} of {len(lines)}"


def conditions(**more) -> dict:
    """Date, processor, versions, and whatever else the tables hold for."""
    versions = {}
    for name in ("numpy", "torch", "transformers", "autograd", "mygrad", "mpi4py"):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {"date": time.strftime("%Y-%m-%d"), "processor": processor(), "cores": os.cpu_count(),
            "python": platform.python_version(), **versions, **more}


def say(facts: dict) -> None:
    print(", ".join(f"{name} {value}" for name, value in facts.items()), flush=True)


def table(header: list[str], rows: list[list]) -> None:
    """A table in Markdown, as benchmarks/README.md shows it."""
    print(f"\n| {' | '.join(header)} |\n|{'---|' * len(header)}")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |", flush=True)


def keep(chosen: argparse.Namespace, facts: dict, found: dict, bars: dict[str, dict[str, float]], unit: str) -> None:
    """Write the JSON file and the picture, where they were asked for.  bars: group -> name -> height."""
    if chosen.json:
        Path(chosen.json).write_text(json.dumps({"conditions": facts, "found": found}, indent=1), encoding="utf-8")
    if chosen.figure:
        draw(bars, unit, chosen.figure)


def draw(bars: dict[str, dict[str, float]], unit: str, path: str) -> None:
    """Groups of bars, one panel each, since a small model takes a hundredth of a large one."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, len(bars), figsize=(3 * len(bars), 3.6), squeeze=False)
    for panel, (group, heights) in zip(panels[0], bars.items(), strict=True):
        panel.bar(range(len(heights)), heights.values(), color=[f"C{i}" for i in range(len(heights))])
        panel.set_xticks(range(len(heights)), heights, rotation=60, ha="right", fontsize=8)
        panel.set_title(group, fontsize=9)
    panels[0][0].set_ylabel(unit)
    figure.tight_layout()
    figure.savefig(path, dpi=150)


# ---- the child -------------------------------------------------------------------------------------------------------


def serve(measure, others=(), ranks: int = 1) -> None:
    """Answer requests until there are none: measure(request) -> a dict.

    `others` are processes that work for this one; `ranks` of MPI use about as much as the one that answers.
    """
    print("{}", flush=True)                                    # ready
    for line in sys.stdin:
        before = used(others)
        found = measure(json.loads(line))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({**found, "used": ranks * (used(others) - before), "peak": peak}), flush=True)


def timed(step, count: int) -> float:
    """The median of `count` calls, in milliseconds."""
    times = []
    for _ in range(count):
        began = time.perf_counter()
        step()
        times.append(1e3 * (time.perf_counter() - began))
    return statistics.median(times)


def torch_with_threads():
    """PyTorch, with as many threads as this child was given."""
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    return torch


# ---- the processors --------------------------------------------------------------------------------------------------


def used(others=()) -> float:
    """Seconds of the processors that this process and `others` have had."""
    return time.process_time() + sum(processor_seconds(pid) for pid in others)


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def busy() -> tuple[float, float]:
    """Seconds of all processors since the start, and how many of them somebody used; nothing where nobody says."""
    try:
        fields = [int(f) for f in Path("/proc/stat").read_text(encoding="utf-8").split("\n")[0].split()[1:9]]
    except OSError:
        return 0.0, 0.0
    ticks = os.sysconf("SC_CLK_TCK")
    return sum(fields) / ticks, (sum(fields) - fields[3] - fields[4]) / ticks


def processor() -> str:
    """Its name, and the widest registers it has."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    name = next((line.partition(":")[2].strip() for line in lines.splitlines() if line.startswith("model name")), "?")
    return f"{name} ({'AVX-512' if 'avx512f' in lines else 'AVX2' if 'avx2' in lines else 'no AVX2'})"
