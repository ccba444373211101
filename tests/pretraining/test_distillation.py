"""Is a student taught by what its teacher says, with the losses of the paper and their gradients?"""

import json

import numpy as np
import pytest
import small

from tinyformer import Tensor
from tinyformer.cli import main
from tinyformer.gradcheck import check
from tinyformer.models import DistilBertForMaskedLM, RobertaForMaskedLM
from tinyformer.pretraining.distillation import Lesson, TaughtBatch, apart, begin_as, soft_targets, student_of
from tinyformer.train import load_model, save_model
from tinyformer.train.step import accumulate

RNG = np.random.default_rng(0)
STUDENT, TEACHER = RNG.normal(size=(5, 7)), 3 * RNG.normal(size=(5, 7))
HIDDEN, TAUGHT = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(2, 3, 4))
KEEP = np.array([[1, 1, 1], [1, 0, 0]], bool)
TEMPERATURES = pytest.mark.parametrize("temperature", [1.0, 2.0, 20.0])


def softmax(x):
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


# ---- the losses ----


@TEMPERATURES
def test_soft_targets_are_a_divergence_whose_gradient_is_the_difference(temperature):
    p, q = softmax(TEACHER / temperature), softmax(STUDENT / temperature)
    logits = Tensor(STUDENT, requires_grad=True)
    loss = soft_targets(logits, Tensor(TEACHER), temperature, count=10)
    assert loss.item() == pytest.approx(temperature ** 2 * (p * np.log(p / q)).sum() / 10, rel=1e-12)
    loss.backward()
    assert np.allclose(logits.grad, temperature * (q - p) / 10, atol=1e-14)
    assert soft_targets(Tensor(TEACHER), Tensor(TEACHER), temperature, count=10).item() == pytest.approx(0, abs=1e-12)


def test_at_a_high_temperature_the_gradient_no_longer_depends_on_it():
    """It is that of half the squared distance of the logits, each row without its mean, over V (Hinton et al. 2015)."""
    logits = Tensor(STUDENT, requires_grad=True)
    soft_targets(logits, Tensor(TEACHER), 1e4, count=1).backward()
    distance = STUDENT - TEACHER
    assert np.allclose(logits.grad, (distance - distance.mean(-1, keepdims=True)) / 7, atol=1e-3)


def test_the_cosine_is_taken_at_real_positions():
    lengths = np.linalg.norm(HIDDEN, axis=-1) * np.linalg.norm(TAUGHT, axis=-1)
    cosines = np.einsum("btc,btc->bt", HIDDEN, TAUGHT) / lengths
    assert apart(Tensor(HIDDEN), Tensor(TAUGHT), KEEP, count=4).item() == pytest.approx((1 - cosines)[KEEP].mean())
    assert apart(Tensor(3 * TAUGHT), Tensor(TAUGHT), KEEP, count=4).item() == pytest.approx(0, abs=1e-12)


@TEMPERATURES
def test_their_gradients_are_checked(temperature):
    assert check(lambda x: soft_targets(x, Tensor(TEACHER), temperature, 3), STUDENT).ok
    assert check(lambda x: apart(x, Tensor(TAUGHT), KEEP, 4), HIDDEN).ok


def test_they_are_those_of_pytorch():
    torch = pytest.importorskip("torch", reason="the outside oracle")
    F = torch.nn.functional
    student, teacher = torch.tensor(STUDENT), torch.tensor(TEACHER)
    there = F.kl_div(F.log_softmax(student / 2, -1), F.softmax(teacher / 2, -1), reduction="batchmean") * 4
    assert soft_targets(Tensor(STUDENT), Tensor(TEACHER), 2.0, count=5).item() == pytest.approx(there.item(), rel=1e-12)
    real = torch.tensor(KEEP)
    there = F.cosine_embedding_loss(torch.tensor(HIDDEN)[real], torch.tensor(TAUGHT)[real], torch.ones(4))
    assert apart(Tensor(HIDDEN), Tensor(TAUGHT), KEEP, count=4).item() == pytest.approx(there.item(), rel=1e-12)


# ---- a student ----


def a_lesson(layers=2):
    teacher = small.bert(layers=4, pair_objective="none")
    student = student_of(teacher, layers, 0.0, 0.02, np.random.default_rng(3)).to(dtype=np.float64)
    batch = small.pretraining_batch()
    return teacher, student, TaughtBatch(**{**vars(batch), "pair_labels": None})


def test_the_gradient_of_a_lesson_is_right_and_stays_away_from_the_teacher():
    teacher, student, batch = a_lesson()
    begin_as(teacher, student)                                 # away from numbers that are 0 or 1
    lesson = Lesson(teacher, 2.0, (5.0, 2.0, 1.0))
    assert check(lambda: lesson(student, batch), student).ok
    assert all(p.grad is None for p in teacher.parameters())


def test_a_batch_in_parts_gives_the_gradients_of_the_whole():
    teacher, student, batch = a_lesson()
    lesson = Lesson(teacher, 2.0, (5.0, 2.0, 1.0))
    found = []
    for pieces in (1, 3):
        for p in student.parameters():
            p.grad = None
        loss, _ = accumulate(student, batch, pieces, loss=lesson)
        found.append((float(loss), [p.grad.copy() for p in student.parameters()]))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-12)
    assert all(np.allclose(a, b, atol=1e-13) for a, b in zip(found[0][1], found[1][1], strict=True))


@pytest.mark.parametrize("layers, sources", [(2, (0, 2)), (4, (0, 1, 2, 3)), (3, (0, 1, 2)), (1, (0,))])
def test_a_student_begins_with_layers_of_its_teacher(layers, sources):
    teacher, student, batch = a_lesson(layers)
    begin_as(teacher, student)
    for own, source in zip(student.bert.layers, sources, strict=True):
        assert np.array_equal(own.feed.widen.weight.data, teacher.bert.layers[source].feed.widen.weight.data)
    assert np.array_equal(student.bert.words.weight.data, teacher.bert.words.weight.data)
    assert np.array_equal(student.word_bias.data, teacher.word_bias.data)


# ---- pretrain --teacher ----


@pytest.mark.usefixtures("few_pairs")
@pytest.mark.parametrize("family, kind", [("bert", DistilBertForMaskedLM), ("roberta", RobertaForMaskedLM)])
def test_a_run_with_a_teacher_leaves_a_student(family, kind, corpus, tmp_path, small, capsys):
    run, vocabulary = ["pretrain", "bert", "--corpus", str(corpus)], "60" if family == "bert" else "300"
    sizes = [*small[:small.index("--layers")], *small[small.index("--layers") + 2:]]
    assert main([*run, "--family", family, "--layers", "2", *sizes, "--vocabulary", vocabulary, "--objective", "none",
                 "--out", str(tmp_path / "teacher")]) == 0
    rest = ["--max-length", "24", "--batch-size", "4", "--steps", "3", "--teacher", str(tmp_path / "teacher")]
    assert main([*run, *rest, "--out", str(tmp_path / "student")]) == 0
    model, tokenizer = load_model(tmp_path / "student")
    assert type(model) is kind and model.config.layers == 1 and model.config.width == 16
    settings = json.loads((tmp_path / "student" / "settings.json").read_text())
    assert (settings["temperature"], settings["teaching"], settings["begin"]) == (2.0, [5.0, 2.0, 1.0], "teacher")
    assert len(tokenizer) == model.config.vocabulary
    capsys.readouterr()
    for words, message in ((["--width", "32"], "a student has it of its teacher"), (["--layers", "3"], "and 2 layers"),
                           (["--teaching", "1,2"], "three weights")):
        assert main([*run, *rest, *words, "--out", str(tmp_path / "other")]) == 2
        assert message in capsys.readouterr().err


def test_a_teacher_must_be_able_to_teach(corpus, tmp_path, capsys):
    save_model(tmp_path / "gpt", small.gpt(dtype=np.float32))
    words = ["pretrain", "bert", "--corpus", str(corpus), "--out", str(tmp_path / "student")]
    assert main([*words, "--teacher", str(tmp_path / "gpt")]) == 2 and "holds a GPT" in capsys.readouterr().err
    assert main([*words, "--temperature", "3"]) == 2 and "there is no --teacher" in capsys.readouterr().err
