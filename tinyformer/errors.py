"""What can a user get wrong?  The kinds of error that the commands turn into one clear message."""


class InputError(ValueError):
    """A file, a line or an option that cannot be used; the message names it and the remedy (exit status 2)."""


class CheckpointError(ValueError):
    """A checkpoint folder that is damaged or does not fit; the message lists everything wrong (exit status 3)."""


class NumericError(ArithmeticError):
    """Training left the finite numbers; the message names the step and the parameter (exit status 4)."""


class WorkerError(RuntimeError):
    """A process that shared the training has ended; the message names it and the signal (exit status 1)."""
