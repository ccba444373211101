"""What is to be done when a GPU has no room for a batch?  The parts in which it fits are found by trying, and named."""

import traceback
from collections.abc import Callable


class DoesNotFit(MemoryError):
    """A batch for which a GPU has no room, with what there is to do about it."""


def explained(error: MemoryError, batch, xp, attempt: Callable[[int], object]) -> DoesNotFit:
    """An error that names batch and length, and in how many parts the batch fits, for attempt(parts) takes it so."""
    rows = len(batch)
    arrays = [value for value in vars(batch).values() if getattr(value, "ndim", 0) > 1]
    size = f"{rows} rows" + (f" of {arrays[0].shape[1]} positions" if arrays else "")
    begun = f"{str(error).rstrip('.')}; a batch of {size} does not fit"
    _let_go(error)
    parts = 2
    while parts <= rows and getattr(batch, "divisible", True):
        xp.get_default_memory_pool().free_all_blocks()
        try:
            attempt(parts)
        except MemoryError as again:
            _let_go(again)
            parts *= 2
        else:
            return DoesNotFit(f"{begun}, and in {parts} parts it does: --accumulate {parts}, or --batch-size "
                              f"{rows // parts}")
    return DoesNotFit(f"{begun}, nor does any part of it: take a shorter --max-length or a smaller model")


def _let_go(error: BaseException) -> None:
    """Of all that was computed on the way to the error, which else would lie there while the parts are tried."""
    traceback.clear_frames(error.__traceback__)
