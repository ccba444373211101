"""Does the search find what is most probable as a whole?"""

import numpy as np
import pytest
import small

from tinyformer.errors import CheckpointError, InputError
from tinyformer.generate import Beam, beam_search, next_logits, write, write_beams


def log_softmax(logits):
    return logits - np.log(np.exp(logits).sum())


def exhaustive(model, ids, length, end_id, length_penalty):
    """Every continuation there is, by brute force, best first."""
    found = []

    def grow(written, total):
        if len(written) == length or written[-1:] == (end_id,):
            found.append(Beam(written, total / len(written)**length_penalty))
            return
        for token, score in enumerate(log_softmax(next_logits(model, [*ids, *written]))):
            grow((*written, token), total + score)

    grow((), 0.0)
    return sorted(found, key=lambda beam: -beam.score)


@pytest.mark.parametrize("length_penalty", [0.0, 1.0, 2.5])
@pytest.mark.parametrize("end_id", [None, 1])
@pytest.mark.parametrize("length", [1, 3, 4])
def test_a_search_wide_enough_is_exhaustive(length, end_id, length_penalty):
    model = small.gpt(vocabulary=4, context=3)                 # the window slides within the text
    every = exhaustive(model, [2, 3], length, end_id, length_penalty)
    found = write_beams(model, [2, 3], length, len(every), length_penalty, end_id)
    assert [beam.ids for beam in found] == [beam.ids for beam in every]
    np.testing.assert_allclose([beam.score for beam in found], [beam.score for beam in every], atol=1e-10)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("cached", [True, False])
def test_one_beam_is_greedy(seed, cached):
    model = small.gpt()
    prompt = list(np.random.default_rng(seed).integers(0, small.VOCABULARY, 3))
    greedy = list(write(model, prompt, 12, stop_id=3))
    ids = write_beams(model, prompt, 12, 1, stop_id=3, cached=cached)[0].ids
    assert list(ids) == (greedy if len(greedy) == 12 else [*greedy, 3])


@pytest.mark.parametrize("beams", [2, 3, 7])
def test_with_and_without_a_cache_the_same_is_found(beams):
    model = small.gpt()
    found = [write_beams(model, [4, 1], 12, beams, stop_id=3, cached=cached) for cached in (True, False)]
    assert [beam.ids for beam in found[0]] == [beam.ids for beam in found[1]]
    np.testing.assert_allclose([b.score for b in found[0]], [b.score for b in found[1]], atol=1e-10)


def table(rows):
    """A step function over a table of probabilities, row t for the token after t; the model knows one token back."""
    logs = np.log(np.array(rows) + 1e-300)
    return logs[0], lambda tokens, parents: logs[tokens]


def test_two_beams_find_what_greed_misses():
    # after 0 comes 1 (0.6) or 2 (0.4); then 1 is undecided among three, and 2 is sure of what follows
    first, step = table([[0, 0.6, 0.4, 0], [0.4, 0.3, 0, 0.3], [0, 0, 0, 1.0], [1.0, 0, 0, 0]])
    assert beam_search(first, step, length=2, beams=1)[0].ids == (1, 0)
    best = beam_search(first, step, length=2, beams=2)[0]
    assert best.ids == (2, 3) and best.score == pytest.approx(np.log(0.4) / 2)


def test_an_end_counts_among_the_best_only():
    # 3 ends the text, but 1 is more probable; greed goes on, though (3,) would have scored better than (1, 0)
    first, step = table([[0, 0.6, 0, 0.4], [0.3, 0.2, 0.2, 0.3], [1.0, 0, 0, 0], [1.0, 0, 0, 0]])
    assert [beam.ids for beam in beam_search(first, step, length=2, beams=1, length_penalty=0, end_id=3)] == [(1, 0)]


def test_texts_that_have_ended_leave_their_place_to_others():
    # (3,) ends at once; both others are followed all the same, and (2, 3) is the better of them
    first, step = table([[0, 0.3, 0.2, 0.5], [0.3, 0.3, 0, 0.4], [0, 0, 0, 1.0], [1.0, 0, 0, 0]])
    assert beam_search(first, step, length=2, beams=2, length_penalty=2.0, end_id=3)[0].ids == (2, 3)


def test_the_length_penalty_decides_between_short_and_long():
    # 3 ends the text: at once with 0.5, or after a sure 1 and then 0.4
    first, step = table([[0, 0.5, 0, 0.5], [0, 0.55, 0.05, 0.4], [0, 0, 0, 1.0], [1.0, 0, 0, 0]])
    found = {penalty: beam_search(first, step, length=8, beams=3, length_penalty=penalty, end_id=3)[0].ids
             for penalty in (0.0, 3.0)}
    assert found[0.0] == (3,) and len(found[3.0]) > 2


def test_an_open_text_is_compared_at_its_present_length():
    # (3,) and (1, 3) ended with 0.4 and 0.49 for each token; (1, 1) has 0.36 in all, and yet 0.6 for each token
    first, step = table([[0, 0.6, 0, 0.4], [0, 0.6, 0, 0.4], [0, 0, 1.0, 0], [1.0, 0, 0, 0]])
    best = beam_search(first, step, length=3, beams=2, end_id=3)[0]
    assert best.ids == (1, 1, 1) and best.score == pytest.approx(np.log(0.6))


def test_early_stopping_takes_the_first_that_ended():
    # the texts (3,) and (1, 3) end first; with patience (1, 2, 2, 2, ...) of far more probability is found
    first, step = table([[0, 0.8, 0, 0.2], [0, 0, 0.95, 0.05], [0, 0, 1.0, 0], [1.0, 0, 0, 0]])
    hasty = beam_search(first, step, length=6, beams=2, end_id=3, early_stopping=True)
    patient = beam_search(first, step, length=6, beams=2, end_id=3)
    assert sorted(beam.ids for beam in hasty) == [(1, 3), (3,)]
    assert patient[0].ids == (1, 2, 2, 2, 2, 2)


def test_a_repetition_penalty_is_heeded():
    model = small.gpt()
    plain = write_beams(model, [1, 2], 8, 2)[0].ids
    varied = write_beams(model, [1, 2], 8, 2, repetition_penalty=50.0)[0].ids
    assert len(set(plain)) < 8 and len({1, 2, *varied}) == 10


@pytest.mark.parametrize("wrong, said", [(dict(beams=0), "beams is 0"), (dict(length=0), "length is 0"),
                                         (dict(length_penalty=float("nan")), "length-penalty is nan")])
def test_settings_out_of_range_are_named(wrong, said):
    with pytest.raises(InputError, match=said):
        beam_search(np.zeros(3), None, **{"length": 2, "beams": 2, **wrong})


def test_nan_is_not_searched():
    with pytest.raises(CheckpointError, match="1 of 3 log probabilities are NaN"):
        beam_search(np.array([0, np.nan, 0]), None, length=2, beams=2)
