"""Can the checker be trusted with any function, and does it leave everything as it was?"""

import json

import numpy as np
import pytest

from tinyformer import REGISTRY, Tensor, gradcheck, ops, primitive
from tinyformer.engine import Call, Special
from tinyformer.errors import InputError
from tinyformer.gradcheck import check, check_op, check_registry, hvp, load_primitives, select, sweep, sweep_op

POINT = np.random.default_rng(0).normal(size=(2, 3))


@primitive(register=False)
def cube(xp, x):
    """x³."""
    return x * x * x, lambda dout: dout * (3 * x * x)


@primitive(register=False)
def wrong_cube(xp, x):
    """x³ with a factor 2 in its slope."""
    return x * x * x, lambda dout: dout * (2 * x * x)


@primitive(register=False)
def real_cube(xp, x):
    """x³ that does not run on complex numbers."""
    if x.dtype.kind == "c":
        raise TypeError("no complex numbers here")
    return x * x * x, lambda dout: dout * (3 * x * x)


class Line:
    """The least that counts as a module: something with parameters."""

    def __init__(self, dtype=np.float64):
        rng = np.random.default_rng(1)
        self.weight, self.bias = (Tensor(rng.normal(size=s).astype(dtype)) for s in ((4, 3), (4,)))

    def parameters(self):
        return [self.weight, self.bias]

    def loss(self):
        x = POINT.astype(self.weight.data.real.dtype)
        hidden = ops.tanh(ops.affine(x, self.weight, self.bias))
        return (hidden * hidden).mean()


def rows(report) -> dict:
    return {row.check: row for row in report.rows}


# ---- what can be checked ---------------------------------------------------------------------------------------------


def test_a_primitive_of_ones_own():
    assert check(cube, POINT).ok
    report = check(wrong_cube, POINT)
    assert not report and not rows(report)["complex step"].ok and rows(report)["float32"].ok
    assert "input 0[" in rows(report)["central"].note and "backward says" in rows(report)["central"].note


def test_a_lambda_of_arrays_numbers_and_tensors():
    report = check(lambda a, b, c: ops.exp(a) * b + c, POINT, 1.5, Tensor(np.ones(3)))
    assert report.ok and report.name == "f"
    assert {"Taylor", "adjoint"}.isdisjoint(rows(report)), "neither a scalar nor known to be linear"


def test_a_computed_tensor_is_taken_as_a_leaf():
    hidden = Tensor(POINT) * 2.0
    assert check(lambda x: ops.tanh(x), hidden).ok


def test_a_module_given_to_the_function_or_closed_over():
    model = Line()
    for report in (check(lambda m: m.loss(), model), check(model.loss, model), check(model.loss, model.weight)):
        assert report.ok and rows(report)["Taylor"].note == "order 2.00"


def test_a_module_with_a_wrong_gradient_is_caught_by_every_way_of_looking():
    model = Line()
    for name in ("complex step", "central", "Taylor"):
        report = check(lambda: wrong_cube(model.loss()), model, checks=name)
        assert not report.ok and rows(report)[name].error is not None


@pytest.mark.parametrize("shape", [(), (1,), (0,), (2, 0)])
def test_numbers_without_a_shape_and_arrays_without_numbers(shape):
    for f in (cube, ops.gelu, ops.negate, lambda x: x.sum()):
        assert check(f, np.ones(shape)).ok


def test_a_linear_primitive_gets_the_adjoint_test():
    assert rows(check(ops.negate, POINT))["adjoint"].ok
    assert not check(ops.exp, POINT, checks=["adjoint"]).ok, "exp is not linear"


def test_many_inputs_are_looked_at_along_random_directions():
    point = np.random.default_rng(0).normal(size=(20, 30))
    assert check(cube, point).ok
    report = rows(check(wrong_cube, point))
    assert not report["central"].ok and "random direction" in report["central"].note


def test_a_tied_weight_is_moved_once():
    """Moved twice, its derivative would be twice its gradient."""
    w = Tensor(POINT)
    assert check(lambda a, b: (a * b).sum(), w, w).ok


def test_frozen_tensors_stay_where_they_are():
    frozen = Tensor(POINT, requires_grad=False)
    assert check(lambda a, b: (a * b).sum(), frozen, POINT + 1).ok
    with pytest.raises(ValueError, match="no input requires a gradient"):
        check(lambda a: a.sum(), frozen)


# ---- what a check allows ---------------------------------------------------------------------------------------------


def test_a_function_of_real_numbers_is_checked_by_differences():
    report = rows(check(real_cube, POINT))
    assert report["complex step"].error is None and report["complex step"].ok
    assert "not possible: no complex numbers here" in report["complex step"].note
    assert report["central"].ok and check(real_cube, POINT).ok


def test_a_complex_step_asked_for_by_name_must_be_possible():
    report = check(real_cube, POINT, checks=["complex step"])
    assert not report.ok and [row.check for row in report.rows] == ["complex step", "central"]


def test_losing_the_imaginary_part_is_no_mere_warning():
    @primitive(register=False)
    def lossy(xp, x):
        out = xp.zeros(x.shape)
        out[...] = x
        return out.astype(x.dtype), lambda dout: dout

    assert "ComplexWarning" in rows(check(lossy, POINT))["complex step"].note


def test_a_true_zero_is_no_failure():
    assert check(lambda x: ops.masked_softmax(x), np.ones((3, 1))).ok
    assert check(lambda x: x - x, POINT).ok
    assert check(ops.masked_softmax, POINT, cotangent=1.0).ok
    assert check(ops.layer_norm, POINT, np.ones(3), np.zeros(3), cotangent=np.ones((2, 3))).ok


def test_a_gradient_that_is_no_number_fails():
    @primitive(register=False)
    def blank(xp, x):
        return x * 1.0, lambda dout: dout * float("nan")

    report = check(blank, POINT)
    assert not any(rows(report)[c].ok for c in ("complex step", "central", "real part"))
    assert json.dumps(report.to_dict(), allow_nan=False)


def test_the_five_point_formula_is_asked_where_a_short_step_cancels():
    """Beside 1e6 a step of 1e-5 leaves five digits of the difference; a hundredfold one leaves seven."""
    def tall(x):
        return (x * x).sum() + 1e6

    assert check(tall, POINT, checks=["central"]).ok
    assert not check(tall, POINT, checks=["central"], step=1e-8).ok


def test_taylor_sees_a_slight_mistake_and_passes_a_straight_line():
    @primitive(register=False)
    def nearly(xp, x):
        return x * x, lambda dout: dout * (2.001 * x)

    assert not check(lambda x: nearly(x).sum(), POINT, checks=["Taylor"]).ok
    assert check(lambda x: (x * x).sum(), POINT, checks=["Taylor"]).ok
    assert "straight" in rows(check(lambda x: x.sum(), POINT, checks=["Taylor"]))["Taylor"].note


def test_the_gradient_under_test_may_be_float32():
    report = check(ops.layer_norm, POINT, np.ones(3), np.zeros(3), dtype=np.float32)
    assert report.ok and 1e-10 < rows(report)["complex step"].error < 1e-5
    assert not check(wrong_cube, POINT, dtype=np.float32).ok


def test_every_step_gives_the_same_complex_derivative():
    for h in (1e-8, 1e-100, 1e-200):
        assert check(cube, POINT, checks=["complex step"], h=h).ok
    assert not check(cube, POINT, checks=["complex step"], h=1e-2).ok, "long steps bend"


def test_another_seed_looks_in_other_directions():
    errors = {rows(check(wrong_cube, POINT, seed=s))["complex step"].error for s in range(3)}
    assert len(errors) == 3 and rows(check(wrong_cube, POINT))["complex step"].error in errors


# ---- everything is left as it was ------------------------------------------------------------------------------------


def test_data_and_gradients_are_the_same_objects_afterwards():
    model = Line()
    model.loss().backward()
    before = [(p.data, p.grad, p.data.tobytes(), p.grad.tobytes()) for p in model.parameters()]
    check(lambda: model.loss(), model)
    hvp(lambda: model.loss(), model, [np.ones(p.shape) for p in model.parameters()])
    sweep(lambda: model.loss(), model, steps=[1e-5], directions=1)
    for p, (data, grad, numbers, slopes) in zip(model.parameters(), before, strict=True):
        assert p.data is data and p.grad is grad and data.tobytes() == numbers and grad.tobytes() == slopes


@pytest.mark.parametrize("use", [check, sweep, lambda f, model: hvp(f, model, [np.ones((4, 3)), np.ones(4)])])
def test_they_are_restored_after_an_exception_too(use):
    model = Line()
    before = [(p.data, p.data.tobytes()) for p in model.parameters()]

    def breaks_off():
        assert model.weight.data is not before[0][0], "f runs on a copy"
        raise KeyError("broken")

    with pytest.raises(KeyError):
        use(breaks_off, model)
    assert all(p.data is data and p.data.tobytes() == numbers
               for p, (data, numbers) in zip(model.parameters(), before, strict=True))


def test_an_op_that_writes_into_its_input_cannot_reach_the_users_array():
    @primitive(register=False)
    def clumsy(xp, x):
        x *= 2.0
        return x + 0.0, lambda dout: dout * 2.0

    mine = POINT.copy()
    report = check(clumsy, mine)
    assert not rows(report)["twice"].ok and "input 0 was overwritten" in rows(report)["twice"].note
    assert mine.tobytes() == POINT.tobytes()


# ---- wrong use -------------------------------------------------------------------------------------------------------


def test_a_function_that_gives_two_results_at_one_point():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="two results.*make the generator anew inside f"):
        check(lambda x: ops.dropout(x, rate=0.5, rng=rng), POINT)
    assert check(lambda x: ops.dropout(x, rate=0.5, rng=np.random.default_rng(0)), POINT).ok


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_point_outside_the_domain():
    with pytest.raises(ValueError, match="f is not finite here .* inside its domain"):
        check(ops.log, -np.ones(3))


def test_results_and_inputs_of_the_wrong_kind():
    with pytest.raises(TypeError, match="f returned ndarray; it must return a Tensor"):
        check(lambda x: x.data, POINT)
    with pytest.raises(TypeError, match="pass real numbers"):
        check(cube, POINT + 0j)
    with pytest.raises(TypeError, match="no gradient"):
        check(lambda x: x, np.arange(3))
    with pytest.raises(InputError, match="did you mean 'complex step'"):
        check(cube, POINT, checks=["complex-step"])


def test_errors_of_the_backward_are_reported_and_those_of_the_forward_raised():
    @primitive(register=False)
    def short(xp, a, b):
        return a + b, lambda dout: (dout,)

    report = check(short, POINT, POINT)
    assert not report.ok and "1 gradients for 2 inputs" in rows(report)["backward"].note
    with pytest.raises(ValueError, match="add: a is"):
        check(ops.add, np.ones(2), np.ones(3))


# ---- reports ---------------------------------------------------------------------------------------------------------


def test_a_report_prints_as_an_aligned_table():
    lines = str(check(wrong_cube, POINT)).splitlines()
    assert lines[0] == "wrong_cube: WRONG" and lines[1].split() == ["check", "error", "bound", "verdict"]
    column = lines[1].index("verdict")
    assert {line[column:].split()[0] for line in lines[2:]} == {"ok", "WRONG"}


def test_a_report_as_json():
    found = json.loads(json.dumps(check_op(ops.relu).to_dict(), allow_nan=False))
    assert found["op"] == "relu" and found["ok"] is True
    assert found["cases"] == len(ops.relu.cases) + len(ops.relu.specials)
    assert found["checks"]["complex step"].keys() >= {"error", "bound", "ok"}
    assert 0 <= found["checks"]["complex step"]["error"] < found["checks"]["complex step"]["bound"] == 1e-10


# ---- primitives by name and by file ----------------------------------------------------------------------------------


def test_one_report_after_the_other():
    reports = check_registry(["relu", "exp"])
    assert next(reports).name == "relu" and next(reports).name == "exp" and next(reports, None) is None
    assert len(select()) == len(REGISTRY)


def test_an_unknown_name_is_refused_at_once_with_the_nearest():
    with pytest.raises(InputError, match="op 'layernorm' is not known; did you mean 'layer_norm'"):
        check_registry(["relu", "layernorm"])


def test_an_op_without_a_case_fails():
    report = check_op(primitive(lambda xp, x: (x, lambda dout: dout), register=False))
    assert not report.ok and "write one with @" in rows(report)["cases"].note


def test_a_case_that_breaks_and_a_special_point_that_is_missed_are_failures_with_their_titles():
    own = primitive(cube.raw, register=False)

    @own.case
    def _(rng):
        """nowhere"""
        raise RuntimeError("no point")

    @own.special
    def _(rng):
        """zero"""
        return Special(np.zeros(2)).expect(out=[0.0, 1.0])

    @own.special
    def _(rng):
        """too large for float32"""
        return Special(np.full(2, 1e20)).expect()

    found = rows(check_op(own))
    assert not found["runs"].ok and found["runs"].note.startswith("nowhere: RuntimeError: no point (")
    assert not found["special"].ok
    assert found["special"].note.startswith("zero: in float64: value and gradients are [0. 0.]")
    del own.specials["zero"]
    assert rows(check_op(own))["special"].note.startswith("too large for float32: in float32")


FILE = '''
"""A user's own primitives."""
import numpy as np
from beside import SLOPE
from tinyformer import Call, ops, primitive
from tinyformer.ops import exp

@primitive
def relu(xp, x):
    return xp.where(x.real > 0, x, SLOPE * x), lambda dout: xp.where(x.real > 0, dout, SLOPE * dout)

@primitive(register=False)
def double(xp, x):
    return 2.0 * x, lambda dout: dout

@relu.case
@double.case
def _(rng):
    """away from the kink"""
    return Call(np.array([-1.0, 2.0]))
'''


@pytest.fixture
def file(tmp_path):
    (tmp_path / "beside.py").write_text("SLOPE = 0.1\n")
    path = tmp_path / "my_ops.py"
    path.write_text(FILE)
    return path


def test_primitives_come_from_a_file_and_leave_the_registry_alone(file):
    before = dict(REGISTRY)
    own = load_primitives(file)
    assert [op.name for op in own] == ["relu", "double"] and REGISTRY == before and own[0] is not REGISTRY["relu"]
    assert [check_op(op).ok for op in own] == [True, False]
    assert [report.ok for report in check_registry(ops=own)] == [True, False]
    assert select(["relu", "exp"], own) == [own[0], ops.exp], "the user's own first, then the built-in ones"


@pytest.mark.parametrize("text, message", [
    ("x = 1\ndef f(:\n", r"my_ops.py:2: invalid syntax"),
    ("x = 1\n\n1 / 0\n", r"my_ops.py:3: ZeroDivisionError: division by zero"),
    ("import not_a_module\n", r"my_ops.py:1: ModuleNotFoundError: No module named 'not_a_module'"),
    ("from tinyformer.ops import relu\n", r"my_ops.py: defines no primitive; write @tinyformer.primitive"),
    ("from tinyformer import primitive\n\n@primitive\ndef f(x):\n    pass\n", r"my_ops.py:3: TypeError: .* be xp"),
])
def test_a_file_that_cannot_be_used(file, text, message):
    before = dict(REGISTRY)
    file.write_text(text)
    with pytest.raises(InputError, match=message):
        load_primitives(file)
    assert REGISTRY == before


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="none.py: no such file"):
        load_primitives(tmp_path / "none.py")
    with pytest.raises(InputError, match="is a folder"):
        load_primitives(tmp_path)


# ---- the valley ------------------------------------------------------------------------------------------------------


def test_the_valley_of_steps():
    found = sweep(ops.tanh, POINT)
    assert len(found.steps) == len(found.float64) == len(found.float32) == len(found.complex_step)
    best, best32 = found.steps[found.float64.argmin()], found.steps[found.float32.argmin()]
    assert 1e-7 < best < 1e-4 < best32 < 1e-1, "about the cube root of the last place"
    assert found.float64.min() < 1e-9 and found.float64[0] > 1e-2 and found.float64[-1] > 1e-4
    assert found.float32.min() > 1e-6
    assert found.complex_step[found.steps <= 1e-8].max() < 1e-14, "flat: nothing cancels"
    assert "tanh" in str(found) and len(str(found).splitlines()) == len(found.steps) + 2


def test_a_wrong_backward_lifts_the_flat_line_and_leaves_the_valley_alone():
    right, wrong = sweep(cube, POINT), sweep(wrong_cube, POINT)
    np.testing.assert_array_equal(right.float64, wrong.float64)
    np.testing.assert_array_equal(right.float32, wrong.float32)
    assert right.complex_step[0] < 1e-14 and wrong.complex_step.min() > 0.1


def test_without_complex_numbers_there_is_no_flat_line():
    found = sweep(real_cube, POINT)
    assert np.isnan(found.complex_step).all() and found.float64.min() < 1e-9


def test_the_valley_of_a_primitive_at_one_of_its_cases():
    assert sweep_op(ops.gelu).name == "gelu: the exact form, near zero and far out"
    assert sweep_op(ops.gelu, case="the tanh form", steps=[1e-5]).float64[0] < 1e-6
    with pytest.raises(InputError, match="did you mean 'the tanh form'"):
        sweep_op(ops.gelu, case="tanh form")


# ---- second derivatives ----------------------------------------------------------------------------------------------


def test_hvp_against_the_hessian_written_down():
    """f(x) = xᵀ A x / 2 + sum exp(x) has the Hessian (A + Aᵀ) / 2 + diag(exp x)."""
    rng = np.random.default_rng(0)
    a, x, v = rng.normal(size=(5, 5)), rng.normal(size=(5, 1)), rng.normal(size=(5, 1))
    hessian = (a + a.T) / 2 + np.diag(np.exp(x[:, 0]))
    tensor = Tensor(x)

    def f():
        return (tensor.T @ (a @ tensor)).sum() * 0.5 + ops.exp(tensor).sum()

    (found,) = hvp(f, tensor, v)
    np.testing.assert_allclose(found, hessian @ v, rtol=1e-14)


def test_hvp_over_several_tensors():
    """f(a, b) = sum a² b: the blocks are 2b, 2a and 0.  c takes no part."""
    rng = np.random.default_rng(0)
    a, b, c, u, v = rng.normal(size=(5, 3))
    found = hvp(lambda a, b, c: (a * a * b).sum(), [a, b, c], [u, v, v])
    np.testing.assert_allclose(found, [2 * b * u + 2 * a * v, 2 * a * u, 0 * c], rtol=1e-14)


def test_hvp_of_a_frozen_tensor_is_zero_and_it_does_not_move():
    a, b = np.arange(1.0, 4.0), Tensor(np.ones(3), requires_grad=False)
    first, second = hvp(lambda a, b: (a * a * b).sum(), [a, b], [np.ones(3), np.ones(3)])
    assert first.tolist() == [2, 2, 2] and second.tolist() == [0, 0, 0]


def test_hvp_of_a_module_in_float32_is_computed_in_float64():
    model, twin = Line(np.float32), Line(np.float64)
    twin.weight.data, twin.bias.data = (p.data.astype(np.float64) for p in model.parameters())
    v = [np.ones(p.shape) for p in model.parameters()]
    for ours, theirs in zip(hvp(lambda m: m.loss(), model, v), hvp(lambda m: m.loss(), twin, v), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    assert model.weight.dtype == np.float32 and model.weight.grad is None


def test_hvp_says_what_it_cannot_do():
    with pytest.raises(TypeError, match="does not run on complex numbers .no complex numbers here"):
        hvp(lambda x: real_cube(x).sum(), POINT, POINT)
    with pytest.raises(TypeError, match="gave a result of float64"):
        hvp(lambda x: Tensor(POINT).sum(), POINT, POINT)
    with pytest.raises(ValueError, match=r"direction has shapes \[\(2,\)\], the parameters have \[\(2, 3\)\]"):
        hvp(lambda x: x.sum(), POINT, np.ones(2))
    with pytest.raises(ValueError, match="belongs to one number"):
        hvp(lambda x: x * 1.0, POINT, POINT)


def test_every_public_name_is_there():
    assert all(hasattr(gradcheck, name) for name in gradcheck.__all__)
    assert isinstance(next(iter(ops.exp.cases.values()))(np.random.default_rng(0)), Call)
