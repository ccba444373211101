"""What does a learner get?  Our own source, with a hole in it where his own is to stand."""

import ast
import builtins
import inspect
import re
import textwrap
from types import ModuleType

MARK = "# yours"                              # behind a `def` in a solution: what stands below it is to be found


def source_of(thing) -> str:
    """The source of a function or class, without its decorators."""
    text = textwrap.dedent(inspect.getsource(thing))
    return "\n".join(text.splitlines()[ast.parse(text).body[0].lineno - 1:])


def holes(text: str) -> list[ast.FunctionDef]:
    """The functions to be filled: those marked `# yours`, else each inner `backward`, else the whole."""
    lines, tree = text.splitlines(), ast.parse(text)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    marked = [node for node in functions if lines[node.lineno - 1].rstrip().endswith(MARK)]
    return marked or [node for node in functions if node.name == "backward"] or functions[:1]


def blank(text: str, wanted: str = "") -> str:
    """The source with its holes: of each function to be filled its first line and its docstring are left."""
    lines = text.splitlines()
    for node in sorted(holes(text), key=lambda node: -node.lineno):
        first = _statements(node)[0]
        indent = " " * first.col_offset
        start = first.lineno - 1
        while start > node.lineno and lines[start - 1].strip().startswith("#"):
            start -= 1                                         # a remark above the first line belongs to it
        lines[start:node.end_lineno] = [f"{indent}...  {MARK}{wanted and ': ' + wanted}"]
        lines[node.lineno - 1] = re.sub(r":\s*#.*$", ":", lines[node.lineno - 1])
    return "\n".join(lines)


def without_docstring(text: str) -> str:
    """The source of a function without what its docstring tells."""
    node = ast.parse(text).body[0]
    lines = text.splitlines()
    if isinstance(node, ast.FunctionDef) and (first := _statements(node)[0]) is not node.body[0]:
        del lines[node.body[0].lineno - 1:first.lineno - 1]
    return "\n".join(lines)


def filled(text: str, name: str, like: str) -> str:
    """What stands in the holes of `name` in a learner's file `text`, where `like` is our source of it."""
    wanted = {node.name for node in holes(like)}
    found = [node for top in ast.parse(text).body if getattr(top, "name", "") == name for node in ast.walk(top)
             if isinstance(node, ast.FunctionDef) and node.name in wanted]
    lines = text.splitlines()
    return "\n\n".join(textwrap.dedent("\n".join(lines[node.lineno - 1:node.end_lineno])) for node in found)


def is_blank(text: str, name: str, like: str) -> bool:
    """Has nobody written anything yet?"""
    return re.search(rf"^\s*\.\.\.  {MARK}", filled(text, name, like), re.M) is not None


def imports_for(thing, text: str) -> list[str]:
    """The lines of import that a source needs to stand in a file of its own."""
    known = vars(inspect.getmodule(thing))
    used = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)} - {thing.__name__}
    whole, parts = [], {}
    for name in sorted(used & {*known} - {*vars(builtins)}):
        value = known[name]
        if isinstance(value, ModuleType):
            short = value.__name__.rpartition(".")[2]
            package, _, module = value.__name__.rpartition(".")
            whole.append(f"from {package} import {module}" if package and short == name else
                         f"import {value.__name__}" + (f" as {name}" if name != value.__name__ else ""))
        else:
            home = getattr(value, "__module__", None) or inspect.getmodule(thing).__name__
            parts.setdefault(home, []).append(name)
    return whole + [f"from {home} import {', '.join(names)}" for home, names in sorted(parts.items())]


def _statements(node: ast.FunctionDef) -> list[ast.stmt]:
    documented = ast.get_docstring(node) is not None and len(node.body) > 1
    return node.body[1:] if documented else node.body
