"""What does one token more cost a Llama, where nothing but its numbers is wanted?  The formulas alone, in few calls.

As in next_token.py, whose way this is: the same arithmetic on arrays that were found once, held by the tests to
`Llama.hidden` with a cache.  Groups of heads that share a key ask it side by side, as several queries would.
"""

import math
from typing import TypeGuard

import numpy as np

from tinyformer.generate.cache import Cache
from tinyformer.generate.next_token import affine_rows, arrays_of
from tinyformer.models.llama import Llama
from tinyformer.nn import Embedding, Linear, Module
from tinyformer.nn.gated import GatedFeedForward
from tinyformer.nn.grouped_attention import GroupedAttention
from tinyformer.nn.module import modules_in
from tinyformer.nn.rms_norm import RMSNorm
from tinyformer.nn.rotary_block import RotaryBlock
from tinyformer.ops.linear import check_ids, product_of_rows

PARTS = {Llama, Embedding, RotaryBlock, GroupedAttention, GatedFeedForward, Linear, RMSNorm}


def is_plain(model: Module) -> TypeGuard[Llama]:
    """Is this a Llama, no part of which is of another making, with real numbers on the CPU?"""
    return (type(model) is Llama and {type(part) for _, part in modules_in(model)} <= PARTS
            and all(type(p.data) is np.ndarray and p.dtype.kind == "f" for p in model.parameters()))


class NextLlamaToken:
    """A Llama that reads one more token of each row of a cache.  It holds the weights' arrays, and no copies."""

    def __init__(self, model: Llama):
        c = model.config
        self.table = model.words.weight                        # knows the device of a mask
        self.words = self.table.data
        self.head = self.words if model.head is None else model.head.weight.data
        self.layers = [Layer(block) for block in model.layers]
        self.norm = Norm(model.norm)
        self.speeds = c.base ** (-np.arange(c.head_size // 2) / (c.head_size // 2))            # (P,)

    def __call__(self, ids: np.ndarray, past: Cache) -> np.ndarray:
        """ids (B,), the next of the rows that `past` remembers -> logits (B, V).  IndexError for an id that is none."""
        check_ids("embedding", ids, len(self.words))
        places, keep = past.places(1), past.keep(1, self.table)
        angles = places[..., -1:] * self.speeds                # (P,) or (B, P)
        turn = [wave(angles).astype(self.words.dtype)[..., None, :] for wave in (np.cos, np.sin)]
        hidden = None if keep is None else ~keep               # (B, 1, 1, S)
        x = self.words[ids]                                    # (B, C)
        for layer, memory in zip(self.layers, past.layers, strict=True):
            x = layer(x, memory, turn, hidden)
        return product_of_rows(np, self.norm(x), self.head)


class Layer:
    """One block."""

    def __init__(self, block: RotaryBlock):
        attend, feed = block.attend, block.feed
        self.heads, self.key_heads = attend.heads, attend.key_heads
        self.query, self.project, self.out = (arrays_of(part) for part in (attend.query, attend.project, attend.out))
        self.gate, self.widen, self.narrow = (arrays_of(part) for part in (feed.gate, feed.widen, feed.narrow))
        self.attend_norm, self.feed_norm = Norm(block.attend_norm), Norm(block.feed_norm)

    def __call__(self, x, memory, turn, hidden):               # x (B, C)
        x = x + self.attend(self.attend_norm(x), memory, turn, hidden)
        h = self.feed_norm(x)
        gate = affine_rows(h, *self.gate)
        gate *= 0.5 * (1 + np.tanh(0.5 * gate))                # silu
        gate *= affine_rows(h, *self.widen)
        return x + affine_rows(gate, *self.narrow)

    def attend(self, x, memory, turn, hidden):
        """Ask all positions before, and this one."""
        batch, keys = len(x), self.key_heads
        query = _turned(affine_rows(x, *self.query).reshape(batch, self.heads, -1), *turn)         # (B, H, D)
        key, value = affine_rows(x, *self.project).reshape(batch, 2, keys, -1).swapaxes(0, 1)      # (B, K, D)
        size = query.shape[-1]
        all_keys, values = memory.extend(_turned(key, *turn)[:, :, None], value[:, :, None])   # (B, K, S, D)
        asked = query.reshape(batch, keys, self.heads // keys, size) * (1 / math.sqrt(size))   # (B, K, G, D)
        p = asked @ all_keys.swapaxes(-1, -2)                  # (B, K, G, S), written over from here on
        if hidden is not None:
            np.copyto(p, -np.inf, where=hidden)
        p -= np.maximum.reduce(p, axis=-1, keepdims=True)
        np.exp(p, out=p)
        p /= np.add.reduce(p, axis=-1, keepdims=True)
        return affine_rows((p @ values).reshape(batch, self.heads * size), *self.out)


class Norm:
    """RMS norm of a few rows."""

    def __init__(self, norm: RMSNorm):
        self.gain, self.eps = norm.gain.data, norm.eps
        self.average = np.full((len(self.gain), 1), 1 / len(self.gain), self.gain.dtype)

    def __call__(self, x):                                     # (B, C)
        unit = x * (1 / np.sqrt((x * x) @ self.average + self.eps))
        unit *= self.gain
        return unit


def _turned(x, cos, sin):
    """x (B, heads, D) with its channels i and i + D/2 turned by the angle of each."""
    first, second = x[..., :x.shape[-1] // 2], x[..., x.shape[-1] // 2:]
    return np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)
