"""What is left of layer norm where nothing is shifted?  A layer with a gain, and without a bias."""

from tinyformer.nn.layers import constant
from tinyformer.nn.module import Module
from tinyformer.ops import rms_norm


class RMSNorm(Module):
    """Mean square 1 over the channels of every position, then a learned gain (Zhang and Sennrich 2019)."""

    def __init__(self, width: int, rng=..., eps: float = 1e-6):
        self.gain = constant(1, (width,), rng)
        self.eps = eps

    def __call__(self, x):                                     # (..., C)
        return rms_norm(x, self.gain, eps=self.eps)
