"""What can be looked up?  The docstrings as pages, by pdoc, with the examples of examples/reference.md below each.

    pip install -e '.[docs]'
    python tests/reference.py runs/reference       writes index.html and its pages there
    ... --plain                                     in half the time: without the source, and nothing to search with
"""

import argparse
import ast
import inspect
import re
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import reading_path

from tinyformer.engine import REGISTRY

PAGE = reading_path.ROOT / "examples" / "reference.md"
TYPED = {"__main__", "cli", "commands", "exercises", "phenomena"}      # what nobody imports has no page


def sections() -> dict[str, str]:
    """For each file of the path the examples that stand under its name; "" for what stands before all of them."""
    parts = re.split(r"^## (\S+\.py)$", PAGE.read_text(encoding="utf-8"), flags=re.M)
    texts = dict(zip(["", *parts[1::2]], parts[::2], strict=True))
    return {name: "\n".join(re.findall(r"^```python\n(>>>.*?)^```", text, re.M | re.S)) for name, text in texts.items()}


def examples(source: str) -> Iterator[tuple[list[str], str]]:
    """What the lines of a section show: the names that stand as a comment at the end of a line, and the example.

    Lines without such a comment prepare what follows them.
    """
    waiting = ""
    for piece in re.split(r"^(?=>>> )", source, flags=re.M):
        waiting += piece
        comment = re.search(r"  # ([\w, ]+?)(?::.*)?$", piece.partition("\n")[0])
        if comment:
            yield comment[1].split(", "), waiting.rstrip()
            waiting = ""


def public(path: Path) -> list[str]:
    """The public functions and classes that a file defines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return list(dict.fromkeys(name for name in found if not name.startswith("_")))


def write(folder: Path, plain: bool = False) -> None:
    """The pages, each public name of the path with its example below its docstring."""
    import pdoc
    modules = {name: import_module(name) for name in map(dotted, reading_path.package())
               if not TYPED.intersection(name.split("."))}
    for file, lines in sections().items():
        for names, example in examples(lines) if file else ():
            for name in names:
                thing = getattr(modules[dotted(reading_path.ROOT / "tinyformer" / file)], name)
                thing.__doc__ = f"{inspect.cleandoc(thing.__doc__ or '')}\n\n```python\n{example}\n```"
    for op in REGISTRY.values():                               # shown as the function that it is called as
        op.raw.__doc__, op.raw.__signature__ = op.__doc__, op.__signature__
        setattr(modules[op.__module__], op.name, op.raw)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")                        # pdoc looks for type comments in the lines of a dict
        pdoc.render.configure(show_source=not plain, search=not plain)
        pdoc.pdoc(*modules, output_directory=folder)


def dotted(path: Path) -> str:
    """The name of the module that stands in a file."""
    return ".".join(path.relative_to(reading_path.ROOT).with_suffix("").parts).removesuffix(".__init__")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the reference as pages.")
    parser.add_argument("folder", type=Path, help="where to")
    parser.add_argument("--plain", action="store_true", help="without what takes longest: coloured source, and search")
    write(**vars(parser.parse_args()))
