"""Which pictures need no file?  Six shapes of any size, place and turn, drawn with soft edges."""

import numpy as np

from tinyformer.rng import stream

NAMES = ("disc", "ring", "square", "triangle", "cross", "bar")


def shapes(count: int, side: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(pictures (count, side, side) from 0 to 1, labels (count,)), each label a place in `NAMES`, in turn."""
    rng = stream(seed, "shapes")
    labels = np.arange(count) % len(NAMES)
    radius = rng.uniform(0.2, 0.3, count) * side
    centre = rng.uniform(radius, side - 1 - radius, (2, count))
    turn = rng.uniform(0, 2 * np.pi, count)
    y, x = np.arange(side)[None, :, None], np.arange(side)[None, None, :]
    y, x = y - centre[0][:, None, None], x - centre[1][:, None, None]          # (N, S, 1), (N, 1, S)
    cos, sin, r = (each[:, None, None] for each in (np.cos(turn), np.sin(turn), radius))
    across, along = cos * x - sin * y, sin * x + cos * y       # (N, S, S), turned with the shape
    outside = np.stack([_outside(name, across, along, r) for name in NAMES])[labels, np.arange(count)]
    return np.clip(0.5 - outside, 0, 1).astype(np.float32), labels


def _outside(name: str, x, y, r):
    """How many pixels a place lies outside the shape's edge; below 0 inside."""
    distance, wide, thin = np.hypot(x, y), np.maximum(np.abs(x), np.abs(y)), 0.3 * r
    if name == "disc":
        return distance - r
    if name == "ring":
        return np.abs(distance - 0.8 * r) - 0.6 * thin
    if name == "square":
        return wide - 0.8 * r
    if name == "triangle":
        return np.maximum(np.abs(x) * 0.87 + y * 0.5, -y) - 0.5 * r
    bars = [np.maximum(np.abs(x) - r, np.abs(y) - thin), np.maximum(np.abs(y) - r, np.abs(x) - thin)]
    return np.minimum(*bars) if name == "cross" else bars[0]
