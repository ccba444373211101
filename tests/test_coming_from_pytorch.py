"""Is what the page for those who come from PyTorch says true?  Its lines are typed here and there, and compared."""

import re
from pathlib import Path

import numpy as np
import pytest
from walk import close, cotangent

import tinyformer
from tinyformer import Tensor, nn, ops
from tinyformer.engine import REGISTRY

PAGE = (Path(__file__).parent.parent / "examples" / "coming-from-pytorch.md").read_text(encoding="utf-8")
X, Y = np.array([[0.5, -2.0, 3.0], [1.5, 0.25, -1.0]]), np.array([[1.0, 2.0, -1.0], [0.5, 3.0, 2.0]])
MASK, TARGET = np.array([[True, False, True], [False, True, True]]), np.array([2, 0])


def rows(title: str) -> list[list[str]]:
    """The lines of the table under a title: for each of its cells what stands in `backticks`."""
    table = re.search(rf"^## {title}\n(.*?)(?:^## |\Z)", PAGE, re.M | re.S)[1]
    lines = [line.strip("|").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    return [[re.findall(r"`([^`]+)`", cell) for cell in line] for line in lines if "`" in "".join(line)]


SAME = [line for row in rows("The same") for line in row[1]]
RENAMED = [(row[0][0], row[1][0]) for row in rows("The same, under another name or in another order")]
MISSING = [(row[0][0], row[1][0]) for row in rows("Not there")]


def ours() -> dict:
    return {"x": Tensor(X), "y": Tensor(Y), "mask": MASK, "target": TARGET, "ops": ops, "np": np}


def theirs() -> dict:
    torch = pytest.importorskip("torch", reason="PyTorch, the outside oracle, is not installed")
    x, y = (torch.tensor(a, requires_grad=True) for a in (X, Y))
    return {"x": x, "y": y, "mask": torch.tensor(MASK), "target": torch.tensor(TARGET), "torch": torch,
            "F": torch.nn.functional}


def typed(line: str, names: dict):
    """What a line gives, and the gradients of x and y under one cotangent, zeros where there is none."""
    out = eval(line, names)
    if not getattr(out, "requires_grad", False):
        return out, None
    seed = cotangent(tuple(out.shape)).astype(str(out.dtype).removeprefix("torch."))
    if isinstance(out, Tensor):
        out.backward(seed)
    else:
        out.backward(names["torch"].from_numpy(seed))
    return out.detach(), [np.zeros((2, 3)) if names[name].grad is None else np.asarray(names[name].grad)
                          for name in ("x", "y")]


def compare(here: str, there: str, tolerance: float = 1e-10) -> None:
    (a, our_grads), (b, their_grads) = typed(here, ours()), typed(there, theirs())
    if isinstance(a, str):
        assert a == b
        return
    close(np.asarray(a.data if isinstance(a, Tensor) else a), np.asarray(b), tolerance)
    assert (our_grads is None) == (their_grads is None)
    for g, h in zip(our_grads or [], their_grads or [], strict=True):
        close(g, h, tolerance)


def test_the_tables_are_read():
    assert len(SAME) > 60 and len(RENAMED) >= 20 and len(MISSING) >= 13


@pytest.mark.parametrize("line", SAME)
def test_what_is_the_same_comes_out_the_same(line):
    compare(line, line)


@pytest.mark.parametrize("there, here", RENAMED)
def test_under_another_name_it_comes_out_the_same(there, here):
    compare(here, there)
    if "ops." not in there and here.partition("(")[0] == there.partition("(")[0] and "std" not in there:
        with pytest.raises((TypeError, AttributeError)):       # what PyTorch's users type says so
            eval(there, ours())


@pytest.mark.parametrize("there, here", MISSING)
def test_what_is_not_there_is_refused_and_can_be_written(there, here):
    line = there.replace("F.", "ops.")
    with pytest.raises((AttributeError, NameError)):
        eval(line, ours())
    compare(here, there, 1e-6)


def test_what_is_different_on_purpose_is_as_it_says():
    x = Tensor(X)
    assert x.requires_grad and not (Tensor(X, requires_grad=False) * X).requires_grad
    assert Tensor([1, 2]).dtype == np.float64
    for refused in (lambda: Tensor(X.astype(np.float32)) * x, lambda: x.__setitem__(0, 1), lambda: np.exp(x),
                    lambda: np.mean(x), lambda: np.concatenate([x, x]), lambda: np.asarray(x)):
        with pytest.raises(TypeError):
            refused()
    for refused in (lambda: (x * 2).backward(), lambda: x.sum().backward(create_graph=True)):
        with pytest.raises(ValueError):
            refused()
    x.sum().backward()
    assert type(x.grad) is np.ndarray and nn.Linear(300, 300, np.random.default_rng(0)).weight.data.std() < 0.021
    assert not hasattr(nn.Linear(1, 1, None), "eval") and not hasattr(nn, "ReLU") and hasattr(tinyformer, "guard")
    assert [piece.size for piece in Tensor(np.ones(6)).split(2)] == [2, 2, 2]
    assert [piece.size for piece in np.split(np.ones(6), 2)] == [3, 3]


def test_the_op_of_ones_own_is_no_op_of_ours():
    assert "log_cosh" not in REGISTRY and "@tf.primitive" in PAGE
