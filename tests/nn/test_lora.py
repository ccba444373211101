"""Are low-rank additions what the paper says, with gradients that hold, in every family?"""

import copy

import numpy as np
import pytest
import small

from tinyformer.engine import Tensor
from tinyformer.errors import InputError
from tinyformer.gradcheck import check
from tinyformer.kept import kept_by
from tinyformer.models import TextClassifier, TokenTagger, encoder_of
from tinyformer.nn import Linear, SelfAttention
from tinyformer.nn.lora import ALL, adapted, add_lora, additions, fixed_affine, merge, merged, products
from tinyformer.ops import affine

RNG = np.random.default_rng(5)
BATCHES = {"text": small.text_batch, "pairs": small.seq2seq_batch, "head": lambda: small.head_batch(TextClassifier)}
MODELS = {
    "BERT": (lambda **o: small.head(TextClassifier, **o), "head"),
    "a tag for each word": (lambda **o: small.head(TokenTagger, **o), "tags"),
    "RoBERTa": (lambda **o: small.head(TextClassifier, encoder_of(small.roberta(**o), RNG)), "head"),
    "DistilBERT": (lambda **o: small.head(TextClassifier, encoder_of(small.distilbert(**o), RNG)), "head"),
    "ALBERT": (lambda **o: small.head(TextClassifier, **{**o, "shared": True, "factor": 4, "layers": 3}), "head"),
    "GPT": (small.gpt, "text"), "Llama": (small.llama, "text"), "T5": (small.t5, "pairs"),
    "T5 v1.1": (lambda **o: small.t5(**o, activation="gelu_tanh", tied=False), "pairs"),
    "BART": (small.seq2seq, "pairs")}
BATCHES["tags"] = lambda: small.head_batch(TokenTagger)


def made(name, rank=2, on=ALL, **options):
    """(model with additions that are not zero, the loss of it as a function)"""
    make, kind = MODELS[name]
    model, batch = make(**options), BATCHES[kind]()
    for p in model.parameters():
        p.requires_grad = False
    add_lora(model, rank, np.random.default_rng(0), on=on)
    for p in additions(model).values():
        p.data = p.data + (0.3 * np.random.default_rng(1).normal(size=p.shape)).astype(p.dtype)
    return model, lambda: model.loss(batch)


@pytest.mark.parametrize("name", MODELS)
def test_gradients_of_whole_models(name):
    model, loss = made(name)
    trained = {name: p for name, p in model.named_parameters().items() if p.requires_grad}
    assert trained.keys() == additions(model).keys()
    report = check(loss, *trained.values(), checks="complex step")
    assert report.ok, report


@pytest.mark.parametrize("name", MODELS)
def test_the_base_is_the_base_at_first(name):
    """Bit for bit, in float32, whatever has an addition; and each layer that is shared has one."""
    make, kind = MODELS[name]
    model, batch = make(dtype=np.float32), BATCHES[kind]()
    before = model.loss(batch).data
    add_lora(model, 2, np.random.default_rng(0), on=ALL)
    assert np.array_equal(model.loss(batch).data, before)
    assert all(p.dtype == np.float32 for p in model.parameters())
    assert len(adapted(model)) == len([path for path, *_ in products(model)]) > 0


@pytest.mark.parametrize("name", MODELS)
def test_merged_is_the_same(name):
    model, loss = made(name, dtype=np.float32)
    apart, before, kinds = loss().data, model.count(), {type(m) for m in [model]}
    arrays = merged(model)
    merge(model)
    assert abs(loss().data - apart) < 1e-6 * abs(apart) and not adapted(model) and {type(model)} == kinds
    assert model.count() < before and all(p.requires_grad for p in model.parameters())
    assert all(np.array_equal(array, arrays[name]) for name, array in model.state().items())


def test_what_stays_keeps_nothing():
    """A product whose weight stays keeps no input; its gradient is right, and its numbers are those of `affine`."""
    x, weight, bias = (RNG.normal(size=shape) for shape in ((2, 3, 4), (5, 4), (5,)))
    assert check(lambda x: fixed_affine(x, weight=weight, bias=bias), x).ok
    assert [name for name, _ in kept_by(fixed_affine(Tensor(x), weight=weight, bias=bias).node.backward)] == ["weight"]
    for given in ((weight,), (weight, bias)):
        assert np.array_equal(fixed_affine(x, **dict(zip(("weight", "bias"), given, strict=False))).data,
                              affine(x, *given).data)


def test_twin():
    """W x + (alpha / r) up down x in einsum, each part of a packed product with its own rows; also its gradients."""
    attend = SelfAttention(8, 2, np.random.default_rng(0)).to(dtype=np.float64)
    add_lora(attend, 3, np.random.default_rng(1), alpha=5, on=("query", "value", "out"))
    layer, x = attend.project, RNG.normal(size=(2, 4, 8))
    for low in layer.lora.values():
        low.up.data = RNG.normal(size=low.up.shape)
    dout = RNG.normal(size=(2, 4, 24))
    out = layer(x)
    out.backward(dout)
    wanted = np.einsum("btc,oc->bto", x, layer.weight.data) + layer.bias.data
    for first, part in ((0, "query"), (16, "value")):
        down, up, d = layer.lora[part].down, layer.lora[part].up, dout[..., first:first + 8]
        wanted[..., first:first + 8] += 5 / 3 * np.einsum("or,rc,btc->bto", up.data, down.data, x)
        assert np.allclose(up.grad, 5 / 3 * np.einsum("bto,rc,btc->or", d, down.data, x), rtol=0, atol=1e-12)
        assert np.allclose(down.grad, 5 / 3 * np.einsum("bto,or,btc->rc", d, up.data, x), rtol=0, atol=1e-12)
    assert np.abs(out.data - wanted).max() < 1e-12 and [*attend.out.lora] == ["out"]


def test_packed_has_one_addition():
    model = small.gpt()
    add_lora(model, 2, np.random.default_rng(0), packed=True)
    (_, layer), *_ = adapted(model)
    assert [*layer.lora] == ["query_key_value"] and layer.lora["query_key_value"].up.shape == (24, 2)


def test_a_product_may_have_a_name_of_its_users_own():
    """A part of one's own that is called lora is no addition."""
    model = small.gpt()
    model.lora = Linear(3, 3, RNG)
    assert "lora.weight" in merged(model)


@pytest.mark.parametrize("rank, on, said", [
    (0, ("query",), r"rank is 0.*1 to 8"), (9, ("query",), r"rank is 9.*1 to 8"),
    (2, ("gate",), "no product 'gate'; choose among query, key, value, out, widen, narrow, or all"),
    (2, ("query", "quary"), "'quary'")])
def test_what_cannot_be(rank, on, said):
    model = small.bert()
    with pytest.raises(InputError, match=said):
        add_lora(model, rank, RNG, on=on)
    assert not adapted(model), "nothing was begun"


def test_twice_is_once_too_often():
    model = copy.deepcopy(small.bert())
    add_lora(model, 2, RNG)
    with pytest.raises(ValueError, match="already; merge"):
        add_lora(model, 2, RNG)
    with pytest.raises(InputError, match="ELMo has none of the products"):
        add_lora(small.elmo(), 2, RNG)
