"""What is an exercise?  A solution with a hole in it, and a judge who says as a teacher would what is wrong."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from textwrap import fill
from typing import Any, NamedTuple

import numpy as np

from tinyformer.engine import title
from tinyformer.errors import InputError
from tinyformer.exercises.kit.blank import blank, imports_for, source_of
from tinyformer.exercises.kit.telling import call_text, difference, same, shown
from tinyformer.gradcheck.user_file import line_of, run_file
from tinyformer.options import suggestion

SIZES = 20                                    # points of each `drawn`


class Verdict(NamedTuple):
    """What the judge says of a try."""

    right: bool
    says: str


class Exercise:
    """An exercise on a function or a class: `tinyformer/exercises/__init__.py` shows one whole.

    `about`, the module's docstring, opens with the question, and stands at the head of the learner's file.  `hints` are
    three, each nearer to the answer.  `bug` says in which published program this went wrong, in a sentence.
    """

    def __init__(self, about: str | None, *, hints: tuple[str, str, str], bug: str = ""):
        if len(hints) != 3:
            raise ValueError(f"Exercise: {len(hints)} hints are given; there must be three")
        self.about = (about or "").strip()
        self.hints = hints
        self.bug = bug
        self.ours: Any = None
        self.cases: dict[str, Callable] = {}
        self.mistakes: dict[str, Any] = {}
        self.rules: list[Callable] = []

    # ---- what an exercise consists of, each a decorator --------------------------------------------------------------

    def solution(self, ours: Any) -> Any:
        """The function or class that is right; the body of the function, or what `# yours` marks, is to be found."""
        self.ours = ours
        return ours

    def case(self, function: Callable) -> Callable:
        """A point to judge at: a function of a random generator that returns `Call(...)`, the arguments of one call."""
        self.cases[title(function)] = function
        return function

    def drawn(self, function: Callable) -> Callable:
        """More points to judge at, the smallest first: (rng, size) -> Call, for the sizes 1 to 20."""
        for size in range(1, SIZES + 1):
            self.cases[f"{title(function)}, {size} of {SIZES}"] = (
                lambda rng, size=size: function(np.random.default_rng(size), size))
        return function

    def observe(self, function: Callable) -> Callable:
        """What is compared: (theirs, call) -> numbers, arrays, texts, lists of them.  By default theirs(*arguments)."""
        self.observed = function
        return function

    def rule(self, function: Callable) -> Callable:
        """What no comparison tells: (theirs) -> a complaint in a sentence, or None.  Rules are asked first."""
        self.rules.append(function)
        return function

    def mistake(self, wrong: Any) -> Any:
        """A wrong solution that people write; the first line of its docstring says what was forgotten."""
        self.mistakes[title(wrong)] = wrong
        return wrong

    # ---- what is made of it ------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self.ours.__name__

    def source(self) -> str:
        """Our solution, as it stands in the package."""
        return source_of(self.ours)

    def shown(self) -> str:
        """What the learner sees of it, before the holes are made."""
        return self.source()

    def page(self, solved: bool = False) -> str:
        """The file that the learner gets; with `solved`, the same file with our solution in it."""
        text = self.source() if solved else blank(self.shown(), self.wanted())
        bug = ["", *fill(f"Where it went wrong: {self.bug}", 118).splitlines()] if self.bug else []
        head = [f'"""{self.about}', *bug, "", "Write what is missing below, and let it be judged:", "",
                f"    python -m tinyformer exercise {self.name} --check", '"""', ""]
        needed = self.needed(self.source())
        return "\n".join([*head, *needed, *[""] * (2 if needed else 1), *self.above(),
                          text, ""])

    def elsewhere(self) -> str:
        """Where our solution stands besides."""
        return ""

    def needed(self, text: str) -> list[str]:
        return imports_for(self.ours, text)

    def above(self) -> list[str]:
        """The lines above the `def`."""
        return []

    def wanted(self) -> str:
        """What is to be written, in a word or two."""
        return ""

    def theirs(self, path: Path) -> Any:
        """What a learner's file defines under the name of the exercise; InputError where it defines no such thing."""
        names = vars(run_file(path)[0])
        found = names.get(self.name)
        if not callable(found):
            if self.name in names:
                raise InputError(f"{path}: {self.name} is {shown(found)}; it must be a function, def {self.name}(...)")
            near = suggestion(self.name, [key for key in names if not key.startswith("_")])
            raise InputError(f"{path}: defines no {self.name}; the exercise is the one of that name{near}")
        return found

    # ---- the judge ---------------------------------------------------------------------------------------------------

    def observed(self, theirs: Any, call: Any) -> Any:
        return theirs(*call.arrays, **call.constants)

    def judge(self, theirs: Any) -> Verdict:
        """Right if `theirs` keeps the rules and agrees with ours in every case; else what the mistake is."""
        for rule in self.rules:
            complaint = _outcome(rule, theirs)
            if complaint is not None:
                return Verdict(False, complaint)
        right, given = self.wanted_outcomes, self.outcomes(theirs)
        if same(given, right):
            return Verdict(True, "Right.")
        for says, wrong in self.mistakes.items():
            if all(same(given[case], self.outcome(wrong, case)) for case in given):
                return Verdict(False, known(says))
        case = next(case for case in right if not same(given[case], right[case]))
        call = call_text(self.name, self.call(case))
        where = f'Case "{case}"' + (f", {call}" if call else "")
        if isinstance(given[case], Stopped):
            return Verdict(False, f"{where}: {given[case]}")
        return Verdict(False, f"{where}: {difference(given[case], right[case])}")

    @cached_property
    def wanted_outcomes(self) -> dict[str, Any]:
        """What is seen of ours in each case."""
        return self.outcomes(self.ours)

    def call(self, case: str) -> Any:
        """The arguments of a case, the same each time."""
        return self.cases[case](np.random.default_rng(0))

    def outcomes(self, theirs: Any) -> dict[str, Any]:
        """What is seen in each case, each on arguments of its own."""
        return {case: self.outcome(theirs, case) for case in self.cases}

    def outcome(self, theirs: Any, case: str) -> Any:
        """What is seen in one case, or what to say where nothing can be seen."""
        inside, returned = False, None

        def watched(*arrays, **constants):
            nonlocal inside, returned
            inside = True
            returned = theirs(*arrays, **constants)
            inside = False
            return returned

        whole = isinstance(theirs, type)                       # of a class there is more than one call to be watched
        seen = _outcome(lambda call: self.observed(theirs if whole else watched, call), self.call(case))
        if isinstance(seen, Stopped) and not (inside or whole):
            return Stopped(f"yours returns {shown(returned)}, and that is not of the kind that is asked for")
        return seen


class Stopped(str):
    """What is to be said of a try that an error ended."""


def _outcome(function: Callable, argument: Any) -> Any:
    try:
        with np.errstate(all="ignore"):
            return function(argument)
    except Exception as error:                                 # any mistake can stand in a learner's file
        return Stopped(f"it stops with {line_of(error)}")


def known(says: str, where: str = "") -> str:
    """How the judge speaks of a mistake that he knows."""
    return f"Not yet. {where + ', w' if where else 'W'}hat comes out is the same as with this mistake: {says}."
