"""Has an array landed where it is read?  Streams of a device do not wait for one another unless they are told to.

As `cupy.cuda` has them; here everything is done at once, and a clock says what a GPU would have known: each stream what
of the others' work is over, and each array when it was written, and on which stream.
"""

import time
from itertools import count

_clock = count(1)


class TooEarly(AssertionError):
    """A use that nothing keeps from coming before what it needs; on a GPU it reads or overwrites something else."""


class Stream:
    """What is done on one stream is done in order."""

    def __init__(self, null: bool = False, non_blocking: bool = False):
        self.ptr = 0
        self.knows: dict[Stream, int] = {}    # up to which moment the work of another is known to be over
        self.freed: list[dict] = []           # who read what was given back here, and when

    def __enter__(self):
        _streams.append(self)
        return self

    def __exit__(self, *error):
        _streams.pop()

    def wait_event(self, event: "Event") -> None:
        for stream, moment in event.knows.items():
            self.knows[stream] = max(moment, self.knows.get(stream, 0))

    def synchronize(self) -> None:
        pass

    def reuse(self) -> None:
        """Somebody asks for memory here, and may be given what was freed: all who read it must be known to be over."""
        for readers in self.freed:
            for stream, moment in readers.items():
                if stream is not self and self.knows.get(stream, 0) < moment:
                    raise TooEarly("fake device: memory is given out again that another stream may still read")
        self.freed.clear()


class Event:
    """A moment in what a stream does."""

    def __init__(self, block: bool = False, disable_timing: bool = False, interprocess: bool = False):
        self.at, self.knows = None, {}

    def record(self, stream: Stream | None = None) -> None:
        stream = stream or _streams[-1]
        self.at, self.knows = time.perf_counter(), {**stream.knows, stream: next(_clock)}

    def synchronize(self) -> None:
        pass


def get_elapsed_time(start: Event, end: Event) -> float:
    """Milliseconds from one to the other."""
    return 1000 * (end.at - start.at)


NULL = Stream(null=True)
_streams = [NULL]


def get_current_stream() -> Stream:
    return _streams[-1]


class Written:
    """Where and when the memory of an array was written, and who has read it since; it is given back with its array."""

    def __init__(self):
        self.stream, self.moment, self.readers = _streams[-1], next(_clock), {}
        self.stream.reuse()

    def read(self) -> None:
        here = _streams[-1]
        if here is not self.stream and here.knows.get(self.stream, 0) < self.moment:
            raise TooEarly("fake device: an array is read before the event that says it has landed")
        self.readers[here] = next(_clock)

    def __del__(self):
        self.stream.freed.append(self.readers)
