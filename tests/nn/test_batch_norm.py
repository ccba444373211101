"""Does batch norm remember what it saw; do its averages go through the loop and a folder; may its batch be divided?"""

import fake_device  # noqa: F401  (registers the device "fake")
import numpy as np
import pytest

from tinyformer.backend import device_of, to_host
from tinyformer.engine import Tensor
from tinyformer.errors import InputError
from tinyformer.nn import BatchNorm, Linear, Module
from tinyformer.nn.batch_norm import named
from tinyformer.ops import mean_squared_error
from tinyformer.train import Settings, load_model, save_model, train


class Net(Module):
    """Two layers with a norm between them."""

    divisible = False

    def __init__(self, rng):
        self.widen, self.norm, self.narrow = Linear(3, 4, rng), BatchNorm(4, rng), Linear(4, 1, rng)

    def __call__(self, x, train=False, fresh=None):
        return self.narrow(self.norm(self.widen(x), train, fresh))

    def loss(self, batch, counts=None, rng=None):
        fresh: dict = {}
        return mean_squared_error(self(batch[0], True, fresh), target=batch[1]), named(self, fresh)


def batch(rows=6):
    rng = np.random.default_rng(1)
    return rng.normal(size=(rows, 3)).astype(np.float32), rng.normal(size=(rows, 1)).astype(np.float32)


def test_the_averages_are_pytorchs():
    torch = pytest.importorskip("torch", reason="PyTorch, the outside oracle, is not installed")
    ours, theirs, rng = BatchNorm(3, np.random.default_rng(0)), torch.nn.BatchNorm1d(3), np.random.default_rng(2)
    for _ in range(3):
        x, fresh = rng.normal(size=(5, 3)).astype(np.float32) * 3 + 1, {}
        out = ours(x, train=True, fresh=fresh)
        ours.put(named(ours, fresh))
        assert np.allclose(out.data, theirs(torch.tensor(x)).detach().numpy(), atol=1e-5)
    assert np.allclose(ours.buffers["mean"], theirs.running_mean.numpy(), atol=1e-6)
    assert np.allclose(ours.buffers["variance"], theirs.running_var.numpy(), rtol=1e-5)
    assert np.allclose(ours(x).data, theirs.eval()(torch.tensor(x)).detach().numpy(), atol=1e-5)


def test_a_forward_pass_changes_nothing_by_itself():
    norm, fresh = BatchNorm(2, np.random.default_rng(0)), {}
    norm(np.array([[1.0, 2.0], [3.0, 8.0]], np.float32), train=True, fresh=fresh)
    assert norm.buffers["mean"].tolist() == [0, 0] and norm.buffers["variance"].tolist() == [1, 1]
    assert np.allclose(named(norm, fresh)["mean"], [0.2, 0.5])
    assert np.allclose(named(norm, fresh)["variance"], [0.9 + 0.2, 0.9 + 1.8]), "unbiased, over N - 1"


def test_through_the_loop_and_a_folder(tmp_path):
    net, rows = Net(np.random.default_rng(0)), batch()
    train(net, [rows], Settings(steps=60, learning_rate=0.0), progress=False)
    assert list(net.named_buffers()) == ["norm.mean", "norm.variance"]
    mean, seen = net.widen(rows[0]).data.mean(0), net.norm.buffers["mean"]
    assert np.allclose(seen, mean * (1 - 0.9 ** 60), rtol=1e-3), "60 steps on one batch"
    again, _ = load_model(save_model(tmp_path / "net", net), Net(np.random.default_rng(5)))
    assert np.array_equal(again(rows[0]).data, net(rows[0]).data)


@pytest.mark.parametrize("changes", [dict(accumulate=2), dict(workers=2)])
def test_its_batch_cannot_be_divided(changes):
    class Rows(list):
        counts = None

        def split(self, n):
            raise AssertionError("nobody asks")

    with pytest.raises(InputError, match="Net says that its rows depend on one another"):
        train(Net(np.random.default_rng(0)), [Rows(batch())], Settings(steps=2, **changes), progress=False)


def test_on_another_device():
    net = Net(np.random.default_rng(0)).to("fake")
    x, fresh = Tensor(batch()[0]).to("fake"), {}
    net(x, train=True, fresh=fresh)
    net.put(named(net, fresh))
    assert {device_of(array) for array in net.named_buffers().values()} == {"fake"}
    here, fresh = Net(np.random.default_rng(0)), {}
    here(batch()[0], train=True, fresh=fresh)
    here.put(named(here, fresh))
    assert np.allclose(to_host(net(x).data), here(batch()[0]).data, atol=1e-6)
