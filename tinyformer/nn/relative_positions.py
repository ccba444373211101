"""How far apart do two positions stand, and what is that worth?  A bucket for each distance, a number for each head."""

import math

import numpy as np

from tinyformer.engine import Tensor
from tinyformer.nn.layers import Embedding
from tinyformer.nn.module import Module


class RelativePositions(Module):
    """A number for each head and each bucket of distances, which attention adds to its scores.

    One such table serves all layers of an encoder, another one all of a decoder, which looks back only (`both_ways`).
    (Raffel et al. 2020, section 2.1.)
    """

    def __init__(self, buckets: int, heads: int, rng=..., *, both_ways: bool, farthest: int = 128, std: float = 0.02):
        self.both_ways, self.farthest = both_ways, farthest
        self.table = Embedding(buckets, heads, rng, std)

    def __call__(self, queries: int, keys: int) -> Tensor:
        """The bias (H, T, S) of T queries, of which the last stands where the last of S keys does."""
        distances = np.arange(keys) - np.arange(keys - queries, keys)[:, None]     # (T, S), below 0 before the query
        buckets, _ = self.table.weight.shape
        return self.table(bucket_of(distances, buckets, self.both_ways, self.farthest)).transpose(2, 0, 1)


def bucket_of(distances: np.ndarray, buckets: int, both_ways: bool, farthest: int) -> np.ndarray:
    """The bucket of each distance (key minus query): near ones have one each, farther ones share, in equal ratios.

    Of n buckets, which are half of all for each side where both are looked at, n/2 are for the distances 0 to n/2 - 1,
    and distance d is in bucket n/2 + n/2 log(d / (n/2)) / log(farthest / (n/2)), rounded down, n - 1 at most.
    """
    buckets = buckets // 2 if both_ways else buckets
    behind = buckets * (distances > 0) if both_ways else np.zeros_like(distances)
    distances = np.abs(distances) if both_ways else np.maximum(-distances, 0)
    near = buckets // 2
    ratio = np.log(np.maximum(distances, near).astype(np.float32) / np.float32(near)) / np.float32(
        math.log(farthest / near))                             # in float32, as the published buckets were computed
    far = near + (ratio * np.float32(buckets - near)).astype(np.int64)
    return behind + np.where(distances < near, distances, np.minimum(far, buckets - 1))
