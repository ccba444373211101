"""Is the BERT of a seed always the same, whichever experiment looks into it?"""

import numpy as np

from tinyformer.phenomena.kit import Sizes
from tinyformer.phenomena.parts.one_reader import LAYERS, read, reader


def test_the_same_seed_gives_the_same_model():
    def weights(seed: int) -> tuple[float, list]:
        prepared = reader(Sizes(steps=3, documents=100), seed, "muon")
        assert len(prepared.model.bert.layers) == LAYERS and prepared.model.pair is None
        return read(prepared), list(prepared.model.state().values())

    (reached, one), (again, other), (_, third) = weights(3), weights(3), weights(4)
    assert 0 <= reached == again <= 100
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(one, third, strict=False))
