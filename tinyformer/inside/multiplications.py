"""How many multiplications does an op need?  Those of its matrix products, forwards and backwards, by the formula.

What is done once for each number (a norm, an activation, a sum, also where it is computed as a product with ones) is
not counted: it takes the time of reading and writing, and so stands in the table of a step by its bytes.
"""

import math
from collections.abc import Callable, Sequence

from tinyformer.ops.attention_in_blocks import BLOCK

Shapes = Sequence[tuple[int, ...]]


def multiplications(name: str, shapes: Shapes, constants: dict) -> tuple[int, int]:
    """Those of an op's matrix products, (forwards, backwards), for inputs of these shapes; (0, 0) where it has none."""
    return COUNTS[name](shapes, constants) if name in COUNTS else (0, 0)


def _matmul(shapes: Shapes, constants: dict) -> tuple[int, int]:
    """(..., T, C) @ (..., C, S): T C S for each of the stack, and as many for the gradient of each factor."""
    a, b = shapes
    times = math.prod(_stretched(a[:-2], b[:-2])) * a[-2] * a[-1] * b[-1]
    return times, 2 * times


def _affine(shapes: Shapes, constants: dict) -> tuple[int, int]:
    """N rows of I numbers, O sums of each: N I O, and as many for the gradients of rows and weight."""
    x, weight = shapes[:2]
    times = math.prod(x) * weight[0]
    return times, 2 * times


def _attention(shapes: Shapes, constants: dict) -> tuple[int, int]:
    """Two products, scores and mixture; four backwards, one for each factor of both.  A bias is only added."""
    query, key, value = shapes[:3]
    lead = math.prod(_stretched(_stretched(query[:-2], key[:-2]), value[:-2]))
    times = lead * query[-2] * key[-2] * (query[-1] + value[-1])
    return times, 2 * times


def _self_attention(shapes: Shapes, constants: dict) -> tuple[int, int]:
    """T T C for the scores of all heads together, and as many for the mixture."""
    batch, length, packed = shapes[0]
    times = 2 * batch * length * length * packed // 3
    return times, 2 * times


def _blockwise(shapes: Shapes, constants: dict) -> tuple[int, int]:
    """Those of `attention` in the blocks that are looked at, and backwards the scores once more."""
    query, key, value = shapes
    lead = math.prod(_stretched(_stretched(query[:-2], key[:-2]), value[:-2]))
    scores = lead * _looked_at(query[-2], key[-2], constants)
    inner, outer = scores * query[-1], scores * value[-1]
    return inner + outer, 3 * inner + 2 * outer


def _blockwise_self(shapes: Shapes, constants: dict) -> tuple[int, int]:
    batch, length, packed = shapes[0]
    times = batch * _looked_at(length, length, constants) * packed // 3
    return 2 * times, 5 * times


def _lstm(shapes: Shapes, constants: dict) -> tuple[int, int]:
    """For each place those of its input, of what was told before it, and of the projection where there is one."""
    (batch, length, inputs), weight, recurrent, _, *projection = shapes
    each = weight[0] * (inputs + recurrent[1]) + (math.prod(projection[0]) if projection else 0)
    return batch * length * each, 2 * batch * length * each


def _nt_xent(shapes: Shapes, constants: dict) -> tuple[int, int]:
    """Every row with every other: R R D, and as many from the errors of the scores back to the rows."""
    rows, size = shapes[0]
    return rows * rows * size, rows * rows * size


def _looked_at(queries: int, keys: int, constants: dict) -> int:
    """The scores in the blocks that are not wholly in the future."""
    block, found = constants.get("block", BLOCK), 0
    for first in range(0, queries, block):
        last = min(first + block, queries)
        seen = last + keys - queries if constants.get("causal") else keys
        found += (last - first) * min(-(-max(seen, 0) // block) * block, keys)
    return found


def _stretched(one: tuple, other: tuple) -> tuple:
    """The shape to which two broadcast."""
    longest = max(len(one), len(other))
    pairs = zip((1,) * (longest - len(one)) + one, (1,) * (longest - len(other)) + other, strict=True)
    return tuple(b if a == 1 else a for a, b in pairs)


COUNTS: dict[str, Callable[[Shapes, dict], tuple[int, int]]] = {
    "matmul": _matmul, "affine": _affine, "affine_gelu": _affine, "attention": _attention,
    "self_attention": _self_attention, "blockwise_attention": _blockwise, "blockwise_self_attention": _blockwise_self,
    "lstm": _lstm, "nt_xent": _nt_xent,
}
