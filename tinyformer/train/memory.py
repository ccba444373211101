"""Why is the second step not faster than the first?  Because memory that was given back has to be fetched again.

A training step makes and drops hundreds of large arrays.  By default the C library returns each of them to the
operating system, which hands it out again page by page, zeroed, at the next use.  Three settings make it keep them:
a step without page faults is a faster one, at the same peak of memory.
"""

import ctypes

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3        # the names in glibc's malloc.h, with M_ in front


def keep_freed_memory() -> bool:
    """Tell glibc to keep freed memory for the next array; True where it listened.

    Blocks below 1 GB come from the heap and not from mmap, the heap is never trimmed, and it grows by 64 MB at a time.
    Where the C library is another (macOS, Windows, musl) nothing happens.
    """
    try:
        libc = ctypes.CDLL(None)
        if not hasattr(libc, "gnu_get_libc_version"):
            return False
        settings = {_MMAP_THRESHOLD: 1 << 30, _TRIM_THRESHOLD: (1 << 31) - 1, _TOP_PAD: 64 << 20}
        return all([libc.mallopt(name, value) == 1 for name, value in settings.items()])
    except (OSError, TypeError, AttributeError):
        return False
