"""Is the number of workers the one of the rule, and never that of a measurement?"""

import fake_device  # noqa: F401  (registers the device "fake")
import numpy as np
import pytest
import small

from tinyformer.data.batches import TextBatch
from tinyformer.errors import InputError
from tinyformer.models import GPT, BertConfig, BertForPretraining, GPTConfig
from tinyformer.train import Settings, choice

AUTO = Settings(steps=1000, workers="auto")


@pytest.fixture(autouse=True)
def sixteen_cores(monkeypatch):
    monkeypatch.setattr(choice, "cores", lambda: 16)


def gpt(width=128, vocabulary=65):
    return GPT(GPTConfig(vocabulary=vocabulary, layers=4, heads=4, width=width, context=64), None)


def rows(count, length=64):
    ids = np.zeros((count, length), np.int64)
    return TextBatch(ids, ids)


@pytest.mark.parametrize("count, wanted", [(12, 6), (32, 16), (100, 16), (4, 2), (3, 1)])
def test_as_many_as_there_are_cores_and_enough_to_do_for(count, wanted):
    found, said = choice.choose(AUTO, gpt(), rows(count))
    assert found == wanted and str(wanted) in said


def test_the_four_shapes(monkeypatch):
    """Those of the benchmarks, on two cores: one process where the layers are wide."""
    monkeypatch.setattr(choice, "cores", lambda: 2)
    shapes = {"tiny": (2000, 2, 2, 128, 64, 16), "mini": (30522, 6, 12, 384, 128, 8),
              "base": (30522, 12, 12, 768, 128, 8)}
    found = {"nano": choice.choose(AUTO, gpt(), rows(12))[0]}
    for name, (vocabulary, layers, heads, width, length, count) in shapes.items():
        model = BertForPretraining(BertConfig(vocabulary=vocabulary, layers=layers, heads=heads, width=width,
                                              context=length), None)
        found[name] = choice.choose(AUTO, model, rows(count, length))[0]
    assert found == {"nano": 2, "tiny": 2, "mini": 2, "base": 1}


@pytest.mark.parametrize("settings, model, batch, why", [
    (AUTO, gpt(768), rows(32), "its layers are wide"),
    (AUTO, gpt(), rows(1), "too small to be divided"),
    (AUTO, gpt(8), rows(8), "too little to do"),
    (Settings(steps=10, workers="auto"), gpt(), rows(12), "too little to do")])
def test_one_where_one_is_faster(settings, model, batch, why):
    found, said = choice.choose(settings, model, batch)
    assert found == 1 and why in said


def test_one_where_there_is_one_core_or_another_job_on_each(monkeypatch):
    monkeypatch.setattr(choice, "cores", lambda: 1)
    assert choice.choose(AUTO, gpt(), rows(12)) == (1, "workers: 1, since there is one core")
    monkeypatch.setattr(choice, "cores", lambda: 2)
    monkeypatch.setattr(choice.multiprocessing, "parent_process", lambda: object())
    assert "one of several" in choice.choose(AUTO, gpt(), rows(12))[1]


def test_a_model_on_a_gpu_has_one_or_a_gpu_for_each():
    model = small.gpt().to("fake")
    assert choice.choose(AUTO, model, rows(12))[0] == 1
    assert choice.choose(Settings(workers=4), model, rows(12)) == (4, "")
    with pytest.raises(InputError, match="5 workers cannot share a step: each takes a GPU of its own, and of these "
                                         "there are 4 here; take one"):
        choice.choose(Settings(workers=5), model, rows(12))


def test_what_is_asked_for_and_what_was_before_come_first():
    assert choice.choose(Settings(workers=3), gpt(768), rows(32)) == (3, "")
    assert choice.choose(AUTO, gpt(768), rows(32), recorded=5) == (5, "workers: 5, as before")


@pytest.mark.parametrize("workers", [0, -1, True, 1.5, "two", "0", None])
def test_numbers_that_cannot_be_meant(workers):
    with pytest.raises(InputError, match="workers is .*auto or a whole number of at least 1"):
        Settings(workers=workers)


def test_a_number_may_come_as_text():
    assert Settings(workers="3").workers == 3 and Settings(workers="auto").workers == "auto"
