"""How is a row brought to mean 0 and variance 1 in one launch?  One block a row; what columns add up takes two more."""

from tinyformer.cuda.source import Source, in_order

PARTS = 64                                                     # stretches of rows that are added up side by side

KERNELS = Source(r"""
KERNEL unit_rows(const T *input, const T *gain, const T *bias, T *out, T *means, T *rstds, whole rows, whole width,
            double eps) {
    EACH_ROW(row, rows) {
        const T *x = input + row * width;
        T mean = 0, variance = 0;
        EACH_OF_ROW(i, width) mean += x[i];
        mean = sum_of_all(mean) / width;
        EACH_OF_ROW(i, width) variance += (x[i] - mean) * (x[i] - mean);
        T rstd = 1 / REAL(sqrt)(sum_of_all(variance) / width + (T)eps);
        EACH_OF_ROW(i, width) out[row * width + i] = (x[i] - mean) * rstd * gain[i] + (bias ? bias[i] : 0);
        if (LANE == 0) {
            means[row] = mean;
            rstds[row] = rstd;
        }
    }
}

KERNEL unit_rows_back(const T *douts, const T *input, const T *gain, const T *means, const T *rstds, T *dx, whole rows,
                 whole width) {
    EACH_ROW(row, rows) {
        const T *dout = douts + row * width, *x = input + row * width;
        T mean = means[row], rstd = rstds[row], shift = 0, along = 0;
        EACH_OF_ROW(i, width) {
            T dunit = dout[i] * gain[i];
            shift += dunit;
            along += dunit * ((x[i] - mean) * rstd);
        }
        shift = sum_of_all(shift) / width;
        along = sum_of_all(along) / width;
        EACH_OF_ROW(i, width) dx[row * width + i] = rstd * (dout[i] * gain[i] - shift - (x[i] - mean) * rstd * along);
    }
}

KERNEL columns(const T *dout, const T *x, const T *means, const T *rstds, T *partial, whole rows, whole width,
               whole parts) {
    EACH(i, parts * width) {                                   /* neighbouring lanes have neighbouring columns */
        T dgain = 0, dbias = 0;
        for (whole row = i / width; row < rows; row += parts) {
            T d = dout[row * width + i % width];
            dgain += d * ((x[row * width + i % width] - means[row]) * rstds[row]);
            dbias += d;
        }
        partial[i] = dgain;
        partial[parts * width + i] = dbias;
    }
}

KERNEL columns_end(const T *partial, T *dgain, T *dbias, whole width, whole parts) {
    EACH(i, width) {
        T gain = 0, bias = 0;
        for (whole part = 0; part < parts; part++) {
            gain += partial[part * width + i];
            bias += partial[(parts + part) * width + i];
        }
        dgain[i] = gain;
        if (dbias) dbias[i] = bias;
    }
}
""")


def layer_norm(xp, x, gain, bias=None, *, eps: float = 1e-5):
    """`ops.layer_norm`; x is kept, with the mean and the scale of each row."""
    if not x.size or gain.shape != x.shape[-1:] or bias is not None and bias.shape != x.shape[-1:]:
        return None
    width = x.shape[-1]
    rows = x.size // width
    x, gain = in_order(x), in_order(gain)
    biased = bias is not None
    out, mean, rstd = xp.empty_like(x), xp.empty(rows, x.dtype), xp.empty(rows, x.dtype)
    KERNELS.over_rows("unit_rows", x, rows, width, x, gain, in_order(bias) if biased else 0, out, mean, rstd, rows,
                      width, float(eps))

    def backward(dout):
        dout, dx = in_order(dout), xp.empty_like(x)
        KERNELS.over_rows("unit_rows_back", x, rows, width, dout, x, gain, mean, rstd, dx, rows, width)
        partial = xp.empty(2 * PARTS * width, x.dtype)
        KERNELS.over_numbers("columns", x, PARTS * width, dout, x, mean, rstd, partial, rows, width, PARTS)
        dgain, dbias = xp.empty(width, x.dtype), xp.empty(width, x.dtype) if biased else 0
        KERNELS.over_numbers("columns_end", x, width, partial, dgain, dbias, width, PARTS)
        return (dx, dgain, dbias) if biased else (dx, dgain)

    return out, backward
