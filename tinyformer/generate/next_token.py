"""What does one token more cost where nothing but its numbers is wanted?  The formulas alone, in few calls.

A small model writes at the speed of Python, not of the memory: through tensors a token of four layers is some 1,200
calls, most of them the engine's, which looks at every input and makes a graph for nobody.  Here the same arithmetic
stands line by line on arrays that were found once.  `GPT.hidden` with a cache is the plain form: the tests hold the
logits of the two to one another, and whatever is not exactly such a model, or not on the CPU, goes that way.
"""

import math
from typing import Any

import numpy as np

from tinyformer.engine import Tensor
from tinyformer.generate.cache import Cache
from tinyformer.models import GPT
from tinyformer.nn import Embedding, LayerNorm, Linear, Module, PostNormBlock, PreNormBlock, SelfAttention
from tinyformer.nn.blocks import FeedForward
from tinyformer.nn.module import modules_in
from tinyformer.ops.activation import gelu_with_slope
from tinyformer.ops.gelu_float32 import erf_form, tanh_form
from tinyformer.ops.linear import check_ids, product_of_rows

PARTS = {GPT, Embedding, PreNormBlock, PostNormBlock, SelfAttention, FeedForward, Linear, LayerNorm}


def reads_plainly(model: Module) -> bool:
    """Is this a GPT, no part of which is of another making, with real numbers on the CPU?"""
    return (type(model) is GPT and {type(part) for _, part in modules_in(model)} <= PARTS
            and all(type(p.data) is np.ndarray and p.dtype.kind == "f" for p in model.parameters()))


class NextToken:
    """A GPT that reads one more token of each row of a cache.  It holds the weights' arrays, and no copies."""

    def __init__(self, model: GPT):
        self.table = model.words.weight                        # knows the device of a mask
        self.words, self.positions = self.table.data, model.positions.weight.data
        self.layers = [Layer(block) for block in model.layers]
        self.norm = Norm(model.norm) if model.norm else None

    def __call__(self, ids: np.ndarray, past: Cache) -> np.ndarray:
        """ids (B,), the next of the rows that `past` remembers -> logits (B, V).  IndexError for an id that is none."""
        check_ids("embedding", ids, len(self.words))
        places, keep = past.places(1), past.keep(1, self.table)
        x = self.words[ids] + self.positions[places[..., -1]]  # (B, C)
        hidden = None if keep is None else ~keep               # (B, 1, 1, S)
        for layer, memory in zip(self.layers, past.layers, strict=True):
            x = layer(x, memory, hidden)
        return product_of_rows(np, self.norm(x) if self.norm else x, self.words)


class Layer:
    """One block, of either kind."""

    def __init__(self, block: PreNormBlock | PostNormBlock):
        self.pre = type(block) is PreNormBlock
        self.heads, self.approximate = block.attend.heads, block.feed.approximate
        self.gelu = erf_form if self.approximate == "none" else tanh_form
        self.project, self.out = arrays_of(block.attend.project), arrays_of(block.attend.out)
        self.widen, self.narrow = arrays_of(block.feed.widen), arrays_of(block.feed.narrow)
        self.attend_norm, self.feed_norm = Norm(block.attend_norm), Norm(block.feed_norm)

    def __call__(self, x, memory, hidden):                     # x (B, C)
        if self.pre:
            x = self.attend(self.attend_norm(x), memory, hidden) + x
            return self.feed(self.feed_norm(x)) + x
        x = self.attend_norm(x + self.attend(x, memory, hidden))
        return self.feed_norm(x + self.feed(x))

    def attend(self, x, memory, hidden):
        """Ask all positions before, and this one."""
        batch, width = x.shape
        packed = affine_rows(x, *self.project).reshape(batch, 3, self.heads, 1, width // self.heads)
        query = packed[:, 0] * (1 / math.sqrt(width // self.heads))                # (B, H, 1, D)
        keys, values = memory.extend(packed[:, 1], packed[:, 2])                   # (B, H, S, D)
        p = query @ keys.swapaxes(-1, -2)                      # (B, H, 1, S), written over from here on
        if hidden is not None:
            np.copyto(p, -np.inf, where=hidden)
        p -= np.maximum.reduce(p, axis=-1, keepdims=True)
        np.exp(p, out=p)
        p /= np.add.reduce(p, axis=-1, keepdims=True)
        return affine_rows((p @ values).reshape(batch, width), *self.out)

    def feed(self, x):
        wide = affine_rows(x, *self.widen)
        if wide.dtype == np.float32:
            bent, *scratch = (np.empty_like(wide) for _ in range(4))
            self.gelu(wide, bent, None, scratch)               # nobody will ask for the slope
        else:
            bent, _ = gelu_with_slope(np, wide, self.approximate)
        return affine_rows(bent, *self.narrow)


class Norm:
    """Layer norm of a few rows."""

    def __init__(self, norm: LayerNorm):
        self.gain, self.bias, self.eps = norm.gain.data, _array(norm.bias), norm.eps
        self.average = np.full((len(self.gain), 1), 1 / len(self.gain), self.gain.dtype)

    def __call__(self, x):                                     # (B, C)
        unit = x - x @ self.average
        deviation = (unit * unit) @ self.average               # (B, 1)
        deviation += self.eps
        unit *= 1 / np.sqrt(deviation, out=deviation)
        unit *= self.gain
        if self.bias is not None:
            unit += self.bias
        return unit


def arrays_of(linear: Linear) -> tuple[Any, Any]:
    """Weight and bias, which may be None."""
    return linear.weight.data, _array(linear.bias)


def _array(tensor: Tensor | None) -> Any:
    return None if tensor is None else tensor.data


def affine_rows(x, weight, bias):
    """x (B, I) @ weight.T + bias -> (B, O)."""
    out = product_of_rows(np, x, weight)
    if bias is not None:
        out += bias
    return out
