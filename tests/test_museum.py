"""Does the checker notice?  Every wrong backward in the museum must be caught, by the check that is made for it."""

import numpy as np
import pytest

from tinyformer.engine import Tensor
from tinyformer.exercises.kit.museum import exhibits
from tinyformer.exercises.masked_softmax import softmax_of_zeros
from tinyformer.exercises.tanh import tanh_almost_right
from tinyformer.gradcheck import CHECKS, check, check_op
from tinyformer.gradcheck.registry import calling

EXHIBITS = [pytest.param(*e, id=e[0].name) for e in exhibits()]


def own_cases(wrong, right, *_) -> set:
    return wrong.cases.items() - right.cases.items()


@pytest.mark.parametrize("wrong, right, caught_by", EXHIBITS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_exhibit_is_caught_by_the_check_made_for_it(wrong, right, caught_by):
    report = check_op(wrong)
    assert not report.ok, report
    failed = [row.check for row in report.rows if not row.ok]
    assert caught_by in failed, report
    assert caught_by in ("complex step", "adjoint") or "complex step" not in failed, "no other check is needed here"
    if caught_by in CHECKS:                                    # and at other points too
        for seed in (1, 2):
            calls = [case(np.random.default_rng(seed)) for case in wrong.cases.values()]
            assert not all(check(calling(wrong, call), *call.arrays, checks=[caught_by], seed=seed) for call in calls)


@pytest.mark.parametrize("wrong, right, caught_by", [e for e in EXHIBITS if e.values[2] != "runs"])
def test_the_forward_of_every_exhibit_is_right(wrong, right, caught_by):
    """Else an exhibit might be caught for another mistake than the one it is shown for."""
    for case in wrong.cases.values():
        call = case(np.random.default_rng(1))
        ours, true = (calling(op, call)(*(Tensor(a.copy()) for a in call.arrays)).data for op in (wrong, right))
        np.testing.assert_allclose(ours, true, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("wrong, right, caught_by", [e for e in EXHIBITS if own_cases(*e.values)])
def test_the_right_op_passes_where_the_exhibit_fails(wrong, right, caught_by):
    """Cases that are the exhibits' own hold nothing against the right op."""
    for title, case in own_cases(wrong, right):
        call = case(np.random.default_rng(2))
        report = check(calling(right, call), *call.arrays)
        assert report.ok, f"{title}\n{report}"


def test_the_museum_is_large_and_every_exhibit_says_what_is_wrong():
    assert len(EXHIBITS) >= 100
    assert all((wrong.__doc__ or "").strip() for wrong, _, _ in exhibits())


def test_a_check_seeded_with_ones_lets_zeros_pass():
    """For softmax the gradient under ones is truly zero, so such a check proves nothing; a random one does."""
    x = np.random.default_rng(0).normal(size=(3, 5))
    assert check(softmax_of_zeros, x, cotangent=1.0).ok
    assert not check(softmax_of_zeros, x).ok


def test_differences_alone_miss_what_the_complex_step_sees():
    point = np.random.default_rng(0).normal(size=6)
    assert check(tanh_almost_right, point, checks=["central"]).ok
    assert not check(tanh_almost_right, point, checks=["complex step"]).ok
