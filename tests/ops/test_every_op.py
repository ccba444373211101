"""Does it matter how the numbers lie in memory?  To no primitive, forward or backward."""

from itertools import product

import numpy as np
import pytest
from walk import cases, close, cotangent, specials

from tinyformer.engine import Special, Tensor

from .layouts import LAYOUTS, laid_out


def outcome(op, arrays, constants, grad_layout="C"):
    leaves = [Tensor(a) for a in arrays]
    out = op(*leaves, **constants)
    out.backward(laid_out(cotangent(out.shape), grad_layout))
    return [out.data, *(x.grad for x in leaves)]


@pytest.mark.parametrize("op, make", cases())
def test_the_layout_of_inputs_and_cotangent_does_not_matter(op, make):
    for layout, grad_layout in product(LAYOUTS, LAYOUTS):
        arrays = [laid_out(a, layout) for a in make().arrays]
        ours = outcome(op, arrays, make().constants, grad_layout)
        plain = [a.copy() for a in arrays]
        g = laid_out(cotangent(ours[0].shape), grad_layout).copy()
        leaves = [Tensor(a) for a in plain]
        out = op(*leaves, **make().constants)
        out.backward(g)
        for a, b in zip(ours, [out.data, *(x.grad for x in leaves)], strict=True):
            close(a, b, 1e-12, f"inputs {layout}, cotangent {grad_layout}")


@pytest.mark.parametrize("op, make", specials())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_special_points_have_the_stated_value_and_subgradient(op, make):
    special: Special = make()
    leaves = [Tensor(a) for a in special.arrays]
    out = op(*leaves, **special.constants)
    out.backward(np.ones(out.shape) if special.dout is None else np.array(special.dout, float))
    grads = special.grads or [None] * len(leaves)
    for ours, stated in zip([out.data, *(x.grad for x in leaves)], [special.out, *grads], strict=True):
        if stated is None:
            assert np.isfinite(ours).all()
        else:
            np.testing.assert_allclose(ours, np.asarray(stated, float), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("op, make", cases())
def test_the_real_part_of_the_complex_forward_is_the_real_forward(op, make):
    call = make()
    lifted = op(*(np.asarray(a + 1e-30j) for a in call.arrays), **call.constants).data
    close(lifted.real, op(*call.arrays, **make().constants).data, 1e-14)
