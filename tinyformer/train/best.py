"""Which step was the best so far, by a figure that should rise, and is it time to stop?

Both are read from the evaluations in the log, so a run that is resumed knows them as the unbroken one does.
(Prechelt 1998, section 2: training stops when what is measured on unseen examples no longer gets better.)
"""

from collections.abc import Collection, Sequence


def best_step(evaluations: Sequence[dict], figure: str, among: Collection[int] | None = None) -> int | None:
    """The step of the highest `figure`, the first of several that are equal; None where nothing was judged."""
    judged = [line for line in evaluations if figure in line and (among is None or line["step"] in among)]
    return max(judged, key=lambda line: line[figure])["step"] if judged else None


def is_enough(evaluations: Sequence[dict], figure: str | None, patience: int | None) -> bool:
    """Whether the figure has not risen for so many evaluations; never where there is no patience to be lost."""
    if figure is None or patience is None:
        return False
    best = best_step(evaluations, figure)
    return best is not None and sum(line["step"] > best for line in evaluations) >= patience
