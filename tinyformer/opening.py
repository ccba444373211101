"""What is opened only when somebody asks for it?  The names of a package, and the entries of a table.

`python -m tinyformer --help` lists twenty commands and runs none; `from tinyformer.models import GPT` wants one paper
and not all of them.  So a package says where its names stand, and the file is imported when a name is first used
(PEP 562).  What an editor and a type checker read stands beside it, under TYPE_CHECKING.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from types import ModuleType


def opens(package: str, *rooms: str, **files: str) -> tuple[Callable, Callable]:
    """`__getattr__` and `__dir__` of a package whose names stand in its files; `rooms` are packages within it.

        __getattr__, __dir__ = opens(__name__, gpt="GPT", bert="Bert BertForPretraining")

    A name must not be that of a file of the package, since importing the file would put the module in its place:
    ValueError.  Package and files say what is in them when they are called for a function: `Room`.
    """
    homes = {name: file for file, names in files.items() for name in names.split()}
    clash = sorted({*homes} & {*files, *rooms})
    if clash:
        raise ValueError(f"{package}: {', '.join(clash)} names both a file and what stands in one; rename one of them")

    sys.modules[package].__class__ = Room

    def find(name: str):
        if name == "__all__":                                  # from package import *; with what it defines itself
            own = [name for name, value in vars(sys.modules[package]).items() if _is_of(package, value)]
            return sorted({*homes, *rooms, *own})
        if name in rooms:
            return import_module(f"{package}.{name}")
        if name not in homes:
            raise NotHere(package, f"module {package!r}", name, sys.modules[package])
        found = getattr(import_module(f"{package}.{homes[name]}"), name)
        setattr(sys.modules[package], name, found)             # from now on without a detour
        return found

    return find, lambda: sorted({*homes, *rooms, *vars(sys.modules[package])})


def _is_of(package: str, value) -> bool:
    """Is this a public function or class that was written in this module?"""
    return getattr(value, "__module__", None) == package and not getattr(value, "__name__", "_").startswith("_")


class NotHere(AttributeError):
    """A name that is not there.  What it is called here is looked up when the message is read, for many only ask."""

    def __init__(self, place: str, thing: str, name: str, owner):
        super().__init__(f"{thing} has no attribute {name!r}", name=name, obj=owner)
        self.place = place

    def __str__(self) -> str:
        from tinyformer.elsewhere import advice
        return super().__str__() + advice(self.place, str(self.name))

    def __reduce__(self) -> tuple:
        return AttributeError, (str(self),)                    # to another process its words are enough


class Room(ModuleType):
    """A module that says what is in it to whoever takes it for a function: tinyformer.gradcheck(f), ops.linear(x)."""

    def __setattr__(self, name: str, value) -> None:
        if type(value) is ModuleType and value.__name__ == f"{self.__name__}.{name}":
            value.__class__ = Room                             # a file of this package, which Python has just opened
        super().__setattr__(name, value)

    def __call__(self, *args, **constants):
        names = getattr(self, "__all__", None) or [name for name, value in vars(self).items()
                                                   if _is_of(self.__name__, value)]
        from tinyformer.elsewhere import advice  # opened by a mistake alone
        package, _, name = self.__name__.rpartition(".")
        raise TypeError(f"{self.__name__} is a module and no function{advice(package, name)}; in it are: "
                        f"{', '.join(sorted(names))}")


def explaining(package: str) -> None:
    """Let the files that are open before `opens` is asked say what is in them when they are called: ops.loss(x)."""
    for name, file in list(sys.modules.items()):
        if name.startswith(f"{package}."):
            file.__class__ = Room


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
