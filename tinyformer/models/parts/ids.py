"""What may be given to a model as a batch of ids?  An array (B, T), or a list of lists."""

from typing import Any

import numpy as np

from tinyformer.backend import is_array
from tinyformer.engine import Tensor


def batch_of_ids(model: str, ids, context: int, first: int = 0) -> Any:
    """ids (B, T) as an array, of which the first stand at position `first`.

    ValueError for other axes, texts of several lengths, and positions beyond `context`.
    """
    if isinstance(ids, Tensor):
        raise TypeError(f"{model}: the ids are a Tensor; they are whole numbers without a gradient, a plain array")
    if not is_array(ids):
        try:
            ids = np.asarray(ids)
        except ValueError:
            raise ValueError(f"{model}: the ids are of texts of different lengths; fill the short ones up with the id "
                             "of the padding, and give keep, or one text at a time") from None
    if ids.ndim != 2:
        raise ValueError(f"{model}: the ids are {ids.shape}; they must be (B, T), a row for each text: [ids] for one")
    if (end := first + ids.shape[1]) > context:
        raise ValueError(f"{model}: {end} positions; this model has room for {context}, "
                         "shorten the input or use a larger context")
    return ids
