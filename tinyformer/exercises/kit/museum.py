"""Which wrong gradients are known?  Those that the exercises on ops keep, each with the check that must notice."""

from collections.abc import Iterator

from tinyformer.engine import Primitive
from tinyformer.exercises import EXERCISES
from tinyformer.exercises.kit.of_an_op import OpExercise


def exhibits() -> Iterator[tuple[Primitive, Primitive, str]]:
    """(wrong, right, the check that notices), one for each mistake."""
    for exercise in EXERCISES.values():
        if isinstance(exercise, OpExercise):
            for says, wrong in exercise.mistakes.items():
                yield wrong, exercise.op, exercise.caught_by[says]
