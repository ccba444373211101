"""Does a Llama's path without tensors say what the model says, and leave every other model alone?"""

import numpy as np
import pytest
import small

from tinyformer.generate import Reading
from tinyformer.generate.next_llama_token import NextLlamaToken, is_plain
from tinyformer.nn.int8_layers import keep_in_bytes

FORMS = {"Llama": {}, "Llama, tied": dict(tied=True), "Qwen2": dict(bias=True, base=500.0, heads=4, key_heads=2),
         "wide heads": dict(head_size=6, key_heads=2)}


@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 1e-5), (np.float64, 1e-13)])
@pytest.mark.parametrize("form", FORMS)
def test_it_says_what_the_tensors_say(form, dtype, tolerance):
    """Rows of unequal length, that change places, up to the context and beyond it."""
    model = small.llama(dtype=dtype, **FORMS[form])
    fast, plain = (Reading(model, [[5], [1, 2, 3], [7, 8]]) for _ in range(2))
    assert isinstance(fast.next, NextLlamaToken)
    plain.next = None                                          # from here on it asks Llama.hidden
    for token in range(9):
        parents = [2, 0, 0] if token == 2 else None
        one, other = (reading.step([token, token + 1, 12 - token], parents) for reading in (fast, plain))
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * np.abs(other).max())
        assert one.dtype == dtype


def test_a_token_takes_few_calls():
    """Counted and not timed: of the tensors' way it is a seventh."""
    import cProfile

    calls = {}
    for way in ("fast", "plain"):
        reading = Reading(small.llama(dtype=np.float32), [[1, 2, 3]])
        reading.next = reading.next if way == "fast" else None
        for token in range(2):                                 # the first call imports and fills caches
            profile = cProfile.Profile()
            profile.runcall(reading.step, [token])
        profile.create_stats()
        calls[way] = sum(count for count, *_ in profile.stats.values())
    assert calls["fast"] * 4 < calls["plain"], calls


def test_an_id_that_is_none_is_refused_by_name():
    with pytest.raises(IndexError, match=f"embedding: id {small.VOCABULARY} is out of range"):
        Reading(small.llama(), [[1, 2]]).step([small.VOCABULARY])


def test_other_models_go_the_plain_way():
    model = small.llama(dtype=np.float32)
    assert is_plain(model) and not is_plain(small.gpt())
    keep_in_bytes(model)
    assert not is_plain(model) and Reading(model, [[1, 2]]).next is None
