"""What does an exercise need beside its question?  A solution, points to judge it at, three hints, known mistakes."""

from typing import TYPE_CHECKING

from tinyformer.opening import opens

if TYPE_CHECKING:
    from tinyformer.exercises.kit.form import Exercise, Verdict
    from tinyformer.exercises.kit.of_an_op import OpExercise

__getattr__, __dir__ = opens(__name__, form="Exercise Verdict", of_an_op="OpExercise")
