"""When does the judge stop waiting?  When a call of the learner's has run for ten seconds: it is ended at its line."""

import dis
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import CodeType

from tinyformer.gradcheck.user_file import ELSEWHERE, PACKAGE

SECONDS = 10.0


class TooLong(BaseException):
    """Ends a loop that does not end by itself; no Exception, so that no `except Exception` in the loop catches it."""


@cache
def theirs(file: str) -> bool:
    """Is this the learner's own file, and neither ours nor a library's?"""
    return not file.startswith((PACKAGE, "<")) and not any(part in file for part in ELSEWHERE)


@contextmanager
def patience(seconds: float | None = None) -> Iterator[None]:
    """Inside this block `TooLong` is raised in the line where somebody's own code is when a call of it has lasted long.

    Nothing is watched while a debugger or a measurement of coverage looks on.
    """
    if sys.gettrace() is not None:
        yield
        return
    most = SECONDS if seconds is None else seconds
    depth, until = 0, 0.0                                      # of calls within one another; when the outermost ends

    def enter(frame, event, argument):
        """Each call: watch it, line by line, unless it is one of ours or of a library."""
        nonlocal depth, until
        if not theirs(frame.f_code.co_filename):
            return None
        if not depth:
            until = time.monotonic() + most
        depth += 1
        frame.f_trace_opcodes = _spins(frame.f_code)
        return look

    def look(frame, event, argument):
        nonlocal depth
        if event == "return":
            depth -= 1
        elif time.monotonic() > until:
            raise TooLong(f"a call ran for more than {most:g} seconds and was ended; does its loop come to an end?")
        return look

    sys.settrace(enter)
    try:
        yield
    finally:
        sys.settrace(None)


@cache
def _spins(code: CodeType) -> bool:
    """Does an instruction jump to itself, `while True: pass` in one line?  There no line ever begins, to be watched."""
    return any(step.argval == step.offset for step in dis.get_instructions(code) if step.opcode in dis.hasjrel)
