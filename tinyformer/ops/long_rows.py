"""When are rows so long that attention is computed in blocks?  Asked at every call, with the blocks not yet opened."""

LONG = 1 << 20                                # scores of one head from which on blocks pay: T = S = 1,024


def in_blocks(queries: int, keys: int) -> bool:
    """Whether attention is computed in blocks: where one head has at least 1,024 x 1,024 scores.

    There the weights of a head no longer fit the cache.  Where the future is hidden, blocks take as long as the whole
    there and less with every further position; where everything is seen, up to a fifth more; and of the memory a
    quarter, and less with every further position (benchmarks/README.md).  The rule knows the shape alone, so that the
    same run gives the same bits.
    """
    return queries * keys >= LONG
