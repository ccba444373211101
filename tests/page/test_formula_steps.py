"""Are the steps of a formula what NumPy computes, and is the way back the gradient?"""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from tinyformer import ops
from tinyformer.errors import InputError
from tinyformer.gradcheck import check
from tinyformer.ops import every
from tinyformer.page.drawing import as_data
from tinyformer.page.expressions import FUNCTIONS
from tinyformer.page.formula_steps import DOUT, Steps, read_sizes, shown
from tinyformer.page.view import View
from tinyformer.page.views.graph import EXAMPLES, Formula, steps


def test_each_step_is_what_numpy_computes():
    found = Steps("h = x @ w\nsoftmax(h)", "x 2 3; w 3 2")
    x, w = (found.leaves[name].data for name in "xw")
    powers = np.exp(x @ w)
    soft = powers / powers.sum(-1, keepdims=True)
    dout = found.names[DOUT]
    assert [step["op"] for step in found.forward] == ["matmul", "masked_softmax", "multiply", "sum"]
    assert [step["inputs"] for step in found.forward] == [["x", "w"], ["h"], ["step 2", DOUT], ["step 3"]]
    assert [step["numbers"] for step in found.forward] == [
        shown(a) for a in (x @ w, soft, soft * dout, (soft * dout).sum())]
    dh = soft * (dout - (dout * soft).sum(-1, keepdims=True))
    assert np.allclose(found.gradients["x"], dh @ w.T) and np.allclose(found.gradients["w"], x.T @ dh)
    assert [step["op"] for step in found.backward] == ["sum", "multiply", "masked_softmax", "matmul"]
    assert found.backward[-1]["dout"] == shown(dh) and found.backward[-1]["gives"][0]["numbers"] == shown(dh @ w.T)


@pytest.mark.parametrize("formula, sizes", [(formula, sizes) for _, formula, sizes in EXAMPLES] + [
    ("mean((x - y) ** 2)", "x 2 3; y 3"), ("sum(x.T / (1 + exp(-x.T)))", "x 2 3"),
    ("layer_norm(x, g, b)", "x 2 4; g 4; b 4"), ("std(x * y, axis=0)", "x 3 1; y 1 2"),
    ("sum(embedding(t, ids=[0, 2, 0]) @ w)", "t 3 2; w 2 2"), ("a * b + c", "a 2 1 3; b 2 1; c"),
])
def test_the_way_back_is_the_gradient(formula, sizes):
    found = Steps(formula, sizes, seed=3)
    if found.root is not found.result:                         # the product with dout, and the sum of that
        assert [step["op"] for step in found.forward][-2:] == ["multiply", "sum"]
    found.root.backward()
    assert found.gradients and all(np.allclose(found.gradients[name], leaf.grad, rtol=1e-12)
                                   for name, leaf in found.leaves.items())


def test_what_arrives_in_several_parts_is_gathered():
    found = Steps("b = 2 * a\nsum(b * b)", "a 3")
    first, second = found.backward[1]["gives"]
    assert first["to"] == second["to"] == "b" and first["numbers"] == second["numbers"] == first["gathered"]
    assert second["gathered"] == shown(2 * found.names["b"].data) == found.backward[2]["dout"]
    assert np.allclose(found.gradients["a"], 8 * found.leaves["a"].data)


def test_every_function_is_an_op_with_these_constants():
    primitives = every()
    for name, takes in FUNCTIONS.items():
        op = primitives.get(name)
        assert callable(getattr(ops, name)) and (op is None or {*takes.split()} <= {*op.constants})
        assert op is None or op.linear or op.cases, name


def test_the_ops_of_the_grammar_are_right():
    report = check(lambda x, w: ops.softmax(x @ w), np.ones((2, 3)) / 7, np.arange(6.0).reshape(3, 2))
    assert report.ok


@pytest.mark.parametrize("text, found", [
    ("x 2 3; w 3 x 4", {"x": (2, 3), "w": (3, 4)}), ("x: 2,3\ny = (3)", {"x": (2, 3), "y": (3,)}), ("c", {"c": ()}),
    ("x (2, 3, 4)", {"x": (2, 3, 4)}), ("", {}), ("x2 3x4", {"x2": (3, 4)})])
def test_sizes_are_read(text, found):
    assert read_sizes(text) == found


@pytest.mark.parametrize("formula, sizes, complaint", [
    ("x @ w", "x 2 3; w 2 3", "matmul: a is (2, 3), b is (2, 3)"), ("x @ w", "x 2 3", "w: its size is not given"),
    ("x", "x 2", "there is no graph"), ("2 * 3", "x 2", "applied to numbers alone"),
    ("x * 2", "x 2 13", "sides of 1 to 12"), ("x * 2", "x 0", "sides of 1 to 12"),
    ("x * 2", "x 1 1 1 1", "at most 3 sides"), ("x * 2", "x two", "is no size"), ("x * 2", "x 2; x 3", "given twice"),
    ("x * 2", "sum 2", "the name of a function"), ("x * 2", "dout 2", "given twice"),
    ("x = y * 2", "x 2; y 2", "x is there already"), ("x * y", "x 2; y 3", "multiply"),
    ("cross_entropy(x, target=[0, 9])", "x 2 3", "9"), ("sum(x, axis=4)", "x 2", "axis 4"),
    ("x * 2", "; ".join(f"x{n} 1" for n in range(13)), "13 arrays"), ("embedding(x, ids=[7])", "x 2 3", "7")])
def test_what_does_not_fit_is_refused_with_the_rule(formula, sizes, complaint):
    with pytest.raises(InputError) as refused:
        Steps(formula, sizes)
    assert complaint in str(refused.value)


def test_what_is_no_number_is_shown_and_not_an_error():
    found = Steps("log(x - 100)", "x 2")
    assert found.forward[-1]["numbers"] == [["nan"]]


def test_a_line_that_leads_nowhere_is_left_out():
    found = Steps("h = tanh(x * 2)\nexp(x)\nsum(x * x)", "x 2")
    assert [step["op"] for step in found.forward] == ["multiply", "sum"] and "tanh" not in found.graph.svg


def test_sizes_are_read_in_linear_time():
    with pytest.raises(InputError, match="is no size"):
        read_sizes("x " + "1" * 100_000 + "!")
    with pytest.raises(InputError, match="is no size"):
        read_sizes("x " + "1 " * 100_000 + "!")


def test_what_is_not_used_is_said():
    assert Steps("sum(x * x)", "x 2; y 2").note == "y: the formula does not use it"


def test_three_axes_are_shown_as_matrices():
    assert shown(np.arange(8.0).reshape(2, 2, 2)) == [["0", "1"], ["2", "3"], [], ["4", "5"], ["6", "7"]]


# ---- the picture -----------------------------------------------------------------------------------------------------


def test_the_view_draws_what_a_graph_draws():
    answer = steps(None, Formula(formula="h = tanh(x)\nsum(h * h)", sizes="x 2"))
    texts = " ".join(_texts(answer["picture"]))
    assert all(word in texts for word in ("tanh", "h = ", "sum", "x")) and "(2,)" in texts
    groups = re.findall("step-[0-9]+", str(answer["picture"]))
    assert groups == ["step-0", "step-1", "step-2"] and len(answer["forward"]) == 3


def test_a_picture_is_made_of_nothing_else():
    for bad in ("<svg><script>1</script></svg>", "<svg><image/></svg>", '<svg><g onclick="x"/></svg>',
                '<svg><text style="x">y</text></svg>', '<svg><a href="x"/></svg>'):
        with pytest.raises(ValueError, match="as_data"):
            as_data(bad)
    with pytest.raises(ElementTree.ParseError):
        as_data("<svg>")


def test_the_view_says_what_it_is():
    from tinyformer.page.views.graph import VIEW
    assert isinstance(VIEW, View) and VIEW.serves is None and {*VIEW.functions} == {"examples", "steps"}


def _texts(element) -> list[str]:
    return [text for child in element[2] for text in ([child] if isinstance(child, str) else _texts(child))]
