"""How does Muon move its matrices where nobody waits for the GPU?  One launch before the products, and one behind them.

The formulas stand in `train/muon.py`.  Whether a step may be taken at all is settled on the GPU (see `adamw.py`), so
both kernels ask there: where it may not, averages and matrices stay as they are.
"""

import math
from itertools import groupby

import numpy as np

from tinyformer.cuda.adamw import CHUNK, STATE, Moves
from tinyformer.cuda.source import Source, in_order
from tinyformer.cuda.uploads import up

KERNELS = Source(STATE, r"""
/* Matrices of one shape: where the gradient of each begins, and where it stands among all parameters. */
KERNEL look_ahead(const word *gradients, const whole *places, T *firsts, T *stack, const double *state, whole count,
                  whole size, double momentum) {
    T factor = (T)state[FACTOR];
    EACH(i, count * size) {
        whole at = places[i / size] + i % size;
        T mine = 0, first = 0;
        if (factor) {
            mine = (T)(1 - momentum) * (((const T *)gradients[i / size])[i % size] * factor);
            first = (T)momentum * firsts[at] + mine;
            firsts[at] = first;
        }
        stack[i] = (T)momentum * first + mine;
    }
}

/* rates (count, 2): what decay leaves of a number, and how far the matrix goes */
KERNEL go(T *values, const whole *places, const T *stack, const double *rates, const double *state, whole count,
          whole size) {
    if (!state[FACTOR]) return;
    EACH(i, count * size) {
        whole at = places[i / size] + i % size;
        values[at] = values[at] * (T)rates[2 * (i / size)] - stack[i] * (T)rates[2 * (i / size) + 1];
    }
}
""")


class MuonMoves(Moves):
    """The steps of a Muon whose arrays lie on a GPU: matrices as stacks of one shape, all else as AdamW moves it."""

    def __init__(self, optimizer, scaled: bool):
        super().__init__(optimizer, scaled)
        alike = sorted(optimizer.matrices, key=_shape)
        self.groups = [list(group) for _, group in groupby(alike, _shape)]
        matrices = [slot for slot in optimizer.slots if slot.start < optimizer.border]         # they stand in front
        self.first = sum(-(-(slot.stop - slot.start) // CHUNK) for slot in matrices)

    def move(self, learning_rate: float) -> None:
        held = self.held
        super().move(learning_rate)
        for group in self.groups:
            if moving := [matrix for matrix in group if held[matrix.place] is not None]:
                self._go(moving, held, learning_rate)

    def _go(self, group: list, held: list, learning_rate: float) -> None:
        o, xp = self.optimizer, self.xp
        (rows, columns), size = _shape(group[0]), group[0].rows * group[0].columns
        begins = [held[m.place].data.ptr + (m.start - o.slots[m.place].start) * o.values.itemsize for m in group]
        rates = [learning_rate * o.slots[m.place].rate * o.matrix_share for m in group]
        gradients, places = up(xp, np.array(begins, np.uint64)), up(xp, np.array([m.start for m in group], np.int64))
        longer = math.sqrt(max(1, rows / columns))
        far = up(xp, np.array([(1 - rate * o.weight_decay, rate * longer) for rate in rates]))
        stack = xp.empty((len(group), rows, columns), o.values.dtype)
        KERNELS.over_numbers("look_ahead", stack, stack.size, gradients, places, o.memory["first"], stack, self.state,
                             len(group), size, o.momentum)
        stack = in_order(o.orthogonalized(xp, stack))
        KERNELS.over_numbers("go", stack, stack.size, o.values, places, stack, far, self.state, len(group), size)


def _shape(matrix) -> tuple[int, int]:
    return matrix.rows, matrix.columns
