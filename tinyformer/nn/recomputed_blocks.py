"""How does a model train in less memory?  Its blocks keep what enters them alone, and compute the rest again.

See `tinyformer.recompute`.  A block is told by its class, since a process that gets the model learns its class with it;
parameters, their names and the numbers stay as they are.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from tinyformer.engine import Tensor
from tinyformer.errors import InputError
from tinyformer.nn.biased_blocks import BiasedBlock, BiasedDecoderBlock
from tinyformer.nn.blocks import PostNormBlock, PreNormBlock
from tinyformer.nn.decoder import DecoderBlock
from tinyformer.nn.module import Module, modules_in
from tinyformer.nn.rotary_block import RotaryBlock
from tinyformer.recompute import recompute


class RecomputedPostNorm(PostNormBlock):
    """A layer of BERT that keeps its input alone."""

    def __call__(self, *inputs, **constants) -> Tensor:
        return recompute(super().__call__, *inputs, **constants)


class RecomputedPreNorm(PreNormBlock):
    """A layer of GPT-2 that keeps its input alone."""

    def __call__(self, *inputs, **constants) -> Tensor:
        return recompute(super().__call__, *inputs, **constants)


class RecomputedRotary(RotaryBlock):
    """A layer of Llama that keeps its input alone."""

    def __call__(self, *inputs, **constants) -> Tensor:
        return recompute(super().__call__, *inputs, **constants)


class RecomputedDecoder(DecoderBlock):
    """A layer of a decoder that keeps its two inputs alone."""

    def __call__(self, *inputs, **constants) -> Tensor:
        return recompute(super().__call__, *inputs, **constants)


class RecomputedBiased(BiasedBlock):
    """A layer of T5's encoder that keeps its inputs alone."""

    def __call__(self, *inputs, **constants) -> Tensor:
        return recompute(super().__call__, *inputs, **constants)


class RecomputedBiasedDecoder(BiasedDecoderBlock):
    """A layer of T5's decoder that keeps its inputs alone."""

    def __call__(self, *inputs, **constants) -> Tensor:
        return recompute(super().__call__, *inputs, **constants)


FORMS: dict[type, type] = {PostNormBlock: RecomputedPostNorm, PreNormBlock: RecomputedPreNorm,
                           RotaryBlock: RecomputedRotary, DecoderBlock: RecomputedDecoder,
                           BiasedBlock: RecomputedBiased, BiasedDecoderBlock: RecomputedBiasedDecoder}


@contextmanager
def recomputing(model: Module) -> Iterator[None]:
    """Until the end of the block, every layer of the model computes its activations again in backward.

    InputError where it has no layer of a kind that is known here.
    """
    blocks = [(module, type(module)) for _, module in modules_in(model) if type(module) in FORMS]
    if not blocks:
        raise InputError(f"recompute: {type(model).__name__} has no block of tinyformer.nn; leave it out, or call "
                         "tinyformer.recompute.recompute on its own layers")
    try:
        for module, kind in blocks:
            module.__class__ = FORMS[kind]
        yield
    finally:
        for module, kind in blocks:
            module.__class__ = kind
