"""How is GELU one launch on a GPU?  The bias before it, its value and its slope come out of one walk over the numbers.

The formulas, and how their slopes are found, stand in `ops/activation.py`.
"""

from tinyformer.cuda.products import affine_backward, fit, product, rows_of
from tinyformer.cuda.source import Source, in_order

KERNELS = Source(r"""
KERNEL exact(const T *x, const T *bias, T *out, T *slope, whole n, whole width) {
    EACH(i, n) {
        T u = bias ? x[i] + bias[i % width] : x[i];
        T below = (T)0.5 * (1 + REAL(erf)((T)0.70710678118654752440 * u));
        T steep = (T)0.39894228040143267794 * REAL(exp)((T)-0.5 * u * u);
        out[i] = u * below;
        slope[i] = below + u * steep;
    }
}

KERNEL by_tanh(const T *x, const T *bias, T *out, T *slope, whole n, whole width) {
    const T shape = (T)0.79788456080286535588;                 /* sqrt(2 / pi) */
    EACH(i, n) {
        T u = bias ? x[i] + bias[i % width] : x[i];
        T square = u * u > (T)1e8 ? (T)1e8 : u * u;
        T bent = REAL(tanh)(shape * u * (1 + (T)0.044715 * square));
        T below = (T)0.5 * (1 + bent);
        T inner = shape * (1 + 3 * (T)0.044715 * square);
        out[i] = u * below;
        slope[i] = below + u * ((T)0.5 * (1 - bent * bent) * inner);
    }
}
""")
NAMES = {"none": "exact", "tanh": "by_tanh"}


def gelu(xp, x, *, approximate: str = "none"):
    """`ops.gelu`; the slope is kept, as there."""
    if approximate not in NAMES:
        return None
    x = in_order(x)
    out, slope = with_slope(xp, x, 0, approximate, xp.empty_like(x))

    def backward(dout, last=False):
        return xp.multiply(dout, slope, out=slope) if last else dout * slope

    return out, backward


def affine_gelu(xp, x, weight, bias=None, *, approximate: str = "none"):
    """`ops.affine_gelu`: one product, and one launch for bias and GELU."""
    if not fit(x, weight, bias) or approximate not in NAMES:
        return None
    rows = rows_of(x)
    before = product(xp, rows, weight.T)                       # (N, O); the bias is added on the way through GELU
    out, slope = with_slope(xp, before, 0 if bias is None else in_order(bias), approximate, before)
    shape, biased = x.shape, bias is not None

    def backward(dout, last=False):
        dout = dout.reshape(slope.shape)
        return affine_backward(xp, xp.multiply(dout, slope, out=slope) if last else dout * slope,
                               rows, weight, shape, biased)

    return out.reshape(*shape[:-1], weight.shape[0]), backward


def with_slope(xp, x, bias, approximate: str, slope) -> tuple:
    """gelu(x + bias) and its slope, which is written into `slope`, x itself perhaps; a bias of 0 is none."""
    out = xp.empty_like(x)
    KERNELS.over_numbers(NAMES[approximate], x, x.size, x, bias, out, slope, x.size, x.shape[-1] if x.shape else 1)
    return out, slope
