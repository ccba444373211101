"""Do type checkers know of a tensor what ops hangs on it, and do they look at the path?"""

import ast
from configparser import ConfigParser
from pathlib import Path

import reading_path

import tinyformer
from tinyformer.engine import Tensor

STUB = Path(tinyformer.__file__).parent / "tensor_signatures.pyi"


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
