"""Is the table of a training step right?  Multiplications, bytes, modules and times, each against something else."""

import ast
import inspect
import json
import math

import fake_device
import numpy as np
import pytest
import small

import tinyformer
from tinyformer import REGISTRY, Tensor, ops
from tinyformer.backend import to_device
from tinyformer.cli import main
from tinyformer.engine import Primitive
from tinyformer.inside import trace
from tinyformer.inside.multiplications import COUNTS, multiplications
from tinyformer.kept import bytes_kept
from tinyformer.models import BertConfig, BertForPretraining
from tinyformer.nn import Linear, Module
from tinyformer.recompute import recompute

B, T, C, H = 2, 6, 8, 2


def bert(layers: int, width: int = C, **changes) -> tuple:
    config = BertConfig(vocabulary=11, layers=layers, heads=H, width=width, context=64, dropout=0.0, **changes)
    return BertForPretraining(config, np.random.default_rng(0)), np.zeros((B, T), int)


def traced(layers: int):
    model, ids = bert(layers)
    return trace(lambda: (model(ids) ** 2).sum(), repeats=1)


# ---- multiplications -------------------------------------------------------------------------------------------------


def test_those_of_a_layer_of_bert_are_the_closed_formula():
    """4 C² for query, key, value and the mixture, 8 C² for widening and narrowing, 2 T C for looking, each position."""
    one, two = (traced(layers).uses for layers in (1, 2))
    forward = [sum(use.multiplications_forward for use in uses) for uses in (one, two)]
    assert forward[1] - forward[0] == B * T * (12 * C * C + 2 * T * C)
    both = [sum(use.multiplications for use in uses) for uses in (one, two)]
    assert both[1] - both[0] == 3 * B * T * (12 * C * C + 2 * T * C), "backward: one product for each of two factors"


def products(monkeypatch, run) -> tuple:
    """The multiplications in the products that really run, on a device that can be watched; sums with ones left out."""
    found, ones = [], []
    plain, make_ones = fake_device.FakeArray.__matmul__, fake_device.xp.ones

    def remembered(*shape):
        ones.append(make_ones(*shape))
        return ones[-1]

    def matmul(one, other):
        out = plain(one, other)
        if not any(x is array or x.base is array for x in (one, other) for array in ones):
            found.append(out.size * one.shape[-1])
        return out

    with monkeypatch.context() as patch:
        patch.setattr(fake_device.FakeArray, "__matmul__", matmul)
        patch.setattr(fake_device.xp, "ones", remembered)
        result = run()
    return sum(found), result


@pytest.mark.parametrize("name", COUNTS)
def test_the_formulas_are_the_products_that_run(monkeypatch, name):
    op, tried = ops.every()[name], 0
    for make in op.cases.values():
        call = make(np.random.default_rng(0))
        arrays = [Tensor(to_device(a, "fake")) for a in call.arrays]
        forward, out = products(monkeypatch, lambda arrays=arrays, call=call: op(*arrays, **call.constants))
        dout = to_device(np.random.default_rng(1).normal(size=out.shape), "fake")
        backward, _ = products(monkeypatch, lambda out=out, dout=dout: out.backward(dout))
        assert multiplications(name, [a.shape for a in call.arrays], call.constants) == (forward, backward)
        tried += 1
    assert tried


def test_no_op_with_a_product_is_without_a_formula():
    """But for sums that are computed as products: the means of the norms, and the totals of the losses."""
    with_products = {name for name, op in ops.every().items() if op.__module__.startswith("tinyformer.ops.") and any(
        isinstance(part, ast.MatMult) for part in ast.walk(ast.parse(inspect.getsource(op.raw))))}
    assert with_products - {*COUNTS} == {"layer_norm", "rms_norm", "cross_entropy", "token_log_probs"}


# ---- bytes -----------------------------------------------------------------------------------------------------------


def test_bytes_of_one_product():
    a, b = Tensor(np.ones((2, 3))), Tensor(np.ones((3, 4)))
    product, total = trace(lambda: (a @ b).sum(), repeats=1).uses
    assert (product.inputs, product.shape) == ([(2, 3), (3, 4)], (2, 4))
    assert product.read == 8 * (6 + 12) + 8 * (8 + 6 + 12)     # the factors; then dout, and the factors again
    assert product.written == 8 * 8 + 8 * (6 + 12)             # the product; then a gradient for each factor
    assert (total.read, total.written) == (8 * 8, 8)           # its gradient is dout, stretched and not copied
    assert product.kept == 0 and product.keeps == "a, b"       # leaves are there anyway
    views = trace(lambda: (ops.dropout(a, rate=0.0, rng=None) + a).reshape(6).sum(), repeats=1).uses
    assert [(use.op, use.read, use.written) for use in views[:3]] == [
        ("dropout", 0, 0), ("add", 8 * 12, 8 * 6), ("reshape", 0, 0)], "a view moves nothing"


@pytest.mark.parametrize("make, batch", [
    pytest.param(small.bert, small.pretraining_batch, id="BERT"), pytest.param(small.gpt, small.text_batch, id="GPT"),
    pytest.param(small.seq2seq, small.seq2seq_batch, id="seq2seq")])
def test_what_is_kept_is_what_the_graph_holds(make, batch):
    model, rows = make(), batch()
    found = trace(lambda: model.loss(rows), repeats=1)
    kept = {name: total.kept for name, total in found.by_op().items() if total.kept}
    assert kept == bytes_kept(model.loss(rows)) and found.kept == sum(kept.values()) > 0
    assert found.peak >= found.kept
    assert all(use.keeps == REGISTRY[use.op].keeps for use in found.uses)


def test_the_peak_is_what_is_held_at_one_time():
    w, numbers = Tensor(np.ones(1 << 17)), 8 << 17
    found = trace(lambda: (ops.exp(w) * 2.0).sum(), repeats=1)
    assert 2 * numbers <= found.peak <= 4 * numbers + 50_000


# ---- modules and times -----------------------------------------------------------------------------------------------


def test_modules_are_those_that_were_at_work():
    model, ids = bert(2)
    found = trace(lambda: (model(ids) ** 2).sum(), repeats=1)
    assert found.uses[0].module == "BertForPretraining.bert.words" and found.uses[-1].module == ""
    totals = found.by_module()
    layers = totals["BertForPretraining.bert.layers.*"]
    assert layers.times == sum(".layers." in use.module for use in found.uses) == 18
    assert totals["BertForPretraining"].multiplications == sum(use.multiplications for use in found.uses)
    assert totals["BertForPretraining.bert.layers.*.attend"].multiplications == 3 * 2 * B * T * (4 * C * C + 2 * T * C)


def test_the_milliseconds_are_those_of_the_step():
    """All rows together to rounding; the ops alone to a quarter, the rest being Python between them."""
    model, ids = bert(2, width=192, inner=768)
    ids = np.zeros((8, 64), int)
    moves = []
    found = trace(lambda: (model(ids) ** 2).sum(), move=lambda: moves.append(1))
    ops_alone = sum(use.forward + use.backward for use in found.uses)
    assert found.step == pytest.approx(ops_alone + found.between + found.moved)
    assert found.between >= 0 and all(use.forward > 0 and use.backward > 0 for use in found.uses)
    assert ops_alone >= 0.75 * (found.forward + found.backward)
    assert found.products > 1e8 and found.copies > 1e7 and found.alone > 0
    assert len(moves) == 3 + 3 + 2


def test_ops_within_an_op_count_once():
    """What recompute runs again is there again, and its time is not that of the op around it too."""
    w = Tensor(np.ones((64, 64)))

    def loss():
        x = w * 1.0
        return recompute(lambda x: x @ x, x).sum()

    found = trace(loss, repeats=2)
    assert [use.op for use in found.uses] == ["scale", "recomputed", "matmul", "sum", "matmul"]
    first, second = (use for use in found.uses if use.op == "matmul")
    assert (first.multiplications_forward, first.multiplications_backward) == (64 ** 3, 0), "without a graph"
    assert (second.multiplications_forward, second.multiplications_backward) == (64 ** 3, 2 * 64 ** 3)
    assert found.between >= 0


def test_tracing_leaves_no_trace():
    model, batch = small.gpt(), small.text_batch()
    parameters = model.parameters()
    for p in parameters:
        p.grad = np.ones_like(p.data)
    call, before = Primitive.__call__, [p.grad for p in parameters]
    tinyformer.trace(lambda: model.loss(batch), repeats=1)
    assert all(p.grad is grad for p, grad in zip(parameters, before, strict=True))
    assert Primitive.__call__ is call
    calls = []

    def fails_later():
        calls.append(1)
        if len(calls) == 4:
            raise RuntimeError("enough")
        return model.loss(batch)

    with pytest.raises(RuntimeError, match="enough"):
        trace(fails_later, repeats=1)
    assert Primitive.__call__ is call and all(p.grad is grad for p, grad in zip(parameters, before, strict=True))


def test_what_cannot_be_traced_is_refused():
    w = Tensor(np.ones(3))
    for wrong in (lambda: 1.0, lambda: w * 2, lambda: Tensor(1.0)):
        with pytest.raises(ValueError, match="one number, a loss"):
            trace(wrong)
    lengths = iter((1, 1, 1, 1, 2))
    with pytest.raises(ValueError, match="the same each time"):
        trace(lambda: math.prod([w.sum() for _ in range(next(lengths))]), repeats=1)


# ---- shown -----------------------------------------------------------------------------------------------------------


def test_layers_that_do_the_same_share_a_row():
    class Tower(Module):
        def __init__(self, rng):
            self.floors = [Linear(4, 4, rng) for _ in range(5)]

        def __call__(self, x):
            for floor in self.floors:
                x = floor(x)
            return x.sum()

    tower = Tower(np.random.default_rng(0))
    text = str(trace(lambda: tower(np.ones((2, 4), np.float32)), repeats=1))
    (row,) = [line for line in text.splitlines() if line.startswith("affine") and "floors" in line]
    assert row.split()[:6] == ["affine", "floors.*", "(2,", "4)", "5", "0.0"] and "in Tower" in text.splitlines()[0]
    assert "\nTower  " in text and "\n  floors.*  " in text, "and a tree of modules"
    assert "between the ops" in text and "waits for the memory" in text and "Kept for backward" in text
    shares = [float(line.split()[-1]) for line in text.partition("\n\n")[0].splitlines()[1:]]
    assert shares.pop() == 100 and sum(shares) == pytest.approx(100, abs=0.5)


@pytest.mark.parametrize("kind", ["bert", "gpt"])
def test_the_command(capsys, kind):
    size = ["--preset", "tiny", "--batch-size", "2", "--length", "8", "--repeats", "1"]
    assert main(["trace", kind, *size, "--dropout", "0.1"]) == 0
    shown = capsys.readouterr().out
    assert "self_attention" in shown and "move()" in shown
    assert main(["trace", kind, *size, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["kept"] == sum(use["kept"] for use in found["uses"]) == sum(o["kept"] for o in found["ops"].values())
    assert found["step"] == pytest.approx(found["between"] + found["moved"] + sum(
        use["forward"] + use["backward"] for use in found["uses"]))
