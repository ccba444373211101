"""Are a head's scores what they say, and does taking a head away take away this head and nothing else?"""

import numpy as np
import pytest
import small

from tinyformer.phenomena.parts.attention_scores import named, prefix_sums, previous_sums, without_heads

IDS = np.array([[5, 7, 9, 5, 7, 9]])                           # at 3, 4 and 5 a letter that was read before
LATE = np.array([[False, False, False, True, True, True]])


def looking(places: list[int]) -> np.ndarray:
    """Weights (1, 1, T, T) of a head that looks from each position at one place alone."""
    return np.eye(len(places))[places][None, None]


def test_prefix_score_of_hand_made_patterns():
    """Only the token behind the earlier occurrence counts: not that occurrence, and not a place to come."""
    assert prefix_sums(looking([0, 0, 0, 1, 2, 3]), IDS, LATE) == 3
    assert prefix_sums(looking([0, 0, 0, 0, 1, 2]), IDS, LATE) == 0
    assert prefix_sums(looking([0, 0, 0, 2, 3, 4]), IDS, LATE) == 0
    assert prefix_sums(looking([0, 0, 0, 4, 5, 5]), IDS, LATE) == 0        # 4 does follow a 5, but is to come yet
    assert prefix_sums(looking([1, 2, 3, 0, 0, 0]), IDS, LATE) == 0        # where nothing is asked


def test_prefix_score_adds_up_all_earlier_occurrences_and_tells_heads_apart():
    ids, asked = np.array([[4, 6, 4, 8, 4]]), np.array([[False] * 4 + [True]])
    spread = np.zeros((1, 2, 5, 5))
    spread[0, 0, 4] = [0.1, 0.5, 0.1, 0.2, 0.1]                # followed a 4: places 1 and 3
    spread[0, 1, 4] = [0.0, 0.0, 1.0, 0.0, 0.0]
    np.testing.assert_allclose(prefix_sums(spread, ids, asked), [0.7, 0.0])


def test_previous_score():
    assert previous_sums(looking([0, 0, 1, 2, 3, 4]), LATE) == 3
    assert previous_sums(looking([0, 0, 1, 0, 4, 5]), LATE) == 0


@pytest.mark.parametrize("form", [dict(norm="pre"), dict(norm="post")])
@pytest.mark.parametrize("head", [(0, 0), (1, 1)])
def test_exactly_one_head_brings_nothing_back(head, form):
    """The layer's attention brings what the other heads bring, to the last digit; the model stays as it was."""
    model, ids = small.gpt(**form), small.text_batch(length=9).ids
    before = {name: array.copy() for name, array in model.state().items()}
    copy = without_heads(model, head)
    layer, number = head
    size = model.config.width // model.config.heads
    for name, array in copy.state().items():
        changed = array != before[name]
        if name == f"layers.{layer}.attend.out.weight":
            assert changed[:, number * size:(number + 1) * size].all() and changed.sum() == size * model.config.width
        else:
            assert not changed.any()
    assert all(np.array_equal(array, before[name]) for name, array in model.state().items())
    x = model.words(ids) + model.positions(np.arange(9))
    attend = model.layers[layer].attend
    rows, weights = attend.project(x).data, attend.weights(x, causal=True).data          # (B, T, 3C), (B, H, T, T)
    value = rows[..., 2 * model.config.width:]
    brought = np.concatenate([weights[:, h] @ value[..., h * size:(h + 1) * size] * (h != number)
                              for h in range(model.config.heads)], axis=-1)
    ours = copy.layers[layer].attend(x, causal=True).data
    assert np.abs(ours - attend.out(brought).data).max() < 1e-12
    assert np.abs(copy(ids).data - model(ids).data).max() > 1e-6


def test_several_heads_at_once():
    one_by_one = without_heads(without_heads(small.gpt(), (0, 1)), (1, 0)).state()
    for name, array in without_heads(small.gpt(), (0, 1), (1, 0)).state().items():
        assert np.array_equal(array, one_by_one[name])
    assert not np.array_equal(one_by_one["layers.0.attend.out.weight"], small.gpt().layers[0].attend.out.weight.data)


def test_a_head_that_is_not_there():
    with pytest.raises(ValueError, match="head is 2; layer 1 has heads 0 to 1"):
        without_heads(small.gpt(), (1, 2))


def test_people_count_from_one():
    assert named((0, 1)) == "layer 1, head 2"
