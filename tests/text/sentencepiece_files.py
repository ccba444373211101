"""Files as SentencePiece writes them, made by hand: a compiled table of replacements, and spiece.model around it."""

import struct
from collections import defaultdict


def charsmap(replacements: dict[str, str]) -> bytes:
    """The compiled form of {text: replacement}: the length of the tree, the tree, the replacements."""
    blob, values = b"", {}
    for text, new in replacements.items():
        values[text.encode()] = len(blob)
        blob += new.encode() + b"\0"
    children, ends = defaultdict(set), set(values)
    for key in values:
        for n in range(len(key)):
            children[key[:n]].add(key[n])
    cells: dict[int, int] = {}
    place, bases, taken = {b"": 0}, {}, {0}
    waiting = [b""]
    free = 1
    while waiting:
        node = waiting.pop()
        if not children[node] and node not in ends:
            continue
        wanted = [*children[node], *([0] if node in ends else [])]
        base = next(b for b in range(free, 1 << 21) if not any(b ^ c in taken for c in wanted))
        free = base if base - free < 64 else free + 1          # near enough: the search begins where it ended
        bases[node] = base
        for c in wanted:
            taken.add(base ^ c)
            if c:
                place[node + bytes([c])] = base ^ c
                waiting.append(node + bytes([c]))
        if node in ends:
            cells[base] = values[node] | 1 << 31
    for node, at in place.items():
        offset = bases[node] ^ at
        assert offset < 1 << 21
        cells[at] = offset << 10 | (node in ends) << 8 | (node[-1] if node else 0)
    tree = struct.pack(f"<{max(cells) + 1}I", *(cells.get(at, 0) for at in range(max(cells) + 1)))
    return struct.pack("<I", len(tree)) + tree + blob


def spiece(pieces: list[tuple[str, float, int]], unknown: int, table: bytes = b"", kind: int = 1) -> bytes:
    """A spiece.model with these (piece, score, type)."""
    def sized(number: int, value: bytes) -> bytes:
        return varint(number << 3 | 2) + varint(len(value)) + value

    def whole(number: int, value: int) -> bytes:
        return varint(number << 3) + varint(value)

    written = [sized(1, sized(1, piece.encode()) + varint(2 << 3 | 5) + struct.pack("<f", score) +
                     (b"" if type == 1 else whole(3, type))) for piece, score, type in pieces]
    trainer = sized(1, b"corpus.txt") + whole(3, kind) + whole(4, len(pieces)) + whole(40, unknown)
    return b"".join(written) + sized(2, trainer) + sized(3, sized(1, b"nmt_nfkc") + sized(2, table) + whole(3, 1))


def varint(value: int) -> bytes:
    """A whole number, seven bits a byte, the lowest first."""
    found = []
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
