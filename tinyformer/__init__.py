"""tinyformer: BERT and GPT down to the last derivative, on NumPy and CuPy."""

import os

from tinyformer.opening import opens

TYPE_CHECKING = False                          # as in `typing`, which --help has no time to import
if TYPE_CHECKING:
    from tinyformer import data, generate, gradcheck, models, nn, ops, text, train
    from tinyformer.engine import REGISTRY, Call, Special, Tensor, no_grad, primitive
    from tinyformer.inside.guarding import guard
    from tinyformer.inside.stopwatch import trace

__version__ = "0.1.0"
__getattr__, __dir__ = opens(
    __name__, "data", "generate", "gradcheck", "models", "nn", "ops", "text", "train",
    engine="REGISTRY Call Special Tensor no_grad primitive",
    **{"inside.guarding": "guard", "inside.stopwatch": "trace"})


def load(folder: str | os.PathLike, model=None) -> tuple:
    """Open a model folder as on the model hub: (model, tokenizer), the latter None where no vocabulary lies there.

    A model of a class of your own is built by you, and given to be filled with the numbers.
    """
    from tinyformer.train.checkpoints import load_model
    return load_model(folder, model)


def save(folder: str | os.PathLike, model, tokenizer=None, overwrite: bool = False):
    """Write a model, and its tokenizer, as a folder in the layout of the model hub: its path."""
    from tinyformer.train.checkpoints import save_model
    return save_model(folder, model, tokenizer, overwrite)
