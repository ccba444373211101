"""What does one attention head do?  Where it looks, and what is lost without it.

A head is named by (layer, number), both counted from 0.
"""

from copy import deepcopy

import numpy as np

from tinyformer.models import GPT

Head = tuple[int, int]


def prefix_sums(weights: np.ndarray, ids: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Prefix matching: the attention of a token to the tokens that followed its earlier occurrences.

    weights (B, H, T, T), ids (B, T); added up over the positions where asked (B, T) is True -> (H,).  Divided by how
    many those are it is the score of Olsson et al. 2022: 1 for a head that does nothing else.
    """
    wanted = np.zeros(ids.shape + ids.shape[1:], bool)         # (B, T, S)
    wanted[:, :, 1:] = ids[:, :, None] == ids[:, None, :-1]    # the token before s is the one at t
    wanted &= np.tri(ids.shape[1], dtype=bool)                 # ... and s is not to come yet
    return _sums(weights, wanted & asked[:, :, None])


def previous_sums(weights: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """The attention to the token just before, weights (B, H, T, T), added up where asked (B, T) is True -> (H,)."""
    return _sums(weights, np.eye(asked.shape[1], k=-1, dtype=bool) & asked[:, :, None])


def without_heads(model: GPT, *heads: Head) -> GPT:
    """A copy of the model in which these heads bring nothing back: their columns of the layer's `out` are zero."""
    copy = deepcopy(model)
    for layer, number in heads:
        attend = copy.layers[layer].attend
        if not 0 <= number < attend.heads:
            raise ValueError(f"without_heads: head is {number}; layer {layer} has heads 0 to {attend.heads - 1}")
        size = attend.out.weight.shape[1] // attend.heads      # D
        attend.out.weight.data[:, number * size:(number + 1) * size] = 0
    return copy


def named(head: Head) -> str:
    """A head as people count: "layer 2, head 1"."""
    return f"layer {head[0] + 1}, head {head[1] + 1}"


def _sums(weights: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """weights (B, H, T, S) added up where wanted (B, T, S) is True, for each head: (H,)."""
    return np.where(wanted[:, None], weights, 0).sum((0, 2, 3), dtype=np.float64)
