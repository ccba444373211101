"""Does a package open a file only when one of its names is asked for, and does it name what stands in its files?"""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import tinyformer
from tinyformer.opening import Table, opens

PACKAGE = Path(tinyformer.__file__).parent
LAZY = sorted(file.parent for file in PACKAGE.rglob("__init__.py") if "= opens(" in file.read_text(encoding="utf-8")
              and file.parent.name != "ops")                   # which imports the ops of the path at once
each_package = pytest.mark.parametrize("folder", LAZY, ids=lambda folder: str(folder.relative_to(PACKAGE.parent)))


def module_of(folder: Path):
    return import_module(".".join(folder.relative_to(PACKAGE.parent).parts))


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout


def declared(folder: Path) -> dict[str, str]:
    """name -> the module it comes from, as an editor and a type checker read it."""
    tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
    blocks = [node.body for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    return {alias.name: line.module for block in blocks for line in block for alias in line.names}


@each_package
def test_every_name_opens_and_stands_where_the_type_checker_looks(folder):
    package, types = module_of(folder), declared(folder)
    own = {name for name in package.__all__ if getattr(getattr(package, name), "__module__", None) == package.__name__}
    assert {*package.__all__} - own == {*types}
    for name, module in types.items():
        found = getattr(package, name)
        assert found is getattr(import_module(module), name) and name in dir(package)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = package.nothing


def test_an_op_beyond_the_path_opens_when_it_is_asked_for():
    code = ("import sys; from tinyformer import ops; print('tinyformer.ops.waves' in sys.modules); ops.sin; "
            "print('tinyformer.ops.waves' in sys.modules, set(ops.__all__) <= set(dir(ops)))")
    assert python(code).split() == ["False", "True", "True"]
    for name, module in declared(PACKAGE / "ops").items():
        assert getattr(tinyformer.ops, name) is getattr(import_module(module), name)


@each_package
def test_no_name_is_that_of_a_file(folder):
    """Importing the file would put the module in the place of what stands in it."""
    files = {path.stem for path in folder.iterdir() if path.suffix == ".py"}
    assert not files & {*module_of(folder).__all__}


def test_a_name_of_a_file_is_refused():
    with pytest.raises(ValueError, match="write names both a file and what stands in one"):
        opens("package", write="write")


@pytest.mark.parametrize("line", ["from tinyformer.models import GPT", "from tinyformer.train import AdamW",
                                  "from tinyformer.generate import write_text"])
def test_what_the_first_line_of_a_program_opens(line):
    files = python(f"import sys\n{line}\nprint(*[module.__file__ for name, module in sys.modules.items() "
                   "if name.partition('.')[0] == 'tinyformer'], sep='\\n')").splitlines()
    lines = sum(len(Path(file).read_text(encoding="utf-8").splitlines()) for file in files)
    assert len(files) <= 40 and lines <= 4000, f"{line}: {len(files)} modules, {lines:,} lines"


@pytest.mark.parametrize("line", ["from tinyformer.engine import Tensor", "from tinyformer import Tensor",
                                  "import tinyformer.nn.module; from tinyformer.engine import Tensor",
                                  "import tinyformer.ops.shape; from tinyformer.engine import Tensor"])
def test_a_tensor_has_its_operators_however_it_is_imported(line):
    made = "x = Tensor([1.0, 2.0], requires_grad=True); (x * x).sum().backward(); print(x.grad)"
    assert python(f"import numpy as np\n{line}\n{made.replace('[1.0, 2.0]', 'np.array([1.0, 2.0])')}") == "[2. 4.]\n"


def test_the_front_door():
    code = "import sys, tinyformer as tf; print('numpy' in sys.modules, len(tf.REGISTRY) > 30, tf.ops.add)"
    assert python(code).startswith("False True <primitive add")
    assert {"Call", "REGISTRY", "Special", "Tensor", "data", "generate", "gradcheck", "guard", "load", "models", "nn",
            "no_grad", "ops", "primitive", "save", "text", "trace", "train"} == {*tinyformer.__all__}
    assert python("import tinyformer as tf; print(tf.nn.Linear, tf.train.AdamW)").count("tinyformer") == 2


def test_a_table_lists_its_names_without_opening_anything():
    table = Table({"one": "collections:Counter()", "none": "no.such.module:Thing"})
    assert list(table) == ["one", "none"] and len(table) == 2 and "none" in table
    assert table["one"] == {} and table["one"] is table["one"]
    with pytest.raises(ModuleNotFoundError):
        table["none"]
    with pytest.raises(KeyError):
        table["two"]
