"""Is a typed formula read as mathematics reads it, and is everything else refused with what to do?"""

import random
import string

import pytest

from tinyformer.errors import InputError
from tinyformer.page.expressions import CALLS, FUNCTIONS, Line, Use, parse


def said(value) -> str:
    """A formula with all of its brackets."""
    if isinstance(value, Use):
        constants = "".join(f", {name}={constant}" for name, constant in value.constants.items())
        return f"{value.op}({', '.join(said(part) for part in value.inputs)}{constants})"
    return f"{value:g}" if isinstance(value, float) else value


@pytest.mark.parametrize("text, meant", [
    ("softmax(x @ w)", "softmax(matmul(x, w))"),
    ("a - b - c", "subtract(subtract(a, b), c)"),
    ("a + b * c", "add(a, multiply(b, c))"),
    ("(a + b) * c", "multiply(add(a, b), c)"),
    ("a / b / c", "divide(divide(a, b), c)"),
    ("-x ** 2", "negate(power(x, exponent=2.0))"),
    ("x ** -.5", "power(x, exponent=-0.5)"),
    ("2 * -x", "multiply(2, negate(x))"),
    ("--x", "x"),
    ("-1.5e-2 * x", "multiply(-0.015, x)"),
    ("x.T @ x.T.T", "matmul(transpose(x), transpose(transpose(x)))"),
    ("sum(x, axis=-1)", "sum(x, axis=-1)"),
    ("attention(q, k, v, causal=true)", "attention(q, k, v, causal=True)"),
    ("cross_entropy(x, target=[0, 2])", "cross_entropy(x, target=[0, 2])"),
])
def test_it_is_read_as_it_is_meant(text, meant):
    (line,) = parse(text)
    assert said(line.value) == meant and not line.name


def test_lines_have_names():
    assert parse("h = tanh(x)\n\n y=h*h ; y") == [
        Line("h", Use("tanh", ("x",))), Line("y", Use("multiply", ("h", "h"))), Line("", "y")]


@pytest.mark.parametrize("text, complaint", [
    ("", "type one, for example"), (" \n ;", "type one"), ("x +", "the line ends, where there must be a number"),
    ("x y", "'y' stands at character 3, where there must be the end"), ("(x", "there must be ')'"),
    ("x)", "the end"), ("sotfmax(x)", "did you mean 'softmax'"), ("nothing(x)", "there are abs, affine"),
    ("x.shape", "'.' at character 2 means nothing"), ("x[0]", "'[' stands at character 2"),
    ("__import__('os')", "'_' at character 1 means nothing"), ("tanh(x, axis=1)", "axis= is given; it takes no such"),
    ("sum(axis=0, x)", "')'"), ("sum(x, axis=0, x)", "arrays stand before constants"),
    ("sum(x, axis=1.5)", "a whole number"), ("sum(x, axis=99999)", "below 10,000"), ("x ** y", "must be a number"),
    ("sum = x * x", "cannot be the name"), ("true = x", "cannot be the name"), ("x" * 401, "401 characters"),
    ("x\n" * 13, "13 lines"), ("(" * 13 + "x" + ")" * 13, "more than 12 deep"), ("-" * 3 + ")", "must be a number"),
    ("+".join("x" * 42), f"more than {CALLS} steps"), ("x\0", "means nothing"), ("x = y = z", "the end"),
    ("softmax(x @ w) # then", "'#' at character 16"), ("é", "means nothing here"), ("２ * x", "means nothing here"),
])
def test_what_cannot_be_read_is_refused_with_its_place(text, complaint):
    with pytest.raises(InputError, match=".*") as refused:
        parse(text)
    assert complaint in str(refused.value)


def test_nothing_that_is_typed_does_anything_but_be_read_or_refused():
    """Twenty thousand formulas made of its own pieces and of others, from a seed."""
    pieces = [*"+-*/@()[],=.;\n \"'\\", "**", ".T", "x", "w", "2", "1e9", "axis=", "true", "é", "\0", "lambda",
              "import", *FUNCTIONS, *string.ascii_letters]
    rng, read = random.Random(0), 0
    for _ in range(20_000):
        try:
            read += bool(parse("".join(rng.choices(pieces, k=rng.randrange(1, 12)))))
        except InputError:
            pass
    assert 100 < read < 20_000
