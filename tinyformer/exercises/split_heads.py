"""How does one wide vector become several narrow heads?

    x (B, T, C)  ->  (B, H, T, D)  with D = C / H

Head h of position t is made of the channels h D to (h + 1) D - 1 of that position's vector, and of nothing else: heads
divide the channels, not the positions.
"""

import numpy as np

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="FuxiCTR reshaped to heads without moving an axis, so that each head read pieces of several positions "
    "(issue 30, copied from a blog); the same in the way back stood long in a transformer written for "
    "teaching, which learned its toy task all the same (jsbaan/transformer-from-scratch, pull request 6).", hints=(
        "Write the numbers 0 to 7 as x of shape (1, 2, 4). Which four belong to head 0 of two?",
        "Channels can be divided by a reshape: C is the last axis, so (..., C) -> (..., H, D) keeps each position's "
        "numbers together. In which order are the axes now?",
        "x.reshape(B, T, H, D), and then axis 1 and axis 2 change places: .swapaxes(1, 2)."))


@EXERCISE.solution
def split_heads(x, heads: int):
    """x (B, T, C) -> (B, H, T, C / H)."""
    batch, length, width = x.shape
    return x.reshape(batch, length, heads, width // heads).swapaxes(1, 2)


@EXERCISE.case
def _(rng):
    """two positions, four channels, two heads"""
    return Call(np.arange(8).reshape(1, 2, 4), 2)


@EXERCISE.case
def _(rng):
    """one head"""
    return Call(np.arange(6).reshape(1, 2, 3), 1)


@EXERCISE.case
def _(rng):
    """as many positions as heads"""
    return Call(np.arange(36).reshape(2, 3, 6), 3)


@EXERCISE.case
def _(rng):
    """two rows of five positions"""
    return Call(rng.normal(size=(2, 5, 12)), 4)


@EXERCISE.drawn
def _(rng, size):
    """sides that were drawn"""
    heads = int(rng.integers(1, 4))
    return Call(rng.normal(size=(2, size, heads * int(rng.integers(1, 4)))), heads)


@EXERCISE.mistake
def _(x, heads):
    """a reshape straight to (B, H, T, D) has the right shape and mixes positions: it cuts the row, not the channels"""
    batch, length, width = x.shape
    return x.reshape(batch, heads, length, width // heads)


@EXERCISE.mistake
def _(x, heads):
    """the heads stand behind the positions, (B, T, H, D): two axes have yet to change places"""
    batch, length, width = x.shape
    return x.reshape(batch, length, heads, width // heads)


@EXERCISE.mistake
def _(x, heads):
    """head h takes every H-th channel, h, h + H, h + 2H, ..., where it is to take neighbours"""
    batch, length, width = x.shape
    return x.reshape(batch, length, width // heads, heads).transpose(0, 3, 1, 2)


@EXERCISE.mistake
def _(x, heads):
    """positions and channels of a head have changed places, (B, H, D, T): that is what keys look like in q @ k.T"""
    batch, length, width = x.shape
    return x.reshape(batch, length, heads, width // heads).transpose(0, 2, 3, 1)
