"""tinyformer: BERT and GPT down to the last derivative, on NumPy and CuPy."""

from tinyformer import ops
from tinyformer.engine import REGISTRY, Call, Special, Tensor, no_grad, primitive

__version__ = "0.1.0"
__all__ = ["REGISTRY", "Call", "Special", "Tensor", "no_grad", "ops", "primitive"]
