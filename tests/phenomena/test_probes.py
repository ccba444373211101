"""Do probes find what is there, nothing where there is nothing, and is the expected layer the one of the paper?"""

import numpy as np
import pytest

from tinyformer.phenomena.parts.probes import by_layer, expected_layer, on_scale, right, side_by_side, up_to_layer


def clouds(n: int, rng: np.random.Generator, known: float) -> tuple[np.ndarray, np.ndarray]:
    """Vectors (n, 8) around one of three corners, as far from one another as `known`, and which one it is."""
    labels = rng.integers(0, 3, n)
    return rng.normal(size=(n, 8)) + known * np.eye(8)[labels], np.array(["a", "b", "c"])[labels]


@pytest.mark.parametrize("known, least, most", [(9.0, 1.0, 1.0), (0.0, 0.2, 0.5)])
def test_a_probe_finds_what_is_there(known, least, most):
    rng = np.random.default_rng(0)
    (x, labels), (more, truth) = clouds(600, rng, known), clouds(300, rng, known)
    assert least <= right(x, labels, more, truth) <= most


def test_scale_and_place_of_a_channel_do_not_matter():
    rng = np.random.default_rng(1)
    (x, labels), (more, truth) = clouds(300, rng, 2.0), clouds(300, rng, 2.0)
    move = lambda vectors: np.concatenate([1e3 * vectors + 7, np.full((len(vectors), 2), 5.0)], axis=1)  # noqa: E731
    assert right(move(x), labels, move(more), truth) == right(x, labels, more, truth) > 0.6


@pytest.mark.parametrize("count", [90, 6])
def test_it_is_the_ridge_regression_of_the_textbook(count):
    """Its scores are those of the normal equations with a column of ones that is not punished."""
    rng = np.random.default_rng(2)
    (x, labels), (more, truth) = clouds(count, rng, 1.0), clouds(200, rng, 1.0)
    mean, scale = x.mean(0), x.std(0)
    a, b = (np.column_stack([(each - mean) / scale, np.ones(len(each))]) for each in (x, more))
    hot = (labels[:, None] == np.array(["a", "b", "c"])).astype(float)
    weights = np.linalg.solve(a.T @ a + np.diag([0.5 * count] * 8 + [0]), a.T @ hot)
    said = np.array(["a", "b", "c"])[(b @ weights).argmax(-1)]
    assert right(x, labels, more, truth, penalty=0.5) == np.mean(said == truth)


def test_layers_one_by_one_and_side_by_side():
    """The second of three layers knows it: alone it is seen there, side by side from there on."""
    rng = np.random.default_rng(3)
    x, labels = clouds(900, rng, 6.0)
    layers = np.stack([rng.normal(size=x.shape), x, rng.normal(size=x.shape)])
    given = layers[:, :600], labels[:600], layers[:, 600:], labels[600:]
    alone, together = by_layer(*given), up_to_layer(*given)
    assert alone[1] > 0.99 and max(alone[0], alone[2]) < 0.5
    assert together[0] == alone[0] and min(together[1:]) > 0.98
    assert side_by_side(layers).shape == (900, 24)
    assert expected_layer(together, 1 / 3) == pytest.approx(1, abs=0.2)


def test_the_expected_layer_by_hand():
    assert expected_layer([1.0, 1.0, 1.0], 0.5) == 0
    assert expected_layer([0.5, 0.7, 0.9], 0.5) == pytest.approx((1 * 0.2 + 2 * 0.2) / 0.4)
    assert expected_layer([0.5, 0.9, 0.6], 0.5) == 1 and expected_layer([0.4, 0.5, 0.3], 0.5) == 2
    assert on_scale(0.5, 0.5) == 0 and on_scale(1.0, 0.1) == pytest.approx(100) and on_scale(0.25, 0.5) == -50
