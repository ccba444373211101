"""How does a GPU drop what the host would have dropped?  It counts to the place in the stream and draws there.

Philox gives the numbers of any place in its stream without those before (Salmon et al. 2011), so a lane draws the bits
of its own number, forwards and again backwards, and no mask is made, brought up or kept.
"""

import numpy as np

NUMBERS = 16                                                   # draws of 16 bits in a block of the stream

DRAW = r"""
INLINE void draw(word key0, word key1, word place, word *four) {           /* block `place` of the stream: 4 words */
    word a = place, b = 0, c = 0, d = 0;
    for (int round = 0; round < 10; round++) {
        word low0 = 0xD2E7470EE14C6C93ULL * a, high0 = high_half(0xD2E7470EE14C6C93ULL, a);
        word low1 = 0xCA5A826395121157ULL * c, high1 = high_half(0xCA5A826395121157ULL, c);
        a = high1 ^ b ^ key0;
        c = high0 ^ d ^ key1;
        b = low1;
        d = low0;
        key0 += 0x9E3779B97F4A7C15ULL;
        key1 += 0xBB67AE8584CAA73BULL;
    }
    four[0] = a;
    four[1] = b;
    four[2] = c;
    four[3] = d;
}

INLINE int is_kept(const word *four, whole number, whole threshold) {      /* number 0 to 15 of the block */
    return (whole)(four[number / 4] >> 16 * (number % 4) & 0xffff) >= threshold;
}
"""


def place_of(rng: np.random.Generator, count: int) -> tuple | None:
    """Both halves of the key, and the place in its stream, of the next `count` draws of 16 bits, which are then past.

    None, with nothing drawn, where the stream is not one of Philox that can be counted in.
    """
    bits = rng.bit_generator
    if type(bits) is not np.random.Philox or not count:
        return None
    state = bits.state
    if state["state"]["counter"][1:].any():
        return None
    key = tuple(state["state"]["key"])
    if hasattr(rng, "ahead"):                                  # rows of a batch: the place is theirs
        there, inside = rng.ahead(2 * count)
        block = int(there.bit_generator.state["state"]["counter"][0]) + 1
        return *key, np.uint64(NUMBERS * block + inside // 2)
    block = int(state["state"]["counter"][0])
    halves = 8 * block + 2 * int(state["buffer_pos"]) - int(state["has_uint32"])   # 32 bits each, so many are past
    _wind_on(rng, bits, block, halves - (-count // 2))
    return *key, np.uint64(2 * halves)


def _wind_on(rng: np.random.Generator, bits: np.random.Philox, block: int, halves: int) -> None:
    """Leave the generator, which stands in `block`, where it would be after `halves` draws of 32 bits in all."""
    bits.advance(halves // 8 - 1 - block)
    bits.random_raw(halves // 2 % 4)
    if halves % 2:
        rng.bytes(4)


def drop_of(rate: float) -> tuple[int, float]:
    """Draws below the first are dropped, and the rest multiplied by the second: as `ops.dropout.draw_kept` does it."""
    threshold = min(round(rate * 65536), 65535)
    return threshold, 65536 / (65536 - threshold)
