"""What does a published folder make of a conversation?  Its template is read by a small grammar; nothing of it is run.

tokenizer_config.json holds it under "chat_template", or a file chat_template.jinja beside it: a text in the language
Jinja, with the messages of a conversation in its loops.  Of that language the part is understood here that most
templates are written in:

    {% for message in messages %} ... {% endfor %}      {% if loop.first and not x %} ... {% elif %} ... {% else %}
    {% set text = a + b %}                              {{ '<|im_start|>' + message['role'] + '\\n' }}     {# remark #}

with texts, numbers, +, %, comparisons, `in`, `is defined`, and the filter `trim`.  A template with anything else is
refused by name.  Expressions have the form of Python's, so that `ast` reads them.
"""

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tinyformer.errors import InputError

PARTS = re.compile(r"(\{%-?.*?-?%\}|\{\{-?.*?-?\}\}|\{#.*?#\})", re.S)
LITERAL_OR_TRIM = re.compile(r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|\|\s*trim\b""")
KNOWN = {"true": True, "false": False, "none": None}
COMPARED: dict[type, Callable[[Any, Any], bool]] = {
    ast.Eq: lambda a, b: a == b, ast.NotEq: lambda a, b: a != b, ast.Lt: lambda a, b: a < b,
    ast.Gt: lambda a, b: a > b, ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b}


class Unknown:
    """What a name stands for that nobody has set: false, empty, and not defined."""

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return ""


class ChatTemplate:
    """A template, read once; InputError where it has a part that is not understood here."""

    def __init__(self, source: str):
        self.source = source
        parts = list(_parts(source))
        self.tree, _ = _block(parts, ())

    def render(self, **names: Any) -> str:
        """The text that it makes where these names stand for something: messages, add_generation_prompt, eos_token."""
        return "".join(_said(self.tree, dict(names)))


# ---- reading ---------------------------------------------------------------------------------------------------------


def _parts(source: str) -> Iterator[tuple[str, str]]:
    """("text", ...), ("say", expression) and ("do", words), with white space as the usual libraries leave it.

    A line end behind a block is dropped, and so is the indentation before it; a "-" at its edge drops all white space.
    """
    pieces = PARTS.split(source.removesuffix("\n"))
    for place, piece in enumerate(pieces):
        if place % 2 == 0:
            before, after = (pieces[n] if 0 <= n < len(pieces) else "" for n in (place - 1, place + 1))
            begins_line = place == 0
            if before.endswith(("-%}", "-}}", "-#}")):
                piece = piece.lstrip()
            elif before.endswith(("%}", "#}")) and piece.startswith("\n"):
                piece, begins_line = piece[1:], True
            head, line_end, tail = piece.rpartition("\n")
            if after.startswith(("{%-", "{{-", "{#-")):
                piece = piece.rstrip()
            elif after.startswith(("{%", "{#")) and not tail.strip(" \t") and (line_end or begins_line):
                piece = head + line_end
            if piece:
                yield "text", piece
        elif not piece.startswith("{#"):
            yield "say" if piece.startswith("{{") else "do", piece[2:-2].strip("-").strip()


def _block(parts: list[tuple[str, str]], ends: Sequence[str]) -> tuple[list, list]:
    """The steps up to one of the words `ends`, and the parts from there on."""
    steps: list = []
    while parts:
        (kind, text), parts = parts[0], parts[1:]
        word, _, more = text.partition(" ")
        if kind == "text":
            steps.append(("text", text))
        elif kind == "say":
            steps.append(("say", _expression(text)))
        elif word in ends:
            return steps, [("do", text), *parts]
        elif word == "set" and "=" in more:
            name, _, value = more.partition("=")
            steps.append(("set", name.strip(), _expression(value)))
        elif word == "for" and " in " in more:
            name, _, many = more.partition(" in ")
            body, parts = _block(parts, ("endfor",))
            steps.append(("for", name.strip(), _expression(many), body))
            parts = _behind(parts, text)
        elif word == "if":
            choices = []
            while word in ("if", "elif", "else"):
                body, parts = _block(parts, ("elif", "else", "endif"))
                choices.append((_expression(more) if word != "else" else ast.Constant(True), body))
                if not parts:
                    raise InputError(f"chat template: {{% {text} %}} has no end; close it with {{% endif %}}")
                word, _, more = parts[0][1].partition(" ")
                parts = parts[1:]
            steps.append(("if", choices))
        else:
            raise InputError(f"chat template: {{% {text[:60]} %}} is not understood here; the blocks that are: for, "
                             "if, elif, else and set")
    if ends:
        raise InputError(f"chat template: {{% {ends[-1]} %}} is missing at its end")
    return steps, []


def _behind(parts: list, text: str) -> list:
    if not parts:
        raise InputError(f"chat template: {{% {text[:60]} %}} has no end; close it with {{% endfor %}}")
    return parts[1:]


def _expression(text: str) -> ast.expr:
    """An expression as a tree; the filter `trim` becomes an attribute, which binds as closely as a filter does."""
    try:
        return ast.parse(LITERAL_OR_TRIM.sub(lambda found: found[1] or ".trim", text.strip()), mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        raise InputError(f"chat template: {text.strip()[:60]!r} is not understood here") from None


# ---- telling ---------------------------------------------------------------------------------------------------------


def _said(steps: list, names: dict[str, Any]) -> Iterator[str]:
    """The pieces of text that these steps make."""
    for kind, *step in steps:
        if kind == "text":
            yield step[0]
        elif kind == "say":
            yield str(_value(step[0], names))
        elif kind == "set":
            names[step[0]] = _value(step[1], names)
        elif kind == "if":
            yield from _said(next((body for asked, body in step[0] if _value(asked, names)), []), names)
        else:
            name, many, body = step
            items = _value(many, names)
            if not isinstance(items, list | tuple):
                raise InputError(f"chat template: {ast.unparse(many)[:60]} is no list to go through")
            for place, item in enumerate(items):
                loop = {"first": place == 0, "last": place == len(items) - 1, "index0": place, "index": place + 1}
                yield from _said(body, {**names, name: item, "loop": loop})


def _value(node: ast.expr, names: dict[str, Any]) -> Any:
    """What an expression stands for; InputError for a form that is not among those of the grammar."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return KNOWN[name] if name in KNOWN else names.get(name, Unknown())
        case ast.Attribute(value=of, attr="trim"):
            return str(_value(of, names)).strip()
        case ast.Attribute(value=of, attr=key) | ast.Subscript(value=of, slice=ast.Constant(value=key)):
            whole = _value(of, names)
            try:
                return whole[key]
            except (KeyError, IndexError, TypeError):
                return Unknown()
        case ast.BinOp(left=a, op=ast.Add() | ast.Mod() as op, right=b):
            left, right = _value(a, names), _value(b, names)
            if type(left) is type(right) and isinstance(left, str | int) and (isinstance(op, ast.Add) or right):
                return left + right if isinstance(op, ast.Add) else left % right
        case ast.BoolOp(op=op, values=parts):
            for part in parts:
                found = _value(part, names)
                if bool(found) == isinstance(op, ast.Or):
                    break
            return found
        case ast.UnaryOp(op=ast.Not(), operand=of):
            return not _value(of, names)
        case ast.Compare(left=a, ops=[ast.Is() | ast.IsNot() as op], comparators=[ast.Name(id="defined")]):
            return isinstance(_value(a, names), Unknown) == isinstance(op, ast.IsNot)
        case ast.Compare(left=a, ops=[op], comparators=[b]) if type(op) in COMPARED:
            try:
                return COMPARED[type(op)](_value(a, names), _value(b, names))
            except TypeError:                                  # a text below a number
                pass
        case ast.Call(func=ast.Name(id="raise_exception"), args=[said]):
            raise InputError(f"chat template: {_value(said, names)}")
    raise InputError(f"chat template: {ast.unparse(node)[:60]!r} is not understood here")
