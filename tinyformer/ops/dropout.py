"""What does it mean to switch off at random, and how does the gradient know what was off?"""

import numpy as np

from tinyformer.engine import Call, primitive


@primitive(keeps="kept (...) bool")
def dropout(xp, x, *, rate: float, rng: np.random.Generator | None):
    """Set each number to 0 with chance `rate` and multiply the rest by 1/(1-rate), so that the mean stays.

    Once drawn, kept * lift is a constant factor, and so the slope: the gradient passes where the number passed.  The
    mask is one byte for each number; to draw it again would take the generator as it was.  rng=None: x as it is.
    (Srivastava et al. 2014, section 10.)
    """
    check_rate("dropout", rate, rng)
    if rng is None or rate == 0:
        return x, lambda dout: dout
    kept, lift = draw_kept(xp, x.shape, rate, rng)

    def backward(dout):
        return dout * kept * lift

    return x * kept * lift, backward


@primitive(keeps="kept (...) bool")
def dropout_add(xp, x, h, *, rate: float, rng: np.random.Generator | None):
    """x + dropout(h): what a part of a block found, h, joins the stream of sums, x.  On a GPU that is one launch.

    The sum hands its gradient to both inputs, and to h only where h passed.  (Vaswani et al. 2017, section 5.4.)
    """
    passed, pull = dropout.raw(xp, h, rate=rate, rng=rng)
    return x + passed, lambda dout: (dout, pull(dout))


def draw_kept(xp, shape: tuple, rate: float, rng: np.random.Generator):
    """A boolean array, False with chance `rate`, and the factor that keeps the mean.

    Drawn on the host, so that a run is the same run on any device, from 16 random bits a number, which is faster
    than from floats.  The rate is thereby rounded to 1/65536, and the factor is exact for the rounded one.
    """
    threshold = min(round(rate * 65536), 65535)
    bits = np.frombuffer(random_bytes(rng, 2 * int(np.prod(shape))), np.uint16)
    return xp.asarray((bits >= threshold).reshape(shape)), 65536 / (65536 - threshold)


def random_bytes(rng: np.random.Generator, length: int) -> bytes | memoryview:
    """What `rng.bytes(length)` gives, from Philox in a third of the time where that is whole words of 64 bits."""
    bits = rng.bit_generator if type(rng) is np.random.Generator and np.dtype("<u8").isnative else None
    if type(bits) is np.random.Philox and length and length % 8 == 0 and not bits.state["has_uint32"]:
        return bits.random_raw(length // 8).data.cast("B")     # no half word was left, and none will be
    return rng.bytes(length)


def check_rate(op: str, rate: float, rng) -> None:
    """ValueError or TypeError, with the op's name, for a rate or a generator that cannot be meant."""
    if not 0 <= rate < 1:
        raise ValueError(f"{op}: the rate is {rate}; it must be at least 0 and below 1")
    if not (rng is None or isinstance(rng, np.random.Generator)):
        raise TypeError(f"{op}: rng is {rng!r}; it must be a numpy.random.Generator, or None for no dropout")


@dropout.case
def _(rng):
    """one number in four switched off"""
    return Call(rng.normal(size=(4, 5)), rate=0.25, rng=np.random.default_rng(3))


@dropout.case
def _(rng):
    """no generator, no dropout"""
    return Call(rng.normal(size=3), rate=0.25, rng=None)


@dropout_add.case
def _(rng):
    """one number in four of what is added switched off"""
    return Call(rng.normal(size=(4, 5)), rng.normal(size=(4, 5)), rate=0.25, rng=np.random.default_rng(3))


@dropout_add.case
def _(rng):
    """no generator: a sum"""
    return Call(rng.normal(size=3), rng.normal(size=3), rate=0.25, rng=None)
