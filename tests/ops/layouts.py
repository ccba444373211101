"""How do the tests draw arrays?  All shapes from 0 to 4 axes with sides 0 to 4, in every layout memory allows."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

LAYOUTS = ("C", "F", "strided", "negative", "stretched")

shapes = array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
layouts = st.sampled_from(LAYOUTS)


def laid_out(x: np.ndarray, layout: str) -> np.ndarray:
    """The same numbers in another layout; `stretched` repeats the first of each axis with stride 0."""
    x = np.asarray(x)
    if not x.ndim:
        return x                                               # without axes there is only one layout
    if layout == "F":
        return np.asfortranarray(x)
    if layout == "strided":
        wide = np.full(tuple(2 * n for n in x.shape), 777.0, x.dtype)
        view = wide[(slice(None, None, 2),) * x.ndim]
        view[...] = x
        return view
    if layout == "negative":
        flip = (slice(None, None, -1),) * x.ndim
        return x[flip].copy()[flip]
    if layout == "stretched":
        return np.broadcast_to(x[tuple(slice(0, 1) for _ in x.shape)] if x.size else x, x.shape)
    return np.ascontiguousarray(x)


@st.composite
def arrays(draw, shape=shapes, low=-3.0, high=3.0):
    """Random floats of a drawn shape in a drawn layout."""
    shape = draw(shape) if isinstance(shape, st.SearchStrategy) else shape
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    return laid_out(rng.uniform(low, high, size=shape), draw(layouts))
