"""How large is a model, before any memory is taken for it?  At least so large, and it must fit into the machine."""

import os
from typing import TypeVar

from tinyformer.errors import InputError
from tinyformer.models.config import BlocksConfig

BYTES = 4 * 4                                 # of each number to be trained: value, gradient and two moments, float32

Sizes = TypeVar("Sizes", bound=BlocksConfig)


def least_numbers(c: BlocksConfig) -> int:
    """How many parameters a model of this config has at least: word vectors, positions, the matrices of its layers."""
    if own := getattr(c, "least_numbers", None):               # a model that is made of other parts says it itself
        return own()
    layers = 1 if getattr(c, "shared", False) else c.layers + getattr(c, "decoder_layers", 0)
    table = getattr(c, "vocabulary", 0) * getattr(c, "word_width", c.width)
    return table + (c.context + getattr(c, "segments", 0)) * c.width + layers * 2 * c.width * (2 * c.width + c.inner)


def that_fits(c: Sizes) -> Sizes:
    """The config; InputError where the machine has less memory than training such a model takes at the very least."""
    needed, there = BYTES * least_numbers(c), _memory()
    if there is not None and needed > there:
        raise InputError(f"config: {c.layers:,} layers of width {c.width:,} make at least {least_numbers(c):,} "
                         f"parameters, and training them takes {needed / 2**30:,.0f} GiB of memory, of which this "
                         f"machine has {there / 2**30:,.0f}; make the model smaller")
    return c


def _memory() -> int | None:
    """How many bytes of memory the machine has; None where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
