"""tinyformer: BERT and GPT down to the last derivative, on NumPy and CuPy."""

from tinyformer import ops
from tinyformer.engine import REGISTRY, Call, Special, Tensor, no_grad, primitive

__version__ = "0.1.0"
__all__ = ["REGISTRY", "Call", "Special", "Tensor", "load", "no_grad", "ops", "primitive", "save"]


def load(folder):
    """Open a model folder as on the model hub: (model, tokenizer), the latter None where no vocabulary lies there."""
    from tinyformer.train.checkpoints import load_model
    return load_model(folder)


def save(folder, model, tokenizer=None, overwrite: bool = False):
    """Write a model, and its tokenizer, as a folder in the layout of the model hub."""
    from tinyformer.train.checkpoints import save_model
    return save_model(folder, model, tokenizer, overwrite)
