"""Does the path without tensors say, to the bit, what the model says, and leave every other model alone?"""

import fake_device  # noqa: F401  (registers the device "fake")
import numpy as np
import pytest
import small

from tinyformer.generate import Reading
from tinyformer.generate.next_token import NextToken, reads_plainly
from tinyformer.models import GPT
from tinyformer.nn import Linear

FORMS = {"GPT-2": {}, "GPT-2, no bias": dict(bias=False), "GPT-2, exact GELU": dict(activation="gelu"),
         "GPT-1": dict(norm="post")}


def readings(model, rows):
    fast, plain = Reading(model, rows), Reading(model, rows)
    assert isinstance(fast.next, NextToken)
    plain.next = None                                          # from here on it asks GPT.hidden
    return fast, plain


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("form", FORMS)
def test_one_row_has_the_same_bits_on_both_ways(form, dtype):
    fast, plain = readings(small.gpt(dtype=dtype, **FORMS[form]), [[1, 2, 3]])
    for token in range(10):                                    # beyond the context of 9
        assert np.array_equal(fast.step([token]), plain.step([token]))
        assert fast.logits.dtype == dtype


@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 1e-6), (np.float64, 1e-14)])
@pytest.mark.parametrize("form", FORMS)
def test_rows_of_unequal_length_agree_also_when_they_change_places(form, dtype, tolerance):
    fast, plain = readings(small.gpt(dtype=dtype, **FORMS[form]), [[5], [1, 2, 3], [7, 8]])
    for token in range(5):
        parents = [2, 0, 0] if token == 2 else None
        both = [reading.step([token, token + 1, 12 - token], parents) for reading in (fast, plain)]
        np.testing.assert_allclose(*both, rtol=0, atol=tolerance)


def test_a_token_takes_few_calls():
    """Counted and not timed: 38 a layer and 26 around them, where the tensors' way takes 7 times as many."""
    import cProfile

    calls = {}
    for layers in (1, 2):
        reading = Reading(small.gpt(dtype=np.float32, layers=layers), [[1, 2, 3]])
        for token in range(2):                                 # the first call imports and fills caches
            profile = cProfile.Profile()
            profile.runcall(reading.step, [token])
        profile.create_stats()
        calls[layers] = sum(count for count, *_ in profile.stats.values())
    assert calls[2] - calls[1] <= 45 and calls[1] <= 90


def test_an_id_that_is_none_is_refused_by_name():
    reading = Reading(small.gpt(), [[1, 2]])
    for wrong in (small.VOCABULARY, -1):
        with pytest.raises(IndexError, match=f"embedding: id {wrong} is out of range"):
            reading.step([wrong])


def test_what_is_another_model_goes_the_way_of_its_own_forward():
    class Louder(Linear):
        def __call__(self, x):
            return super().__call__(x) * 2

    class Other(GPT):
        pass

    changed, other, far = small.gpt(), small.gpt(), small.gpt(dtype=np.float32).to("fake")
    changed.layers[1].feed.narrow.__class__ = Louder
    other.__class__ = Other
    turned = small.gpt().to(dtype=np.complex128)
    assert not any(reads_plainly(model) for model in (changed, other, far, turned, small.bert()))
    reading = Reading(changed, [[1, 2]])
    assert reading.next is None
    np.testing.assert_allclose(reading.step([3]), Reading(changed, [[1, 2, 3]], cached=False).logits, atol=1e-12)
