"""Is this gradient right, and how do I know?

By computing one number in two ways that share nothing.  A gradient Jᵀw, which `backward` finds from the end, and a
derivative J v, which only ever runs forwards, must agree in <w, J v> = <v, Jᵀw> for every direction v and every
cotangent w.  The best way forwards is the complex step, f(x + i h v) = f(x) + i h J v + O(h²): the imaginary part is
the derivative, there is no difference in which digits could cancel, and so h may be 1e-30 (Squire and Trapp 1998).

w is random unless given.  Under w = 1 everywhere the gradient of a softmax is exactly zero, so that a backward which
returns zeros would pass.

Reading order: `trial` (run a function elsewhere and put everything back), `checks` (each of them, and `check`),
`report` (what they found), `registry` (all primitives, or those of a user's file), `experiments` (the epsilon valley,
Hessian-vector products).
"""

from typing import TYPE_CHECKING

from tinyformer.opening import opens

if TYPE_CHECKING:
    from tinyformer.gradcheck.checks import CHECKS, check
    from tinyformer.gradcheck.experiments import Valley, hvp, sweep, sweep_op
    from tinyformer.gradcheck.registry import check_op, check_registry, load_primitives, select
    from tinyformer.gradcheck.report import Report, Row, print_table

__getattr__, __dir__ = opens(
    __name__, checks="CHECKS check", experiments="Valley hvp sweep sweep_op",
    registry="check_op check_registry load_primitives select", report="Report Row print_table")
