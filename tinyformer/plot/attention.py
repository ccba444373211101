"""Where does each token look?  The attention weights of some heads, a square each."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tinyformer.plot.fonts import legible
from tinyformer.plot.style import clipped, figure, save


def attention_map(weights: np.ndarray, tokens: Sequence[str], path: str | Path, *,
                  sources: Sequence[str] | None = None, names: Sequence[str] | None = None,
                  title: str = "Where each token looks") -> None:
    """Draw attention weights (H, T, S), one field a head: row = the token that asks, column = the one it looks at.

    `sources` are the S tokens that are looked at, where they are not those that ask (cross-attention).  All heads
    share one scale, from 0 to the largest weight; every row sums to 1.
    """
    weights = np.asarray(weights, float)
    tokens = [clipped(token, 20) for token in tokens]
    sources = tokens if sources is None else [clipped(token, 20) for token in sources]
    heads, asking, asked, length = weights.shape[0], len(tokens), len(sources), max(len(tokens), len(sources))
    if weights.shape != (heads, asking, asked):
        raise ValueError(f"attention_map: weights are {weights.shape} for {asking} tokens that look at {asked}; they "
                         f"must be (H, {asking}, {asked})")
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
        axes.set_xticks(range(asked), sources, rotation=90, fontsize=9)
        axes.set_yticks(range(asking), tokens if head % across == 0 else [], fontsize=9)
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
