"""What do several workers gain, and what does it cost to bring their gradients together?

    python benchmarks/workers.py [--shapes nano,tiny,mini,base] [--rounds 5] [--ranks] [--gbit 1,10]

One process with one and with two threads of BLAS, two workers with one thread each, and with --ranks two ranks of MPI;
--gbit adds links of so many gigabits a second between them, simulated: whoever sends waits as long as the link would
take for the bytes, and LATENCY for each message.  Each runs in processes of its own, and they take turns.  A step is
forward, backward, clipping and AdamW, in float32, as in steps.py.

Milliseconds are medians over the rounds, with the range; "processor" are those that the process with most had of it,
which a busy machine disturbs less.  A round in which other programs took more than OTHERS of the processors is left out
where two quiet ones are left; how many were quiet stands in the last column.  "add" and "move" are the parts of a step
in which members wait for one another's gradients and parameters, the arithmetic on them included.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from steps import SHAPES, STEPS, batch_of, configuration

OTHERS = 0.1                                  # share of the processors that others may take in a round that counts
LATENCY = 5e-5                                # seconds that a message is on its way, on a simulated link


class Phases:
    """Seconds that the calls of a step took, by name, and the steps counted."""

    def __init__(self, members):
        self.members, self.member, self.size = members, members.member, members.size
        self.seconds = {}

    def call(self, name, arguments=None):
        began = time.perf_counter()
        found = self.members.call(name, arguments)
        self.seconds.setdefault(name, []).append(time.perf_counter() - began)
        return found


def slow_down(gbit):
    """Let every exchange of this rank take as long as a link of so many gigabits a second would, both ways at once."""
    from tinyformer.train import machines

    class SlowMessages(machines.Messages):
        def inbox(self):
            return self.slowly(super().inbox, self.out.nbytes - self.outbox(self.world.rank).nbytes)

        def share(self, values):
            own = self.sizes[self.world.rank] * values.itemsize
            return self.slowly(lambda: super(SlowMessages, self).share(values), own * (self.world.size - 1))

        def slowly(self, exchange, sent):
            until = time.perf_counter() + 8 * sent / (gbit * 1e9) + LATENCY * (self.world.size - 1)
            found = exchange()
            while time.perf_counter() < until:
                pass
            return found

    machines.Messages = SlowMessages


def serve(name, workers):
    """Time steps on request: a line in (how many), a line out."""
    from tinyformer.models import GPT, BertForPretraining
    from tinyformer.rng import stream
    from tinyformer.train import AdamW, Settings, keep_freed_memory
    from tinyformer.train.drivers import driver

    keep_freed_memory()
    shape = SHAPES[name]
    c, batch, number = configuration(shape), batch_of(shape), iter(range(10**9))
    model = (GPT if shape["kind"] == "gpt" else BertForPretraining)(c, stream(0, "weights"))
    settings = Settings(workers=workers)
    with driver(model, AdamW(model), settings, lambda: batch) as (work, _):
        phases = work.members = Phases(work.members) if work.size > 1 else None
        others = [process.pid for process, _ in getattr(phases.members, "others", ())] if phases else []

        def step():
            work.gradients(batch, next(number))
            work.move(1e-4)

        step()
        for line in sys.stdin:
            count, times, used = int(line), [], [processor(pid) for pid in (os.getpid(), *others)]
            if phases:
                phases.seconds.clear()
            for _ in range(count):
                began = time.perf_counter()
                step()
                times.append(time.perf_counter() - began)
            used = [processor(pid) - before for pid, before in zip((os.getpid(), *others), used, strict=True)]
            found = {"step": statistics.median(times), "processor": max(used) / count, "all": sum(used)}
            found |= {part: statistics.median(phases.seconds[part]) for part in ("add", "move") if phases}
            print(json.dumps(found), flush=True)


def processor(pid):
    """Seconds of the processor that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def busy():
    """Seconds of all processors, and how many of them somebody used."""
    fields = [int(field) for field in Path("/proc/stat").read_text(encoding="utf-8").split("\n")[0].split()[1:9]]
    return sum(fields) / os.sysconf("SC_CLK_TCK"), (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def start(name, mode):
    command, threads = [sys.executable, __file__, "--serve", name], "1"
    if mode.startswith("1 process"):
        command, threads = [*command, "1"], mode.split()[2]
    elif "workers" in mode:
        command = [*command, "2"]
    else:
        link = ["--gbit", mode.split()[2]] if "Gbit" in mode else []
        command = [shutil.which("mpiexec"), "-n", "2", *command, "auto", *link]
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
    return subprocess.Popen(command, text=True, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def measured(name, modes, rounds):
    """For each mode what its rounds found."""
    running, found = {mode: start(name, mode) for mode in modes if "ranks" not in mode}, {mode: [] for mode in modes}
    for _ in range(rounds):
        for mode in modes:
            process = running.get(mode) or start(name, mode)   # ranks that wait keep a core busy: they come and go
            asked(process, 1)
            total, used = busy()
            line = asked(process, STEPS[name])
            total, used = busy()[0] - total, busy()[1] - used
            found[mode].append({**line, "others": (used - line["all"] * ranks_of(mode)) / total})
            if mode not in running:
                process.communicate("")
    for process in running.values():
        process.communicate("")
    return found


def asked(process, steps):
    process.stdin.write(f"{steps}\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def ranks_of(mode):
    return 2 if "ranks" in mode else 1        # the other rank has used about as much as the one that answers


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", default="nano,tiny,mini,base")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ranks", action="store_true")
    parser.add_argument("--gbit", default="")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        from tinyformer.train.machines import machines
        if options.gbit:
            slow_down(float(options.gbit))
        with machines():
            return serve(*options.serve)
    links = [f"2 ranks, {gbit} Gbit/s" for gbit in options.gbit.split(",") if gbit]
    modes = ["1 process, 1 thread", "1 process, 2 threads", "2 workers", *["2 ranks"] * options.ranks, *links]
    print(f"{'shape':<6}{'':<24}{'ms a step':>10}{'range':>18}{'processor':>12}{'add':>8}{'move':>8}{'quiet':>8}")
    for name in options.shapes.split(","):
        for mode, lines in measured(name, modes, options.rounds).items():
            quiet = [line for line in lines if line["others"] < OTHERS]
            lines = quiet if len(quiet) > 1 else lines
            times = sorted(1e3 * line["step"] for line in lines)
            parts = [f"{1e3 * statistics.median(line[part] for line in lines):8.2f}" if part in lines[0] else f"{'':8}"
                     for part in ("add", "move")]
            print(f"{name:<6}{mode:<24}{statistics.median(times):>10.1f}{times[0]:>9.1f} to{times[-1]:>6.0f}"
                  f"{1e3 * statistics.median(line['processor'] for line in lines):>12.1f}{''.join(parts)}"
                  f"{len(quiet):>5} of{options.rounds:>2}", flush=True)


if __name__ == "__main__":
    main()
