"""What does it mean when two checks disagree?  A kink, or a forward that is another function on complex numbers."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tinyformer.gradcheck.report import Row

KINK = "a kink at "
COMPLEX = ("to have ten digits checked, let forward and backward run on complex numbers: xp.where(x.real < 0, -x, x) "
           "in place of xp.abs(x), and neither conj, vdot, maximum nor a comparison of x itself")
OTHER_FUNCTION = ("yet differences agree with backward, so on complex numbers the forward is another function (abs, "
                  f"conj, vdot, maximum, a comparison?); {COMPLEX}")


def kink(e, place: str, v: list, cotangents: list, ours: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, str]:
    """The errors of one step in direction v, 0 where a kink explains them, and what there is to say of it.

    At a kink the slopes on the two sides stay apart however short the step; where f only bends, their distance shrinks
    with it.  Every number between the two slopes is a subgradient there.
    """
    def slopes(step):
        ahead, behind = ((e.value(e.along(v, sign * step)) - e.out) / (sign * step) for sign in (1, -1))
        return (np.array([float((w * side).sum()) for w in cotangents]) for side in (behind, ahead))

    left, right = slopes(e.step)
    near_left, near_right = slopes(e.step / 10)
    jump, size = np.abs(right - left), np.abs(left) + np.abs(right)
    bent = (np.abs(near_right - near_left) > 0.5 * jump) & (jump > 1e-3 * size)
    if not bent.any():
        return error, ""
    low, high = np.minimum(left, right) - 1e-3 * size, np.maximum(left, right) + 1e-3 * size
    between = bent & (ours >= low) & (ours <= high)
    sizes = np.array([np.sqrt(float((w * w).sum())) for w in cotangents])
    most = int(np.argmax(np.where(bent, jump, 0) / sizes * (1 + ~between)))
    where = "between them" if between[most] else "not between them"
    said = (f"{KINK}{place}: the slope is {left[most]:.4g} on the left and {right[most]:.4g} on the right; backward "
            f"says {ours[most]:.4g}, {where}")
    return np.where(between, 0, error), said


def reconciled(rows: dict[str, "Row"], asked: bool, look: Callable[[], str]) -> dict[str, "Row"]:
    """The rows, read against one another: what a check says where it could not be made at all is taken back.

    look() says of a kink at the point, one too at which differences and backward agree by chance.  Where checks were
    asked for by name they must be possible, and such a row fails, with what was found.
    """
    first, second = rows.get("complex step"), rows.get("central")
    if second is None or not second.ok or second.error is None:
        return rows
    contrary = first is not None and first.error is not None and first.error > 100 * second.bound
    said = second.note or look() if contrary else second.note
    if said:
        note = f"not possible at {said.partition(':')[0]}"
        rows = rows | {"central": second._replace(note=said, ok=not asked)}
        return _taken_back(rows, ("complex step", "curvature", "Taylor"), note, asked)
    if contrary:
        return _taken_back(rows, ("complex step", "real part", "curvature"), OTHER_FUNCTION, asked)
    return rows


def _taken_back(rows: dict, names: tuple, note: str, asked: bool) -> dict:
    return {name: row if row.ok or name not in names else
            row._replace(error=row.error if asked else None, ok=not asked, note=note) for name, row in rows.items()}
