"""Where does each token look?  The attention weights of some heads, a square each."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tinyformer.plot.fonts import legible
from tinyformer.plot.style import clipped, figure, save


def attention_map(weights: np.ndarray, tokens: Sequence[str], path: str | Path, *,
                  names: Sequence[str] | None = None, title: str = "Where each token looks") -> None:
    """Draw attention weights (H, T, T), one square a head: row = the token that asks, column = the one it looks at.

    All heads share one scale, from 0 to the largest weight; every row sums to 1.
    """
    weights = np.asarray(weights, float)
    tokens = [clipped(token, 20) for token in tokens]
    heads, length = weights.shape[0], len(tokens)
    if weights.shape != (heads, length, length):
        raise ValueError(f"attention_map: weights are {weights.shape} for {length} tokens; they must be (H, T, T) "
                         f"with T = {length}")
    across = min(heads, 2 if heads <= 4 or length > 16 else 4)
    down = math.ceil(heads / across)
    side = max(3.2, 0.24 * length + 1)
    drawn, grid = figure(across * side + 1.1, down * side + 0.7, down, across, squeeze=False)
    for head, axes in enumerate(grid.flat):
        if head >= heads:
            axes.set_axis_off()
            continue
        image = axes.imshow(weights[head], cmap="Blues", vmin=0, vmax=weights.max(), interpolation="nearest")
        axes.set_title(names[head] if names else f"head {head + 1}", fontsize=12)
        axes.set_xticks(range(length), tokens, rotation=90, fontsize=9)
        axes.set_yticks(range(length), tokens if head % across == 0 else [], fontsize=9)
        axes.tick_params(length=0)
        axes.grid(False)
        for edge in axes.spines.values():
            edge.set_visible(False)
        axes.set_xlabel("looked at")
        if head % across == 0:
            axes.set_ylabel("asking")
        if head + across < heads:
            axes.set_xlabel("")
    drawn.colorbar(image, ax=grid, label="attention weight (each row sums to 1)", shrink=0.8, pad=0.02)
    drawn.suptitle(legible(title), fontsize=14)
    save(drawn, path)
