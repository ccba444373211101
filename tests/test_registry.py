"""Is every primitive right?  The registry is walked; nobody writes a list of them."""

import fake_device  # noqa: F401  (registers the device "fake")
import pytest
from walk import primitives

from tinyformer.gradcheck import CHECKS, check_op


@pytest.mark.parametrize("op", primitives())
def test_every_primitive_is_accepted_under_twenty_seeds(op):
    for seed in range(20):
        report = check_op(op, seed)
        assert report.ok, f"seed {seed}\n{report}"


@pytest.mark.parametrize("op", primitives())
def test_no_check_is_left_out(op):
    report = check_op(op)
    wanted = set(CHECKS) - {"Taylor"} - (set() if op.linear else {"adjoint"}) | ({"special"} if op.specials else set())
    assert {row.check for row in report.rows} == wanted
    assert all(row.error is not None for row in report.rows)
    assert report.cases == len(op.cases) + len(op.specials) > 0


@pytest.mark.parametrize("op", primitives())
def test_every_primitive_is_accepted_on_the_strict_fake_device(op):
    report = check_op(op, device="fake")
    assert report.ok, report
