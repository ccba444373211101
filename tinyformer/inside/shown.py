"""What does a tensor look like in a terminal, a debugger or a notebook?  Its numbers where they are few, or a line."""

from html import escape

import numpy as np

from tinyformer.backend import to_host
from tinyformer.engine import Tensor

FEW = 20                                      # numbers up to which all are shown in text
ROWS, COLUMNS = 20, 12                        # of a matrix that is shown as a table


def text_of(tensor: Tensor) -> str:
    """On one line unless it has few numbers: Tensor(shape (12, 64, 128), float32, -3.1 to 2.9, from layer_norm).

    Where a number is NaN, so is the range.
    """
    how = f", from {tensor.node.op.name}" if tensor.node else ""
    data = to_host(tensor.data)
    if data.size <= FEW:
        return f"Tensor({np.array2string(data, precision=4)}{how})"
    with np.errstate(invalid="ignore"):
        span = f", {data.min():.4g} to {data.max():.4g}" if data.dtype.kind == "f" else ""
    return f"Tensor(shape {tensor.shape}, {tensor.dtype}{span}{how})"


def html_of(tensor: Tensor) -> str:
    """A small matrix, or vector, as a table with its shape and where it is from; anything else as the text."""
    data = to_host(tensor.data)
    if data.ndim not in (1, 2) or not data.size or data.shape[-1] > COLUMNS or len(data) > ROWS:
        return f"<code>{escape(repr(tensor))}</code>"
    rows = "".join("<tr>" + "".join(f'<td style="text-align: right">{value:.4g}</td>' for value in row) + "</tr>"
                   for row in data.reshape(-1, data.shape[-1]).tolist())
    how = f", from {tensor.node.op.name}" if tensor.node else ""
    return f"<table><caption>{escape(f'Tensor {tensor.shape} {tensor.dtype}{how}')}</caption>{rows}</table>"
