"""Do the labels make sense?  Which there are, and whether the training and the development file agree on them."""

import re
from collections import Counter
from collections.abc import Sequence

from tinyformer.errors import InputError

WHOLE = re.compile("-?[0-9]{1,18}")


def label_names(examples: Sequence) -> list[str]:
    """All labels (or tags) in order: as numbers where all of them are whole numbers, otherwise as text."""
    names = {label for example in examples for label in example.labels}
    if all(WHOLE.fullmatch(name) for name in names):
        return sorted(names, key=lambda name: (int(name), name))
    return sorted(names)


def check_labels(train: Sequence, dev: Sequence = (), allow_unseen: bool = False) -> list[str]:
    """Warnings about the labels, one line each: a single class in training, labels that only one file has.

    InputError where `dev` has a label that training never shows, since no model can learn it; with
    `allow_unseen` (rare tags) that is a warning as well, unless it has no other.
    """
    counts = Counter(label for example in train for label in example.labels)
    held_out = Counter(label for example in dev for label in example.labels)
    warnings = []
    if len(counts) == 1 and all(example.labels for example in train):
        name, = counts
        warnings.append(f"{train[0].file}: only one class, {name!r}, in {counts[name]:,} labels; there is nothing to "
                        "learn: was the file sorted and then cut?")
    unseen = [name for name in held_out if name not in counts]
    if unseen:
        example = next(example for example in dev if unseen[0] in example.labels)
        message = (f"{example.file}:{example.line}: label {unseen[0]!r} is not among those of the training file "
                   f"({_listed(label_names(train))})" + (f", nor are {_listed(unseen[1:])}" if unseen[1:] else ""))
        if not allow_unseen or len(unseen) == len(held_out):
            raise InputError(f"{message}; do the two files belong together, and is the label column the right one?")
        warnings.append(f"{message}; {sum(held_out[name] for name in unseen)} such labels will count as wrong")
    missing = [name for name in counts if held_out and name not in held_out]
    if missing:
        warnings.append(f"{dev[0].file}: never has {_listed(sorted(missing))}, which the training file has")
    return warnings


def _listed(names: Sequence[str], shown: int = 12) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more
