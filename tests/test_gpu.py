"""Does everything run on a real GPU, with the numbers of the CPU?  Skipped where there is none, with the reason."""

import numpy as np
import pytest
from walk import cases, close, cotangent, primitives, run, specials

from tinyformer import backend, ops
from tinyformer.engine import Tensor
from tinyformer.gradcheck import check_op

trouble = backend.cuda_trouble()
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(trouble is not None, reason=f"no GPU: {trouble}")]


@pytest.mark.parametrize("constants_too", [False, True], ids=["constants on the host", "constants on the device"])
@pytest.mark.parametrize("op, make", cases())
def test_every_case_equals_numpy(op, make, constants_too):
    out, grads = run(op, make(), "cuda", constants_too=constants_too)
    expected, expected_grads = run(op, make())
    for ours, theirs in zip([out, *grads], [expected, *expected_grads], strict=True):
        assert ours.dtype == theirs.dtype
        close(ours, theirs, 1e-10)


@pytest.mark.parametrize("op, make", cases())
def test_every_case_in_float32_equals_numpy_and_stays_float32(op, make):
    out, grads = run(op, make(), "cuda", np.float32)
    expected, expected_grads = run(op, make(), "cpu", np.float64)
    for ours, theirs in zip([out, *grads], [expected, *expected_grads], strict=True):
        assert ours.dtype == np.float32
        close(ours, theirs, 1e-4)


@pytest.mark.parametrize("op, make", specials())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_special_case_equals_numpy(op, make):
    out, grads = run(op, make(), "cuda")
    expected, expected_grads = run(op, make())
    for ours, theirs in zip([out, *grads], [expected, *expected_grads], strict=True):
        close(ours, theirs, 1e-10)


@pytest.mark.parametrize("op, make", cases())
def test_the_complex_step_on_the_device(op, make):
    call = make()
    rng = np.random.default_rng(3)
    moves = [rng.normal(size=np.shape(a)) for a in call.arrays]
    lifted = [backend.to_device(np.asarray(a + 1e-30j * v), "cuda") for a, v in zip(call.arrays, moves, strict=True)]
    out = backend.to_host(op(*lifted, **call.constants).data)
    _, grads = run(op, make(), "cuda")
    forward = (cotangent(out.shape) * out.imag).sum() / 1e-30
    back = sum((g * v).sum() for g, v in zip(grads, moves, strict=True))
    assert abs(forward - back) <= 1e-10 * sum(np.linalg.norm(g) * np.linalg.norm(v) for g,
                                              v in zip(grads, moves, strict=True))


@pytest.mark.parametrize("op", primitives())
def test_every_check_of_every_primitive_on_the_device(op):
    report = check_op(op, device="cuda")
    assert report.ok, report


def test_ids_outside_are_an_error_although_the_device_would_wrap_them():
    table = Tensor(np.ones((3, 2))).to("cuda")
    for ids in (np.array([3]), backend.to_device(np.array([3]), "cuda")):
        with pytest.raises(IndexError):
            ops.embedding(table, ids=ids)
        with pytest.raises(IndexError):
            table[ids]


def test_a_mixture_of_devices_is_named():
    with pytest.raises(TypeError, match="add: inputs live in cupy and numpy"):
        Tensor(np.ones(2)).to("cuda") + np.ones(2)


def test_there_and_back_again():
    x = np.random.default_rng(0).normal(size=(3, 4))
    there = Tensor(x).to("cuda")
    assert there.device == "cuda" and (there.to("cpu").data == x).all()
    assert backend.choose_device("auto") == ("cuda", "CuPy found a CUDA device")
    backend.synchronize()
