"""What stands in the folder of a learner?  One file for each exercise that was begun, and what is solved so far."""

import json
import os
import time
from pathlib import Path

from tinyformer.errors import InputError
from tinyformer.exercises.kit.blank import filled, holes, is_blank
from tinyformer.exercises.kit.form import Exercise, Verdict
from tinyformer.exercises.kit.patience import TooLong, patience
from tinyformer.gradcheck.user_file import line_of
from tinyformer.json_text import NotJSON, parse_json
from tinyformer.places import make_folder

PROGRESS = "progress.json"


class Workbook:
    """A folder with exercises in it; it need not be there before something is written."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)

    def file(self, name: str) -> Path:
        return self.folder / f"{name}.py"

    def write(self, exercise: Exercise, overwrite: bool = False) -> Path:
        """Write the file of an exercise; InputError where one stands there, unless it may be lost."""
        file = self.file(exercise.name)
        if file.exists() and not overwrite:
            raise InputError(f"{file} stands there already and is left alone; --check judges it, --overwrite begins "
                             "anew and loses what is in it")
        make_folder(self.folder)
        file.write_text(exercise.page(), encoding="utf-8")
        return file

    def judge(self, exercise: Exercise) -> Verdict:
        """What the judge says of the file that stands here: noted down, and the exercise is solved once it is right."""
        file = self.file(exercise.name)
        if not file.is_file():
            raise InputError(f"{file}: no such file; `python -m tinyformer exercise {exercise.name}` writes it")
        if is_blank(self.text(exercise), exercise.name, exercise.source()):
            return Verdict(False, f"{file}: nothing is written yet where `...  # yours` stands; --hint helps to begin.")
        try:
            with patience():
                verdict = exercise.judge(exercise.theirs(file))
        except (TooLong, SystemExit) as error:
            verdict = Verdict(False, f"It stops with {line_of(error)}")
        self.note(exercise.name, says=verdict.says, when=time.time(), **({"solved": True} if verdict.right else {}))
        return verdict

    def text(self, exercise: Exercise) -> str:
        """The learner's file; InputError where it is no Python."""
        file = self.file(exercise.name)
        try:
            text = file.read_text(encoding="utf-8")
            holes(text)
        except SyntaxError as error:
            raise InputError(f"{file}:{error.lineno or 1}: {error.msg}") from error
        except ValueError as error:                            # no UTF-8, or zero bytes
            raise InputError(f"{file}: is no Python text ({error}); --overwrite begins anew") from error
        return text

    def answer(self, exercise: Exercise) -> str:
        """What the learner wrote, or nothing where there is no file, or nothing in it yet."""
        if not self.file(exercise.name).is_file():
            return ""
        what = self.text(exercise), exercise.name, exercise.source()
        return "" if is_blank(*what) else filled(*what)

    def hint(self, exercise: Exercise) -> str:
        """The next of the three hints; after the last one it comes again."""
        number = min(self.progress().get(exercise.name, {}).get("hints", 0), 2)
        self.note(exercise.name, hints=number + 1)
        more = "the next --hint says more" if number < 2 else "this is the last; --solution shows ours"
        return f"Hint {number + 1} of 3: {exercise.hints[number]}\n({more})"

    # ---- what is solved so far ---------------------------------------------------------------------------------------

    def solved(self) -> set[str]:
        return {name for name, entry in self.progress().items() if entry.get("solved")}

    def progress(self) -> dict[str, dict]:
        """name -> {"solved": true, "hints": 2, "says": ..., "when": ...}; InputError where the file is damaged."""
        file = self.folder / PROGRESS
        if not file.exists():
            return {}
        try:
            found = parse_json(file.read_text(encoding="utf-8"))
            return {name: dict(entry) for name, entry in found.items()}
        except (NotJSON, ValueError, TypeError, AttributeError):
            raise InputError(f"{file}: is not what was written there; mend it, or remove it and let --all --check "
                             "find again what is solved") from None

    def note(self, name: str, **what) -> None:
        found = self.progress()
        found[name] = found.get(name, {}) | what
        make_folder(self.folder)
        fresh = self.folder / f".{PROGRESS}"
        fresh.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        os.replace(fresh, self.folder / PROGRESS)
