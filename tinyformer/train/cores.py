"""How many cores may this process use, and how does it stay on one?

A worker that is held to a core of its own finds its numbers in that core's cache; left alone, the scheduler may put
two workers on one core and let the other idle.  Two threads of one core share its arithmetic, so they count as one.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROCESSES, CPUS, QUOTA = Path("/proc"), Path("/sys/devices/system/cpu"), Path("/sys/fs/cgroup/cpu.max")


def cores() -> int:
    """How many cores this process may use: those it is allowed on, and no more than a container's share of time."""
    allowed = len(own_cores()) or os.cpu_count() or 1
    try:
        quota, period = QUOTA.read_text(encoding="utf-8").split()
        return max(1, min(allowed, int(quota) // int(period)))
    except (OSError, ValueError):                              # no container, or one without a limit ("max")
        return allowed


def own_cores() -> list[int]:
    """The cores that this process is allowed on, one processor of each; [] where the system does not say."""
    if not hasattr(os, "sched_getaffinity"):
        return []
    first_of_each: dict[str, int] = {}
    for cpu in sorted(os.sched_getaffinity(0)):
        try:
            threads = (CPUS / f"cpu{cpu}" / "topology" / "thread_siblings_list").read_text()
        except OSError:
            threads = str(cpu)
        first_of_each.setdefault(threads, cpu)
    return list(first_of_each.values())


def free_cores(count: int) -> list[int]:
    """`count` of our cores that no other process has held itself to; [] where there are not so many.

    Two runs at once that both held their workers to the first two cores would be worse off than with no hold at all.
    """
    taken = set()
    for status in PROCESSES.glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:                                        # it has ended, or is none of our business
            continue
        held = lines.get("Cpus_allowed_list", "").strip()
        if held.isdigit() and "VmSize" in lines and int(status.parent.name) != os.getpid():    # no part of the kernel
            taken.add(int(held))
    free = [cpu for cpu in own_cores() if cpu not in taken]
    return free[:count] if len(free) >= count > 1 else []


@contextmanager
def held_to(core: int | None) -> Iterator[None]:
    """Inside this block the calling thread runs on this core; None, or a system that allows no hold: anywhere."""
    before = os.sched_getaffinity(0) if core is not None else set()
    try:
        if before:
            os.sched_setaffinity(0, {core})
    except OSError:
        before = set()
    try:
        yield
    finally:
        if before:
            os.sched_setaffinity(0, before)
