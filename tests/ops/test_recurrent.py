"""Is the LSTM the one that smaller ops make, step by step, and does it read only what it may?"""

import numpy as np
import pytest
from walk import close, same_as_twin

from tinyformer import ops
from tinyformer.engine import Tensor


def weights(rng, inputs=3, cells=4, told=None) -> list[np.ndarray]:
    out = told or cells
    found = [rng.normal(size=(4 * cells, inputs)), rng.normal(size=(4 * cells, out)), rng.normal(size=4 * cells)]
    return found if told is None else [*found, rng.normal(size=(told, cells))]


def twin(keep=None, backwards=False):
    """The formula place by place; what is not read is added with a factor of 0."""
    def lstm(x, weight, recurrent, bias, projection=None):
        batch, length, _ = x.shape
        cells, wide = bias.size // 4, recurrent.shape[1]
        said, cell = Tensor(np.zeros((batch, wide))), Tensor(np.zeros((batch, cells)))
        told = [None] * length
        for t in range(length)[::-1 if backwards else 1]:
            read = np.ones((batch, 1)) if keep is None else keep[:, t, None].astype(float)
            a = x[:, t] @ weight.swapaxes(0, 1) + said @ recurrent.swapaxes(0, 1) + bias
            i, f, g, o = (a[:, n * cells:(n + 1) * cells] for n in range(4))
            new = ops.sigmoid(f) * cell + ops.sigmoid(i) * ops.tanh(g)
            hidden = ops.sigmoid(o) * ops.tanh(new)
            tells = hidden if projection is None else hidden @ projection.swapaxes(0, 1)
            told[t] = tells * read
            said, cell = tells * read + said * (1 - read), new * read + cell * (1 - read)
        return ops.stack(*told, axis=1)
    return lstm


@pytest.mark.parametrize("told", [None, 2, 6])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("padded", [False, True])
def test_it_equals_smaller_ops(told, backwards, padded):
    rng = np.random.default_rng(0)
    keep = np.arange(5) < np.array([[5], [3], [1]]) if padded else None
    if padded:
        keep[0, 2] = False                                     # a gap, too
    arrays = [rng.normal(size=(3, 5, 3)), *weights(rng, told=told)]
    same_as_twin(lambda *a: ops.lstm(*a, keep=keep, backwards=backwards), twin(keep, backwards), *arrays)


def test_padding_is_not_read_and_backwards_is_the_text_turned_round():
    rng = np.random.default_rng(1)
    x, more = rng.normal(size=(2, 4, 3)), [Tensor(w) for w in weights(rng, told=2)]
    keep = np.array([[True] * 4, [True, True, False, False]])
    noisy = np.where(keep[..., None], x, np.inf)
    for backwards in (False, True):
        told = ops.lstm(Tensor(noisy), *more, keep=keep, backwards=backwards).data
        close(told[0], ops.lstm(Tensor(x[:1]), *more, backwards=backwards).data[0], 1e-14)
        close(told[1, :2], ops.lstm(Tensor(x[1:, :2]), *more, backwards=backwards).data[0], 1e-14)
        assert (told[1, 2:] == 0).all()
    turned = ops.lstm(Tensor(x[:, ::-1].copy()), *more).data[:, ::-1]
    close(ops.lstm(Tensor(x), *more, backwards=True).data, turned, 1e-14)


@pytest.mark.parametrize("place, shape", [(0, (2, 3)), (1, (16, 4)), (2, (16, 3)), (3, (15,)), (4, (2, 5))])
def test_shapes_that_do_not_belong_together_are_named(place, shape):
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(2, 5, 3)), *weights(rng, told=2)]
    arrays[place] = np.zeros(shape)
    with pytest.raises(ValueError, match=r"lstm: x is .* they must be \(4H, I\), \(4H, P\), \(4H,\) and \(P, H\)"):
        ops.lstm(*map(Tensor, arrays))


def test_a_mask_of_another_shape_is_named():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"lstm: x is \(2, 5, 3\), keep is \(2, 4\); keep must be \(2, 5\)"):
        ops.lstm(*map(Tensor, [rng.normal(size=(2, 5, 3)), *weights(rng)]), keep=np.ones((2, 4), bool))
