"""Do parts of a batch drop what the whole batch drops in their rows?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyformer.ops.dropout import draw_kept
from tinyformer.rng import stream
from tinyformer.train.noise import Noise


def draws(noise: Noise, rows: int, shapes) -> list[np.ndarray]:
    rng = noise.generator()
    return [draw_kept(np, (rows, *shape), 0.3, rng)[0] for shape in shapes]


@given(st.integers(1, 7).flatmap(lambda rows: st.tuples(
    st.just(rows), st.lists(st.integers(0, rows), min_size=1, max_size=3))),
    st.lists(st.lists(st.integers(0, 9), max_size=3), min_size=1, max_size=6))
def test_the_parts_are_the_whole_however_it_is_cut(cut, shapes):
    """Odd sizes too, of which a generator throws some bits away between two arrays, and none at all."""
    rows, edges = cut
    edges = sorted({0, rows, *edges})
    whole, noise = draws(Noise(3, 5), rows, shapes), Noise(3, 5)
    parts = [draws(noise.part(a, b, rows), b - a, shapes) for a, b in zip(edges, edges[1:], strict=False)]
    for place, array in enumerate(whole):
        assert np.array_equal(np.concatenate([part[place] for part in parts]), array)


def test_a_part_of_a_part_is_a_part_of_the_whole():
    whole = draws(Noise(1, 2), 8, [(5,), (3, 3)])
    part = Noise(1, 2).part(4, 8, 8).part(1, 3, 4)
    for array, found in zip(whole, draws(part, 2, [(5,), (3, 3)]), strict=True):
        assert np.array_equal(found, array[5:7])


def test_the_whole_batch_draws_what_it_always_drew():
    """Runs of before go on as they were."""
    for noise in (Noise(4, 9), Noise(4, 9).part(0, 6, 6)):
        assert noise.generator().bytes(50) == stream(4, "dropout 0", 9).bytes(50)


def test_noise_depends_on_seed_step_and_row():
    drawn = [Noise(seed, step).part(row, row + 1, 2).generator().bytes(8)
             for seed in (0, 1) for step in (0, 1) for row in (0, 1)]
    assert len(set(drawn)) == 8


def test_an_array_without_rows_is_refused():
    with pytest.raises(ValueError, match="21 numbers cannot be divided among the 2 rows.*divisible = False"):
        draw_kept(np, (7, 3), 0.1, Noise(0, 0).part(0, 2, 4).generator())
