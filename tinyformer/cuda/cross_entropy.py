"""How is the loss one walk over the logits on a GPU?  One block a row; what is kept becomes the gradient in place."""

import numpy as np

from tinyformer.backend import to_host
from tinyformer.cuda.source import Source, in_order
from tinyformer.cuda.uploads import up

KERNELS = Source(r"""
/* shares (rows, classes) and the loss of each row; a label below 0 does not count, and its row has no shares. */
KERNEL losses(const T *logits, const whole *labels, T *shares, T *each, whole rows, whole classes, double smoothing) {
    EACH_ROW(row, rows) {
        const T *x = logits + row * classes;
        T *p = shares + row * classes, top = -MANY, total = 0, sum = 0;
        if (labels[row] < 0) {
            EACH_OF_ROW(i, classes) p[i] = 0;
            if (LANE == 0) each[row] = 0;
            continue;
        }
        EACH_OF_ROW(i, classes) if (!(x[i] <= top)) top = x[i];
        top = most_of_all(top);
        EACH_OF_ROW(i, classes) {
            p[i] = REAL(exp)(x[i] - top);
            total += p[i];
            if (smoothing) sum += x[i] - top;
        }
        total = sum_of_all(total);
        sum = sum_of_all(sum);
        EACH_OF_ROW(i, classes) p[i] /= total;
        if (LANE == 0) {
            T wanted = (T)(1 - smoothing) * (x[labels[row]] - top);
            if (smoothing) wanted += (T)(smoothing / classes) * sum;
            each[row] = REAL(log)(total) - wanted;
        }
    }
}

KERNEL loss(const T *each, T *out, whole rows, double share) {             /* one block */
    T total = 0;
    EACH_OF_ROW(i, rows) total += each[i];
    total = sum_of_all(total);
    if (LANE == 0) out[0] = total * (T)share;
}

KERNEL loss_back(const T *shares, const whole *labels, const T *dout, T *drows, whole rows, whole classes,
                 double smoothing, double share) {
    T each = dout[0] * (T)share;
    EACH(i, rows * classes) {
        whole label = labels[i / classes];
        T wanted = (T)(smoothing / classes) + (i % classes == label ? (T)(1 - smoothing) : 0);
        drows[i] = label < 0 ? 0 : each * (shares[i] - wanted);
    }
}
""")


def cross_entropy(xp, logits, *, target, ignore_index: int = -100, label_smoothing: float = 0.0,
                  count: int | None = None):
    """`ops.cross_entropy`; the shares of all rows are kept, and become the gradient."""
    labels = to_host(target) if hasattr(target, "dtype") else np.asarray(target)
    if (not logits.size or labels.shape != logits.shape[:-1] or labels.dtype.kind not in "iu"
            or not 0 <= label_smoothing <= 1):
        return None
    counts = labels != ignore_index
    counted, classes = int(counts.sum()), logits.shape[-1]
    if ((labels < 0) | (labels >= classes))[counts].any() or count is not None and count < 1:
        return None
    rows, share = labels.size, 1 / (counted if count is None else count) if counted else 0.0
    logits, labels = in_order(logits), up(xp, np.where(counts, labels, -1).astype(np.int64).ravel())
    shares, each, loss = xp.empty_like(logits), xp.empty(rows, logits.dtype), xp.empty((), logits.dtype)
    smoothing = float(label_smoothing)
    KERNELS.over_rows("losses", logits, rows, classes, logits, labels, shares, each, rows, classes, smoothing)
    KERNELS.over_rows("loss", logits, 1, rows, each, loss, rows, share)

    def backward(dout, last=False):
        drows = shares if last else xp.empty_like(shares)
        KERNELS.over_numbers("loss_back", shares, shares.size, shares, labels, dout, drows, rows, classes, smoothing,
                             share)
        return drows

    return loss, backward
