"""How do batches go up while the GPU is at work?  On a stream of their own; an event says when they have landed.

A GPU does what it is told in order, so a copy would wait for all that stands before it.  Here it goes beside: CuPy lays
the numbers into pinned memory, which the copy reads without the host, and the stream of the work is told to wait for
the copy's event, and not the host.

Memory makes it delicate.  CuPy gives what was freed on a stream to the next who asks on that stream, at once, since
its work is in order; but what was copied on one stream is read on another.  So what has gone up is held, and given
back only when the copies have been told to wait for the end of the work that read it.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

BEHIND = 6                                                     # stretches of work for which arrays are held
_open: list["Uploads"] = []


class Uploads:
    """The stream on which arrays go up, and those that the work still reads."""

    def __init__(self, xp):
        self.xp, self.stream = xp, xp.cuda.Stream(non_blocking=True)
        self.now: list = []                                    # what has gone up in this stretch of work
        self.before: deque = deque()                           # (arrays of a stretch, its end)

    @contextmanager
    def stretch(self) -> Iterator[None]:
        """A stretch of work, a part of a step: inside this block `up` goes beside it.  The next one may read it too."""
        if len(self.before) == BEHIND:
            arrays, _ = self.before.popleft()
            _, end = self.before[0]
            self.stream.wait_event(end)
            arrays.clear()
        _open.append(self)
        try:
            yield
        finally:
            _open.pop()
            self.before.append((self.now, self._event(self.xp.cuda.get_current_stream())))
            self.now = []

    def up(self, host: np.ndarray):
        """The array on the GPU, for whatever the current stream is given from now on."""
        with self.stream:
            array = self.xp.asarray(host)
        self.xp.cuda.get_current_stream().wait_event(self._event(self.stream))
        self.now.append(array)
        return array

    def _event(self, stream):
        event = self.xp.cuda.Event(disable_timing=True)
        event.record(stream)
        return event


def up(xp, array):
    """An array of the host on the GPU, beside the work where a stretch is open; one that is there already, as it is."""
    return _open[-1].up(array) if _open and isinstance(array, np.ndarray) else xp.asarray(array)
