"""Where does chance come from?  From (seed, stream, step), and from nowhere else.

Order, masks, noise and initial weights are pure functions of three numbers.  Nothing has to be saved to
resume a run, nothing has to be replayed to skip ahead, and two runs with one seed are the same run.
"""

import zlib

import numpy as np


def stream(seed: int, name: str, step: int = 0) -> np.random.Generator:
    """A fresh generator for one purpose (`name`) at one `step` of the run with this `seed`.

    Philox is a counter-based generator (Salmon et al. 2011): its state is its key, so that generators with
    different (seed, name, step) are independent, and the same three numbers always give the same draws.
    """
    if seed < 0 or step < 0:
        raise ValueError(f"stream: seed is {seed} and step is {step}; both must be 0 or larger")
    key = np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()), step))
    return np.random.Generator(np.random.Philox(key))
