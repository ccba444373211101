"""Does a model that remembers say what it would say if it read everything again, at every step?"""

import fake_device  # noqa: F401  (registers the device "fake")
import numpy as np
import pytest
import small
from hypothesis import given
from hypothesis import strategies as st

from tinyformer.backend import cuda_trouble
from tinyformer.engine import no_grad
from tinyformer.errors import InputError
from tinyformer.generate import Cache, Reading, Remember, next_logits
from tinyformer.nn import KeyValues

FORMS = {"GPT-2": {}, "GPT-2, no bias": dict(bias=False), "GPT-1": dict(norm="post")}
PRECISIONS = {np.float64: 1e-10, np.float32: 1e-5}
MODELS = {(form, dtype): small.gpt(dtype=dtype, **options) for form, options in FORMS.items() for dtype in PRECISIONS}
DEVICES = ["fake", pytest.param("cuda", marks=[
    pytest.mark.gpu, pytest.mark.skipif(cuda_trouble() is not None, reason=str(cuda_trouble()))])]
ids = st.integers(0, small.VOCABULARY - 1)


def assert_as_uncached(reading: Reading, tolerance: float, model=None):
    """The logits of each row are those of the row alone, read from the beginning (by `model`, where given)."""
    alone = np.stack([next_logits(model or reading.model, row) for row in reading.rows])
    assert reading.logits.dtype == alone.dtype
    np.testing.assert_allclose(reading.logits, alone, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("form", FORMS)
@given(prompts=st.lists(st.lists(ids, min_size=1, max_size=12), min_size=1, max_size=3), data=st.data())
def test_cached_logits_are_the_uncached_ones_at_every_step(form, dtype, prompts, data):
    """Unequal prompts, rows that are copied, dropped and put in another order, up to and past a context of 9."""
    reading = Reading(MODELS[form, dtype], prompts)
    assert_as_uncached(reading, PRECISIONS[dtype])
    for _ in range(data.draw(st.integers(1, 10))):
        rows = len(reading.rows)
        parents = data.draw(st.none() | st.lists(st.integers(0, rows - 1), min_size=1, max_size=3))
        count = rows if parents is None else len(parents)
        reading.step(data.draw(st.lists(ids, min_size=count, max_size=count)), parents)
        assert_as_uncached(reading, PRECISIONS[dtype])


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("form", FORMS)
def test_rows_of_unequal_length_cross_the_context_one_by_one(form, dtype):
    """From 1, 4 and 7 tokens to 13, 16 and 19, with a context of 9."""
    reading = Reading(MODELS[form, dtype], [[5], [1, 2, 3, 4], [6, 7, 8, 9, 10, 11, 12]])
    for place in range(12):
        assert_as_uncached(reading, PRECISIONS[dtype])
        reading.step([place, place + 1, 12 - place])
    assert_as_uncached(reading, PRECISIONS[dtype])


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("form", FORMS)
def test_on_a_device_as_on_the_host(device, form):
    host, model = (small.gpt(dtype=np.float32, **FORMS[form]) for _ in range(2))
    reading = Reading(model.to(device), [[1, 2, 3], [4, 5, 6, 7, 8]])
    for token in range(6):
        assert_as_uncached(reading, 1e-5, model=host)
        reading.step([token, token + 1], [1, 0] if token == 2 else None)


@pytest.mark.parametrize("fast", [True, False])
def test_a_step_reads_one_position_until_the_window_slides(monkeypatch, fast):
    model, sizes = small.gpt(), []
    hidden = model.hidden
    monkeypatch.setattr(model, "hidden", lambda ids, **more: sizes.append(ids.shape) or hidden(ids, **more))
    reading = Reading(model, [[1, 2, 3, 4, 5], [6]])
    reading.next = reading.next if fast else None
    for token in range(6):
        reading.step([token, token])
    assert sizes == [(2, 5), *([(2, 1)] * 4 if not fast else []), (2, 9), (2, 9)]


def test_what_stands_in_the_padding_is_never_seen():
    """Other numbers under the padding, however large, change nothing by one bit."""
    model = small.gpt(dtype=np.float32)
    first, second = (Cache(2, np.array([3, 0])) for _ in range(2))
    with no_grad():
        ids = np.array([[0, 0, 0, 5], [1, 2, 3, 4]])
        model.hidden(ids, past=first)
        model.hidden(ids + np.array([[7, 7, 7, 0], [0] * 4]), past=second)
        for layer in second.layers:
            for buffer in layer.buffers:
                buffer[0, :, :3] = 1e30
        one, other = (model.hidden(np.array([[6], [6]]), past=past).data for past in (first, second))
    np.testing.assert_array_equal(one, other)


def test_several_tokens_may_follow_at_once():
    model, ids = small.gpt(), np.arange(8)[None]
    past = Cache(2)
    with no_grad():
        parts = [model.hidden(part, past=past).data for part in (ids[:, :3], ids[:, 3:7], ids[:, 7:])]
        np.testing.assert_allclose(np.concatenate(parts, axis=1), model.hidden(ids).data, atol=1e-12)


def test_buffers_grow_and_keep_what_they_hold():
    kept, rng = KeyValues(), np.random.default_rng(0)
    keys, values = rng.normal(size=(2, 1, 2, 300, 4))
    for place in range(300):
        one = slice(place, place + 1)
        seen = kept.extend(keys[:, :, one], values[:, :, one])
    assert all(np.array_equal(a, b) for a, b in zip(seen, (keys, values), strict=True))
    kept.take(np.array([0, 0]))
    assert kept.length == 300 and kept.buffers[1].shape[0] == 2


def test_a_gradient_cannot_pass_a_cache():
    with pytest.raises(ValueError, match="no_grad"):
        small.gpt().hidden(np.array([[1]]), past=Cache(2))


def test_remember_reads_on_or_begins_again():
    model, other, ask = small.gpt(), small.gpt(norm="post"), Remember()
    for which, ids in ((model, [1]), (model, [1, 2]), (model, [1, 2, 3]), (model, [1, 5, 3, 4]),
                       (other, [1, 5, 3, 4, 2]), (other, [4] * 20), (other, [4] * 21)):
        np.testing.assert_allclose(ask(which, ids), next_logits(which, ids), atol=1e-10)


@pytest.mark.parametrize("rows", [[], [[]], [[1], []]])
def test_nothing_cannot_be_continued(rows):
    with pytest.raises(InputError, match="at least one token"):
        Reading(small.gpt(), rows)
