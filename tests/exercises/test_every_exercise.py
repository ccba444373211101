"""Is every exercise whole?  Our solution is right, three hints lead to it, and what is wrong is told apart."""

import re
from pathlib import Path

import pytest

from tinyformer import exercises
from tinyformer.cli import main
from tinyformer.exercises.kit.blank import blank
from tinyformer.exercises.kit.of_an_op import OpExercise

NAMES = list(exercises.EXERCISES)
each = pytest.mark.parametrize("name", NAMES)


def wrong_solutions(exercise) -> dict:
    return dict(exercise.tries()) if isinstance(exercise, OpExercise) else exercise.mistakes


def test_our_solutions_are_right(capsys):
    """Each is written to a file as a learner has it, run and judged."""
    status = main(["exercise", "--all", "--solution", "--check"])
    said = capsys.readouterr().out
    assert status == 0 and said.endswith(f"{len(NAMES)} of {len(NAMES)} are right\n"), said


@each
def test_its_name_is_that_of_its_file_and_it_asks_a_question(name):
    exercise = exercises.EXERCISES[name]
    assert exercise.name == name
    assert exercise.about.splitlines()[0].endswith("?")
    assert len(exercise.hints) == 3 and all(hint.strip().endswith((".", "?")) for hint in exercise.hints)


@each
def test_the_file_that_a_learner_gets_lacks_the_answer(name):
    exercise = exercises.EXERCISES[name]
    page = exercise.page()
    compile(page, name, "exec")
    assert page.startswith(f'"""{exercise.about.splitlines()[0]}') and "...  # yours" in page
    assert blank(exercise.source()) != exercise.source()


@each
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_wrong_solutions_get_different_diagnoses(name):
    exercise = exercises.EXERCISES[name]
    verdicts = {says: exercise.judge(wrong) for says, wrong in wrong_solutions(exercise).items()}
    told = {verdict.says for says, verdict in verdicts.items() if not verdict.right}
    assert len(told) >= 3, verdicts
    for says in exercise.mistakes:                             # what was hung as a mistake is one, and is recognized
        assert not verdicts[says].right, says
        assert says in verdicts[says].says or isinstance(exercise, OpExercise), (says, verdicts[says].says)


def test_every_file_of_the_room_is_in_the_list():
    files = {path.stem for path in Path(exercises.__path__[0]).glob("*.py")} - {"__init__"}
    assert files == {*NAMES}
    assert len(NAMES) == len({*NAMES})


def test_the_example_of_the_contract_is_an_exercise():
    """What the package's docstring shows runs as it stands there."""
    shown = re.search(r"\n    import numpy as np\n.*?(?=\n\nWhat the learner)", exercises.__doc__, re.S)[0]
    space = {}
    exec("\n".join(line[4:] for line in shown.splitlines()).replace("(__doc__", "('Which?'"), space)
    assert space["EXERCISE"].judge(space["causal_mask"]).right
