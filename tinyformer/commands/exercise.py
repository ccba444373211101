"""Can I derive it myself?  One file with a hole in it, a judge who says what is wrong, hints, and our solution."""

import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinyformer import exercises
from tinyformer.errors import InputError
from tinyformer.options import argument, option, suggestion, switch

if TYPE_CHECKING:
    from tinyformer.exercises.kit.workbook import Workbook

USAGE = "[NAME] [--check | --watch | --hint | --solution] [options]"


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which exercise, and what to do with it."""

    name: str | None = argument("the exercise, which is written into a file of its own; without a name they are listed",
                                default=None)
    check: bool = switch("judge the file, and say what is wrong")
    watch: bool = switch("judge it now, and again whenever it is saved, until it is right")
    hint: bool = switch("show the next of three hints")
    solution: bool = switch("show our solution below yours; with --check, judge ours")
    all: bool = switch("every exercise; with --check, every one that was begun")
    out: str = option("exercises", "folder of your files, and of what is solved so far", metavar="DIR")
    overwrite: bool = switch("begin anew with a file that stands there")


def run(options: Options) -> int:
    """List, write, judge, help or show: 0 unless a judge says that something is wrong."""
    asked = [name for name in ("check", "watch", "hint", "solution") if getattr(options, name)]
    if len(asked) > 1 and asked != ["check", "solution"]:
        raise InputError(f"--{asked[0]} and --{asked[1]} are given; one at a time (but --solution --check judges ours)")
    if options.all and options.name:
        raise InputError(f"--all means every exercise, and {options.name} is named; give one of the two")
    if options.all and asked not in ([], ["check"], ["check", "solution"]):
        raise InputError(f"--{asked[0]} is for one exercise; name it in the place of --all")
    if asked and not options.all and options.name is None:
        raise InputError("no exercise is named; `python -m tinyformer exercise` lists them, --all means every one")
    from tinyformer.exercises.kit.workbook import Workbook
    book = Workbook(options.out)
    if options.name is None and not options.all:
        print(exercises.overview(book.solved(), options.out))
        return 0
    names = [known(options.name)] if options.name else list(exercises.EXERCISES)
    if len(asked) == 2:
        return judge_ours(names)
    if options.all:
        return judge_all(book, names) if asked else write_all(book, names, options.overwrite)
    return of_one(book, exercises.EXERCISES[names[0]], asked[0] if asked else "write", options.overwrite)


def of_one(book: "Workbook", exercise, what: str, overwrite: bool) -> int:
    """Write one exercise, judge or watch it, give a hint, or show the solution."""
    if what == "watch":
        return watch(book, exercise)
    if what == "check":
        verdict = book.judge(exercise)
        print(f"{exercise.name}: {verdict.says}")
        if verdict.right:
            print(next_one(book.solved()))
        return 0 if verdict.right else 1
    if what == "hint":
        print(book.hint(exercise))
    elif what == "solution":
        theirs, ours = book.answer(exercise), f"Ours:\n\n{exercise.source()}{exercise.elsewhere()}"
        print(f"Yours:\n\n{theirs}\n\n{ours}" if theirs else ours)
    else:
        file = book.write(exercise, overwrite)
        print(f"{file}: {exercises.EXERCISES.question(exercise.name)}\nWrite what is missing, and then: "
              f"python -m tinyformer exercise {exercise.name} --check")
    return 0


def known(name: str) -> str:
    """The name, if there is such an exercise; InputError with the nearest ones."""
    if name not in exercises.EXERCISES:
        near = suggestion(name, exercises.EXERCISES)
        raise InputError(f"exercise {name!r} is not known{near or '; `python -m tinyformer exercise` lists them'}")
    return name


def next_one(solved: set[str]) -> str:
    """What to do after this one."""
    left = [name for name in exercises.EXERCISES if name not in solved]
    return f"The next: python -m tinyformer exercise {left[0]}" if left else "You have solved them all."


def watch(book: "Workbook", exercise, pause: float = 0.3) -> int:
    """Judge the file whenever it is saved, until it is right; Ctrl-C ends it."""
    seen, file = None, book.file(exercise.name)
    while True:
        now = file.stat().st_mtime_ns if file.exists() else 0
        if now != seen:
            seen = now
            try:
                right, says = book.judge(exercise)
            except InputError as error:                        # half written: the next time it is saved says more
                right, says = False, str(error)
            print(f"{time.strftime('%H:%M:%S')}  {exercise.name}: {says}", flush=True)
            if right:
                return 0
        time.sleep(pause)


def write_all(book: "Workbook", names: list[str], overwrite: bool) -> int:
    """Write every exercise whose file is not there yet."""
    new = [name for name in names if overwrite or not book.file(name).exists()]
    for name in new:
        book.write(exercises.EXERCISES[name], overwrite)
    left = f"; {len(names) - len(new)} stood there already and are left alone" if len(new) < len(names) else ""
    print(f"{book.folder}: {len(new)} exercises are written{left}")
    return 0


def judge_all(book: "Workbook", names: list[str]) -> int:
    """Judge every exercise that was begun, a line for each."""
    begun = [name for name in names if book.file(name).exists()]
    right = 0
    for name in begun:
        try:
            verdict = book.judge(exercises.EXERCISES[name])
            right, says = right + verdict.right, verdict.says
        except InputError as error:
            says = str(error)
        print(f"{name}: {says}", flush=True)
    print(f"{right} of {len(begun)} are right")
    return 0 if right == len(begun) else 1


def judge_ours(names: list[str]) -> int:
    """Judge our own solutions, each in a file as a learner has it, so that none of them rots."""
    from tinyformer.exercises.kit.workbook import Workbook
    with tempfile.TemporaryDirectory() as folder:
        book, right = Workbook(folder), 0
        for name in names:
            exercise = exercises.EXERCISES[name]
            book.file(name).write_text(exercise.page(solved=True), encoding="utf-8")
            verdict = book.judge(exercise)
            right += verdict.right
            print(f"{name}: {verdict.says}", flush=True)
    print(f"{right} of {len(names)} are right")
    return 0 if right == len(names) else 1
