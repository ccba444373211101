"""What do several workers gain, and what does it cost to bring their gradients together?

    python -m benchmarks.workers [--shapes nano,tiny,mini,base] [--rounds 5] [--ranks] [--gbit 1,10] [--json FILE]

One process with one and with two threads of BLAS, two workers with one thread each, and with --ranks two ranks of MPI;
--gbit adds links of so many gigabits a second between them, simulated: whoever sends waits as long as the link would
take for the bytes, and LATENCY for each message.  Each runs in processes of its own, and they take turns.  A step is
forward, backward, clipping and AdamW, in float32, as in steps.py.

"processor" are the milliseconds that the process with most had of it, which a busy machine disturbs less.  "add" and
"move" are the parts of a step in which members wait for one another's gradients and parameters, the arithmetic on them
included.
"""

import os
import shutil
import statistics
import time
from itertools import count

from benchmarks.shapes import SHAPES, STEPS, batch_of, model_of
from benchmarks.side_by_side import (
    ask,
    calm,
    cell,
    conditions,
    keep,
    middle,
    options,
    processor_seconds,
    ready,
    say,
    serve,
    start,
    table,
)

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


def child(name, workers, gbit=""):
    """Time steps on request."""
    from tinyformer.train import AdamW, Settings, keep_freed_memory
    from tinyformer.train.drivers import driver
    from tinyformer.train.machines import machines

    if gbit:
        slow_down(float(gbit))
    keep_freed_memory()
    with machines():
        model, batch, numbers = model_of(SHAPES[name]), batch_of(SHAPES[name]), count()
        settings = Settings(workers=workers if workers == "auto" else int(workers))
        with driver(model, AdamW(model), settings, lambda: batch) as (work, _):
            phases = work.members = Phases(work.members) if work.size > 1 else None
            others = [process.pid for process, _ in getattr(phases.members, "others", ())] if phases else []
            pids = (os.getpid(), *others)

            def step():
                work.gradients(batch, next(numbers))
                work.move(1e-4)

            def measure(steps):
                times, before = [], [processor_seconds(pid) for pid in pids]
                if phases:
                    phases.seconds.clear()
                for _ in range(steps):
                    began = time.perf_counter()
                    step()
                    times.append(1e3 * (time.perf_counter() - began))
                most = max(processor_seconds(pid) - then for pid, then in zip(pids, before, strict=True))
                parts = {part: 1e3 * statistics.median(phases.seconds[part]) for part in ("add", "move") if phases}
                return {"ms": statistics.median(times), "processor": 1e3 * most / steps, **parts}

            step()
            serve(measure, others, ranks=2 if workers == "auto" else 1)


def begun(name, mode):
    """A child that measures one mode."""
    if mode.startswith("1 process"):
        return start("workers", name, 1, threads=int(mode.split()[2]))
    if "workers" in mode:
        return start("workers", name, 2)
    link = [mode.split()[2]] if "Gbit" in mode else []
    return start("workers", name, "auto", *link, under=[shutil.which("mpiexec"), "-n", "2"])


def measured(name, modes, rounds):
    """For each mode what its rounds found.  Ranks that wait keep a core busy: they come and go."""
    running, found = {mode: begun(name, mode) for mode in modes if "ranks" not in mode}, {mode: [] for mode in modes}
    for process in running.values():
        ready(process)
    for _ in range(rounds):
        for mode in modes:
            process = running.get(mode) or begun(name, mode)
            if mode not in running:
                ready(process)
            ask(process, 1)
            found[mode].append(ask(process, STEPS[name]))
            if mode not in running:
                process.communicate("")
    for process in running.values():
        process.communicate("")
    return found


def main():
    parser = options(__doc__, shapes="nano,tiny,mini,base", rounds=5, gbit="")
    parser.add_argument("--ranks", action="store_true")
    chosen = parser.parse_args()
    if chosen.serve:
        return child(*chosen.serve)
    links = [f"2 ranks, {gbit} Gbit/s" for gbit in chosen.gbit.split(",") if gbit]
    modes = ["1 process, 1 thread", "1 process, 2 threads", "2 workers", *["2 ranks"] * chosen.ranks, *links]
    if shutil.which("mpiexec") is None and (chosen.ranks or links):
        parser.error("--ranks and --gbit need mpiexec: pip install -e '.[mpi]', and the environment's bin in PATH")
    facts = conditions(rounds=chosen.rounds)
    say(facts)
    found, rows, bars = {}, [], {}
    for name in chosen.shapes.split(","):
        found[name] = measured(name, modes, chosen.rounds)
        bars[name] = {mode: middle(lines, "ms") for mode, lines in found[name].items()}
        for mode, lines in found[name].items():
            parts = [f"{middle(lines, part):.2f}" if part in lines[0] else "" for part in ("add", "move")]
            rows.append([name, mode, cell(lines, "ms"), f"{middle(lines, 'processor'):.1f}", *parts,
                         calm({mode: lines})])
    table(["shape", "", "ms a step", "processor, ms", "add, ms", "move, ms", "quiet rounds"], rows)
    keep(chosen, facts, found, bars, "milliseconds a step")


if __name__ == "__main__":
    main()
