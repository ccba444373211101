"""Is every primitive right?  The registry is walked; nobody writes a list of them."""

import re
from pathlib import Path

import fake_device  # noqa: F401  (registers the device "fake")
import pytest
from walk import primitives

from tinyformer import REGISTRY, ops
from tinyformer.gradcheck import CHECKS, check_op


@pytest.mark.parametrize("op", primitives())
def test_every_primitive_is_accepted_under_twenty_seeds(op):
    for seed in range(20):
        report = check_op(op, seed)
        assert report.ok, f"seed {seed}\n{report}"


def test_every_op_of_the_package_has_its_name_there():
    """An op that is in no import of `ops/__init__.py` would be in no registry either, so the files are asked."""
    definition = re.compile(r"^@primitive(?!\(register=False).*\n(?: .*\n)*def (\w+)\(", re.M)
    written = [name for file in Path(ops.__path__[0]).glob("*.py")
               for name in definition.findall(file.read_text("utf-8"))]
    assert sorted(written) == sorted(ops.every()) and ops.__all__ == sorted(ops.__all__)
    assert all(getattr(ops, name) is REGISTRY[name] for name in written)
    composed = {*ops.__all__} - {*written}                     # functions of ops, which need no derivative
    assert composed == {"flatten", "softmax", "split", "squeeze", "unsqueeze"}


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
