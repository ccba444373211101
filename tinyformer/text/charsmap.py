"""What does the table of replacements say that SentencePiece compiles into its files?  Which text stands for which.

A charsmap is three things one behind another: the length of a tree of bytes, the tree, and the replacements, each ended
by a zero.  The tree is a double array (Aoe 1989): a cell for each node, and the child of a node by byte c lies in the
cell `base ^ c`, where it says c again, so that a cell that belongs to another node is noticed.
"""

import struct

import numpy as np

from tinyformer.errors import InputError

LONGEST = 6                                                # bytes; a cluster that is as long is taken apart


class Charsmap:
    """The replacements of a compiled table, applied as the usual libraries apply it, by clusters of characters."""

    def __init__(self, compiled: bytes):
        import regex  # knows which characters form a cluster: a letter and its accents, a flag, a family

        size = struct.unpack_from("<I", compiled)[0] if len(compiled) >= 4 else -1
        if size < 4 or size % 4 or 4 + size > len(compiled):
            raise InputError("precompiled_charsmap: it does not hold the tree whose length it says; it is cut short, "
                             "or no compiled table of SentencePiece")
        self.cells = np.frombuffer(compiled, "<u4", size // 4, 4).tolist()
        self.replacements = compiled[4 + size:]
        self._clusters = regex.compile(r"\X")
        self._known: dict[str, str | None] = {}

    def parts(self, text: str) -> list[tuple[str, str | None]]:
        """The text in parts, each with what takes its place, None where it stays.

        A cluster of less than six bytes is looked up as a whole, and then, like a longer one, by its characters.
        """
        found: list[tuple[str, str | None]] = []
        for cluster in self._clusters.findall(text):
            whole = self._replaced(cluster) if len(cluster.encode("utf-8", "surrogatepass")) < LONGEST else None
            found += [(cluster, whole)] if whole is not None else [(char, self._replaced(char)) for char in cluster]
        return found

    def _replaced(self, part: str) -> str | None:
        if part not in self._known:
            self._known[part] = self._looked_up(part.encode("utf-8", "surrogatepass"))
        return self._known[part]

    def _looked_up(self, part: bytes) -> str | None:
        """The replacement of the shortest beginning of `part` that has one; a published quirk that ids hang on."""
        try:
            at = _offset(self.cells[0])
            for byte in part:
                if byte == 0:
                    return None
                at ^= byte
                cell = self.cells[at]
                if cell & 0x800000FF != byte:
                    return None
                at ^= _offset(cell)
                if cell >> 8 & 1:
                    first = self.cells[at] & 0x7FFFFFFF
                    return self.replacements[first:self.replacements.index(0, first)].decode()
        except (IndexError, ValueError):
            raise InputError("precompiled_charsmap: the tree leads out of the file; it is damaged, take the file from "
                             "where it came from") from None
        return None


def _offset(cell: int) -> int:
    """How far the children of a node lie from it: 21 bits, of which a ninth bit says that they count 256 each."""
    return (cell >> 10) << ((cell & 512) >> 6)
