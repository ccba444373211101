"""Is a student taught by the teacher of its seed, and held against one that differs in nothing else?"""

import pytest

from tinyformer.models import DistilBertForMaskedLM
from tinyformer.phenomena import distillation
from tinyformer.phenomena.distillation import ALONE, ARMS, BOTH, TAUGHT
from tinyformer.phenomena.kit import Found
from tinyformer.phenomena.parts.held_out_words import guessed
from tinyformer.train import save_model

SMALL = distillation.EXPERIMENT.quick.but(steps=2, reading=2, documents=60, vocabulary=300)


def test_students_differ_in_their_teaching_alone():
    found = {arm: distillation.one(SMALL, 5, arm) for arm in (ALONE, TAUGHT, BOTH)}
    assert len({(each["parameters"], str(each["teacher"])) for each in found.values()}) == 1
    assert found[ALONE]["parameters"] < found[ALONE]["teacher"]["parameters"]
    for each in found.values():
        assert 0 <= each["accuracy"] <= 1 and [row["step"] for row in each["curve"]] == [1, 2]
    assert len({each["loss"] for each in found.values()}) == 3


def test_a_student_alone_begins_with_the_numbers_of_one_that_is_taught(tmp_path):
    teacher, _ = distillation.taught(5, SMALL)
    where = str(tmp_path / "teacher")
    save_model(where, teacher.model, teacher.tokenizer)
    still = dict(steps=1, layers=2, optimizer="muon", learning_rate=1e-12, matrix_rate=1e-12)
    alone, taught = (guessed(5, SMALL.documents, **still, **more)[0] for more in (
        dict(family="distilbert", tokenizer=where, heads=2, width=SMALL.width), dict(teacher=where, begin="random")))
    assert type(alone.model) is type(taught.model) is DistilBertForMaskedLM
    for name, own in alone.model.state().items():
        assert abs(own - taught.model.state()[name]).max() < 1e-9, name
    assert (alone.batches.batch(3).ids == taught.batches.batch(3).ids).all()


def outcomes(gained: float) -> list[dict]:
    reached = dict(zip(ARMS, (0.2, 0.2 + gained, 0.4, 0.4, 0.3), strict=True))
    return [{"seed": seed, "arm": arm, "accuracy": share, "loss": 2.0, "core seconds": 1.0, "parameters": 1000,
             "teacher": {"accuracy": 0.45, "loss": 1.5, "core seconds": 9.0, "parameters": 2000}}
            for seed in range(3) for arm, share in reached.items()]


@pytest.mark.parametrize("gained, word", [(0.03, "seen"), (0.0, "not seen")])
def test_the_rule_and_the_table(gained, word):
    found = Found(distillation.EXPERIMENT.full, [0, 1, 2], outcomes(gained))
    assert distillation.verdict(found).word == word
    rows = distillation.table(found).rows
    assert [row[0] for row in rows] == ["teacher", *ARMS] and rows[0][4] == "45.0 ± 0.0"
    sizes = found.sizes
    assert [row[2] for row in rows] == [sizes.reading, *[sizes.steps] * 4, sizes.reading + sizes.steps]
