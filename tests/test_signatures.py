"""Do type checkers know of a tensor what ops hangs on it?"""

import ast
from pathlib import Path

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
