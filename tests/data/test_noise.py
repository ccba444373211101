"""Does each corruption damage what its paper says, and nothing else?  Each on 1,000 random texts."""

import numpy as np
import pytest

from tinyformer.data.masking import IGNORED
from tinyformer.data.noise import (
    NOISES,
    delete,
    deshuffle,
    infill,
    mask,
    mass,
    permute,
    reassemble,
    rotate,
    sentinels_needed,
    span_lengths,
    spans,
)
from tinyformer.rng import stream

MASK, SENTINELS = 4, list(range(10, 60))
WORDS = range(100, 1100)


def texts(least=1, most=80, count=1000):
    """Random texts, each with the generator that damages it; no text holds a special id."""
    for number in range(count):
        rng = stream(0, "texts", number)
        yield rng.integers(WORDS.start, WORDS.stop, rng.integers(least, most + 1)), rng


def distinct(least=1, most=80):
    """Texts in which every token is another, so that each can be found again."""
    for ids, rng in texts(least, most):
        yield rng.permutation(WORDS)[:len(ids)], rng


def options(name, rng, length):
    starts = [0, *np.sort(rng.choice(range(1, length), min(length - 1, 3), replace=False))]
    return {"infill": {"mask_id": MASK}, "mask": {"mask_id": MASK}, "mass": {"mask_id": MASK},
            "spans": {"sentinels": SENTINELS}, "permute": {"starts": starts}}.get(name, {})


@pytest.mark.parametrize("name", NOISES)
def test_a_corruption_is_a_pure_function_that_leaves_its_input_alone(name):
    for number, (ids, rng) in enumerate(texts()):
        before, settings = ids.copy(), options(name, rng, len(ids))
        one, other = (NOISES[name](ids, stream(1, "noise", number), **settings) for _ in range(2))
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
        assert np.array_equal(ids, before) and all(part.dtype == ids.dtype and part.ndim == 1 for part in one)


@pytest.mark.parametrize("name", sorted(set(NOISES) - {"mass", "spans"}))
def test_the_target_is_the_text_as_it_was(name):
    for ids, rng in texts():
        assert np.array_equal(NOISES[name](ids, rng, **options(name, rng, len(ids)))[1], ids)


def test_masking_hides_three_in_ten_and_changes_nothing_else():
    hidden = total = 0
    for ids, rng in texts():
        source, _ = mask(ids, rng, mask_id=MASK)
        assert len(source) == len(ids) and np.array_equal(source[source != MASK], ids[source != MASK])
        hidden, total = hidden + (source == MASK).sum(), total + len(ids)
        assert abs((source == MASK).sum() - 0.3 * len(ids)) < 1
    assert hidden / total == pytest.approx(0.3, abs=0.003)


def test_deletion_never_lengthens_and_keeps_the_order():
    gone = total = 0
    for ids, rng in distinct():
        source, _ = delete(ids, rng)
        places = [list(ids).index(id) for id in source]
        assert len(source) <= len(ids) and places == sorted(places)
        gone, total = gone + len(ids) - len(source), total + len(ids)
    assert gone / total == pytest.approx(0.3, abs=0.003)


def test_permutation_keeps_every_sentence_whole():
    moved = 0
    for ids, rng in distinct(least=8):
        starts = options("permute", rng, len(ids))["starts"]
        source, _ = permute(ids, rng, starts=starts)
        sentences = [tuple(part) for part in np.split(ids, starts[1:])]
        firsts = sorted(list(source).index(sentence[0]) for sentence in sentences)
        assert sorted(tuple(part) for part in np.split(source, firsts[1:])) == sorted(sentences)
        moved += not np.array_equal(source, ids)
    assert moved / 1000 == pytest.approx(23 / 24, abs=0.03)    # of the 24 orders of four sentences one is the old


@pytest.mark.parametrize("starts", [[1, 3], [0, 3, 3], [0, 9], []])
def test_sentences_that_are_none_are_refused(starts):
    with pytest.raises(ValueError, match="permute: starts is"):
        permute(np.arange(100, 105), stream(0, "x"), starts=starts)


def test_rotation_is_a_cyclic_shift_by_any_amount():
    shifts = []
    for ids, rng in distinct():
        source, _ = rotate(ids, rng)
        shift = list(ids).index(source[0])
        assert np.array_equal(source, np.roll(ids, -shift))
        shifts.append(shift / len(ids))
    assert np.histogram(shifts, 4, (0, 1))[0].min() > 180


def test_infilling_replaces_spans_of_poisson_length_by_one_mask_each():
    """Read off the result alone: what stands between two tokens of the source that were no neighbours."""
    lengths, hidden, total = [], 0, 0
    for ids, rng in distinct(least=40):
        source, _ = infill(ids, rng, mask_id=MASK)
        place = {id: n for n, id in enumerate(ids)}
        seen = [-1, *(place[id] for id in source[source != MASK]), len(ids)]
        gaps = np.diff(seen) - 1                                # tokens missing in front of each token that is left
        masked = np.diff(np.flatnonzero(np.concatenate([[True], source != MASK, [True]]))) - 1
        assert seen == sorted(seen) and masked.max() <= 1 and not gaps[masked == 0].any()
        lengths += gaps[masked == 1].tolist()
        hidden, total = hidden + gaps.sum(), total + len(ids)
    assert np.mean(lengths) == pytest.approx(3, abs=0.1)
    assert np.var(lengths) == pytest.approx(3, abs=0.3)         # Poisson: as large as the mean
    assert np.mean(np.array(lengths) == 0) == pytest.approx(np.exp(-3), abs=0.01)         # a [MASK] and nothing missing
    assert hidden / total == pytest.approx(0.3, abs=0.01)


def test_infilling_has_room_for_a_token_between_any_two_spans():
    for ids, rng in texts(most=12):
        lengths = span_lengths(len(ids), rng, rate=1.0)
        assert lengths.sum() + max(len(lengths) - 1, 0) <= len(ids)
        infill(ids, rng, mask_id=MASK, rate=1.0)


def test_mass_hides_one_half_in_one_piece_and_asks_for_it_alone():
    for ids, rng in texts():
        source, target = mass(ids, rng, mask_id=MASK)
        hidden = source == MASK
        assert hidden.sum() == max(1, round(0.5 * len(ids))) == np.ptp(np.flatnonzero(hidden)) + 1
        assert np.array_equal(np.where(hidden, target, source), ids) and (target[~hidden] == IGNORED).all()


def test_sentinels_put_the_text_together_again():
    for ids, rng in texts(least=2):
        source, target = spans(ids, rng, sentinels=SENTINELS)
        assert reassemble(source, target, SENTINELS) == ids.tolist()


def test_spans_hide_fifteen_in_a_hundred_three_at_a_time():
    lengths, hidden, total = [], 0, 0
    for ids, rng in texts(least=2):
        source, target = spans(ids, rng, sentinels=SENTINELS)
        marks = np.isin(target, SENTINELS)
        count = marks.sum() - 1
        assert target[marks].tolist() == SENTINELS[:count + 1] and count + 1 <= sentinels_needed(len(ids))
        assert source[np.isin(source, SENTINELS)].tolist() == SENTINELS[:count]
        places = np.flatnonzero(np.isin(source, SENTINELS))
        assert places[0] > 0 and (np.diff(places) > 1).all()   # a text begins with what is shown; no two spans touch
        assert marks[-1] and (np.diff(np.flatnonzero(marks)) > 1).all()        # no span is empty
        if len(ids) >= 20:                                     # three or more are hidden: less makes a shorter span
            lengths += (np.diff(np.flatnonzero(marks)) - 1).tolist()
        hidden, total = hidden + (~marks).sum(), total + len(ids)
    assert np.mean(lengths) == pytest.approx(3, abs=0.1)
    assert hidden / total == pytest.approx(0.15, abs=0.01)


def test_too_few_sentinels_are_named():
    with pytest.raises(ValueError, match="need 6 sentinels; there are 3"):
        spans(np.arange(100, 200), stream(0, "x"), sentinels=SENTINELS[:3])


def test_deshuffling_keeps_the_tokens_and_loses_the_order():
    for ids, rng in texts(least=20):
        source, _ = deshuffle(ids, rng)
        assert np.array_equal(np.sort(source), np.sort(ids)) and not np.array_equal(source, ids)


@pytest.mark.parametrize("rate", [0.0, -0.1, 1.1])
@pytest.mark.parametrize("name", ["infill", "mask", "delete", "mass", "spans"])
def test_a_rate_that_is_no_share_is_refused(name, rate):
    settings = options(name, stream(0, "x"), 9)
    with pytest.raises(ValueError, match=f"rate is {rate}; it is the share"):
        NOISES[name](np.arange(100, 109), stream(0, "x"), rate=rate, **settings)
