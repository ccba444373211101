"""From what does a layer draw its first numbers?  From a generator that it is given; None draws nothing."""

import numpy as np


def given(rng) -> np.random.Generator | None:
    """The generator that a layer was given, or None; TypeError, which says what to give, for anything else."""
    if rng is None or isinstance(rng, np.random.Generator):
        return rng
    said = "is missing" if rng is ... else f"is {rng!r}"
    raise TypeError(f"layer: rng {said}; give np.random.default_rng(0), from which its first weights are drawn, or "
                    "None for zeros that take no memory, to be counted or loaded")
