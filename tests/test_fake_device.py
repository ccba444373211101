"""Does every primitive run on a device that is no host, and give the host's numbers there?"""

import fake_device
import numpy as np
import pytest
from walk import cases, close, cotangent, on, run, specials

from tinyformer import backend, ops
from tinyformer.engine import Tensor

xp = fake_device.xp


@pytest.mark.parametrize("constants_too", [False, True], ids=["constants on the host", "constants on the device"])
@pytest.mark.parametrize("op, make", cases())
def test_every_case_equals_numpy(op, make, constants_too):
    out, grads = run(op, make(), "fake", constants_too=constants_too)
    expected, expected_grads = run(op, make())
    for ours, theirs in zip([out, *grads], [expected, *expected_grads], strict=True):
        assert ours.dtype == theirs.dtype
        close(ours, theirs, 1e-12)


@pytest.mark.parametrize("op, make", cases())
def test_every_case_in_float32_equals_numpy_and_stays_float32(op, make):
    out, grads = run(op, make(), "fake", np.float32)
    expected, expected_grads = run(op, make(), "cpu", np.float32)
    for ours, theirs in zip([out, *grads], [expected, *expected_grads], strict=True):
        assert ours.dtype == theirs.dtype == np.float32
        close(ours, theirs, 1e-6)                              # NumPy may take a faster path, with its own rounding


@pytest.mark.parametrize("op, make", specials())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_special_case_equals_numpy(op, make):
    out, grads = run(op, make(), "fake")
    expected, expected_grads = run(op, make())
    for ours, theirs in zip([out, *grads], [expected, *expected_grads], strict=True):
        close(ours, theirs, 1e-12)


@pytest.mark.parametrize("op, make", cases())
def test_the_complex_step_runs_on_the_device(op, make):
    """<dout, J v> from a complex step forward equals <J^T dout, v> from backward, both on the device."""
    call = make()
    rng = np.random.default_rng(3)
    moves = [rng.normal(size=np.shape(a)) for a in call.arrays]
    lifted = [fake_device.asarray(a + 1e-30j * v) for a, v in zip(call.arrays, moves, strict=True)]
    out = backend.to_host(op(*lifted, **call.constants).data)
    _, grads = run(op, make(), "fake")
    forward = (cotangent(out.shape) * out.imag).sum() / 1e-30
    back = sum((g * v).sum() for g, v in zip(grads, moves, strict=True))
    assert abs(forward - back) <= 1e-10 * sum(np.linalg.norm(g) * np.linalg.norm(v) for g,
                                              v in zip(grads, moves, strict=True))


@pytest.mark.parametrize("op, make", [case for case in cases() if len(case.values[1]().arrays) > 1])
def test_a_mixture_of_devices_names_the_op_and_both(op, make):
    call = make()
    first, *others = call.arrays
    with pytest.raises(TypeError, match=f"{op.name}: inputs live in fake and numpy; move them to one device"):
        op(fake_device.asarray(first), *others, **call.constants)


def test_a_training_step_written_out_runs_on_the_device():
    """Two layers, a loss, backward and a step: what the models do, by hand."""
    def losses(device):
        rng = np.random.default_rng(0)
        w1, b1, w2 = (Tensor(rng.normal(size=s)).to(device) for s in ((8, 4), (8,), (3, 8)))
        x, target = on(device, rng.normal(size=(5, 4))), rng.integers(0, 3, size=5)
        values = []
        for _ in range(5):
            loss = ops.cross_entropy(ops.affine(ops.affine_gelu(x, w1, b1), w2), target=target)
            loss.backward()
            for w in (w1, b1, w2):
                w.data -= 0.1 * w.grad
                w.grad = None
            values.append(loss.item())
        return values

    assert losses("cpu")[-1] < losses("cpu")[0]
    np.testing.assert_allclose(losses("fake"), losses("cpu"), rtol=1e-12)


# The guard itself: each of its complaints, so that none of them goes quiet.


ON_DEVICE, HOST = xp.asarray(np.arange(6.0).reshape(2, 3)), np.ones((2, 3))


@pytest.mark.parametrize("misuse", [
    lambda: ON_DEVICE + HOST, lambda: HOST + ON_DEVICE, lambda: ON_DEVICE * np.float64(2),
    lambda: np.float64(2) * ON_DEVICE,
    lambda: xp.multiply(ON_DEVICE, HOST), lambda: xp.where(HOST > 0, ON_DEVICE, 0), lambda: xp.exp(HOST),
    lambda: xp.exp(1.0),
    lambda: xp.concatenate([ON_DEVICE, HOST]), lambda: xp.multiply(ON_DEVICE, 2, out=HOST), lambda: ON_DEVICE @ HOST.T,
    lambda: ON_DEVICE[np.array([0, 1])], lambda: ON_DEVICE[[0, 1]], lambda: ON_DEVICE[np.int64(1)],
    lambda: ON_DEVICE.__setitem__(0, HOST[0]), lambda: ON_DEVICE.__iadd__(HOST), lambda: ON_DEVICE.sum(where=HOST > 0),
    lambda: np.exp(ON_DEVICE), lambda: np.sum(ON_DEVICE), lambda: np.concatenate([ON_DEVICE]),
    lambda: np.asarray(ON_DEVICE),
    lambda: float(ON_DEVICE.sum()), lambda: bool(ON_DEVICE.any()), lambda: int(ON_DEVICE[0, 0]),
    lambda: list(ON_DEVICE),
    lambda: range(3)[xp.asarray(1)], lambda: xp.add.at(xp.zeros(2, complex), xp.asarray([0]), xp.ones(1, complex)),
    lambda: xp.add.at(xp.zeros(2, np.int64), xp.asarray([0]), 1),
])
def test_the_fake_device_refuses(misuse):
    with pytest.raises(TypeError):
        misuse()


def test_ids_out_of_range_are_an_error_here_although_a_gpu_wraps_them():
    with pytest.raises(fake_device.WrappedRound):
        ON_DEVICE[xp.asarray([0, 2])]
    with pytest.raises(fake_device.WrappedRound):
        ON_DEVICE.copy()[xp.asarray([0]), xp.asarray([-4])] = 1.0
    with pytest.raises(fake_device.WrappedRound):
        xp.add.at(xp.zeros(2), xp.asarray([2]), 1.0)
    with pytest.raises(IndexError):                            # a plain number CuPy does check
        ON_DEVICE[2]


def test_a_function_that_cupy_may_not_have_is_named():
    with pytest.raises(AttributeError, match="xp.vecdot is not here"):
        xp.vecdot(ON_DEVICE, ON_DEVICE)


def test_results_without_axes_stay_arrays_and_views_know_their_base():
    assert type(ON_DEVICE.sum()) is type(ON_DEVICE[0, 0]) is fake_device.FakeArray
    assert ON_DEVICE.base is None and ON_DEVICE.T.base is ON_DEVICE and ON_DEVICE[:1].T.base is ON_DEVICE
    assert ON_DEVICE.copy().base is None and (ON_DEVICE + 1).base is None
    assert ON_DEVICE.real is ON_DEVICE and (ON_DEVICE + 0j).imag.base is not None


def test_empty_holds_nan_so_that_reading_it_shows():
    assert np.isnan(backend.to_host(xp.empty((2, 2)))).all()


def test_what_comes_down_is_a_copy():
    a = xp.zeros(3)
    backend.to_host(a)[...] = 1
    assert not backend.to_host(a).any()
