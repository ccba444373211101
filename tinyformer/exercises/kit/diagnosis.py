"""Where is a gradient off, that nobody wrote like this before?  The worst place, what stands there, and what should."""

import numpy as np

from tinyformer.exercises.kit.answers import Answer, near

Answers = dict[tuple[str, str], Answer]       # ("case" or "special", its title) -> what came of it


def explained(names: list[str], given: Answers, right: Answers, off: list[tuple[str, str]]) -> str:
    """What there is to say of answers that differ from the right ones at `off`; `names` are those of the inputs."""
    point = off[0][1]
    first = given[off[0]]
    if first.error:
        return f'Case "{point}": it stops with {first.place}'
    if not near(first.out, right[off[0]].out):
        return f'Case "{point}": the forward returns another value than it did when it was given. Put it back.'
    wrong = [(place, i) for place in off for i in range(len(right[place].grads))
             if not given[place].error and not agree(given[place], right[place], i)]
    if not wrong and first.harm:
        spoiled = " and ".join(["dout", *names][i] for i in first.harm)
        return (f"The gradient is right the first time, but backward writes over {spoiled}, which other ops still "
                "need: work on a copy.")
    if not wrong:
        return "The gradient is right the first time, and another when it is asked again: leave what is kept as it is."
    place, i = wrong[0]
    factor = _factor(i, given, right)
    if factor is not None:
        return f"The gradient of {names[i]} is everywhere {factor:.6g} times what it must be: look for a factor."
    ours, theirs, x = right[place].grads[i], given[place].grads[i], right[place].inputs[i]
    with np.errstate(invalid="ignore"):
        apart = np.where((ours == theirs) | (np.isnan(ours) & np.isnan(theirs)), 0, np.abs(theirs - ours))
    worst = tuple(map(int, np.unravel_index(int(np.nan_to_num(apart, nan=np.inf).argmax()), apart.shape)))
    spot = f"[{', '.join(map(str, worst))}]" if worst else ""
    fine = [name for j, name in enumerate(names[:len(right[place].grads)]) if (place, j) not in wrong]
    what, wanted = f"The gradient of {names[i]} is wrong.", "the derivative is"
    if off[0][0] == "special":                                 # every case agrees, and here there may be no derivative
        what, wanted = "Wherever the function is smooth it is right. At a special point it is not.", "it must say"
    return (f'{what} Case "{place[1]}", where {names[i]}{spot} is {x[worst]:.4g}: '
            f"backward says {theirs[worst]:.6g}, {wanted} {ours[worst]:.6g}."
            + (f" That of {' and '.join(fine)} is right." if fine else ""))


def agree(a: Answer, b: Answer, i: int, kind: str = "float64") -> bool:
    """Do two answers agree about input i?  Where it was not given, they do."""
    if a.error or b.error:
        return False
    if i >= len(b.grads):
        return i >= len(a.grads)
    return i < len(a.grads) and near(a.grads[i], b.grads[i], kind)


def _factor(i: int, given: Answers, right: Answers) -> float | None:
    """The one number by which all gradients of input i are too large, if there is one."""
    pairs = [(given[place].grads[i].ravel(), right[place].grads[i].ravel()) for place in right
             if i < len(given[place].grads) and i < len(right[place].grads)]
    a, b = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    there = np.isfinite(a) & np.isfinite(b) & (b != 0)
    factor = float(np.median(a[there] / b[there])) if there.any() else 1.0
    return factor if near(a[there], factor * b[there]) and not near(a[there], b[there]) else None
