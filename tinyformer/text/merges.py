"""Which pieces does a vocabulary need?  Join the most frequent pair of neighbours, again and again.

Byte-pair encoding (Sennrich et al. 2016, section 3.2) starts from single characters and makes one new
symbol a step.  A merge changes only the words that hold the pair, so nothing is counted twice: we keep the
counts, the words each pair lives in, and a heap of counts that is put right when it is asked.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

Pair = tuple[str, str]


def learn_merges(
    words: Mapping[tuple[str, ...], int], join: Callable[[str, str], str], min_count: int = 2
) -> Iterator[tuple[str, str, str]]:
    """Yield merges (left, right, joined), the most frequent pair of neighbours first, until none repeats.

    `words` maps the symbols of a word to how often it occurs.  Among equally frequent pairs the smallest in
    code point order wins, so the result depends on the counts alone.
    """
    spelled = [list(word) for word in words]
    times = list(words.values())
    count: dict[Pair, int] = defaultdict(int)
    lives_in: dict[Pair, set[int]] = defaultdict(set)      # may name words that have lost the pair since
    for i, symbols in enumerate(spelled):
        for pair in zip(symbols, symbols[1:], strict=False):
            count[pair] += times[i]
            lives_in[pair].add(i)
    heap = [(-n, pair) for pair, n in count.items()]
    heapq.heapify(heap)

    while heap:
        noted, pair = heapq.heappop(heap)
        if count[pair] != -noted:                          # an old note: the pair fell or rose since then
            if min_count <= count[pair] < -noted:
                heapq.heappush(heap, (-count[pair], pair))
            continue
        if count[pair] < min_count:
            return
        joined = join(*pair)
        yield *pair, joined

        risen = set()
        for i in lives_in.pop(pair):
            before = spelled[i]
            after = merge(before, pair, joined)
            if len(after) == len(before):
                continue
            for old in zip(before, before[1:], strict=False):
                count[old] -= times[i]
            for new in zip(after, after[1:], strict=False):
                count[new] += times[i]
                lives_in[new].add(i)
                if joined in new:
                    risen.add(new)
            spelled[i] = after
        for new in risen:
            heapq.heappush(heap, (-count[new], new))


def merge(symbols: list[str], pair: Pair, joined: str) -> list[str]:
    """`symbols` with every occurrence of `pair`, found from the left, replaced by `joined`."""
    left, right = pair
    out = []
    i = 0
    while i < len(symbols):
        if symbols[i] == left and i + 1 < len(symbols) and symbols[i + 1] == right:
            out.append(joined)
            i += 2
        else:
            out.append(symbols[i])
            i += 1
    return out
