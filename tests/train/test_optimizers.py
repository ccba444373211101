"""Do the fast optimizers, flat and in chunks, compute the plain formulas of their papers?"""

import copy

import fake_device  # noqa: F401  (registers the device "fake")
import numpy as np
import pytest

from tinyformer.backend import to_device, to_host
from tinyformer.engine import Tensor
from tinyformer.errors import CheckpointError
from tinyformer.models import GPT, GPTConfig
from tinyformer.train.arena import lay_out
from tinyformer.train.optimizers import SGD, AdamW

SHAPES = {"table": (300, 130), "bias": (130,), "matrix": (3, 5), "gain": (5,), "number": (), "cube": (2, 3, 4)}
SETTINGS = dict(betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1)


def parameters(dtype=np.float64, device="cpu") -> dict[str, Tensor]:
    """More numbers than one chunk holds, and several tensors that share one."""
    rng = np.random.default_rng(0)
    return {name: Tensor(to_device(np.asarray(rng.normal(size=shape), dtype), device))
            for name, shape in SHAPES.items()}


def drawn(step: int) -> dict[str, np.ndarray]:
    """The gradients of a step; now and then one is missing, as in a step that did not use a parameter."""
    rng = np.random.default_rng(100 + step)
    grads = {name: np.asarray(rng.normal(size=shape)) for name, shape in SHAPES.items()}
    return {name: g for place, (name, g) in enumerate(grads.items()) if (step + place) % 4 or step == 0}


def follow(optimizer, named, steps=6):
    for step in range(steps):
        optimizer.zero_grad()
        for name, g in drawn(step).items():
            tensor = named[name]
            tensor.grad = to_device(g.astype(tensor.dtype), tensor.device)
        optimizer.step(0.01 * (step + 1))
    return {name: to_host(p.data) for name, p in named.items()}


def plain_adamw(steps=6, rates=None):
    """Algorithm 2 of Loshchilov and Hutter 2019, tensor by tensor, each at its own share of the rate."""
    (beta1, beta2), eps, decay = SETTINGS["betas"], SETTINGS["eps"], SETTINGS["weight_decay"]
    values = {name: p.data.copy() for name, p in parameters().items()}
    first, second, count = ({name: 0.0 for name in SHAPES} for _ in range(3))
    for step in range(steps):
        for name, g in drawn(step).items():
            count[name] += 1
            first[name] = beta1 * first[name] + (1 - beta1) * g
            second[name] = beta2 * second[name] + (1 - beta2) * g ** 2
            m = first[name] / (1 - beta1 ** count[name])
            v = second[name] / (1 - beta2 ** count[name])
            w = decay if values[name].ndim >= 2 else 0.0
            rate = 0.01 * (step + 1) * (rates or {}).get(name, 1)
            values[name] = values[name] - rate * (m / (np.sqrt(v) + eps) + w * values[name])
    return values


def plain_sgd(momentum, decay, steps=6):
    values = {name: p.data.copy() for name, p in parameters().items()}
    velocity = {name: 0.0 for name in SHAPES}
    for step in range(steps):
        for name, g in drawn(step).items():
            w = decay if values[name].ndim >= 2 else 0.0
            velocity[name] = momentum * velocity[name] + g + w * values[name]
            values[name] = values[name] - 0.01 * (step + 1) * velocity[name]
    return values


def close(a: dict, b: dict, tolerance=1e-12):
    assert a.keys() == b.keys()
    assert max(np.abs(a[name] - b[name]).max() for name in a) < tolerance


@pytest.mark.parametrize("device", ["cpu", "fake"])
def test_adamw_is_the_papers_algorithm(device):
    named = parameters(device=device)
    close(follow(AdamW(named, **SETTINGS), named), plain_adamw())


@pytest.mark.parametrize("device", ["cpu", "fake"])
def test_sgd_is_the_plain_formula(device):
    named = parameters(device=device)
    close(follow(SGD(named, momentum=0.9, weight_decay=0.1), named), plain_sgd(0.9, 0.1))
    named = parameters(device=device)
    close(follow(SGD(named, momentum=0.0), named), plain_sgd(0.0, 0.0))


@pytest.mark.parametrize("device", ["cpu", "fake"])
def test_each_parameter_moves_at_its_own_share_of_the_rate(device):
    """Neighbours that share a chunk have different shares here, and what is not named has all of it."""
    rates = {"table": 0.5, "matrix": 0.25, "cube": 0.25, "gain": 0.0}
    named = parameters(device=device)
    found = follow(AdamW(named, rates=rates, **SETTINGS), named)
    close(found, plain_adamw(rates=rates))
    assert np.array_equal(found["gain"], parameters()["gain"].data), "a share of 0 stands still"
    named = parameters(device=device)
    after = follow(SGD(named, momentum=0.0, rates={"table": 0.5, "bias": 0.5}), named)
    start, plain = parameters(), plain_sgd(0.0, 0.0)
    for name in SHAPES:
        share = 0.5 if name in ("table", "bias") else 1.0
        assert np.allclose(after[name] - start[name].data, share * (plain[name] - start[name].data), atol=1e-12)


def test_adamw_in_float32_stays_near():
    named = parameters(np.float32)
    found = follow(AdamW(named, **SETTINGS), named)
    assert all(p.dtype == np.float32 for p in named.values())
    close({name: array.astype(np.float64) for name, array in found.items()}, plain_adamw(), 1e-5)


@pytest.mark.parametrize("ours, theirs, settings", [
    (lambda p: AdamW(p, **SETTINGS), "AdamW", dict(betas=SETTINGS["betas"], eps=SETTINGS["eps"])),
    (lambda p: SGD(p, momentum=0.9, weight_decay=0.1), "SGD", dict(momentum=0.9))])
def test_pytorch_agrees(ours, theirs, settings):
    torch = pytest.importorskip("torch", reason="the outside oracle")
    named = parameters()
    found = follow(ours(named), named)
    mirror = {name: torch.nn.Parameter(torch.tensor(p.data)) for name, p in parameters().items()}
    groups = [dict(params=[p for p in mirror.values() if p.ndim >= 2], weight_decay=0.1),
              dict(params=[p for p in mirror.values() if p.ndim < 2], weight_decay=0.0)]
    optimizer = getattr(torch.optim, theirs)(groups, lr=1.0, **settings)
    for step in range(6):
        optimizer.zero_grad()
        for name, g in drawn(step).items():
            mirror[name].grad = torch.tensor(g)
        for group in optimizer.param_groups:
            group["lr"] = 0.01 * (step + 1)
        optimizer.step()
    close(found, {name: p.detach().numpy() for name, p in mirror.items()})


def test_parameters_are_views_of_one_array_and_frozen_ones_are_left_alone():
    model = GPT(GPTConfig(vocabulary=11, width=8, context=5, dropout=0.0), np.random.default_rng(0))
    model.words.weight.requires_grad = False
    frozen, before = model.words.weight.data, model.state()
    optimizer = AdamW(model)
    assert optimizer.values.size == model.count() - frozen.size
    assert model.words.weight.data is frozen
    for name, p in model.named_parameters().items():
        assert p.data is frozen or p.data.base is optimizer.values or p.data.base.base is optimizer.values
        assert np.array_equal(p.data, before[name])
    optimizer.step(0.1)                                        # nobody has a gradient yet
    assert all(np.array_equal(p.data, before[name]) for name, p in model.named_parameters().items())


def test_a_gradient_in_any_layout_is_read_rightly():
    named = parameters()
    straight = parameters()
    for name in SHAPES:
        g = drawn(0)[name]
        straight[name].grad = g
        named[name].grad = np.asfortranarray(g) if g.ndim else g
    for parameters_ in (named, straight):
        AdamW(parameters_).step(0.1)
    assert all(np.array_equal(named[name].data, straight[name].data) for name in SHAPES)


def test_the_state_goes_on_where_it_was():
    named, again = parameters(), parameters()
    one = AdamW(named, **SETTINGS)
    follow(one, named, 3)
    two = AdamW(again, **SETTINGS)
    for name, p in again.items():
        p.data[...] = named[name].data
    two.load({name: array.copy() for name, array in one.state().items()})
    first, second = follow(one, named, 4), follow(two, again, 4)
    assert all(np.array_equal(first[name], second[name]) for name in SHAPES)


def test_a_state_that_does_not_fit_is_refused_whole():
    optimizer = AdamW(parameters())
    before = optimizer.state()
    state = {name: np.ones_like(array) for name, array in before.items() if name != "first.bias"}
    state |= {"second.matrix": np.ones((5, 3)), "third.matrix": np.ones(2)}
    with pytest.raises(CheckpointError) as caught:
        optimizer.load(state)
    for part in ("3 arrays", "missing: first.bias", "shape of second.matrix", "unexpected: third.matrix"):
        assert part in str(caught.value)
    assert all(np.array_equal(array, before[name]) for name, array in optimizer.state().items())


def test_parameters_that_have_moved_are_noticed():
    named = parameters()
    optimizer = SGD(named)
    named["matrix"].data = named["matrix"].data.copy()
    with pytest.raises(ValueError, match="matrix have moved.*build it anew"):
        optimizer.step(0.1)


def test_errors_name_what_cannot_be_trained():
    with pytest.raises(ValueError, match="none of the 1 parameters"):
        AdamW({"a": Tensor(np.zeros(2), requires_grad=False)})
    with pytest.raises(ValueError, match="float32.*float64"):
        AdamW({"a": Tensor(np.zeros(2)), "b": Tensor(np.zeros(2, np.float32))})


@pytest.mark.parametrize("kind", [SGD, AdamW])
@pytest.mark.parametrize("parts", [1, 2, 3, 7])
def test_stretches_side_by_side_are_the_step(kind, parts):
    """Bit for bit, also where a cut goes through a tensor; every one of those who share counts every step."""
    whole, shared = parameters(np.float32), parameters(np.float32)
    one = kind(whole, weight_decay=0.1)
    several = [kind(shared, weight_decay=0.1)]
    several += [copy.copy(several[0]) for _ in range(parts - 1)]
    for member in several[1:]:
        member.slots = [copy.copy(slot) for slot in member.slots]
    edges = several[0].cuts(parts)
    assert edges[0] == 0 and edges[-1] == one.values.size and edges == sorted(edges)
    assert all(edge % 16 == 0 for edge in edges[:-1]), "no two write into one line of the cache"
    assert max(np.diff(edges)) - min(np.diff(edges)) <= 32
    for step in range(6):
        for named in (whole, shared):
            for name, tensor in named.items():
                grad = drawn(step).get(name)
                tensor.grad = None if grad is None else grad.astype(np.float32)
        one.step(0.01)
        for member, start, stop in zip(several, edges, edges[1:], strict=False):
            member.step(0.01, start, stop)
    assert np.array_equal(one.values, several[0].values)
    for member in several:
        assert all(np.array_equal(a, b) for a, b in zip(one.state().values(), member.state().values(), strict=True))


def test_laid_out_elsewhere_nothing_changes():
    named, other = parameters(), parameters()
    optimizer, moved = AdamW(named), AdamW(other)
    follow(optimizer, named, 3), follow(moved, other, 3)
    given = {}

    def empty(size, dtype):
        given[len(given)] = np.empty(size, dtype)
        return given[len(given) - 1]
    lay_out(moved, empty)
    assert len(given) == 3 and all(np.shares_memory(p.data, given[0]) for p in other.values())
    close(follow(optimizer, named), follow(moved, other), 1e-300)
