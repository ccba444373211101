"""Does Muon go as far along every direction, does the fast form equal the plain one, and would mistakes be noticed?"""

import copy
import json
import math
from dataclasses import replace

import fake_device
import numpy as np
import pytest
import small

from tinyformer.backend import to_device, to_host
from tinyformer.engine import Tensor
from tinyformer.errors import CheckpointError
from tinyformer.models import GPT, GPTConfig
from tinyformer.train import Settings, muon, train
from tinyformer.train.arena import lay_out
from tinyformer.train.loop_settings import OPTIMIZERS
from tinyformer.train.muon import Muon, newton_schulz, newton_schulz_wide, orthogonalized
from tinyformer.train.optimizers import AdamW

A, B, C = 3.4445, -4.7750, 2.0315             # as published
SHAPES = {"words": (30, 16), "packed": (48, 16), "tall": (40, 16), "wide": (16, 40), "square": (16, 16),
          "other": (16, 16), "bias": (40,), "gain": (16,), "scores": (5, 16)}
HIDDEN = {"packed": 3, "tall": 1, "wide": 1, "square": 1, "other": 1}
SETTINGS = dict(momentum=0.9, weight_decay=0.1, matrix_share=20.0)


def p5(s):
    """The polynomial five times, on singular values."""
    for _ in range(5):
        s = A * s + B * s ** 3 + C * s ** 5
    return s


def by_svd(x):
    """What the iteration comes to, from the singular value decomposition: U p5(s / |x|) Vᵀ."""
    u, s, v = np.linalg.svd(x, full_matrices=False)
    return np.einsum("ij,j,jk->ik", u, p5(s / np.linalg.norm(x)), v)


# ---- a step of equal singular values ---------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(8, 8), (8, 12), (8, 16), (8, 40), (1, 1), (1, 9)])
@pytest.mark.parametrize("form", [newton_schulz, newton_schulz_wide])
def test_both_forms_are_the_polynomial_of_the_singular_values(form, shape):
    x = np.random.default_rng(0).normal(size=(3, *shape))
    x /= np.linalg.norm(x, axis=(1, 2), keepdims=True)
    found = form(np, x)
    for one, its in zip(found, x, strict=True):
        np.testing.assert_allclose(one, by_svd(its), rtol=0, atol=1e-11)


@pytest.mark.parametrize("shape", [(32, 32), (32, 128), (128, 32), (48, 32)])
def test_it_is_near_the_polar_factor_where_the_gradient_points_at_all(shape):
    """Singular values from 1 down to 1e-6: those above 0.0016 of the length arrive, and no direction is turned."""
    rng = np.random.default_rng(1)
    u, v = (np.linalg.qr(rng.normal(size=(n, 32)))[0] for n in shape)
    s = np.logspace(0, -6, 32)
    found = np.einsum("ij,ik,kl->jl", u, orthogonalized(np, np.einsum("ij,j,kj->ik", u, s, v)), v)   # in their axes
    assert np.abs(found - np.diag(np.diag(found))).max() < 1e-10
    arrived = s / np.linalg.norm(s) > 0.0016
    assert 8 < arrived.sum() < 32
    assert np.all((0.68 < np.diag(found)[arrived]) & (np.diag(found)[arrived] < 1.21))
    assert np.all((0 < np.diag(found)[~arrived]) & (np.diag(found)[~arrived] < 0.68))


def test_what_has_arrived_stays():
    """The polynomial maps [0.6818, 1.2024] into itself, and everything from 0.0016 to 1 is there after five times."""
    inside = np.linspace(0.68181, 1.20238, 100_001)
    once = A * inside + B * inside ** 3 + C * inside ** 5
    assert 0.68181 < once.min() and once.max() < 1.20238
    after = p5(np.linspace(0.0016, 1, 1_000_001))
    assert 0.68 < after.min() and after.max() < 1.2024
    assert A ** 5 == pytest.approx(485, abs=0.5)


@pytest.mark.parametrize("shape", [(64, 64), (64, 256), (256, 64)])
@pytest.mark.parametrize("kind", ["noise", "few directions", "one direction"])
def test_float32_is_enough(kind, shape):
    rng = np.random.default_rng(2)
    rank = {"noise": 64, "few directions": 5, "one direction": 1}[kind]
    x = rng.normal(size=(shape[0], rank)) @ rng.normal(size=(rank, shape[1]))
    found, wanted = orthogonalized(np, x.astype(np.float32)), by_svd(x)
    assert found.dtype == np.float32
    assert np.linalg.norm(found - wanted) < 1e-3 * np.linalg.norm(wanted)


@pytest.mark.parametrize("scale", [1e-4, 1e6])
def test_the_length_of_the_gradient_does_not_matter(scale):
    x = np.random.default_rng(3).normal(size=(2, 6, 9))
    np.testing.assert_allclose(orthogonalized(np, x), orthogonalized(np, scale * x), rtol=0, atol=1e-12)
    assert np.array_equal(orthogonalized(np, np.zeros((1, 3, 4))), np.zeros((1, 3, 4)))


# ---- the optimizer ---------------------------------------------------------------------------------------------------


def parameters(dtype=np.float64, device="cpu") -> dict[str, Tensor]:
    rng = np.random.default_rng(0)
    return {name: Tensor(to_device(np.asarray(rng.normal(size=shape), dtype), device))
            for name, shape in SHAPES.items()}


def drawn(step: int) -> dict[str, np.ndarray]:
    """The gradients of a step; now and then one is missing."""
    rng = np.random.default_rng(100 + step)
    grads = {name: rng.normal(size=shape) for name, shape in SHAPES.items()}
    return {name: g for place, (name, g) in enumerate(grads.items()) if (step + place) % 4 or step == 0}


def give(named, step, scale=1.0):
    grads = drawn(step)
    for name, tensor in named.items():
        tensor.grad = to_device((scale * grads[name]).astype(tensor.dtype), tensor.device) if name in grads else None


def follow(optimizer, named, steps=range(6), scale=1.0):
    for step in steps:
        give(named, step, scale)
        optimizer.step(0.001 * (step + 1))
    return {name: to_host(p.data) for name, p in named.items()}


def plainly(nesterov=True, apart=True, longer="rows", times=5, decay="decoupled", order="average first",
            turned=False, share="length", steps=6, rates=None) -> dict[str, np.ndarray]:
    """The published algorithm on the hidden matrices, one by one and by SVD; each option is a way to get it wrong."""
    momentum, weight_decay, factor = (SETTINGS[name] for name in ("momentum", "weight_decay", "matrix_share"))
    values = {name: p.data.copy() for name, p in parameters().items() if name in HIDDEN}
    first = {name: np.zeros(SHAPES[name]) for name in HIDDEN}

    def polar(x):
        u, s, v = np.linalg.svd(x, full_matrices=False)
        s = s / (np.linalg.norm(x) if share == "length" else s[0])
        for _ in range(times):
            s = A * s + B * s ** 3 + C * s ** 5
        return np.einsum("ij,j,jk->ik", u, s, v)

    def whole(x, parts):
        return np.concatenate([polar(part) for part in np.split(x, parts)])

    for step in range(steps):
        for name, g in drawn(step).items():
            if name not in HIDDEN:
                continue
            rate = 0.001 * (step + 1) * factor * (rates or {}).get(name, 1)
            w, parts = values[name], HIDDEN[name] if apart else 1
            if decay == "in the gradient":
                g = g + weight_decay * w
            if order == "orthogonal first":
                g = whole(g, parts)
            first[name] = momentum * first[name] + (1 - momentum) * g
            ahead = momentum * first[name] + (1 - momentum) * g if nesterov else first[name]
            o = ahead if order == "orthogonal first" else whole(ahead, parts)
            if turned and o.shape[0] == o.shape[1]:
                o = o.T
            rows, columns = o.shape[0] // parts, o.shape[1]
            scale = {"rows": max(1, rows / columns), "columns": max(1, columns / rows), "neither": 1}[longer] ** 0.5
            shrink = {"decoupled": 1 - rate * weight_decay, "scaled too": 1 - rate * scale * weight_decay,
                      "in the gradient": 1}[decay]
            values[name] = shrink * w - rate * scale * o
    return values


def distance(found, wanted) -> float:
    return max(np.abs(found[name] - wanted[name]).max() for name in wanted)


@pytest.mark.parametrize("device", ["cpu", "fake"])
@pytest.mark.parametrize("rates", [None, {"packed": 0.5, "wide": 0.0, "bias": 0.25}])
def test_muon_is_the_published_algorithm(device, rates):
    """And everything that is no hidden matrix moves exactly as AdamW moves it."""
    named = parameters(device=device)
    found = follow(Muon(named, hidden=HIDDEN, rates=rates, **SETTINGS), named)
    assert distance(found, plainly(rates=rates)) < 1e-11
    others = {name: p for name, p in parameters(device=device).items() if name not in HIDDEN}
    theirs = follow(AdamW(others, weight_decay=0.1, rates=rates), others)
    assert all(np.array_equal(found[name], theirs[name]) for name in others)


MISTAKES = {
    "the momentum as it is, without the step further": dict(nesterov=False),
    "query, key and value as one matrix": dict(apart=False),
    "the wrong side counts as long": dict(longer="columns"),
    "a tall matrix goes no further than a wide one": dict(longer="neither"),
    "the update of a square matrix transposed": dict(turned=True),
    "four iterations": dict(times=4),
    "six iterations": dict(times=6),
    "scaled by the largest singular value, not by the length": dict(share="largest"),
    "the decay inside the gradient, where its size is lost": dict(decay="in the gradient"),
    "the decay at the rate of the scaled step": dict(decay="scaled too"),
    "orthogonal before it is averaged": dict(order="orthogonal first"),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_would_be_noticed(mistake):
    assert distance(plainly(**mistake), plainly()) > 1e-4


@pytest.mark.parametrize("exact", [True, False], ids=["in float64", "in bfloat16, as it is"])
def test_pytorch_agrees_step_by_step(exact, monkeypatch):
    """PyTorch iterates in bfloat16, two to three digits, whatever the gradient; without that it is the same numbers."""
    torch = pytest.importorskip("torch", reason="the outside oracle")
    if not hasattr(torch.optim, "Muon"):
        pytest.skip("this PyTorch has no Muon yet")
    if exact:
        monkeypatch.setattr(torch.Tensor, "bfloat16", lambda self: self.clone())
    named, mirror = parameters(), {}
    for name, p in parameters().items():
        for part, values in enumerate(np.split(p.data, HIDDEN.get(name, 1)) if name in HIDDEN else ()):
            mirror[name, part] = torch.nn.Parameter(torch.tensor(values))
    ours = Muon(named, hidden=HIDDEN, **SETTINGS)
    theirs = torch.optim.Muon(mirror.values(), lr=1.0, momentum=SETTINGS["momentum"], nesterov=True,
                              weight_decay=SETTINGS["weight_decay"])
    for step in range(6):
        follow(ours, named, [step])
        for (name, part), p in mirror.items():
            grad = drawn(step).get(name)
            p.grad = None if grad is None else torch.tensor(np.split(grad, HIDDEN[name])[part])
        for group in theirs.param_groups:
            group["lr"] = 0.001 * (step + 1) * SETTINGS["matrix_share"]
        theirs.step()
        for (name, part), p in mirror.items():
            found = np.split(named[name].data, HIDDEN[name])[part]
            error = np.abs(found - p.detach().numpy()).max()
            assert error < (1e-11 if exact else 0.05 * group["lr"] * (step + 1) * math.sqrt(2.5)), (name, step)


def test_the_size_of_the_gradient_moves_no_matrix_further():
    named, large = parameters(), parameters()
    found = follow(Muon(named, hidden=HIDDEN, **SETTINGS), named)
    other = follow(Muon(large, hidden=HIDDEN, **SETTINGS), large, scale=1000.0)
    assert distance(found, {name: other[name] for name in HIDDEN}) < 1e-11


def test_matrices_that_share_a_stack_or_not_come_out_alike(monkeypatch):
    whole, single = parameters(np.float32), parameters(np.float32)
    found = follow(Muon(whole, hidden=HIDDEN), whole)
    monkeypatch.setattr(muon, "CHUNK", 1)
    other = follow(Muon(single, hidden=HIDDEN), single)
    assert all(np.array_equal(found[name], other[name]) for name in SHAPES)


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 40])
def test_stretches_side_by_side_are_the_step(parts):
    """As for the other optimizers, bit for bit; no cut goes through a matrix, and the work is shared about equally."""
    whole, shared = parameters(np.float32), parameters(np.float32)
    one, several = Muon(whole, hidden=HIDDEN), [Muon(shared, hidden=HIDDEN)]
    several += [copy.copy(several[0]) for _ in range(parts - 1)]
    for member in several[1:]:
        member.slots = [copy.copy(slot) for slot in member.slots]
    edges = one.cuts(parts)
    assert edges[0] == 0 and edges[-1] == one.values.size and edges == sorted(edges) and len(edges) == parts + 1
    assert not any(matrix.start < edge < matrix.stop for edge in edges for matrix in one.matrices)
    for step in range(6):
        give(whole, step), give(shared, step)
        one.step(0.01)
        for member, start, stop in zip(several, edges, edges[1:], strict=False):
            member.step(0.01, start, stop)
    assert np.array_equal(one.values, several[0].values)
    for member in several:
        assert all(np.array_equal(a, b) for a, b in zip(one.state().values(), member.state().values(), strict=True))


def test_half_of_the_work_is_near_the_middle_of_the_matrices():
    model = GPT(GPTConfig(vocabulary=65, layers=4, heads=4, width=32, context=16), np.random.default_rng(0))
    optimizer = Muon(model)
    left = sum(matrix.work for matrix in optimizer.matrices if matrix.stop <= optimizer.cuts(2)[1])
    assert 0.4 < left / sum(matrix.work for matrix in optimizer.matrices) < 0.6


def test_a_cut_through_a_matrix_is_refused():
    optimizer = Muon(parameters(), hidden=HIDDEN)
    with pytest.raises(ValueError, match="cut at 100 goes through a matrix.*cuts"):
        optimizer.step(0.1, 100)


def test_the_work_is_what_the_docstrings_say():
    """A layer of width C costs as much as 2.1 C tokens, or 4.2 C in the plain form, at three products a token."""
    model = GPT(GPTConfig(vocabulary=5, layers=1, heads=1, width=64, context=4), np.random.default_rng(0))
    matrices = Muon(model).matrices
    assert [(matrix.rows, matrix.columns) for matrix in matrices] == [(64, 64)] * 4 + [(256, 64), (64, 256)]
    a_token = 3 * sum(matrix.rows * matrix.columns for matrix in matrices)
    plain = [5 * (2 * m * m * n + m ** 3) for m, n in (sorted((x.rows, x.columns)) for x in matrices)]
    assert sum(matrix.work for matrix in matrices) / a_token / 64 == pytest.approx(2.1, abs=0.05)
    assert sum(plain) / a_token / 64 == pytest.approx(4.2, abs=0.05)
    assert matrices[-1].work / (2.5 * 64 ** 3 + 7.5 * 64 * 64 * 256) == pytest.approx(0.57, abs=0.005)


# ---- kept, and gone on with ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_state_goes_on_bit_for_bit(dtype):
    named, again = parameters(dtype), parameters(dtype)
    one = Muon(named, hidden=HIDDEN, **SETTINGS)
    follow(one, named, range(3))
    two = Muon(again, hidden=HIDDEN, **SETTINGS)
    for name, p in again.items():
        p.data[...] = named[name].data
    two.load({name: array.copy() for name, array in one.state().items()})
    first, second = follow(one, named, range(3, 7)), follow(two, again, range(3, 7))
    assert all(np.array_equal(first[name], second[name]) for name in SHAPES)


def test_a_run_goes_on_bit_for_bit(tmp_path):
    """Killed in the middle of a run, resumed from its checkpoint; the optimizer is part of the settings."""
    settings = Settings(steps=12, learning_rate=0.002, optimizer="muon", matrix_rate=0.03, momentum=0.8, save_every=5,
                        schedule="constant-then-down", log_every=1)
    batches = [small.text_batch(seed=step) for step in range(12)]
    whole, broken, resumed = (small.gpt(False, np.float32, dropout=0.1) for _ in range(3))
    history = train(whole, batches, settings, progress=False)
    with pytest.raises(IndexError):
        train(broken, Broken(batches[:8]), settings, out=tmp_path, progress=False)
    rest = train(resumed, batches, settings, out=tmp_path, resume=True, progress=False)
    assert [row["loss"] for row in history.rows] == [row["loss"] for row in rest.rows]
    assert all(np.array_equal(a.data, b.data) for a, b in zip(whole.parameters(), resumed.parameters(), strict=True))
    state = json.loads((tmp_path / "checkpoint-00000012" / "trainer_state.json").read_text(encoding="utf-8"))
    assert state["settings"]["optimizer"] == "muon" and not [note for note in rest.notes if "bit for bit" in note]
    with pytest.raises(CheckpointError, match="AdamW: .* another optimizer\n  missing: second"):
        train(small.gpt(False, np.float32), batches, replace(settings, optimizer="adamw"), out=tmp_path, resume=True,
              progress=False)


def test_the_settings_make_the_optimizer():
    """The two rates rise and fall together: the share is that of their peaks."""
    settings = Settings(learning_rate=0.002, optimizer="muon", matrix_rate=0.03, momentum=0.8, weight_decay=0.2,
                        betas=(0.7, 0.8), eps=1e-4)
    optimizer = OPTIMIZERS["muon"].of(small.gpt(), settings, {"norm.gain": 0.5})
    assert isinstance(optimizer, Muon) and optimizer.matrix_share == pytest.approx(15) and optimizer.momentum == 0.8
    assert (optimizer.weight_decay, optimizer.betas, optimizer.eps) == (0.2, (0.7, 0.8), 1e-4)
    assert {slot.rate for slot in optimizer.slots if slot.name == "norm.gain"} == {0.5}
    standing = OPTIMIZERS["muon"].of(small.gpt(), replace(settings, learning_rate=0.0))
    assert standing.matrix_share == 0, "with a learning rate of 0 nothing moves"


class Broken:
    def __init__(self, batches):
        self.batches = batches

    def batch(self, step):
        return self.batches[step]


def test_a_matrix_is_remembered_once_and_every_other_parameter_twice():
    state = Muon(parameters(), hidden=HIDDEN).state()
    assert sorted(state) == sorted([f"first.{name}" for name in SHAPES] + ["steps"] +
                                   [f"second.{name}" for name in SHAPES if name not in HIDDEN])


def test_the_state_of_adamw_does_not_fit():
    with pytest.raises(CheckpointError, match="Muon: 5 arrays.* another optimizer\n  unexpected: second.packed"):
        Muon(parameters(), hidden=HIDDEN).load(AdamW(parameters()).state())


def test_laid_out_elsewhere_nothing_changes():
    named, other = parameters(), parameters()
    optimizer, moved = Muon(named, hidden=HIDDEN), Muon(other, hidden=HIDDEN)
    lay_out(moved, lambda size, dtype: np.empty(size, dtype))
    assert distance(follow(optimizer, named), follow(moved, other)) == 0


# ---- which are the matrices? -----------------------------------------------------------------------------------------


def test_a_frozen_matrix_stays_and_the_others_move():
    named = parameters()
    named["packed"].requires_grad = False
    before = named["packed"].data.copy()
    optimizer = Muon(named, hidden=HIDDEN)
    found = follow(optimizer, named)
    assert np.array_equal(found["packed"], before) and len(optimizer.matrices) == 4
    assert not np.array_equal(found["tall"], parameters()["tall"].data)


def test_errors_name_what_is_no_matrix():
    with pytest.raises(ValueError, match="no matrix between hidden vectors.*hidden="):
        Muon(parameters())
    with pytest.raises(ValueError, match="hidden names nothing, which is none of the 9"):
        Muon(parameters(), hidden={"nothing": 1})
    for hidden in ({"bias": 1}, {"square": 3}, {"square": 0}):
        with pytest.raises(ValueError, match="it must be a matrix whose rows can be divided"):
            Muon(parameters(), hidden=hidden)


@pytest.mark.parametrize("device", ["cpu", "fake"])
def test_a_gpt_learns_with_it(device):
    """A text of period 7 is learned to less than a fifth of the loss at the start; on the strict device too."""
    from tinyformer.data.batches import TextBatch
    model = GPT(GPTConfig(vocabulary=7, layers=1, heads=2, width=16, context=14, dropout=0.0), np.random.default_rng(0))
    model.to(device)
    optimizer, ids = Muon(model), np.arange(15)[None] % 7
    batch = TextBatch(ids=ids[:, :-1], targets=ids[:, 1:])
    losses = []
    for _ in range(60):
        loss = model.loss(batch)
        loss.backward()
        optimizer.step(3e-3)
        optimizer.zero_grad()
        losses.append(float(to_host(loss.data)))
    assert losses[-1] < 0.2 * losses[0]
    assert {type(p.data) for p in model.parameters()} == {np.ndarray if device == "cpu" else fake_device.FakeArray}
