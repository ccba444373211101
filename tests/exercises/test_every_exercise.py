"""Is every exercise whole?  Our solution is right, three hints lead to it, and what is wrong is told apart."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from tinyformer import exercises, ops
from tinyformer.cli import main
from tinyformer.exercises.kit.answers import answer, near
from tinyformer.exercises.kit.blank import blank
from tinyformer.exercises.kit.of_an_op import OpExercise

NAMES = list(exercises.EXERCISES)
each = pytest.mark.parametrize("name", NAMES)


def test_every_primitive_has_an_exercise():
    without = sorted({*ops.every()} - {*NAMES})
    assert not without, (f"{', '.join(without)}: write tinyformer/exercises/{without[0]}.py as tanh.py is written, and "
                         "put its name into the list of tinyformer/exercises/__init__.py")


@each
def test_the_plain_form_of_an_op_is_the_op(name):
    """The value agrees at every point, and the gradients wherever the op states them."""
    exercise = exercises.EXERCISES[name]
    if isinstance(exercise, OpExercise):
        for title, case in {**exercise.op.cases, **exercise.op.specials}.items():
            plain, op = (answer(each, case(np.random.default_rng(0))) for each in (exercise.right(), exercise.op))
            assert near(plain.out, op.out) and not plain.error, title
            assert title in exercise.op.specials or all(map(near, plain.grads, op.grads)), title


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
    assert len(exercise.hints) == 3 and all(re.search(r"[.?)]$", hint) for hint in exercise.hints)


@each
def test_the_file_that_a_learner_gets_lacks_the_answer(name):
    exercise = exercises.EXERCISES[name]
    page = exercise.page()
    compile(page, name, "exec")
    assert page.startswith(f'"""{exercise.about.splitlines()[0]}') and "...  # yours" in page
    assert not re.search(r"import .*\b_\b", page)              # a name that our source throws away
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


def test_no_file_of_a_learner_hides_one_that_python_brings():
    """His folder is searched first for modules while a file of it runs."""
    assert not {*NAMES} & sys.stdlib_module_names


def test_the_example_of_the_contract_is_an_exercise():
    """What the package's docstring shows runs as it stands there."""
    shown = re.search(r"\n    import numpy as np\n.*?(?=\n\nWhat the learner)", exercises.__doc__, re.S)[0]
    space = {}
    exec("\n".join(line[4:] for line in shown.splitlines()).replace("(__doc__", "('Which?'"), space)
    assert space["EXERCISE"].judge(space["causal_mask"]).right


@each
def test_the_museum_is_quoted_where_it_agrees(name):
    """Of an op's own mistakes at least three are recognized by what comes out of them."""
    exercise = exercises.EXERCISES[name]
    if isinstance(exercise, OpExercise):
        quoted = [says for says, wrong in exercise.mistakes.items() if says in exercise.judge(wrong).says]
        assert len(quoted) >= 3, quoted
