"""Do type checkers know of a tensor what ops hangs on it, and do they look at the path?"""

import ast
from configparser import ConfigParser
from pathlib import Path

import pytest
import reading_path

import tinyformer
from tinyformer.engine import Tensor
from tinyformer.tasks.task import Task

PACKAGE = Path(tinyformer.__file__).parent
STUB = PACKAGE / "tensor_signatures.pyi"


def test_every_operator_and_method_of_a_tensor_has_its_signature():
    """Those of the engine stand in its source; all others come from ops, and stand in the stub."""
    engine = ast.parse((STUB.parent / "engine.py").read_text(encoding="utf-8"))
    (body,) = (node.body for node in engine.body if isinstance(node, ast.ClassDef) and node.name == "Tensor")
    written = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    written |= {target.id for node in body if isinstance(node, ast.Assign) for target in node.targets}
    hung_on = {name for name, value in vars(Tensor).items() if callable(value) or isinstance(value, property)} - written
    (operators,) = (node for node in ast.parse(STUB.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef))
    assert {node.name for node in operators.body if isinstance(node, ast.FunctionDef)} == hung_on


def test_the_type_checker_looks_at_the_whole_path():
    settings = ConfigParser()
    settings.read(reading_path.ROOT / "setup.cfg", encoding="utf-8")
    checked = [place.strip() for place in settings["mypy"]["files"].replace("\n", "").split(",")]
    assert all((reading_path.ROOT / place).exists() for place in checked)
    names = [path.relative_to(reading_path.ROOT).as_posix() for path in reading_path.files()]
    assert [name for name in names if not any(name == place or name.startswith(f"{place}/") for place in checked)] == []


SIGNED = [*reading_path.files(), *(path for place in ("o*.py", "places.py", "tasks/*.py", "commands/*.py")
                                   for path in sorted(PACKAGE.glob(place)) if path.name != "table.py")]
# o*: options and opening.  table.py is what --help opens, too quickly to import `typing`.


@pytest.mark.parametrize("file", SIGNED, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_public_functions_say_what_they_return(file):
    """But for what stands on raw arrays, a primitive and its cases, and for a head's form, which stands in Task."""
    form = {name for name in vars(Task) if callable(getattr(Task, name))} if file.parent.name == "tasks" else set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    bodies = [(tree.body, set()), *((node.body, form if node.bases else set()) for node in tree.body
                                    if isinstance(node, ast.ClassDef) and not node.name.startswith("_"))]
    silent = [f.name for body, known in bodies for f in body
              if isinstance(f, ast.FunctionDef) and not f.name.startswith("_") and f.returns is None
              and f.name not in known and not {"primitive", "case", "special"} & {_name(d) for d in f.decorator_list}
              and not (f.args.args and f.args.args[0].arg == "xp")]
    assert silent == []


def _name(decorator: ast.expr) -> str:
    """primitive, for @primitive and @primitive(linear=True); case, for @exp.case."""
    decorator = decorator.func if isinstance(decorator, ast.Call) else decorator
    return getattr(decorator, "attr", None) or getattr(decorator, "id", "")
