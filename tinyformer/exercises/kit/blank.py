"""What does a learner get?  Our own source, with a hole in it where his own is to stand."""

import ast
import builtins
import inspect
import re
import sys
import textwrap

MARK = "# yours"                              # behind a `def`: what stands below is to be found; "# yours: return dx"


def source_of(thing) -> str:
    """The source of a function or class, without its decorators."""
    text = textwrap.dedent(inspect.getsource(thing))
    return "\n".join(text.splitlines()[ast.parse(text).body[0].lineno - 1:])


def holes(text: str) -> list[ast.FunctionDef]:
    """The functions to be filled: those marked `# yours`, else each inner `backward`, else the whole."""
    lines, tree = text.splitlines(), ast.parse(text)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    marked = [node for node in functions if MARK in lines[node.lineno - 1]]
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
        mark = lines[node.lineno - 1].partition(MARK)[2] or wanted and f": {wanted}"
        lines[start:node.end_lineno] = [f"{indent}...  {MARK}{mark}"]
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


def imports_for(thing, text: str, *more: str) -> list[str]:
    """The lines of import that a source needs to stand in a file of its own: those of its module, and `more`."""
    module = inspect.getmodule(thing)
    used = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)} - {thing.__name__, "_"}
    lines, imported = list(more), set()
    for node in ast.parse(inspect.getsource(module)).body:
        names = [alias for alias in getattr(node, "names", []) if (alias.asname or alias.name) in used]
        imported |= {alias.asname or alias.name for alias in names}
        shown = ", ".join(ast.unparse(alias) for alias in names)
        if names:
            lines.append(("" if isinstance(node, ast.Import) else f"from {node.module} ") + f"import {shown}")
    own = sorted(used & {*vars(module)} - imported - {*vars(builtins)})
    lines += [f"from {module.__name__} import {', '.join(own)}"] if own else []
    groups = [sorted((line for line in lines if _place(line) == place), key=lambda line: (line[0] != "i", line))
              for place in range(3)]
    return "\n\n".join("\n".join(group) for group in groups if group).splitlines()


def _place(line: str) -> int:
    """The group of an import: Python's own, other libraries, ours."""
    package = re.split(r"[ .]", line)[1]
    return 0 if package in sys.stdlib_module_names else 2 if package == "tinyformer" else 1


def _statements(node: ast.FunctionDef) -> list[ast.stmt]:
    documented = ast.get_docstring(node) is not None and len(node.body) > 1
    return node.body[1:] if documented else node.body
