"""Is every setting that cannot be meant refused, with its name, its value and the rule?"""

import pytest

from tinyformer.errors import InputError
from tinyformer.train import Settings


@pytest.mark.parametrize("name, value", [
    *[("learning_rate", value) for value in (-1e-3, float("inf"), float("nan"), "1e-3", True)],
    *[(name, value) for name in ("steps", "log_every", "evaluate_every", "save_every", "accumulate")
      for value in (0, -1, 2.0)],
    ("floor", -1.0), ("weight_decay", float("nan")), ("eps", 0.0), ("clip", 0.0), ("clip", float("inf")),
    ("warmup", -1), ("seed", -1), ("keep", 1), ("betas", (0.9, 1.0)), ("betas", (0.9,)), ("schedule", "cosinus"),
    ("optimizer", "adam"), ("matrix_rate", -0.1), ("momentum", 1.0), ("momentum", -0.1)])
def test_a_wrong_value_is_named(name, value):
    with pytest.raises(InputError) as caught:
        Settings(**{name: value})
    message = str(caught.value)
    assert name in message and repr(value) in message and "must be" in message


def test_settings_that_contradict_each_other_are_named():
    with pytest.raises(InputError, match="warmup is 200 but steps is 100"):
        Settings(steps=100, warmup=200)
    with pytest.raises(InputError, match="floor is 0.1 but learning_rate is 0.01"):
        Settings(learning_rate=0.01, floor=0.1)


def test_what_can_be_meant_is_allowed():
    assert Settings(learning_rate=0).rate(3) == 0
    assert Settings(clip=None, warmup=5, steps=5, evaluate_every=None).clip is None
    assert Settings(betas=[0.9, 0.99]).betas == (0.9, 0.99)
    rates = [Settings(steps=10, learning_rate=1.0, schedule=name).rate(5) for name in ("constant", "linear", "cosine")]
    assert rates == pytest.approx([1.0, 0.5, 0.5])
