"""What does a model that learned to see look at?  Its views, the nearest pictures before and after, its first layer.

Each is one file in the folder of a run: views.png or patches.png, neighbours.png, filters.png or attention.png.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.patches import cut, joined
from tinyformer.data.pictures import Pictures
from tinyformer.engine import no_grad
from tinyformer.metrics.read_off import neighbours
from tinyformer.models.vectors import VectorEncoder
from tinyformer.pretraining.picture_methods import METHODS, views_of
from tinyformer.rng import stream

SHOWN = 8                                     # pictures in a row, and rows


def draw_all(settings, prepared, out: Path) -> None:
    """All that there is to see of a run."""
    pictures = prepared.batches.pictures
    held_out = prepared.held_out.pictures if prepared.held_out is not None else pictures
    shown = METHODS[settings.method].shown
    if shown is None:
        draw_views(settings, pictures, out / "views.png")
    else:
        batch = next(iter(prepared.batches.in_order(SHOWN)))
        draw_patches(shown(prepared.model, batch), settings.side, out / "patches.png")
    before = settings.make_model(None).to(dtype=settings.dtype).features
    behind = {"behind its head": prepared.model.projections} if hasattr(prepared.model, "projections") else {}
    draw_neighbours({"untrained": before, settings.method: prepared.model.features, **behind}, pictures, held_out,
                    out / "neighbours.png")
    encoder = encoder_in(prepared.model)
    if isinstance(encoder, VectorEncoder):
        draw_attention(encoder, held_out, settings.patch, out / "attention.png")
    else:
        draw_filters(encoder.layers[0].linear.weight.data, settings.side, out / "filters.png")


def encoder_in(model):
    """The transformer over patches in a model, or else its encoder of whole pictures."""
    found = getattr(model, "online", model).encoder
    return getattr(found, "vectors", found)


def draw_views(settings, pictures: Pictures, path: Path) -> None:
    """A few pictures, and how they may be seen."""
    from tinyformer import plot
    views, rng = views_of(settings), stream(settings.seed, "views to look at")
    some = pictures.pixels[:SHOWN]
    plot.tiles([("picture", some), *((f"view {number}", views(some, rng)) for number in (1, 2, 3, 4))], path,
               title="Views: each pair of them is to lie together")


def draw_patches(rows: list, side: int, path: Path) -> None:
    """What was hidden or shuffled, and what the model makes of it: rows of patches (B, T, P) by name."""
    from tinyformer import plot
    plot.tiles([(text, joined(patches[:SHOWN], side)) for text, patches in rows], path)


def draw_neighbours(encoders: dict[str, Callable], pictures: Pictures, asked: Pictures, path: Path) -> None:
    """The nearest training pictures of a few others, by the features of each encoder; of another class with a frame."""
    from tinyformer import plot
    rows, marked = [], []
    for name, features in encoders.items():
        found = neighbours(features(pictures.pixels), features(asked.pixels[:SHOWN // 2]), SHOWN - 1)
        for place, near in enumerate(found):
            rows.append((name, [asked.pixels[place], *pictures.pixels[near]]))
            known = asked.labels is not None and pictures.labels is not None
            marked.append([False, *(pictures.labels[near] != asked.labels[place])] if known else [])
    plot.tiles(rows, path, columns=["asked", "nearest"], marked=marked,
               title="The nearest pictures by the features; in a frame: another class")


def draw_filters(weight, side: int, path: Path) -> None:
    """What the units of the first layer look for: those with the largest weights."""
    from tinyformer import plot
    shown = largest_filters(weight, side, SHOWN * SHOWN)
    plot.tiles([("", shown[first:first + SHOWN]) for first in range(0, len(shown), SHOWN)], path, signed=True,
               title="What units of the first layer look for")


def largest_filters(weight, side: int, count: int) -> np.ndarray:
    """The largest rows of a first layer's weights (C, S S), as pictures (at most `count`, S, S)."""
    filters = to_host(weight)
    largest = np.argsort(-np.abs(filters).sum(-1), kind="stable")[:count]
    return filters[largest].reshape(len(largest), side, side)


def draw_attention(encoder: VectorEncoder, pictures: Pictures, patch: int, path: Path) -> None:
    """At which patches those of a picture look: each head of the first and the last layer."""
    from tinyformer import plot
    some = pictures.pixels[:SHOWN]
    looks = looked_at(encoder, some, patch)
    rows = [("picture", some)]
    for number in dict.fromkeys((0, len(looks) - 1)):
        rows += [(f"layer {number + 1}, head {head + 1}", heat) for head, heat in enumerate(looks[number])]
    plot.tiles(rows, path, title="Which patches are looked at")


def looked_at(encoder: VectorEncoder, pixels: np.ndarray, patch: int) -> np.ndarray:
    """How much of the looks of a picture's patches each patch gets, the most 1, for every layer: (L, H, N, S, S)."""
    with no_grad():
        x, looks = encoder.embed(cut(pixels, patch)), []
        for layer in encoder.layers:
            looks.append(to_host(layer.weights(x).data).mean(2).swapaxes(0, 1))          # (H, N, T)
            x = layer(x)
    seen = np.stack(looks)
    seen /= seen.max(-1, keepdims=True)
    heat = joined(np.repeat(seen.reshape(-1, seen.shape[-1], 1), patch * patch, -1), pixels.shape[-1])
    return heat.reshape(*seen.shape[:-1], *pixels.shape[1:])
