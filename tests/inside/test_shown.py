"""Does a tensor say what it is, on one line or as a table?"""

import numpy as np

from tinyformer import Tensor, ops


def test_few_numbers_are_all_shown():
    assert repr(Tensor([[1.0, 2.0]])) == "Tensor([[1. 2.]])"
    assert repr(ops.exp(Tensor(0.0))) == "Tensor(1., from exp)"
    assert repr(Tensor(np.zeros((0, 3)))).startswith("Tensor([]")


def test_many_numbers_are_one_line_with_shape_and_dtype():
    x = Tensor(np.arange(24, dtype=np.float32).reshape(2, 3, 4) - 1.5)
    assert repr(x) == "Tensor(shape (2, 3, 4), float32, -1.5 to 21.5)"
    assert repr(ops.relu(x)) == "Tensor(shape (2, 3, 4), float32, 0 to 21.5, from relu)"
    x.data[0, 0, 0] = np.nan
    assert "nan to nan" in repr(x), "a NaN is not to be missed"
    assert repr(Tensor(np.zeros(21, complex))) == "Tensor(shape (21,), complex128)"


def test_a_notebook_gets_a_table_of_a_small_matrix_and_else_the_text():
    html = (Tensor([[1.0, 2.5], [3.0, 4.0]]) * 1)._repr_html_()
    assert html.startswith("<table><caption>Tensor (2, 2) float64, from scale</caption>")
    assert html.count("<tr>") == 2 and html.count("<td") == 4 and ">2.5</td>" in html
    assert Tensor([1.0, 2.0])._repr_html_().count("<tr>") == 1
    for other in (Tensor(1.0), Tensor(np.zeros((2, 2, 2))), Tensor(np.zeros((300, 2))), Tensor(np.zeros((2, 300)))):
        assert other._repr_html_() == f"<code>{repr(other)}</code>"
