"""Does every file import from lower floors alone?  Read from the source with ast; nothing is run."""

import ast
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "tinyformer"
FILES = sorted(PACKAGE.rglob("*.py"))
FLOORS = {"errors": 0, "rng": 0, "backend": 0, "opening": 0, "options": 0, "places": 0, "engine": 1, "ops": 2,
          "kept": 2, "gradcheck": 3, "nn": 4, "models": 5, "hub": 6, "train": 7, "generate": 7, "pretraining": 8,
          "tasks": 8, "phenomena": 9, "commands": 10, "cli": 11, "__main__": 12}
LOW = {"text": 1, "metrics": 1, "plot": 1, "data": 2, "tinyland": 3}       # know texts and arrays, and no engine
FIRST_ABOVE = "models"                                         # who knows the low rooms: this floor and those above
SIDEWAYS = {("options", "errors"), ("places", "errors"), ("backend", "errors"),       # on one floor, in one direction
            ("tasks", "pretraining")}
ORACLES = {"torch", "transformers", "tokenizers", "scipy", "sklearn", "seqeval", "sacrebleu"}       # for tests alone
LATE = {"matplotlib", "tqdm", "safetensors", "regex"}          # imported inside the function that uses them
each_file = pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))


def place(file: Path) -> str:
    """The part of the house: a file at the top of the package by its name, any other by its folder."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


@cache
def imports(file: Path) -> list[tuple[str, bool]]:
    """Every imported module by its full name, and whether the import stands at module level."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    late = {node for function in functions for node in ast.walk(function)}
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [(alias.name, node not in late) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = ("tinyformer", *file.relative_to(PACKAGE).parts[:-1])
            above = package[:len(package) + 1 - node.level] if node.level else ()
            module = ".".join([*above, *filter(None, [node.module])])
            whole = module == "tinyformer"                     # from tinyformer import ops: the name is the module
            names += [(f"{module}.{alias.name}" if whole else module, node not in late) for alias in node.names]
    return names


def allowed(here: str, there: str) -> bool:
    """May a file in the room `here` import from the room `there`?"""
    if here == there or (here, there) in SIDEWAYS:
        return True
    if there in LOW:
        return LOW[there] < LOW[here] if here in LOW else FLOORS[here] >= FLOORS[FIRST_ABOVE]
    return FLOORS[there] < (1 if here in LOW else FLOORS[here])


def rooms_of(file: Path) -> set[str]:
    """The rooms of the package that a file imports from."""
    parts = [name.split(".") for name, _ in imports(file)]
    return {names[1] for names in parts if names[0] == "tinyformer" and names[1:] and names[1] in FLOORS | LOW}


@each_file
def test_every_place_has_a_floor(file):
    assert place(file) in FLOORS | LOW or file == PACKAGE / "__init__.py"


@each_file
def test_imports_come_from_lower_floors(file):
    here = place(file)
    for there in rooms_of(file) if here != "__init__" else ():           # the front door may name all
        assert allowed(here, there), f"{file.relative_to(PACKAGE)} ({here}) imports from {there}, which is not below it"


def test_every_permission_to_look_sideways_is_used():
    used = {(place(file), there) for file in FILES for there in rooms_of(file)}
    assert SIDEWAYS <= used, f"nobody makes use of {SIDEWAYS - used}"


@each_file
def test_outside_libraries(file):
    here = place(file)
    for name, at_module_level in imports(file):
        top = name.partition(".")[0]
        assert top not in ORACLES, f"{file.name} imports {name}, which only tests may ask"
        assert top != "cupy" or here == "backend", f"{file.name} imports cupy; only backend.py may"
        assert not (top in LATE and at_module_level), f"{file.name} imports {name} before it is needed"


@each_file
def test_only_the_backend_names_cupy_in_code(file):
    if place(file) == "backend":
        return
    tree = ast.parse(file.read_text(encoding="utf-8"))
    named = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "cupy"]
    assert not named, f"{file.name} names cupy in line {named[0]}"


@each_file
def test_every_file_says_which_question_it_answers(file):
    source = file.read_text(encoding="utf-8")
    if source.strip():
        assert ast.get_docstring(ast.parse(source)), f"{file} has no docstring"


def test_the_walk_sees_the_house():
    """If the paths above were wrong, every test here would pass on nothing."""
    places = {place(file) for file in FILES}
    assert {"backend", "engine", "ops", "nn", "models", "text", "data"} <= places
    assert ("tinyformer.ops.linear", True) in imports(PACKAGE / "ops" / "activation.py")
    assert ("cupy", False) in imports(PACKAGE / "backend.py")
    assert ("tinyformer.backend", True) in imports(PACKAGE / "engine.py")
