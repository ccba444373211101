"""What does the checker tell of somebody's own op, and where two checks disagree?"""

import numpy as np
import pytest

from tinyformer import ops, primitive
from tinyformer.cli import main
from tinyformer.engine import Call
from tinyformer.gradcheck import check, check_op, load_primitives
from tinyformer.gradcheck.contradictions import COMPLEX

POINT = np.random.default_rng(0).normal(size=(2, 3))
OWN = """
import numpy as np
import tinyformer as tf

@tf.primitive
def size(xp, x):
    def backward(dout):
        return dout * xp.sign(x)
    return xp.abs(x), backward

@size.case
def _(rng):
    "away from the corner"
    return tf.Call(rng.uniform(0.5, 2, 4) * rng.choice([-1, 1], 4))

@tf.primitive
def listed(xp, x):
    return x * 2, lambda dout: dout * 2

@listed.case
def _(rng):
    "an array"
    return rng.normal(size=3)

@tf.primitive
def broken(xp, x):
    def backward(dout):
        return dout * nothing_of_this_name
    return x * 2, backward

@broken.case
def _(rng):
    "a vector"
    return tf.Call(rng.normal(size=3))
"""


def rows(report) -> dict:
    return {row.check: row for row in report.rows}


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(OWN, encoding="utf-8")
    return path


def test_an_op_without_complex_numbers_is_judged_by_differences_and_the_remedy_is_named(own, capsys):
    assert main(["gradcheck", "--from", str(own), "size"]) == 0
    said = capsys.readouterr().out
    assert "1 of 1 gradients are right" in said and "xp.where(x.real < 0, -x, x)" in said
    assert said.count("not possible") == 1, "once, and not for each check that needs them"
    assert not check_op(load_primitives(own)[0]).ok, "of an op of the package it is asked"


def test_a_case_that_returns_an_array_is_told_what_it_must_return(own, capsys):
    assert main(["gradcheck", "--from", str(own), "listed"]) == 1
    assert "the case returned ndarray; @listed.case must return Call(x, constant=...)" in capsys.readouterr().out


def test_an_error_in_a_backward_has_its_line(own, capsys):
    line = 1 + next(n for n, text in enumerate(OWN.splitlines()) if "nothing_of" in text)
    assert main(["gradcheck", "--from", str(own), "broken"]) == 1
    assert f"own.py:{line}: return dout * nothing_of_this_name" in capsys.readouterr().out


@pytest.mark.parametrize("misused", [lambda dout: dout * dout, lambda dout: abs(dout), lambda dout: dout ** 3])
def test_a_misused_dout_is_no_fault_of_the_forward(misused):
    """With unit cotangents alone, under which dout² is dout, differences would agree with it."""
    def real_double(xp, x):
        if x.dtype.kind == "c":
            raise TypeError("no complex numbers here")
        return 2 * x, lambda dout: 2 * misused(dout)

    for raw in (real_double, lambda xp, x: (2 * x, lambda dout: 2 * misused(dout))):
        report = check(primitive(raw, register=False), POINT)
        assert not report.ok and not rows(report)["central"].ok
        assert "forward" not in repr(report).replace(COMPLEX, "")


def test_a_kink_is_called_a_kink():
    """A slope between the two sides is a subgradient; another one is wrong, and at a kink too."""
    point = np.array([-1.0, 0.0, 2.0])
    report = check(ops.abs, point)
    assert report.ok and "a kink at input 0[1]" in rows(report)["central"].note
    assert "-1 on the left" in rows(report)["central"].note and "between them" in rows(report)["central"].note
    assert check(ops.relu, point).ok

    @primitive(register=False)
    def steep(xp, x):
        return ops.abs.raw(xp, x)[0], lambda dout: dout * xp.where(x.real == 0, 3, xp.where(x.real < 0, -1.0, 1.0))

    report = check(steep, point)
    assert not report.ok and "not between them" in rows(report)["central"].note

    @primitive(register=False)
    def wrong(xp, x):
        return ops.abs.raw(xp, x)[0], lambda dout: dout * xp.where(x.real == 0, 0.0, 1.0)

    assert not check(wrong, point).ok, "a kink at one place excuses no other"


def test_a_curve_is_no_kink():
    @primitive(register=False)
    def wrong(xp, x):
        return xp.exp(200 * x), lambda dout: 190 * dout * xp.exp(200 * x)

    report = check(wrong, np.array([0.1, 0.0]), checks=["central"])
    assert not report.ok and "kink" not in repr(report)


def test_a_case_at_a_kink_fails_where_every_check_is_asked_for():
    own = primitive(ops.abs.raw, register=False)

    @own.case
    def _(rng):
        """zero"""
        return Call(np.array([0.0, 1.0]))

    assert not check_op(own).ok and check_op(own, complex_too=False).ok
