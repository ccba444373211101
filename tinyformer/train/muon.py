"""What if a matrix is not a list of numbers but a map, and a step is as long as what it does to vectors?  Muon.

(Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"; the view: Bernstein and Newhouse 2024.)
A step S turns the output W x of a layer into W x + S x.  If no x of length 1 may be moved by more than r, then the
largest singular value of S, its spectral norm, is at most r.  Of all such steps the one that goes furthest against
the gradient G = U diag(s) Vᵀ is

    S = -r U Vᵀ                               as <G, S> >= -|S| (s1 + s2 + ...), and here the two are equal

All its singular values are the same: it walks equally far along each direction that the gradient knows, where plain
descent spends its step on the first few.  U Vᵀ, the *polar factor* of G, needs no singular value decomposition.
An odd polynomial of a matrix leaves U and V alone and acts on each s by itself,

    p(X) = a X + b (X Xᵀ) X + c (X Xᵀ)² X = U diag(p(s)) Vᵀ,    p(s) = a s + b s³ + c s⁵

so a few products suffice, if p, taken again and again, drives all of (0, 1] towards 1 (a Newton-Schulz iteration).
With a = 3.4445, b = -4.7750, c = 2.0315 a small s grows 3.4445 times in a step, 485 times in five, and what has
arrived stays between 0.68 and 1.21 for ever.  That is near enough, as trying showed, and no p that comes to rest at 1
is as steep at 0.  `plot.singular_values` draws it.
"""

import math
from collections.abc import Mapping
from itertools import groupby
from typing import NamedTuple

import numpy as np

from tinyformer.engine import Tensor
from tinyformer.nn.module import Module
from tinyformer.train.moved_by import named_tensors, rate_of
from tinyformer.train.optimizers import CHUNK, LINE, AdamW, Slot

A, B, C = 3.4445, -4.7750, 2.0315             # p(s) = A s + B s³ + C s⁵
TIMES = 5
SHORTEST = 1e-7                               # a gradient shorter than this is not made longer


def orthogonalized(xp, x):
    """The polar factor of each of x (..., rows, columns), about: singular values between 0.68 and 1.21.

    Of whatever length x is.  A singular value below 0.0016 of the length of its matrix (all numbers as one vector) is
    still on its way up.
    """
    if x.shape[-2] > x.shape[-1]:                                                  # the Gram matrix of the shorter side
        return orthogonalized(xp, x.swapaxes(-1, -2)).swapaxes(-1, -2)
    length = xp.sqrt((x * x).sum((-1, -2), keepdims=True))                         # no singular value is larger
    x = x / xp.maximum(length, SHORTEST)
    return newton_schulz_wide(xp, x) if x.shape[-1] >= 2 * x.shape[-2] else newton_schulz(xp, x)


def newton_schulz(xp, x):
    """p(p(p(p(p(x))))) of x (..., m, n), as it is written: each time two products of 2 m² n and one of 2 m³."""
    for _ in range(TIMES):
        x = _factor(xp, x @ x.swapaxes(-1, -2)) @ x                                # (..., m, m) @ (..., m, n)
    return x


def newton_schulz_wide(xp, x):
    """The same by products of (m, m) alone, which takes 0.57 of the multiplications for n = 4 m.

    With G = X Xᵀ and P = a + b G + c G², each time X becomes P X, and so G becomes P G P.  All of these are polynomials
    of the first G and commute: the five P are multiplied with one another, and x is read first and last only.
    """
    gram = x @ x.swapaxes(-1, -2)                                                  # (..., m, m)
    p = product = _factor(xp, gram)
    for _ in range(TIMES - 1):
        gram = gram @ (p @ p.swapaxes(-1, -2))
        p = _factor(xp, gram)
        product = product @ p
    return product @ x


def _factor(xp, gram):
    """a + b G + c G² of symmetric matrices (..., m, m); of a product with the own transpose NumPy computes half."""
    p = gram @ gram.swapaxes(-1, -2)
    p *= C
    p += gram * B
    p.reshape(*p.shape[:-2], -1)[..., ::p.shape[-1] + 1] += A                      # the diagonal
    return p


class Matrix(NamedTuple):
    """One map between hidden vectors: rows of a parameter, and so a stretch of the flat arrays."""

    place: int                                # of its parameter among the slots
    start: int
    rows: int
    columns: int

    @property
    def stop(self) -> int:
        return self.start + self.rows * self.columns

    @property
    def work(self) -> float:
        """Multiplications of a step, about."""
        small, long = sorted((self.rows, self.columns))
        wide = long >= 2 * small
        return small * small * (12.5 * small + 1.5 * long if wide else 2.5 * small + 7.5 * long)


WORK = 100                                    # AdamW's for one number, in the same unit, by the time that it takes


class Muon(AdamW):
    """Maps between hidden vectors by steps of equal singular values, all other parameters by AdamW.

    For a hidden matrix W (rows, columns) with gradient g, at rate = `matrix_share` * AdamW's learning rate,

        first = momentum * first + (1 - momentum) * g
        ahead = momentum * first + (1 - momentum) * g                              (Nesterov's: one step further)
        W = W - rate * (sqrt(max(1, rows / columns)) * orthogonalized(ahead) + weight_decay * W)

    Embeddings and the layers that score them look up rows rather than map hidden vectors, gains and biases are no
    matrices.  `hidden` names the matrices, and how many maps each of them holds, one above the other: query, key and
    value are taken apart.  A module knows its own (`Module.hidden_matrices`).

    A step costs a layer of width C about as many multiplications as training it on 2.1 C tokens (4.2 C if all was done
    plainly), so its share grows with the width and shrinks with the tokens of a batch.
    """

    orthogonalized = staticmethod(orthogonalized)             # cuda/muon.py takes these steps on a GPU

    def __init__(self, parameters: Module | Mapping[str, Tensor], *, hidden: Mapping[str, int] | None = None,
                 matrix_share: float = 10.0, momentum: float = 0.95, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8, weight_decay: float = 0.01, rates: Mapping[str, float] | None = None,
                 lr: float | None = None):
        named = named_tensors(parameters)
        if hidden is None:
            hidden = parameters.hidden_matrices() if isinstance(parameters, Module) else {}
        _check(named, hidden)
        super().__init__({**{name: named[name] for name in hidden}, **named}, betas=betas, eps=eps,      # these first
                         weight_decay=weight_decay, rates=rates, lr=lr)
        self.matrix_share, self.momentum = matrix_share, momentum
        self.matrices = [matrix for place, slot in enumerate(self.slots) if slot.name in hidden
                         for matrix in _matrices(place, slot, hidden[slot.name])]
        self.border = self.matrices[-1].stop if self.matrices else 0       # here begins what moves number by number

    @classmethod
    def of(cls, parameters, settings, rates=None):
        share = settings.matrix_rate / settings.learning_rate if settings.learning_rate else 0.0
        return cls(parameters, matrix_share=share, momentum=settings.momentum, betas=settings.betas, eps=settings.eps,
                   weight_decay=settings.weight_decay, rates=rates)

    def step(self, learning_rate: float | None = None, start: int = 0, stop: int | None = None) -> None:
        """Move every parameter that has a gradient, once; with neighbours of `cuts`, only what lies between them."""
        learning_rate = rate_of(self, learning_rate)
        stop = self.values.size if stop is None else stop
        super().step(learning_rate, max(start, self.border), stop)
        mine = [matrix for matrix in self.matrices if start < matrix.stop and matrix.start < stop]
        if mine and (mine[0].start < start or mine[-1].stop > stop):
            raise ValueError(f"Muon: a cut at {start if mine[0].start < start else stop} goes through a matrix, which "
                             "moves as a whole; cut where `cuts` says")
        mine = [matrix for matrix in mine if self.slots[matrix.place].tensor.grad is not None]
        for (rows, columns), alike in groupby(sorted(mine, key=_shape), _shape):
            alike = list(alike)
            together = max(1, CHUNK // (rows * columns)) if self.xp is np else len(alike)
            for place in range(0, len(alike), together):
                self._move(alike[place:place + together], learning_rate)

    def cuts(self, parts: int) -> list[int]:
        """Where the flat arrays are cut for `parts` stretches of about equal work: never through a matrix."""
        places = [0, *(matrix.stop for matrix in self.matrices)]
        works = [0.0, *np.cumsum([matrix.work for matrix in self.matrices])]
        lines = np.append(np.arange((self.border // LINE + 1) * LINE, self.values.size, LINE), self.values.size)
        places, works = np.append(places, lines), np.append(works, works[-1] + WORK * (lines - self.border))
        wanted = works[-1] * np.arange(parts + 1) / parts
        return [int(places[np.abs(works - work).argmin()]) for work in wanted]

    def remembers(self, slot: Slot) -> tuple[str, ...]:
        """Of a hidden matrix the averaged gradient alone."""
        return self.moments[:1] if slot.start < self.border else self.moments

    def _move(self, alike: list[Matrix], learning_rate: float) -> None:
        """The formula above, for matrices of one shape as one stack."""
        xp, (rows, columns) = self.xp, _shape(alike[0])
        stack = xp.empty((len(alike), rows, columns), self.values.dtype)
        for place, matrix in enumerate(alike):
            slot, ahead = self.slots[matrix.place], stack[place]
            row = (matrix.start - slot.start) // columns
            xp.multiply(slot.tensor.grad[row:row + rows], 1 - self.momentum, out=ahead)
            first = self._view(self.memory["first"], matrix)
            first *= self.momentum
            first += ahead
            ahead += first * self.momentum
        stack = orthogonalized(xp, stack)
        for place, matrix in enumerate(alike):
            rate = learning_rate * self.slots[matrix.place].rate * self.matrix_share
            w = self._view(self.values, matrix)
            w *= 1 - rate * self.weight_decay
            w -= stack[place] * (rate * math.sqrt(max(1, rows / columns)))

    def _view(self, flat, matrix: Matrix):
        return flat[matrix.start:matrix.stop].reshape(matrix.rows, matrix.columns)


def _shape(matrix: Matrix) -> tuple[int, int]:
    return matrix.rows, matrix.columns


def _matrices(place: int, slot: Slot, parts: int) -> list[Matrix]:
    rows, columns = slot.tensor.shape[0] // parts, slot.tensor.shape[1]
    return [Matrix(place, slot.start + part * rows * columns, rows, columns) for part in range(parts)]


def _check(named: Mapping[str, Tensor], hidden: Mapping[str, int]) -> None:
    if not hidden:
        raise ValueError("Muon: no matrix between hidden vectors is known among the parameters; name them with "
                         "hidden={name: 1}, or take AdamW")
    for name, parts in hidden.items():
        if name not in named:
            raise ValueError(f"Muon: hidden names {name}, which is none of the {len(named)} parameters")
        shape = named[name].shape
        if len(shape) != 2 or parts < 1 or shape[0] % parts:
            raise ValueError(f"Muon: {name} is {shape}, and hidden says that it holds {parts} maps; it must be a "
                             "matrix whose rows can be divided by their number")
