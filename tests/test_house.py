"""Does every file import from lower floors alone?  Read from the source with ast; nothing is run."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "tinyformer"
FILES = sorted(PACKAGE.rglob("*.py"))
STATIC = sorted((PACKAGE / "page" / "static").rglob("*.*"))
FLOORS = {"errors": 0, "rng": 0, "backend": 0, "opening": 0, "options": 0, "merged_options": 0, "places": 0,
          "json_text": 0, "ranks": 0, "elsewhere": 0, "wrong_calls": 0, "tensor_manners": 0, "engine": 1,
          "ops": 2, "kept": 2, "recompute": 2, "gradcheck": 3, "cuda": 3, "nn": 4, "models": 5, "inside": 5, "hub": 6,
          "train": 7, "generate": 7, "pretraining": 8, "tasks": 8, "phenomena": 9,
          "exercises": 9, "page": 10, "commands": 11, "cli": 12, "__main__": 13}
LOW = {"text": 1, "metrics": 1, "plot": 1, "sound": 1, "data": 2, "tinyland": 3}         # know texts and arrays alone
FIRST_ABOVE = "models"                                         # who knows the low rooms: this floor and those above
SIDEWAYS = {("options", "errors"), ("options", "json_text"), ("options", "places"), ("places", "errors"),
            ("backend", "errors"), ("opening", "elsewhere"), ("tensor_manners", "elsewhere"),
            ("tensor_manners", "backend"), ("tensor_manners", "opening"),
            ("tensor_manners", "wrong_calls")}      # on one floor, in one direction
UPWARDS = {("engine", "ops"), ("engine", "inside"),            # in its last line, for operators; for a look at a tensor
           ("backend", "cuda")}                                # once there is a GPU
ORACLES = {"torch", "transformers", "tokenizers", "scipy", "seqeval", "sacrebleu", "gensim"}      # for tests alone
LATE = {"matplotlib", "tqdm", "safetensors", "regex", "sklearn", "PIL"}      # inside the function that uses them


def place(file: Path) -> str:
    """The part of the house: a file at the top of the package by its name, any other by its folder."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def statements(node: ast.AST, late: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """Every statement below a node, and whether it stands in a function."""
    for block in ("body", "orelse", "finalbody", "handlers", "cases"):
        for child in getattr(node, block, ()):
            yield child, late
            yield from statements(child, late or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))


@cache
def known(file: Path) -> tuple[str | None, list[tuple[str, bool]]]:
    """The docstring, and every imported module by its full name, and whether the import stands at module level."""
    tree, names = parsed(file), []
    for node, late in statements(tree):
        if isinstance(node, ast.Import):
            names += [(alias.name, not late) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = ("tinyformer", *file.relative_to(PACKAGE).parts[:-1])
            above = package[:len(package) + 1 - node.level] if node.level else ()
            module = ".".join([*above, *filter(None, [node.module])])
            whole = module == "tinyformer"                     # from tinyformer import ops: the name is the module
            names += [(f"{module}.{alias.name}" if whole else module, not late) for alias in node.names]
    return ast.get_docstring(tree), names


def imports(file: Path) -> list[tuple[str, bool]]:
    return known(file)[1]


def allowed(here: str, there: str) -> bool:
    """May a file in the room `here` import from the room `there`?"""
    if here == there or (here, there) in SIDEWAYS | UPWARDS:
        return True
    if there in LOW:
        return LOW[there] < LOW[here] if here in LOW else FLOORS[here] >= FLOORS[FIRST_ABOVE]
    return FLOORS[there] < (1 if here in LOW else FLOORS[here])


def rooms_of(file: Path) -> set[str]:
    """The rooms of the package that a file imports from."""
    parts = [name.split(".") for name, _ in imports(file)]
    return {names[1] for names in parts if names[0] == "tinyformer" and names[1:] and names[1] in FLOORS | LOW}


def test_every_place_has_a_floor():
    assert {place(file) for file in FILES} - {*FLOORS, *LOW} == {"__init__"}             # the front door has none


def test_imports_come_from_lower_floors():
    wrong = [f"{file.relative_to(PACKAGE)} ({place(file)}) imports from {there}, which is not below it"
             for file in FILES if place(file) != "__init__"              # the front door may name all
             for there in rooms_of(file) if not allowed(place(file), there)]
    assert not wrong, "\n".join(wrong)


def test_every_permission_is_used():
    used = {(place(file), there) for file in FILES for there in rooms_of(file)}
    assert SIDEWAYS | UPWARDS <= used, f"nobody makes use of {(SIDEWAYS | UPWARDS) - used}"


def test_the_engine_imports_its_operators_at_the_very_end():
    last = parsed(PACKAGE / "engine.py").body[-1]
    assert ast.unparse(last) == "import tinyformer.ops"


def test_no_command_imports_another_one():
    for file in (PACKAGE / "commands").glob("*.py"):
        others = [name for name, _ in imports(file) if name.startswith("tinyformer.commands")]
        assert not others, f"{file.name} imports {others[0]}; what two share has a name of its own in a lower room"


# ---- names of files --------------------------------------------------------------------------------------------------


def test_a_file_name_says_what_is_in_it():
    vague = {"use", "world", "kinds", "results", "show", "utils", "helpers", "misc", "common"}
    assert not vague & {file.stem for file in FILES}


def test_no_two_files_have_one_vague_name():
    stems = [file.stem for file in FILES if file.parent.name != "exercises"]                   # there it is the op's
    for name in ("settings", "measure", "base", "files", "run", "task", "jobs", "table", "log", "step"):
        assert stems.count(name) <= 1, name


def test_no_two_files_differ_by_a_suffix():
    """finetune and finetuning: nobody remembers which is which.  (tag, the task, and tags, its picture, may be.)"""
    roots: dict[str, set[str]] = {}
    for stem in {file.stem for file in FILES if file.parent.name != "exercises"}:
        roots.setdefault(re.sub("(e|ed|ing)$", "", stem), set()).add(stem)
    alike = [sorted(stems) for stems in roots.values() if len(stems) > 1]
    assert not alike


def test_outside_libraries():
    wrong = []
    for file in FILES:
        for name, at_module_level in imports(file):
            top = name.partition(".")[0]
            wrong += [f"{file} imports {name}, which only tests may ask"] * (top in ORACLES)
            wrong += [f"{file} imports cupy; only backend.py may"] * (top == "cupy" and place(file) != "backend")
            wrong += [f"{file} imports {name} before it is needed"] * (top in LATE and at_module_level)
    assert not wrong


def test_only_the_backend_names_cupy_in_code():
    others = [file for file in FILES if place(file) != "backend" and "cupy" in file.read_text(encoding="utf-8")]
    named = [f"{file}: line {node.lineno}" for file in others for node in ast.walk(parsed(file))
             if isinstance(node, ast.Name) and node.id == "cupy"]
    assert not named


def test_every_file_says_which_question_it_answers():
    silent = [file for file in FILES if file.stat().st_size and not known(file)[0]]
    assert not silent


def test_what_the_browser_reads_has_120_columns_too():
    """ruff holds the files of Python to them."""
    long = [f"{file}: line {number}" for file in STATIC
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1) if len(line) > 120]
    assert not long


def test_the_walk_sees_the_house():
    """If the paths above were wrong, every test here would pass on nothing."""
    places = {place(file) for file in FILES}
    assert {"backend", "engine", "ops", "nn", "models", "text", "data"} <= places
    assert ("tinyformer.ops.linear", True) in imports(PACKAGE / "ops" / "activation.py")
    assert ("cupy", False) in imports(PACKAGE / "backend.py")
    assert ("tinyformer.backend", True) in imports(PACKAGE / "engine.py")
