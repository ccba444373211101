"""What is to be done when a GPU has no room for a batch?  The parts in which it fits are found by trying, and named."""

from collections.abc import Callable


def explained(error: MemoryError, batch, xp, attempt: Callable[[int], object]) -> MemoryError:
    """An error that names batch and length, and in how many parts the batch fits, for attempt(parts) takes it so."""
    rows = len(batch)
    arrays = [value for value in vars(batch).values() if getattr(value, "ndim", 0) > 1]
    size = f"{rows} rows" + (f" of {arrays[0].shape[1]} positions" if arrays else "")
    parts = 2
    while parts <= rows and getattr(batch, "divisible", True):
        xp.get_default_memory_pool().free_all_blocks()
        try:
            attempt(parts)
        except MemoryError:
            parts *= 2
        else:
            return MemoryError(f"{error}; a batch of {size} does not fit, and in {parts} parts it does: --accumulate "
                               f"{parts}, or --batch-size {rows // parts}")
    return MemoryError(f"{error}; a batch of {size} does not fit, nor does any part of it: take a shorter --max-length "
                       "or a smaller model")
