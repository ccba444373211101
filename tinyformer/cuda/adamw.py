"""How do all parameters move in one launch, and who says that they may, if nobody waits to hear it?

Gradients lie wherever backward left them, so the kernels get a list of their places.  The norm of them all takes two
launches, of which the second settles on the GPU what the host would have to wait for: the factor that clips them, and
whether they are finite at all.  Where they are not, nothing moves, in this step or any later one, until somebody looks.
With a loss scale, which keeps the small numbers of half precision from vanishing, a step that overflows is passed over
and the scale halved; it is doubled again after many good steps, and given up after too many bad ones in a row
(Micikevicius et al. 2018, section 3.2).
"""

from typing import Any

import numpy as np

from tinyformer.cuda.source import Source, in_order
from tinyformer.cuda.uploads import up

CHUNK, WIDTH = 8192, 1024                                      # numbers that a block moves, and of them at a time
SCALE, FACTOR, COST, NORM, STOPPED_AT, CULPRIT, SKIPPED, IN_A_ROW, GOOD = range(9)             # places in the state
FIRST_SCALE, GROWTH, PATIENCE = 65536.0, 2000, 24              # steps until the scale doubles; skips until it ends

STATE = """
enum { SCALE, FACTOR, COST, NORM, STOPPED_AT, CULPRIT, SKIPPED, IN_A_ROW, GOOD };
"""
KERNELS = Source(STATE, f"""
#define CHUNK {CHUNK}LL
#define GROWTH {GROWTH}
#define PATIENCE {PATIENCE}
""", r"""
#define EACH_OF_CHUNK(i) for (whole i = starts[chunk] + LANE; i < starts[chunk] + CHUNK && i < sizes[slot]; i += LANES)

KERNEL squares(const word *gradients, const whole *slots, const whole *starts, const whole *sizes, double *sums,
               whole chunks) {
    EACH_ROW(chunk, chunks) {
        whole slot = slots[chunk];
        const T *g = (const T *)gradients[slot];
        double total = 0;
        if (g) EACH_OF_CHUNK(i) total += (double)g[i] * g[i];
        total = precise_sum_of_all(total);
        if (LANE == 0) sums[chunk] = total;
    }
}

KERNEL settle(const double *sums, const whole *slots, const T *loss, double *state, whole chunks, whole step,
              double clip, whole scaled) {                     /* one block */
    double total = 0, culprit = MANY;
    EACH_OF_ROW(i, chunks) {
        total += sums[i];
        if (!(sums[i] < MANY) && i < culprit) culprit = i;
    }
    total = precise_sum_of_all(total);
    culprit = least_of_all(culprit);
    if (LANE != 0 || state[STOPPED_AT]) return;
    double cost = loss[0] / state[SCALE], norm = sqrt(total) / state[SCALE];
    whole finite = norm < MANY && cost < MANY && cost > -MANY;
    state[FACTOR] = 0;
    if (finite) {
        state[COST] = cost;
        state[NORM] = norm;
        state[FACTOR] = (clip && norm > clip ? clip / norm : 1) / state[SCALE];
        state[IN_A_ROW] = 0;
        if (scaled && ++state[GOOD] >= GROWTH) state[SCALE] *= 2, state[GOOD] = 0;
    } else if (scaled && state[IN_A_ROW] + 1 < PATIENCE) {
        state[SCALE] /= 2;
        state[GOOD] = 0;
        state[SKIPPED] += 1;
        state[IN_A_ROW] += 1;
    } else {
        state[COST] = cost;
        state[NORM] = norm;
        state[STOPPED_AT] = step;
        state[CULPRIT] = culprit < chunks ? slots[(whole)culprit] : -1;
    }
}

/* All gradients one after another, 0 where there is none, and behind them the loss. */
KERNEL one_after_another(const word *gradients, const T *cost, const whole *slots, const whole *starts,
                         const whole *sizes, const whole *places, T *flat, whole chunks, whole n) {
    EACH_ROW(chunk, chunks) {
        whole slot = slots[chunk];
        const T *g = (const T *)gradients[slot];
        EACH_OF_CHUNK(i) flat[places[slot] + i] = g ? g[i] : 0;
    }
    if (BLOCK == 0 && LANE == 0) flat[n] = cost ? cost[0] : 0;
}

/* rates (parameters, 3): the learning rate, what decay leaves of a number, and how often it has moved before. */
KERNEL adamw(T *values, T *firsts, T *seconds, const word *gradients, const double *rates, const whole *slots,
             const whole *starts, const whole *sizes, const whole *places, const double *state, whole chunks,
             double beta1, double beta2, double eps) {
    T factor = (T)state[FACTOR];
    if (!factor) return;
    EACH_ROW(chunk, chunks) {
        whole slot = slots[chunk];
        const T *g = (const T *)gradients[slot];
        const double *rate = rates + 3 * slot;
        if (!g) continue;
        double step = rate[2] - state[SKIPPED], root = sqrt(1 - pow(beta2, step));
        T size = (T)(rate[0] * root / (1 - pow(beta1, step))), least = (T)(eps * root), stays = (T)rate[1];
        EACH_OF_CHUNK(i) {
            whole at = places[slot] + i;
            T grad = g[i] * factor;
            T first = (T)beta1 * firsts[at] + (T)(1 - beta1) * grad;
            T second = (T)beta2 * seconds[at] + (T)(1 - beta2) * grad * grad;
            values[at] = values[at] * stays - size * first / (REAL(sqrt)(second) + least);
            firsts[at] = first;
            seconds[at] = second;
        }
    }
}
""")


class Moves:
    """The steps of an AdamW whose arrays lie on a GPU; nothing here waits for it but `look` and `collect`."""

    def __init__(self, optimizer, scaled: bool):
        self.optimizer, self.xp, self.scaled = optimizer, optimizer.xp, scaled
        sizes = [slot.stop - slot.start for slot in optimizer.slots]
        chunks = [(number, start) for number, size in enumerate(sizes) for start in range(0, size, CHUNK)]
        places = [slot.start for slot in optimizer.slots]
        self.slots, self.starts, self.sizes, self.places = (
            self.xp.asarray(np.array(column, np.int64)) for column in (*zip(*chunks, strict=True), sizes, places))
        self.sums = self.xp.empty(len(chunks), np.float64)
        self.state = self.xp.zeros(9, np.float64)
        self.state[SCALE] = FIRST_SCALE if scaled else 1.0
        self.first = 0                                         # the chunk from which on AdamW moves the numbers
        self.held: list = []                                   # gradients whose places the GPU still has to read
        self.gradients: Any = None

    def lay_out(self, flat, cost) -> None:
        """Write all gradients, and the loss behind them, into the array `flat`; a loss of None is 0."""
        chunks, held = self.sums.size, [None if (g := slot.tensor.grad) is None else in_order(g)
                                        for slot in self.optimizer.slots]
        gradients = up(self.xp, _places_of(held))
        KERNELS.over_rows("one_after_another", flat, chunks, WIDTH, gradients, 0 if cost is None else cost, self.slots,
                          self.starts, self.sizes, self.places, flat, chunks, flat.size - 1)

    def settle(self, step: int, cost, clip: float | None) -> tuple:
        """Whether step `step` may be taken, and how far; the loss and the norm as they are to be shown, on the GPU."""
        like, chunks = self.optimizer.values, self.sums.size
        moving = {id(slot) for slots in self.optimizer.stretches() for slot in slots}
        self.held = [in_order(slot.tensor.grad) if id(slot) in moving else None for slot in self.optimizer.slots]
        self.gradients = up(self.xp, _places_of(self.held))
        KERNELS.over_rows("squares", like, chunks, WIDTH, self.gradients, self.slots, self.starts, self.sizes,
                          self.sums, chunks)
        KERNELS.over_rows("settle", like, 1, chunks, self.sums, self.slots, cost, self.state, chunks, step,
                          float(clip or 0), int(self.scaled))
        return self.state[COST], self.state[NORM]

    def move(self, learning_rate: float) -> None:
        """Take the step that was settled, every parameter in one launch."""
        o, rates = self.optimizer, []
        for slot, gradient in zip(o.slots, self.held, strict=True):
            slot.steps += gradient is not None
            rate = learning_rate * slot.rate
            rates.append((rate, 1 - rate * (o.weight_decay if slot.decays else 0.0), float(slot.steps)))
        chunks = self.sums.size - self.first
        KERNELS.over_rows("adamw", o.values, chunks, WIDTH, o.values, *o.memory.values(), self.gradients,
                          up(self.xp, np.array(rates)), self.slots[self.first:], self.starts[self.first:], self.sizes,
                          self.places, self.state, chunks, *map(float, (*o.betas, o.eps)))
        self.held = []

    def scale(self) -> Any:
        """What the loss is to be multiplied by, on the GPU."""
        return self.state[SCALE]

    def look(self, to_host) -> dict[str, float]:
        """What the GPU has settled so far, by name; this waits for it."""
        names = "scale factor cost norm stopped_at culprit skipped in_a_row good".split()
        return dict(zip(names, to_host(self.state).tolist(), strict=True))

    def collect(self, to_host) -> None:
        """Steps that were passed over have moved nothing, and are not counted."""
        if skipped := int(self.look(to_host)["skipped"]):
            self.state[SKIPPED] = 0.0
            for slot in self.optimizer.slots:
                slot.steps = max(0, slot.steps - skipped)


def _places_of(gradients: list) -> np.ndarray:
    """Where each of them begins, 0 for one that is None."""
    return np.array([0 if g is None else g.data.ptr for g in gradients], np.uint64)
