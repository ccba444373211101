"""Does the picture of a graph say what is so: its numbers, its gradients, its modules, and what stands for what?"""

import sys

import fake_device  # noqa: F401    # makes the device known
import numpy as np
import pytest
import small

from tinyformer import Tensor, no_grad, ops
from tinyformer.engine import Primitive, nodes_behind
from tinyformer.errors import InputError
from tinyformer.inside.frames import modules_of, owners
from tinyformer.inside.graph_of import gradients
from tinyformer.models import BertConfig, BertForPretraining
from tinyformer.nn import Linear, Module
from tinyformer.nn.module import modules_in


def by_name(graph) -> dict:
    return {step.result.name: step for step in graph.steps}


def test_names_numbers_and_gradients_are_those_of_the_caller():
    x = np.array([[1.0, -2.0]])
    w, b = Tensor([[0.5], [0.25]]), Tensor([3.0])
    s = x @ w + b
    loss = (s * s).sum()
    graph = loss.graph()
    step = by_name(graph)
    assert step["s"].result.numbers == ((3.0,),) and step["s"].result.gradient == ((6.0,),)
    assert step["loss"].result.numbers == ((9.0,),) and step["loss"].result.gradient == ((1.0,),)
    assert [a.name for a in step["s"].parameters] == ["b"] and step["s"].parameters[0].gradient == ((6.0,),)
    product = graph.steps[0]
    assert product.op == "matmul" and product.result.numbers is None         # nobody holds it, and no backward reads it
    (weight,), (given,) = product.parameters, product.constants
    assert (weight.name, weight.numbers, weight.gradient) == ("w", ((0.5,), (0.25,)), ((6.0,), (-12.0,)))
    assert (given.name, given.shape, given.numbers, given.gradient) == ("x", (1, 2), ((1.0, -2.0),), None)
    multiply = graph.steps[2]
    assert multiply.inputs == (step["s"].key,) * 2, "used twice, joined twice"


def test_names_that_are_given_come_first():
    loss = (kept := Tensor([2.0]) * 3).sum()
    assert "middle" in by_name(loss.graph(middle=kept)) and "kept" in by_name(loss.graph())


def test_a_parameter_that_two_ops_use_stands_there_once():
    a = Tensor(3.0)
    c = ops.exp(a) * a
    graph = c.graph()
    shared = by_name(graph)["a"]
    assert not shared.op and all(shared.key in step.inputs for step in graph.steps if step is not shared)


def test_looking_changes_nothing():
    w = Tensor([1.0, 2.0])
    w.grad = before = np.array([7.0, 7.0])
    h = (w * w).retain_grad()
    loss = h.sum()
    loss.graph()
    assert w.grad is before and h.grad is None
    loss.backward()
    assert np.array_equal(w.grad, [9.0, 11.0]) and np.array_equal(h.grad, [1.0, 1.0])


def test_gradients_are_those_of_backward():
    model, batch = small.bert(), small.pretraining_batch()
    loss = model.loss(batch)
    nodes = nodes_behind(loss.node)
    found = gradients(loss, nodes, model.parameters())
    loss.backward()
    assert found and all(np.array_equal(found[id(p)], p.grad) for p in model.parameters() if p.grad is not None)


def test_a_graph_that_is_not_there_is_refused():
    w = Tensor([1.0])
    with pytest.raises(ValueError, match="was not computed"):
        w.graph()
    with no_grad(), pytest.raises(ValueError, match="no_grad"):
        (w * 2).graph()
    loss = (w * w).sum()
    loss.backward()
    with pytest.raises(ValueError, match="before backward"):
        loss.graph()


def test_it_is_saved_as_one_of_two_texts_and_listed(tmp_path):
    w = Tensor([1.0])
    graph = (w * w).sum().graph()
    assert graph.save(tmp_path / "new" / "g.svg").read_text(encoding="utf-8") == graph.svg == graph._repr_svg_()
    dot = graph.save(tmp_path / "g.dot").read_text(encoding="utf-8")
    assert dot.startswith("digraph {") and dot.count("{") == dot.count("}") and "0 -> 1;" in dot and "multiply" in dot
    assert str(graph).splitlines()[0].split() == ["1", "multiply", "(1,)", "w"]
    with pytest.raises(InputError, match=r"\.svg or as \.dot"):
        graph.save(tmp_path / "g.pdf")


def test_inputs_are_known_by_the_variable_that_holds_them_or_by_the_word_of_the_op():
    table, places, x = Tensor(np.ones((5, 2))), np.array([1, 1, 4]), np.ones((3, 2))
    weight = Tensor(np.ones((4, 2)))
    rows = ops.embedding(table, ids=places)
    (ids,) = rows.graph().steps[0].constants
    assert (ids.name, ids.shape, ids.numbers) == ("places", (3,), ((1, 1, 4),))
    (ids,) = ops.embedding(table, ids=[[0, 1], [2, 3]]).graph().steps[0].constants
    assert (ids.name, ids.shape) == ("ids", None)
    (given,) = ops.affine(x, weight).graph().steps[0].constants
    assert (given.name, given.shape) == ("x", (3, 2))
    (unnamed,) = (weight - np.ones(2)).graph().steps[0].constants
    assert (unnamed.name, unnamed.shape) == ("", None), "no backward asks for it, so nobody knows it"
    assert rows[:, 0].graph().steps[1].constants == (), "an index without arrays is no input"


@pytest.mark.parametrize("device", ["cpu", "fake"])
def test_a_graph_is_drawn_wherever_it_lies(device):
    model, batch = small.gpt().to(device), small.text_batch()
    graph = model.loss(batch).graph()
    assert graph.svg.endswith("</svg>\n") and graph.steps[-1].result.gradient == ((1.0,),)


# ---- modules ---------------------------------------------------------------------------------------------------------


def called_by(monkeypatch, model, compute) -> tuple[Tensor, list[tuple]]:
    """For each op the modules that were at work when it was called, read off the call stack."""
    names = {id(part): f"model.{path}".rstrip(".") for path, part in reversed(list(modules_in(model)))}
    found, call = {}, Primitive.__call__

    def watched(op, *inputs, **constants):
        frame, modules = sys._getframe(1), []
        while frame is not None:
            name = names.get(id(frame.f_locals.get("self")))
            if name is not None and name not in modules:
                modules.insert(0, name)
            frame = frame.f_back
        result = call(op, *inputs, **constants)
        if result.node is not None:
            found[result.node] = tuple(modules)
        return result

    monkeypatch.setattr(Primitive, "__call__", watched)
    loss = compute()
    monkeypatch.undo()
    return loss, [found[node] for node in nodes_behind(loss.node)]


@pytest.mark.parametrize("make, batch", [
    pytest.param(small.bert, small.pretraining_batch, id="BERT"), pytest.param(small.gpt, small.text_batch, id="GPT")])
def test_no_op_is_placed_in_a_module_that_did_not_call_it(monkeypatch, make, batch):
    """And most in the very one: what is read off the parameters may stand further out than the truth, not beside it."""
    model = make()
    loss, truth = called_by(monkeypatch, model, lambda: model.loss(batch()))
    around, _, _ = owners({"model": model})
    guessed = modules_of(nodes_behind(loss.node), around)
    for guess, true in zip(guessed, truth, strict=True):
        assert guess == true[:len(guess)] or guess[:-1] == true          # or it uses a parameter of a part of its own
    assert sum(map(len, guessed)) >= 0.9 * sum(map(len, truth))


def test_twelve_layers_are_one_and_a_different_one_is_not():
    config = BertConfig(vocabulary=20, layers=12, heads=2, width=8, context=8, dropout=0.0)
    model = BertForPretraining(config, np.random.default_rng(0))
    out = model(np.zeros((1, 3), int))
    graph = out.graph()
    (pile,) = [frame for frame in graph.frames.values() if frame.times > 1]
    assert (pile.name, pile.last, pile.times, pile.kind) == ("layers.0", "layers.11", 12, "PostNormBlock")
    assert len(graph.steps) < 24 < 12 * 9 < len(nodes_behind(out.node))
    assert str(graph).count("layers.0 × 12") == 4 and str(graph).count("layers.0.attend × 12") == 3
    keys = {step.key for step in graph.steps}
    assert all(key in keys for step in graph.steps for key in step.inputs)
    model.bert.layers[5].feed.narrow = Linear(32, 8, np.random.default_rng(0), bias=False)
    times = [frame.times for frame in model(np.zeros((1, 3), int)).graph().frames.values() if "layers" in frame.name]
    assert sorted(times)[-3:] == [1, 5, 6]


def test_modules_are_found_among_the_variables_or_given():
    class Two(Module):
        def __init__(self, rng):
            self.first, self.second = Linear(2, 3, rng), Linear(3, 1, rng)

        def __call__(self, x):
            return self.second(ops.relu(self.first(x)))

    net, inputs = Two(np.random.default_rng(0)), np.ones((4, 2), np.float32)
    inner = net.first                                          # noqa: F841    # within net, so no frame of its own
    loss = (net(inputs) - 1.0).sum()
    for graph in (loss.graph(), loss.graph(net)):
        assert [(frame.name, frame.kind) for frame in graph.frames.values()] == [("net", "Two")]
        assert [step.module for step in graph.steps] == ["first", "", "second", "", ""]
        assert [len(step.frame) for step in graph.steps] == [1, 1, 1, 0, 0]
        assert [a.name for a in graph.steps[0].parameters] == ["weight", "bias"]
        assert [a.name for a in graph.steps[0].constants] == ["inputs"]
