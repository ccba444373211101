"""What can be typed after `python -m tinyformer`, and what does a mistake look like?

The commands themselves stand in commands/.  Wrong use and bad input end in one to three lines and exit status 2, a
damaged checkpoint in 3, training that left the finite numbers in 4, Ctrl-C in 130 and SIGTERM in 143.  Status 1 says
that memory or the disk ran out, that a process at work was ended from outside, or that the fault is the program's.
"""

import os
import signal
import sys
from contextlib import nullcontext

from tinyformer import __version__
from tinyformer.commands import table
from tinyformer.errors import CheckpointError, InputError, NumericError, WorkerError
from tinyformer.ranks import launched


def overview() -> str:
    """What --help prints: every command in one line."""
    lines = [f"tinyformer {__version__}: BERT and GPT down to the last derivative.", "",
             "usage: python -m tinyformer [command] [options]", "", "commands (the first runs if none is named):"]
    lines += [f"  {name:<10} {line}" for name, line in table.COMMANDS.items()]
    return "\n".join([*lines, "", "python -m tinyformer COMMAND --help tells the options of each; the tour takes "
                      "--quick, --out, --seed and --device."])


# ---- from words to an exit status ------------------------------------------------------------------------------------


class Terminated(BaseException):
    """SIGTERM came: leave the way Ctrl-C does, through every `finally`."""


def main(words: list[str] | None = None) -> int:
    """Run one command and return its exit status; every expected mistake becomes a message of a few lines."""
    words = sys.argv[1:] if words is None else list(words)
    for output in (sys.stdout, sys.stderr):
        if hasattr(output, "reconfigure"):                     # a terminal without this letter shows another one
            output.reconfigure(errors="replace")
    try:
        before = signal.signal(signal.SIGTERM, _terminate)
    except ValueError:                                         # not in the main thread: signals are somebody else's
        before = None
    try:
        with _one_of_the_ranks():
            status = _run(words)
        if sys.stdout is not None:                             # None where the caller closed it, as `>&-` does
            sys.stdout.flush()
        return status
    except BrokenPipeError:                                    # whoever read our output has gone, as in `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except KeyboardInterrupt as stop:                          # training that was asked to stop says where it stands
        return _say(str(stop) or "interrupted", 128 + getattr(stop, "signal_number", signal.SIGINT))
    except Terminated:
        return _say("terminated", 143)
    except Exception as error:
        if "--debug" in words:
            raise
        status, message = explain(error)
        return _say(message, status)
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def explain(error: Exception) -> tuple[int, str]:
    """The exit status and the message for an error that reached the top."""
    from tinyformer.places import FULL, NoRoom
    for kind, status in ((NoRoom, 1), (InputError, 2), (CheckpointError, 3), (NumericError, 4), (WorkerError, 1)):
        if isinstance(error, kind):
            return status, str(error)
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":       # NumPy's, or CuPy's
        if type(error).__name__ == "DoesNotFit":               # and says what would: train/out_of_memory.py
            return 1, f"out of memory: {error}"
        return 1, (f"out of memory ({error or 'no more to be had'}); what a step needs grows with batch x length: "
                   "lower --batch-size or --max-length, or compute the batch in parts with --accumulate 4")
    if type(error).__name__ == "BrokenProcessPool":            # killed from outside, most often for want of memory
        return 1, ("a process that was at work was ended from outside, most often because memory ran out; nothing is "
                   "wrong with the input: end other programs, or ask for fewer --seeds at once, and start again")
    if isinstance(error, OSError) and error.strerror:
        full = error.errno in FULL
        return 1 if full else 2, (f"{error.filename or 'cannot write'}: {error.strerror}"
                                  + "; make room, or write elsewhere" * full)
    return 1, (f"{type(error).__name__}: {error}\nThis is a fault of the program and not of your input; "
               "--debug shows where it happened")


def _run(words: list[str]) -> int:
    if words and not words[0].startswith("-"):
        name, rest = words[0], words[1:]
        if name not in table.COMMANDS:
            from tinyformer.options import suggestion
            raise InputError(f"command {name!r} is not known{suggestion(name, table.COMMANDS)}; "
                             f"choose one of: {', '.join(table.COMMANDS)}")
    elif words[:1] in (["--help"], ["-h"]):
        print(overview())
        return 0
    elif words[:1] == ["--version"]:
        print(f"tinyformer {__version__}")
        return 0
    else:
        name, rest = "tour", words
    try:
        return table.run(name, rest)
    except SystemExit as done:                                 # --help has been printed
        return int(done.code or 0)


def _one_of_the_ranks():
    """Where mpiexec has started several of this, the first goes on, and the others work for it: train/machines.py."""
    if launched() == 1:
        return nullcontext()
    from tinyformer.train.machines import machines
    return machines()


def _terminate(number, frame):
    raise Terminated


def _say(message: str, status: int) -> int:
    try:
        print(f"tinyformer: {message}", file=sys.stderr, flush=True)
    except (BrokenPipeError, ValueError):
        pass
    return status
