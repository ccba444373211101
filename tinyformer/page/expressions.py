"""What does a formula say that somebody typed?  `h = tanh(x @ w)` is read by a small grammar, and nothing of it is run.

    formula   = line { newline line }                          the last line is the result
    line      = [ name "=" ] sum
    sum       = product { ("+" | "-") product }
    product   = signed { ("*" | "/" | "@") signed }
    signed    = "-" signed | power
    power     = value { ".T" } [ "**" [ "-" ] number ]
    value     = number | name | "(" sum ")" | name "(" sum { "," sum } { "," name "=" constant } ")"
    constant  = [ "-" ] number | "true" | "false" | "[" number { "," number } "]"
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from tinyformer.errors import InputError
from tinyformer.options import suggestion

LENGTH, LINES, DEPTH, CALLS = 400, 12, 12, 40
FUNCTIONS = {                                 # what may be called, and which constants it takes
    "abs": "", "affine": "", "attention": "causal", "cos": "", "cross_entropy": "target", "embedding": "ids", "exp": "",
    "gelu": "", "layer_norm": "", "log": "", "log_softmax": "axis", "max": "axis", "mean": "axis", "min": "axis",
    "norm": "axis", "normalize": "axis", "prod": "axis", "relu": "", "sigmoid": "", "sin": "", "softmax": "axis",
    "sqrt": "", "std": "axis", "sum": "axis", "tanh": "", "var": "axis",
}
LISTS, WORDS = ("target", "ids"), {"true": True, "false": False}
SIGNS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "@": "matmul"}
PIECE = re.compile(r"(?P<number>\d+(?:\.\d*)?(?:e-?\d{1,3})?|\.\d+)|(?P<name>[a-zA-Z]\w*)"
                   r"|(?P<sign>\*\*|\.T\b|[-+*/@()\[\],=])", re.ASCII)


@dataclass(frozen=True)
class Use:
    """One use of an op: on other uses, on inputs by name and on numbers."""

    op: str
    inputs: tuple["Use | str | float", ...]
    constants: dict = field(default_factory=dict)


class Line(NamedTuple):
    """One line: what it is called, which may be nothing, and what it computes."""

    name: str
    value: "Use | str | float"


def parse(text: str) -> list[Line]:
    """The lines of a formula; InputError with the place of what cannot be read, and for what is too long or deep."""
    if len(text) > LENGTH:
        raise InputError(f"the formula has {len(text):,} characters; at most {LENGTH} are read, write a shorter one")
    rows = [row for row in re.split("[\n;]", text) if row.strip()]
    if not rows:
        raise InputError("there is no formula; type one, for example softmax(x @ w)")
    if len(rows) > LINES:
        raise InputError(f"the formula has {len(rows)} lines; at most {LINES} are read")
    reader, found = Reader(), []
    for row in rows:
        found.append(reader.line(row))
    return found


class Reader:
    """Reads one line after the other by recursive descent; `calls` counts the ops of all of them."""

    def __init__(self) -> None:
        self.calls = self.depth = 0

    def line(self, row: str) -> Line:
        self.row, self.pieces, self.at = row, _pieces(row), 0
        name = ""
        if len(self.pieces) > 1 and self.pieces[0][0] == "name" and self.pieces[1][1] == "=":
            name = self.pieces[0][1]
            if name in FUNCTIONS or name in WORDS:
                raise InputError(f"{name} is a function here and cannot be the name of a result; take another name")
            self.at = 2
        value = self.sum()
        if self.at < len(self.pieces):
            raise self.fault("the end, or one of + - * / @")
        return Line(name, value)

    # ---- the grammar, a method for each of its rules -----------------------------------------------------------------

    def sum(self):
        self.depth += 1
        if self.depth > DEPTH:
            raise InputError(f"brackets stand within brackets more than {DEPTH} deep; give parts of the formula names: "
                             "h = ..., a line each")
        found = self.product()
        while sign := self.take("+", "-"):
            found = self.use(SIGNS[sign], found, self.product())
        self.depth -= 1
        return found

    def product(self):
        found = self.signed()
        while sign := self.take("*", "/", "@"):
            found = self.use(SIGNS[sign], found, self.signed())
        return found

    def signed(self):
        minus = 0
        while self.take("-"):
            minus += 1
        found = self.power()
        if minus % 2 and isinstance(found, float):
            return -found
        return self.use("negate", found) if minus % 2 else found

    def power(self):
        found = self.value()
        while self.take(".T"):
            found = self.use("transpose", found)
        if self.take("**"):
            sign = -1 if self.take("-") else 1
            found = self.use("power", found, exponent=sign * self.number())
        return found

    def value(self):
        if self.take("("):
            found = self.sum()
            self.expect(")")
            return found
        kind, text, _ = self.here()
        if kind == "number":
            return self.number()
        if kind != "name":
            raise self.fault("a number, a name or a bracket that opens")
        self.at += 1
        return self.call(text) if self.take("(") else text

    def call(self, name: str) -> Use:
        if name not in FUNCTIONS:
            near = suggestion(name, FUNCTIONS)
            raise InputError(f"{name}( is no function here{near or '; there are ' + ', '.join(FUNCTIONS)}")
        inputs, constants = [self.sum()], {}
        while self.take(","):
            kind, text, _ = self.here()
            if kind == "name" and self.at + 1 < len(self.pieces) and self.pieces[self.at + 1][1] == "=":
                self.at += 2
                if text not in FUNCTIONS[name].split():
                    takes = FUNCTIONS[name] or "no such constant"
                    raise InputError(f"{name}: {text}= is given; it takes {takes}")
                constants[text] = self.constant(text)
            elif constants:
                raise self.fault("name=, since arrays stand before constants")
            else:
                inputs.append(self.sum())
        self.expect(")")
        return self.use(name, *inputs, **constants)

    def constant(self, name: str):
        if name in LISTS:
            self.expect("[")
            found = [self.whole()]
            while self.take(","):
                found.append(self.whole())
            self.expect("]")
            return found
        kind, text, _ = self.here()
        if text in WORDS:
            self.at += 1
            return WORDS[text]
        return -self.whole() if self.take("-") else self.whole()

    def number(self) -> float:
        kind, text, _ = self.here()
        if kind != "number":
            raise self.fault("a number")
        self.at += 1
        return float(text)

    def whole(self) -> int:
        kind, text, _ = self.here()
        if kind != "number" or not text.isdecimal() or len(text) > 4:
            raise self.fault("a whole number below 10,000")
        self.at += 1
        return int(text)

    # ---- pieces ------------------------------------------------------------------------------------------------------

    def use(self, op: str, *inputs, **constants) -> Use:
        self.calls += 1
        if self.calls > CALLS:
            raise InputError(f"the formula has more than {CALLS} steps; draw a part of it")
        return Use(op, inputs, constants)

    def here(self) -> tuple[str, str, int]:
        return self.pieces[self.at] if self.at < len(self.pieces) else ("end", "", len(self.row))

    def take(self, *signs: str) -> str:
        """The next piece, if it is one of these signs."""
        kind, text, _ = self.here()
        if kind != "sign" or text not in signs:
            return ""
        self.at += 1
        return text

    def expect(self, sign: str) -> None:
        if not self.take(sign):
            raise self.fault(repr(sign))

    def fault(self, wanted: str) -> InputError:
        kind, text, place = self.here()
        given = "the line ends" if kind == "end" else f"{text!r} stands at character {place + 1}"
        return InputError(f"{self.row.strip()[:80]!r}: {given}, where there must be {wanted}")


def _pieces(row: str) -> list[tuple[str, str, int]]:
    """(kind, text, place) of each piece of a line; InputError at the first character that is of none."""
    found, at = [], 0
    while at < len(row):
        if row[at].isspace():
            at += 1
            continue
        match = PIECE.match(row, at)
        if match is None:
            raise InputError(f"{row.strip()[:80]!r}: {row[at]!r} at character {at + 1} means nothing here; a formula "
                             "is made of names, numbers, + - * / @ **, .T, brackets and functions")
        found.append((str(match.lastgroup), match[0], at))
        at = match.end()
    return found
