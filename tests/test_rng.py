"""Do the same three numbers always give the same draws, and other ones others?"""

import pytest

from tinyformer.rng import stream


def drawn(*place) -> list[int]:
    return stream(*place).integers(1 << 62, size=4).tolist()


def test_seed_name_and_step_decide_and_nothing_else():
    stream(7, "order", 3).random(100)                          # what another stream draws does not matter
    assert drawn(7, "order", 3) == drawn(7, "order", 3)
    assert drawn(7, "order") == drawn(7, "order", 0)
    others = [drawn(8, "order", 3), drawn(7, "mask", 3), drawn(7, "order", 4)]
    assert all(other != drawn(7, "order", 3) for other in others)


@pytest.mark.parametrize("seed, step", [(-1, 0), (0, -1)])
def test_numbers_below_zero_are_refused(seed, step):
    with pytest.raises(ValueError, match="both must be 0 or larger"):
        stream(seed, "order", step)
