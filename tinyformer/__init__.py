"""tinyformer: BERT and GPT down to the last derivative, on NumPy and CuPy."""

from pathlib import Path

from tinyformer import gradcheck, ops
from tinyformer.engine import REGISTRY, Call, Special, Tensor, no_grad, primitive

__version__ = "0.1.0"
__all__ = ["REGISTRY", "Call", "Special", "Tensor", "gradcheck", "load", "no_grad", "ops", "primitive", "save"]


def load(folder: str | Path) -> tuple:
    """Open a model folder as on the model hub: (model, tokenizer), the latter None where no vocabulary lies there."""
    from tinyformer.train.checkpoints import load_model
    return load_model(folder)


def save(folder: str | Path, model, tokenizer=None, overwrite: bool = False) -> Path:
    """Write a model, and its tokenizer, as a folder in the layout of the model hub."""
    from tinyformer.train.checkpoints import save_model
    return save_model(folder, model, tokenizer, overwrite)
