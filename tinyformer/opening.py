"""What is opened only when somebody asks for it?  The names of a package, and the entries of a table.

`python -m tinyformer --help` lists twenty commands and runs none; `from tinyformer.models import GPT` wants one paper
and not all of them.  So a package says where its names stand, and the file is imported when a name is first used
(PEP 562).  What an editor and a type checker read stands beside it, under TYPE_CHECKING.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module


def opens(package: str, *rooms: str, **files: str) -> tuple[Callable, Callable]:
    """`__getattr__` and `__dir__` of a package whose names stand in its files; `rooms` are packages within it.

        __getattr__, __dir__ = opens(__name__, gpt="GPT", bert="Bert BertForPretraining")

    A name must not be that of a file of the package, since importing the file would put the module in its place:
    ValueError.
    """
    homes = {name: file for file, names in files.items() for name in names.split()}
    clash = sorted({*homes} & {*files, *rooms})
    if clash:
        raise ValueError(f"{package}: {', '.join(clash)} names both a file and what stands in one; rename one of them")

    def find(name: str):
        if name == "__all__":                                  # from package import *; with what it defines itself
            own = [name for name, value in vars(sys.modules[package]).items() if _is_of(package, value)]
            return sorted({*homes, *rooms, *own})
        if name in rooms:
            return import_module(f"{package}.{name}")
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(import_module(f"{package}.{homes[name]}"), name)
        setattr(sys.modules[package], name, found)             # from now on without a detour
        return found

    return find, lambda: sorted({*homes, *rooms, *vars(sys.modules[package])})


def _is_of(package: str, value) -> bool:
    return getattr(value, "__module__", None) == package and not value.__name__.startswith("_")


class Table(Mapping):
    """name -> what "module:attribute" stands for, imported when it is first asked for; to list names imports nothing.

    "module:Class()" is the one object of a class, made when it is first asked for.
    """

    def __init__(self, places: Mapping[str, str]):
        self.places = dict(places)
        self._opened: dict = {}

    def __getitem__(self, name: str):
        if name not in self._opened:
            module, _, attribute = self.places[name].partition(":")
            found = getattr(import_module(module), attribute.removesuffix("()"))
            self._opened[name] = found() if attribute.endswith("()") else found
        return self._opened[name]

    def question(self, name: str) -> str:
        """The question that the file of an entry answers, the first sentence of its docstring; imports nothing."""
        first = _docstring(self.places[name].partition(":")[0]).partition("?")[0] + "?"
        return first[0].lower() + first[1:]

    def __contains__(self, name: object) -> bool:
        return name in self.places

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)


def _docstring(module):
    import ast
    from importlib.util import find_spec
    return ast.get_docstring(ast.parse(find_spec(module).loader.get_source(None)))
