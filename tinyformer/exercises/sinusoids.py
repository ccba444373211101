"""How can a position be told by waves of many lengths?

    table[t, 2i]     = sin(t / 10000^(2i / C))
    table[t, 2i + 1] = cos(t / 10000^(2i / C))          i = 0, 1, ..., C/2 - 1

Return the table (T, C), C even (Vaswani et al. 2017, section 3.5).  Channels come in pairs: a sine and the cosine of
the same wave, side by side.  The first pair turns by one radian at each position, the last by almost 1/10000.
"""

import numpy as np

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="the exponent was taken from the number of the channel and doubled once more, 10000^(2c / C), in "
    "jadore801120's widely copied code (issue 32) and in others (SamLynnEvans/Transformer 25); tensor2tensor, the "
    "paper's own code, puts all sines before all cosines, and not in turn as the paper says.", hints=(
        "How many different waves are there among C channels?",
        "rates = 1 / 10000 ** (np.arange(0, C, 2) / C), C / 2 of them; times the positions as a column gives the "
        "angles (T, C / 2).",
        "table[:, 0::2] = np.sin(angles) and table[:, 1::2] = np.cos(angles)."))


@EXERCISE.solution
def sinusoids(length: int, width: int):
    """The table (length, width) of sines and cosines."""
    rates = 1 / 10000 ** (np.arange(0, width, 2) / width)                      # (C/2,) radians for each position
    angles = np.arange(length)[:, None] * rates                                # (T, C/2)
    table = np.empty((length, width))
    table[:, 0::2], table[:, 1::2] = np.sin(angles), np.cos(angles)
    return table


@EXERCISE.case
def _(rng):
    """position 0 alone"""
    return Call(1, 4)


@EXERCISE.case
def _(rng):
    """two channels, one wave"""
    return Call(3, 2)


@EXERCISE.case
def _(rng):
    """four channels, two waves"""
    return Call(3, 4)


@EXERCISE.case
def _(rng):
    """twelve channels"""
    return Call(7, 12)


def waves(length, width, exponents):
    angles = np.arange(length)[:, None] / 10000 ** exponents
    table = np.empty((length, width))
    table[:, 0::2], table[:, 1::2] = np.sin(angles[:, 0::2]), np.cos(angles[:, 1::2])
    return table


@EXERCISE.mistake
def _(length, width):
    """the exponent is doubled twice: 2i is the number of the channel already, so it is c / C and not 2c / C"""
    even = np.arange(width) // 2 * 2
    return waves(length, width, 2 * even / width)


@EXERCISE.mistake
def _(length, width):
    """every channel has a wave of its own, where a sine and its cosine share one: both have the exponent 2i / C"""
    return waves(length, width, np.arange(width) / width)


@EXERCISE.mistake
def _(length, width):
    """all sines come before all cosines; the paper takes them in turn"""
    table = waves(length, width, np.arange(width) // 2 * 2 / width)
    return np.concatenate([table[:, 0::2], table[:, 1::2]], axis=1)


@EXERCISE.mistake
def _(length, width):
    """positions are counted from 1: position 0 is to have the angle 0, sine 0 and cosine 1"""
    return waves(length + 1, width, np.arange(width) // 2 * 2 / width)[1:]


@EXERCISE.mistake
def _(length, width):
    """sine and cosine have changed places"""
    table = waves(length, width, np.arange(width) // 2 * 2 / width)
    return table.reshape(length, -1, 2)[..., ::-1].reshape(length, width)
