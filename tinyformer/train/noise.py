"""What does a worker drop that has rows 8 to 16 of a batch?  What whoever has the whole batch drops in those rows.

So a step is the same step however its batch is divided: among workers, among machines, or in parts one after another.
The noise of a step is one stream of random bits, and each array that dropout acts on takes the next stretch of it, row
after row.  Philox gives the numbers of any place in its stream without those before (Salmon et al. 2011), so whoever
has some of the rows reads their bits and jumps over the others.
"""

import copy
from dataclasses import dataclass, replace

import numpy as np

from tinyformer.ops.dropout import random_bytes
from tinyformer.rng import stream

BLOCK = 32                                    # bytes that Philox gives for each number of its counter
NUMBER = 2                                    # bytes that dropout draws for each number
WORD = 4                                      # bytes that a generator takes at a time, and at least, even for none


@dataclass(frozen=True)
class Noise:
    """The dropout of one step: of a whole batch, or of rows `first` to `last` (not included) of a batch of `rows`."""

    seed: int
    step: int
    first: int = 0
    last: int | None = None
    rows: int | None = None

    def part(self, first: int, last: int, rows: int) -> "Noise":
        """That of rows `first` to `last` of these `rows` rows, which may be a part of a batch themselves."""
        return replace(self, first=self.first + first, last=self.first + last, rows=self.rows or rows)

    def generator(self) -> np.random.Generator:
        """What dropout draws from."""
        whole = stream(self.seed, "dropout 0", self.step)
        if self.rows is None or (self.first, self.last) == (0, self.rows):
            return whole
        return RowGenerator(whole.bit_generator, self)


class RowGenerator(np.random.Generator):
    """Gives, of the bytes that a generator of the whole batch would give, those that belong to some of its rows.

    An array's bytes belong to the rows in order, as many to each: its first axis must be that of the rows.
    """

    def __init__(self, bits: np.random.Philox, noise: Noise):
        super().__init__(bits)
        self.noise = noise
        self.place = 0                        # where the next array begins in the stream, in bytes
        self.at = 0                           # where the counter stands, in blocks

    def bytes(self, length: int) -> bytes:
        """The next `length` bytes of these rows.  ValueError where the rows cannot have as many each."""
        block, inside = self._next(length)
        self.bit_generator.advance(block - self.at)            # never below 0: rows before these are jumped over
        self.at = block + max(1, -(-(inside + length) // BLOCK))
        return bytes(random_bytes(np.random.Generator(self.bit_generator), inside + length)[inside:])

    def ahead(self, length: int) -> tuple[np.random.Generator, int]:
        """For who reads the next `length` bytes in pieces: a generator, and how many of its bytes belong to others."""
        block, inside = self._next(length)
        return np.random.Generator(copy.deepcopy(self.bit_generator).advance(block - self.at)), inside

    def _next(self, length: int) -> tuple[int, int]:
        """Where the next `length` bytes begin: the block, and the byte in it; they count as given from here on."""
        noise, mine = self.noise, self.noise.last - self.noise.first
        each = length // mine
        if length % (NUMBER * mine):
            raise ValueError(f"dropout on an array of {length // NUMBER} numbers cannot be divided among the {mine} "
                             "rows of a part of a batch, as its first axis is not that of the rows; set divisible = "
                             "False on the model, so that its batches are computed in one piece")
        start = self.place + noise.first * each
        self.place += max(1, -(-noise.rows * each // WORD)) * WORD
        return divmod(start, BLOCK)
