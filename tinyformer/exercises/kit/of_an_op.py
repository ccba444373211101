"""What is an exercise on an op?  Its forward, without its backward; the judge is gradcheck, and the museum says why.

The museum keeps the mistakes that people make, beside the op that they were made in.  A gradient that was written is
compared with what comes out of each, number by number.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tinyformer.engine import Call, Primitive, primitive, title
from tinyformer.errors import InputError
from tinyformer.exercises.kit.answers import Answer, alike, answer
from tinyformer.exercises.kit.blank import imports_for, without_docstring
from tinyformer.exercises.kit.diagnosis import agree, explained
from tinyformer.exercises.kit.everywhere import mistakes_of_any_op
from tinyformer.exercises.kit.form import Exercise, Verdict, known
from tinyformer.gradcheck import check_op
from tinyformer.gradcheck.report import Report

KINDS = ("float64", "float32", "complex128")
WHAT_FAILED = {
    "twice": "The gradient is right the first time, but an op may be asked again, and others need the same arrays: ",
    "float32": "In float64 it is right, in float32 it is not: ",
    "special": "Wherever the function is smooth it is right. At a special point it is not, ",
    "runs": "It does not run: ", "backward": "The backward does not run: ",
    "curvature": "On real numbers it is right, on complex numbers it is not (conj, abs and real turn or lose a part): ",
    "real part": "On real numbers it is right, on complex numbers it is not (conj, abs and real turn or lose a part): ",
}


class OpExercise(Exercise):
    """An exercise on a primitive: `OpExercise(ops.tanh, __doc__, hints=(...))`.

    The learner gets the op as it stands in the package, or, where that is long or fast, the plain form that is hung
    below by `@EXERCISE.given`.
    """

    def __init__(self, op: Primitive, about: str | None, *, hints: tuple[str, str, str]):
        super().__init__(about, hints=hints)
        self.op = op
        self.ours = op.raw
        self.caught_by: dict[str, str] = {}                    # title of a mistake -> the check that must notice it
        self._museum: dict[str, dict] = {}                     # kind of numbers -> what every mistake answers

    @property
    def name(self) -> str:
        return self.op.name

    def given(self, raw: Callable) -> Callable:
        """The plain form of the op, with its backward; it is judged as a learner's is."""
        self.ours = raw
        return raw

    def mistake(self, raw: Any = None, *, caught_by: str = "complex step", reuses: bool = False) -> Any:
        """Hang a wrong form of the op, which the check `caught_by` must notice, in the museum: a primitive.

        It has the cases and special points of the op.  Where the mistake shows only at other ones, clear them and hang
        its own below: `wrong.cases.clear()`, `@wrong.case`.
        """
        if raw is None:
            return lambda raw: self.mistake(raw, caught_by=caught_by, reuses=reuses)
        wrong = primitive(raw, register=False, linear=self.op.linear, reuses=reuses)
        wrong.cases, wrong.specials = dict(self.op.cases), dict(self.op.specials)
        self.mistakes[title(wrong)], self.caught_by[title(wrong)] = wrong, caught_by
        return wrong

    # ---- the learner's file ------------------------------------------------------------------------------------------

    def shown(self) -> str:
        """Without the op's own docstring, which tells the derivative."""
        return without_docstring(self.source()) if self.ours is self.op.raw else self.source()

    def elsewhere(self) -> str:
        return f"\n\nThe op of the package, with its derivation: {self.op.__module__.replace('.', '/')}.py"

    def needed(self, text: str) -> list[str]:
        return imports_for(self.ours, text, "import tinyformer as tf")

    def above(self) -> list[str]:
        return ["@tf.primitive"]

    def wanted(self) -> str:
        if self.op.variadic:
            return "return a gradient for each of them"
        return f"return {', '.join('d' + name for name in self.inputs())}"

    def inputs(self) -> list[str]:
        """The names of what gets a gradient."""
        return [name for name in self.op.__signature__.parameters if name not in self.op.constants]

    def names(self, answer: Answer) -> list[str]:
        """The same for one answer, which may have many inputs of one name."""
        return [f"input {i}" for i in range(len(answer.inputs))] if self.op.variadic else self.inputs()

    def theirs(self, path: Path) -> Primitive:
        found = super().theirs(path)
        if not isinstance(found, Primitive):
            raise InputError(f"{path}: {self.name} is a plain function; leave @tf.primitive in the line above it")
        return found

    # ---- the judge ---------------------------------------------------------------------------------------------------

    def judge(self, theirs: Primitive) -> Verdict:
        """Right if its value is the op's and every check agrees; else what the museum says, or where it is off."""
        theirs, report = self._dressed(theirs.raw, theirs.reuses), None
        for kind in KINDS:
            right, given = (self._answers(op, kind) for op in (self.right(), theirs))
            off = [place for place in right if not alike(given[place], right[place], kind)]
            if off and off[0][0] == "special":                 # every case agrees: which answers are allowed there?
                report = check_op(theirs, complex_too=False)
                off = off if not report.ok else []
            says = self._known(given, right, kind) if off else ""
            if off and kind == "float64":
                says = says or explained(self.names(right[off[0]]), given, right, off)
            if says:
                return Verdict(False, says)
        report = report or check_op(theirs, complex_too=False)
        return Verdict(True, "Right.") if report.ok else Verdict(False, _failed(report))

    def right(self) -> Primitive:
        return self._dressed(self.ours, self.op.reuses and self.ours is self.op.raw)

    def tries(self) -> Iterator[tuple[str, Primitive]]:
        """Every wrong form that is known, those that are made at any op included."""
        yield from self.mistakes.items()
        yield from mistakes_of_any_op(self.ours, len(self.inputs()))

    def _dressed(self, raw: Callable, reuses: bool = False) -> Primitive:
        """A raw function as the primitive of the exercise: under its name, and at its points."""
        op = primitive(raw, register=False, linear=self.op.linear, reuses=reuses)
        op.name, op.cases, op.specials = self.name, self.op.cases, self.op.specials
        return op

    def _answers(self, op: Primitive, kind: str) -> dict[tuple[str, str], Answer]:
        """Its answers at every case of the op and of its mistakes, and then at every special point."""
        points = {("case", name): case for name, case in self.op.cases.items()}
        points |= {("case", name): case for wrong in self.mistakes.values() for name, case in wrong.cases.items()}
        points |= {("special", name): special for name, special in self.op.specials.items()}
        return {place: answer(op, _call(make), kind, number) for number, (place, make) in enumerate(points.items())}

    def _known(self, given: dict, right: dict, kind: str) -> str:
        """What the museum says of these answers: of all of them, or of those for one input."""
        if kind not in self._museum:
            self._museum[kind] = {says: self._answers(self._dressed(wrong.raw, wrong.reuses), kind)
                                  for says, wrong in self.tries()}
        answers = self._museum[kind]
        for says, wrong in answers.items():
            if all(alike(given[place], wrong[place], kind) for place in right):
                error = next((answer.place for answer in given.values() if answer.error), "")
                return known(says) + (f" ({error})" if error else "")
        names = self.names(next(iter(right.values())))
        for i, name in enumerate(names if len(names) > 1 else []):
            for says, wrong in answers.items():
                if (all(agree(given[p], wrong[p], i, kind) for p in right)
                        and not all(agree(given[p], right[p], i, kind) for p in right)):
                    return known(says, f"In the gradient of {name}")
        return ""


def _call(make: Callable) -> Call:
    return make(np.random.default_rng(3))


def _failed(report: Report) -> str:
    """What the checks say where the gradient itself is right."""
    row = next(row for row in report.rows if not row.ok)
    return WHAT_FAILED.get(row.check, f"The check {row.check!r} fails: ") + (row.note or f"error {row.error:.1e}")
