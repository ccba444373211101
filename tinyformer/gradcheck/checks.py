"""In how many ways can a gradient be held against something it had no part in?

Each check is a function of an `Examination` that returns an error, to be held against the check's bound, and a remark.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinyformer.backend import to_host
from tinyformer.errors import InputError
from tinyformer.gradcheck.contradictions import COMPLEX, kink, reconciled
from tinyformer.gradcheck.report import Report, Row
from tinyformer.gradcheck.trial import Trial, complex_or_nothing, dot, norm
from tinyformer.gradcheck.user_file import line_of, one_line
from tinyformer.options import suggestion

SMALL = 200                                   # up to so many numbers in and out, the whole Jacobian is differenced
TINY = 1e-300                                 # so that 0 / 0 is 0


class Examination(Trial):
    """A trial with all that the checks share: value, cotangent w, gradient Jᵀw under test, directions v, steps."""

    def __init__(self, f, inputs, cotangent=None, dtype=np.float64, seed=0, directions=4, step=1e-5, h=1e-30):
        super().__init__(f, inputs)
        rng = np.random.default_rng(seed)
        self.step, self.h, self.dtype, self.chosen = step, h, np.dtype(dtype), cotangent is not None
        self.point = [x.astype(self.dtype).astype(np.float64) for x in self.point]
        self.out = out = self.value(self.point)
        if not np.isfinite(out).all():
            raise ValueError(f"gradcheck: f is not finite here ({(~np.isfinite(out)).sum()} of {out.size} numbers); "
                             "choose a point inside its domain")
        apart = norm([self.value(self.point) - out])
        if apart > 1e-12 * norm([out]):
            raise ValueError(f"gradcheck: f gave two results {apart:.1e} apart at one point; if it draws random "
                             "numbers, make the generator anew inside f, so that every call draws the same")
        w = rng.normal(size=out.shape) if cotangent is None else to_host(np.float64(cotangent) if np.isscalar(cotangent)
                                                                         else cotangent)
        self.cotangent = np.broadcast_to(w.astype(np.float32), out.shape).astype(np.float64)
        self.directions = [self.direction(rng) for _ in range(directions)]
        self.gradient: list[np.ndarray] = []

    def differentiate(self) -> None:
        """Compute the gradient under test, in its own precision."""
        with self.at(self.rounded(self.dtype)) as out:
            self.gradient = self.backward(out, self.seed(out, self.cotangent))

    def rounded(self, dtype) -> list[np.ndarray]:
        return [x.astype(dtype) for x in self.point]


def complex_step(e: Examination) -> tuple[float, str]:
    """<w, imag f(x + i h v)> / h against <v, Jᵀw>, relative to |v| |Jᵀw|, for random v over all inputs jointly.

    What is below 1e-15 |v| |w| is rounding whatever the gradient, so that a true zero is no failure.
    """
    errors = []
    for v in e.directions:
        ahead = dot([e.cotangent], [e.complex_value(v, e.h).imag]) / e.h
        scale = norm(v) * (norm(e.gradient) + 1e-5 * norm([e.cotangent]))
        errors.append(abs(ahead - dot(v, e.gradient)) / (scale + TINY))
    return _worst(errors), ""


def real_part(e: Examination) -> tuple[float, str]:
    """Value and gradient at x + i h v against those at x: complex numbers go through the same function."""
    ours, true = _pass(e, e.along(e.directions[0], 1j * e.h)), _pass(e, e.point)
    return _worst(norm([a.real - b]) / (norm([b]) + 1e-3) for a, b in zip(ours, true, strict=True)), ""


def curvature(e: Examination) -> tuple[float, str]:
    """imag of the gradient at x + i h v, over h, against a difference of gradients: is `hvp` right for this function?

    Both are the Hessian of <w, f> times v.  They agree if backward, too, runs on complex numbers as on real ones.
    """
    v = e.directions[0]
    lifted, there, back = (_pass(e, e.along(v, step))[1:] for step in (1j * e.h, e.step, -e.step))
    exact = [g.imag / e.h for g in lifted]
    apart = norm([a - (b - c) / (2 * e.step) for a, b, c in zip(exact, there, back, strict=True)])
    return _worst([apart / (norm(exact) + 1e-2 * norm(v) * norm([e.cotangent]) + TINY)]), ""


def central(e: Examination, look: bool = False) -> tuple[float, str]:
    """(f(x + eps v) - f(x - eps v)) / 2 eps against J v: every entry of a small Jacobian, and a random w; or random v.

    An entry may be wrong by 1e-6 of itself plus 1e-8.  Where the three-point formula says no, the five-point formula,
    whose error falls like eps⁴, is asked with a step a hundred times as long, and the entry fails if both say no.
    At a kink no formula can be right: there any number between the slopes on both sides is let pass, with a remark;
    `look` looks for one where nothing failed.
    """
    bound, worst, note, kinks = CHECKS["central"][1], 0.0, "", ""
    cotangents, gradients = [e.cotangent], [e.gradient]
    if not e.chosen and e.out.size <= SMALL:                   # a unit cotangent for each output: rows of the Jacobian
        cotangents += list(np.eye(e.out.size).reshape(e.out.size, *e.out.shape))
        with e.at(e.rounded(e.dtype)) as out:
            gradients += [e.backward(out, e.seed(out, w), retain_graph=True) for w in cotangents[1:]]
    floor = np.array([1e-2 * norm([w]) + TINY for w in cotangents])
    rows = np.array(cotangents).reshape(len(cotangents), -1)
    jacobian = np.array([np.concatenate([*map(np.ravel, gradient)]) for gradient in gradients])
    for place, v in _steps(e):
        ours = jacobian @ np.concatenate([*map(np.ravel, v)])
        error: Any = np.inf
        for formula in (_three_points, _five_points):
            theirs = rows @ formula(e, v).ravel()
            error = np.fmin(error, np.abs(ours - theirs) / (np.abs(ours) + floor))
            if (error <= bound).all():
                break
        error, said = kink(e, place, v, cotangents, ours, error) if look or (error > bound).any() else (error, "")
        kinks = kinks or said
        if error.max(initial=0) > worst:
            most, worst = int(np.argmax(error)), float(error.max())
            note = said or f"{place}: backward says {ours[most]:.6g}, the difference {theirs[most]:.6g}"
    return worst, note if worst > bound else kinks


def adjoint(e: Examination) -> tuple[float, str]:
    """<f(v) - f(0), w> against <v, Jᵀw>, for a function that is linear in each input, one input at a time."""
    errors = []
    for i, v in enumerate(e.directions[0]):
        there, nought = (e.value([*e.point[:i], x, *e.point[i + 1:]]) for x in (v, 0 * v))
        ahead = dot([e.cotangent], [there - nought])
        scale = norm([v]) * (norm([e.gradient[i]]) + 1e-2 * norm([e.cotangent]))
        errors.append(abs(ahead - dot([v], [e.gradient[i]])) / (scale + TINY))
    return _worst(errors), ""


def taylor(e: Examination) -> tuple[float, str]:
    """|f(x + h v) - f(x) - h <v, Jᵀw>| must fall like h² as h is halved; one power less, and the slope is wrong.

    The rate is read off the last steps before rounding takes over.  The error is what it lacks of 2.
    """
    v, steps, rests = e.directions[0], [], []
    slope, noise = dot(v, e.gradient), 1e5 * np.finfo(np.float64).eps * norm([e.out]) * norm([e.cotangent]) + TINY
    for h in 0.1 * max(norm(e.point), 1) / (norm(v) + TINY) * 0.5 ** np.arange(30):
        rest = abs(dot([e.cotangent], [e.value(e.along(v, h)) - e.out]) - h * slope)
        if not rest > noise:
            break
        steps.append(h)
        rests.append(rest)
    if len(rests) < 3:
        return _worst([rest * 0]), "straight: there is no remainder"
    rate = np.polyfit(np.log(steps[-4:]), np.log(rests[-4:]), 1)[0]
    return _worst([max(0, 2 - rate)]), f"order {rate:.2f}"


def float32(e: Examination) -> tuple[float, str]:
    """Value and gradient in float32 against those in float64 at the same point; nothing is differenced.

    Relative to the L2 norm of each, but 3e-7 of the whole, a few roundings of numbers near 1, are always forgiven:
    where terms cancel, or a curve goes flat, the rounding of the terms remains.
    """
    small, *single = _pass(e, e.rounded(np.float32))
    large, *double = _pass(e, [x.astype(np.float64) for x in e.rounded(np.float32)])
    if small.dtype != np.float32:
        return np.inf, f"float32 went in, {small.dtype} came out"
    weight = norm([e.cotangent]) + TINY
    reach = sum(norm([x]) * norm([g]) for x, g in zip(e.point, double, strict=True)) / weight
    errors = [norm([small - large]) / (norm([large]) + reach + 3e-2 * math.sqrt(large.size) + TINY)]
    floor = 3e-2 * (norm(double) + weight)
    errors += [norm([a - b]) / (norm([b]) + floor) for a, b in zip(single, double, strict=True)]
    return _worst(errors), ""


def twice(e: Examination) -> tuple[float, str]:
    """Inputs, result and cotangent are as before, bit by bit, after three passes backwards that all give the same.

    The third pass is the last, in which an op may overwrite what it saved.  (A GPU adds in any order, so there the
    passes may differ by rounding.)
    """
    found = {}
    with e.at(e.rounded(e.dtype)) as out:
        w = e.seed(out, e.cotangent)
        before = [*e.rounded(e.dtype), e.cotangent.astype(out.dtype), np.array(to_host(out.data))]
        first, second, last = (e.backward(out, w, retain_graph=keep) for keep in (True, True, False))
        names = [f"input {i}" for i in range(len(e.leaves))] + ["the cotangent", "the result"]
        for name, now, then in zip(names, [*(t.data for t in e.leaves), w, out.data], before, strict=True):
            found[f"{name} was overwritten"] = _change(to_host(now), then)
    for name, gradient in (("second", second), ("last", last)):
        change = max(_change(a, b) for a, b in zip(gradient, first, strict=True))
        rounding = e.device != "cpu" and change <= 1e-12 * norm(first)
        found[f"the {name} pass gave another gradient"] = 0.0 if rounding else change
    return max(found.values()), "; ".join(name for name, change in found.items() if change)


CHECKS: dict[str, tuple[Callable, float]] = {                  # name -> how it is done, and how large its error may be
    "complex step": (complex_step, 1e-10), "real part": (real_part, 1e-12), "central": (central, 1e-6),
    "adjoint": (adjoint, 1e-12), "Taylor": (taylor, 0.1), "curvature": (curvature, 1e-6), "float32": (float32, 1e-5),
    "twice": (twice, 0.0),
}


def check(f: Callable, *inputs, checks: Sequence[str] | None = None, step: float = 1e-5, h: float = 1e-30,
          cotangent=None, dtype=np.float64, seed: int = 0, directions: int = 4, name: str | None = None) -> Report:
    """Compare the gradient of f at `inputs` with derivatives in which `backward` had no part.

    What f and the inputs may be, `Trial` says.  `checks` names some of CHECKS; by default all are made that fit:
    "adjoint" where f says that it is linear, "Taylor" where it returns one number.  `step` is that of the central
    difference, `h` that of the complex step.  `cotangent` (stretched to the shape of the result) is random by default;
    given one, only Jᵀw for this w is looked at.  `dtype` is the precision of the gradient under test; what it is held
    against is always float64.

    A check that f does not allow fails if it was asked for by name, and is only noted otherwise; where it is the
    complex step, the central difference stands in.  Errors of f itself are raised, those of its backward reported.
    Raises ValueError where f is not finite, or gives two different results at one point.
    """
    wanted = [nearest("check", c, CHECKS) for c in ([checks] if isinstance(checks, str) else checks or ())]
    e = Examination(f, inputs, cotangent, dtype, seed, directions, step, h)
    name = name or getattr(f, "name", None) or getattr(f, "__name__", "f").replace("<lambda>", "f")
    try:
        e.differentiate()
    except Exception as error:                                 # any mistake can stand in a backward
        return Report(name, [Row("backward", None, 0.0, False, line_of(error))])
    unfit = {"adjoint": not getattr(f, "linear", False), "Taylor": e.out.size != 1}
    rows = {c: _carry_out(c, e, asked=bool(wanted)) for c in wanted or CHECKS if wanted or not unfit.get(c)}
    first, second = rows.get("complex step"), rows.get("central")
    if first and first.error is None and not second:
        rows["central"] = _carry_out("central", e, asked=False)
    return Report(name, list(reconciled(rows, bool(wanted), lambda: central(e, True)[1]).values()))


def _carry_out(name: str, e: Examination, asked: bool) -> Row:
    run, bound = CHECKS[name]
    if e.dtype == np.float32 and name in ("complex step", "central", "adjoint"):
        bound = 1e-4                                           # of single entries; float32 holds their norm to 1e-5
    try:
        error, note = run(e)
    except (TypeError, np.exceptions.ComplexWarning) as problem:
        return Row(name, None, bound, not asked, f"not possible: {one_line(problem)}; {COMPLEX}")
    except Exception as problem:
        return Row(name, None, bound, False, one_line(problem))
    return Row(name, error, bound, error <= bound, note)


def nearest(kind: str, name: str, known) -> str:
    """`name` if it is known, else an InputError that suggests what may have been meant."""
    if name in known:
        return name
    raise InputError(f"{kind} {name!r} is not known"
                     + (suggestion(name, known) or f"; choose one of: {', '.join(sorted(known))}"))


def _pass(e: Examination, arrays: list) -> list[np.ndarray]:
    """Value and gradients at another point, real or complex."""
    with complex_or_nothing(), e.at(arrays) as out:
        return [to_host(out.data), *e.backward(out, e.seed(out, e.cotangent))]


def _steps(e: Examination):
    """Where to go from the point, with a name for it: along every single input, or, if there are many, a few ways."""
    if sum(leaf.size * leaf.requires_grad for leaf in e.leaves) > SMALL:
        yield from (("along a random direction", [d / norm(v) for d in v]) for v in e.directions)
        return
    for i, leaf in enumerate(e.leaves):
        for place in np.ndindex(leaf.shape if leaf.requires_grad else 0):
            v = [np.zeros(x.shape) for x in e.point]
            v[i][place] = 1
            yield f"input {i}{list(map(int, place)) or ''}", v


def _three_points(e: Examination, v: list) -> np.ndarray:
    return (e.value(e.along(v, e.step)) - e.value(e.along(v, -e.step))) / (2 * e.step)


def _five_points(e: Examination, v: list) -> np.ndarray:
    step = 100 * e.step
    near, far = (e.value(e.along(v, k * step)) - e.value(e.along(v, -k * step)) for k in (1, 2))
    return (8 * near - far) / (12 * step)


def _worst(errors) -> float:
    """The largest error, where one that is not a number is the largest of all."""
    return max((np.inf if np.isnan(error) else float(error) for error in errors), default=0.0)


def _change(now: np.ndarray, then: np.ndarray) -> float:
    """0 where all bits are the same, else the largest difference."""
    return 0.0 if now.tobytes() == then.tobytes() else _worst(np.abs(now - then).ravel()) or np.inf
