"""Where a file does not fit a model: what is missing, what is too much, and which of the two might be the same?

A tensor that is missing under one name often stands in the file under another: with other words in front, by an older
name, turned round.  So each missing name is set beside the unexpected one that looks most like it.
"""

import re
from collections import defaultdict
from difflib import SequenceMatcher

import numpy as np

ALIKE, NEARLY_THE_SAME = 0.6, 0.85            # similarity of names that goes with equal shapes, and without

Shapes = dict[str, tuple[int, ...]]


def misfits(wanted: Shapes, given: Shapes) -> list[str]:
    """One line for each missing, mis-shaped and unexpected tensor, with the name that looks like it, if any does."""
    missing = [name for name in wanted if name not in given]
    unexpected = [name for name in given if name not in wanted]
    twins = lookalikes({name: wanted[name] for name in missing}, {name: given[name] for name in unexpected})
    lines = [f"missing: {name} {wanted[name]}{_hint(wanted[name], twins.get(name), given)}" for name in missing]
    lines += [f"shape of {name}: given {given[name]}, the model wants {wanted[name]}" +
              ("; it is transposed" if _turned(wanted[name], given[name]) else "")
              for name in wanted if name in given and given[name] != wanted[name]]
    back = {theirs: ours for ours, theirs in twins.items()}
    return lines + [f"unexpected: {name} {given[name]}" + (f"; see {back[name]}, which is missing"
                                                           if name in back else "") for name in unexpected]


def odd_numbers(arrays: dict[str, np.ndarray]) -> list[str]:
    """One line for each tensor of whole numbers, and for each with numbers that are not finite: no weights are such."""
    lines = []
    for name, array in arrays.items():
        if array.dtype.kind != "f":
            lines.append(f"{name}: the file says that its numbers are {array.dtype}, and weights are floating point "
                         "numbers; get the file again, or convert it to float32")
        elif not np.isfinite(array).all():
            wrong = np.argwhere(~np.isfinite(array))
            place = tuple(map(int, wrong[0]))
            lines.append(f"{name}: {len(wrong):,} of {array.size:,} numbers are not finite, the first is "
                         f"{array[place]} at {list(place)}; the file is damaged, or its training diverged")
    return lines


def lookalikes(missing: Shapes, unexpected: Shapes) -> dict[str, str]:
    """Which unexpected tensor each missing one probably is, none twice; those that look like none are left out.

    Names are compared by their letters (Ratcliff and Obershelp), without case and without what sets old names apart.
    Two tensors can be the same only if the numbers in their names agree, so that layers are not mixed up; names that
    differ more must at least have one shape, turned round or not.
    """
    groups = defaultdict(list)
    for name in unexpected:
        groups[_numbers(name)].append(name)
    pairs = []
    for ours, shape in missing.items():
        matcher = SequenceMatcher(b=_plain(ours), autojunk=False)
        for theirs in groups[_numbers(ours)]:
            fits = unexpected[theirs] == shape or _turned(shape, unexpected[theirs])
            matcher.set_seq1(_plain(theirs))
            least = ALIKE if fits else NEARLY_THE_SAME
            if matcher.real_quick_ratio() >= least and matcher.quick_ratio() >= least:
                pairs.append((matcher.ratio() + fits, least, ours, theirs, fits))
    found = {}
    for score, least, ours, theirs, fits in sorted(pairs, key=lambda pair: -pair[0]):      # the surest first
        if score - fits >= least and ours not in found and theirs not in found.values():
            found[ours] = theirs
    return found


def _hint(shape: tuple, twin: str | None, given: Shapes) -> str:
    if twin is None:
        return ""
    also = ("has its shape" if given[twin] == shape else f"is {given[twin]}, its shape transposed"
            if _turned(shape, given[twin]) else f"is {given[twin]}, though")
    return f"; {twin} looks like it and {also}"


def _turned(wanted: tuple, given: tuple) -> bool:
    """Whether one shape is the other one back to front; a square tells nothing."""
    return wanted != given and wanted == given[::-1]


def _numbers(name: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\d+", name))


def _plain(name: str) -> str:
    """A name as it is compared: older words as today's, and without what programs put in front of whole models."""
    name = name.lower().replace("gamma", "weight").replace("beta", "bias").replace("_", ".")
    return re.sub(r"^((module|model|bert|albert|transformer|encoder)\.)+(?=\w+\.)", "", name)
