"""How are the numbers of a config made into layers?  A stack of blocks, the same whatever enters the first of them."""

import math

import numpy as np

from tinyformer.models.config import BlocksConfig
from tinyformer.nn import PostNormBlock, PreNormBlock

Block = PostNormBlock | PreNormBlock


def post_norm(c: BlocksConfig, rng: np.random.Generator | None, count: int, causal: bool = False) -> list[Block]:
    """`count` layers of BERT, of BART's encoder, or, causal, of GPT-1."""
    return [PostNormBlock(c.width, c.heads, c.inner, rng, causal=causal, rate=c.dropout, eps=c.eps,
                          approximate=c.approximate, std=c.init_std) for _ in range(count)]


def pre_norm(c: BlocksConfig, rng: np.random.Generator | None, bias: bool = True) -> list[Block]:
    """All layers of GPT-2, which are causal; what writes into the stream of sums starts smaller the more they are."""
    return [PreNormBlock(c.width, c.heads, c.inner, rng, causal=True, rate=c.dropout, eps=c.eps, bias=bias,
                         approximate=c.approximate, std=c.init_std, out_std=out_std(c)) for _ in range(c.layers)]


def out_std(c: BlocksConfig) -> float:
    """How large those weights start that write into the stream of sums: 2 L of them are added up."""
    return c.init_std / math.sqrt(2 * c.layers)
