"""Is the log probability of a continuation what softmax says, token by token, in whatever batch it is asked?"""

import numpy as np
import pytest

from tests.small import VOCABULARY, gpt
from tinyformer.engine import no_grad
from tinyformer.errors import CheckpointError, InputError
from tinyformer.generate import likelihoods

PROMPTS = [[3, 1, 4], [5], [9, 2, 6, 5, 3]]
CONTINUATIONS = [[[1], [2, 3, 4]], [[7, 7]], [[1, 2], [3], [4, 5, 6, 7]]]


def by_hand(model, prompt: list[int], continuation: list[int]) -> float:
    """log softmax of the whole text read at once, summed over the places of the continuation."""
    with no_grad():
        logits = model(np.array([prompt + continuation])).data[0]
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return float(sum(log_p[len(prompt) - 1 + place, id] for place, id in enumerate(continuation)))


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("norm", ["pre", "post"])
def test_sums_of_log_softmax_for_continuations_of_unequal_lengths(size, norm):
    model = gpt(norm=norm)
    found = likelihoods(model, PROMPTS, CONTINUATIONS, batch_size=size)
    assert [len(each) for each in found] == [2, 1, 3]
    for prompt, given, log_p in zip(PROMPTS, CONTINUATIONS, found, strict=True):
        np.testing.assert_allclose(log_p, [by_hand(model, prompt, ids) for ids in given], rtol=1e-10)


def test_a_long_prompt_and_a_long_continuation_of_another_have_room_side_by_side():
    """Either fits into the 9 positions; the padding that one puts behind the other does not."""
    model, prompts = gpt(), [[1] * 7, [2], [3] * 5]
    continuations = [[[3]], [[1, 2, 3, 4, 5, 6, 7, 1]], [[1, 2], [4, 5, 6, 7]]]
    for prompt, given, log_p in zip(prompts, continuations, likelihoods(model, prompts, continuations), strict=True):
        np.testing.assert_allclose(log_p, [by_hand(model, prompt, ids) for ids in given], rtol=1e-10)


def test_the_order_of_prompts_does_not_matter():
    model = gpt()
    there = likelihoods(model, PROMPTS, CONTINUATIONS)
    back = likelihoods(model, PROMPTS[::-1], CONTINUATIONS[::-1])
    for one, other in zip(there, back[::-1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10)


def test_all_next_tokens_together_are_certain():
    found, = likelihoods(gpt(), [[3, 1]], [[[id] for id in range(VOCABULARY)]])
    assert np.exp(found).sum() == pytest.approx(1)


@pytest.mark.parametrize("prompts, continuations, said", [
    ([[]], [[[1]]], "empty"), ([[1]], [[[2], []]], "empty"), ([[1] * 8], [[[2, 3]]], "room for 9")])
def test_what_cannot_be_read_is_refused(prompts, continuations, said):
    with pytest.raises(InputError, match=said):
        likelihoods(gpt(), prompts, continuations)
    assert len(likelihoods(gpt(), [[1] * 8], [[[2]]])[0]) == 1


def test_a_prompt_without_continuations_has_no_numbers():
    found = likelihoods(gpt(), [[1], [2, 3]], [[], [[4]]])
    assert [len(each) for each in found] == [0, 1] and len(likelihoods(gpt(), [[1]], [[]])[0]) == 0


def test_numbers_that_are_not_finite_are_no_likelihoods():
    model = gpt()
    model.norm.gain.data[...] = 1e308
    with np.errstate(all="ignore"), pytest.raises(CheckpointError, match="likelihoods: [12] of 2 are NaN or infinite"):
        likelihoods(model, [[1, 2]], [[[3], [4]]])
