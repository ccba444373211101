"""How does a position think with a gate?  Two products widen it, and one of them says how much of the other passes."""

from tinyformer.nn.layers import Linear
from tinyformer.nn.module import Module
from tinyformer.ops import gelu, swiglu


class GatedFeedForward(Module):
    """narrow(act(gate(x)) * widen(x)), each position on its own (Shazeer 2020); no product has a bias.

    `activation` is "silu" (SwiGLU, as in Llama), or "gelu" or "gelu_tanh" (GEGLU; the second in T5 v1.1).  Three
    matrices in the place of two: with two thirds of the inner width they hold as many numbers.
    """

    maps = {"gate.weight": 1, "widen.weight": 1, "narrow.weight": 1}

    def __init__(self, width: int, inner: int, rng=..., activation: str = "silu", std: float = 0.02,
                 out_std: float = 0.02):
        self.gate = Linear(width, inner, rng, bias=False, std=std)
        self.widen = Linear(width, inner, rng, bias=False, std=std)
        self.narrow = Linear(inner, width, rng, bias=False, std=out_std)
        self.activation = activation

    def __call__(self, x):                                     # (..., C) -> (..., C), wide inside
        gate, wide = self.gate(x), self.widen(x)
        if self.activation == "silu":
            return self.narrow(swiglu(gate, wide))
        return self.narrow(gelu(gate, approximate="tanh" if self.activation == "gelu_tanh" else "none") * wide)
