"""Does a look inside say of every kind of model what the model does, and what it lacks?"""

import copy
import json
from dataclasses import replace

import fake_device  # noqa: F401    # makes the device known
import numpy as np
import pytest

from tinyformer import no_grad
from tinyformer.errors import InputError
from tinyformer.models import Bert, PairScorer
from tinyformer.page.readings import MOST, NOTHING, answer_id, name_of, reading
from tinyformer.page.served import Served
from tinyformer.page.views.inside import VIEW, Loss, Part, Stack, Text, attention, gradient, lens, read
from tinyformer.text import ByteLevelBPE

KINDS = ("gpt", "bert", "classify", "tag", "pair", "multilabel", "score", "answer", "bart")
WORDS = "The red cat sees the old house."


@pytest.fixture(params=KINDS)
def asked(request, models):
    """A model, and a text for it."""
    served = next(one for one in models if one.name == request.param)
    two = served.task is not None and served.task.takes[0] == 2
    return served, {"text": WORDS, "second": "Anna lives in Oakford." if two else ""}


def called(models, name: str) -> Served:
    return next(one for one in models if one.name == name)


def test_all_that_is_shown_belongs_together(asked):
    served, typed = asked
    found = read(served, Text(**typed))
    json.dumps(found, allow_nan=False)
    assert VIEW.serves(served) and not found["lacks"]
    for one in found["attentions"]:
        assert one["layers"] == one["heads"] == 2
        weights = np.array(attention(served, Part(**typed, attention=one["name"], layer=2))["weights"])
        assert weights.shape == (2, len(found["texts"][one["asking"]]), len(found["texts"][one["seen"]]))
        assert np.abs(weights.sum(-1) - 1).max() < 5e-3
        assert np.allclose(weights.max(-1).mean(-1), one["figures"]["focus"][1], atol=1e-3)
        assert ("distance" in one["figures"]) == (one["asking"] == one["seen"])
    for stack in found["stacks"]:
        layers = list(lens(served, Stack(**typed, stack=stack["name"])))
        assert [one["layer"] for one in layers] == list(range(stack["layers"] + 1))
        assert layers[-1]["rows"] == found["rows"] != layers[0]["rows"]
    for row in found["rows"]:
        shares = [share for _, share in row["best"]]
        assert shares == sorted(shares, reverse=True)


def test_a_gradient_is_that_of_the_loss_that_is_named(asked):
    served, typed = asked
    told = gradient(served, Loss(**typed))
    json.dumps(told, allow_nan=False)
    found = reading(served, typed["text"], typed["second"])
    with no_grad():
        shares = found.shares(found.of(found.ids)(served.model).data)
    if told["number"]:
        assert told["loss"] == pytest.approx(float(shares[0, 0]))
    elif found.truth[0] is not None:
        there = [-np.log(row[true]) for row, true in zip(shares, found.truth, strict=True) if true is not None]
        assert told["loss"] == pytest.approx(np.mean(there), rel=1e-4) and "the mean of them" in told["says"]
    else:
        assert told["loss"] == pytest.approx(-np.log(shares[-1].max()), rel=1e-4)
    assert told["pulls"].keys() == found.ids.keys()
    for whose, pull in told["pulls"].items():
        assert len(pull["strength"]) == found.ids[whose].shape[1] and max(pull["strength"]) > 0


def test_the_words_that_would_lower_a_loss_are_tried_out(asked):
    served, typed = asked
    whose = next(iter(read(served, Text(**typed))["texts"]))
    told = gradient(served, Loss(**typed, whose=whose, token=3))
    promised = [change["promised"] for change in told["changes"]]
    assert len(promised) == 5 and promised == sorted(promised)
    assert all(np.isfinite(change["change"]) for change in told["changes"])
    words = [change["word"] for change in told["changes"]]
    assert not {"[CLS]", "[PAD]", "[MASK]"} & {*words}


def test_a_model_on_another_device_says_the_same(asked):
    """On the fake device, where arrays of the host are refused."""
    served, typed = asked
    there = replace(served, model=copy.deepcopy(served.model).to("fake"))
    for one in read(there, Text(**typed))["stacks"]:
        assert [row["name"] for row in list(lens(there, Stack(**typed, stack=one["name"])))[-1]["rows"]]
    whose = next(iter(read(there, Text(**typed))["texts"]))
    mine, own = (gradient(which, Loss(**typed, whose=whose, token=3)) for which in (there, served))
    assert mine["loss"] == pytest.approx(own["loss"], rel=1e-5) and mine["says"] == own["says"]
    assert len(mine["changes"]) == 5


def test_a_loss_of_one_row_and_one_answer(models):
    gpt, typed = called(models, "gpt"), {"text": WORDS}
    told = gradient(gpt, Loss(**typed, row=3, answer="b"))
    assert told["says"] == "-log p of 'b', after e"
    strength = told["pulls"][""]["strength"]
    assert all(strength[:3]) and not any(strength[3:]), "what stands behind a row cannot change it"
    assert told["loss"] != gradient(gpt, Loss(**typed, row=3))["loss"]
    many = called(models, "multilabel")
    told = gradient(many, Loss(text=WORDS, answer="B-PER"))
    assert told["says"] == "-log p of 'B-PER', the text"


def test_words_of_an_encoder_and_of_its_decoder(models):
    bart = called(models, "bart")
    free, typed = read(bart, Text(text=WORDS)), read(bart, Text(text=WORDS, second="Anna lives"))
    assert [name for name, *_ in free["rows"][:1]] and typed["texts"]["decoder"] == ["[CLS]", "anna", "lives"]
    assert [row["truth"][0] for row in typed["rows"]] == ["anna", "lives", "[SEP]"]
    assert {one["name"]: (one["asking"], one["seen"]) for one in typed["attentions"]} == {
        "encoder.layers.attend": ("encoder", "encoder"), "decoder.layers.attend": ("decoder", "decoder"),
        "decoder.layers.cross": ("decoder", "encoder")}


def test_an_encoder_alone_says_what_it_lacks(models):
    bert = called(models, "bert")
    alone = Served(0, "alone", bert.model.bert, bert.tokenizer)
    found = read(alone, Text(text=WORDS))
    assert isinstance(alone.model, Bert) and found["how"] == NOTHING and found["attentions"] and not found["stacks"]
    assert "says words or labels" in found["lacks"]
    with pytest.raises(InputError, match="encoder alone"):
        gradient(alone, Loss(text=WORDS))
    with pytest.raises(InputError, match="encoder alone"):
        next(lens(alone, Stack(text=WORDS, stack="layers")))


@pytest.mark.parametrize("name, function, request_, complaint", [
    ("gpt", read, Text(text=" \n"), "type a text"),
    ("gpt", read, Text(text="é"), "é"),
    ("bert", read, Text(text="the " * 60), "at most 48"),
    ("pair", read, Text(text=WORDS), "type the second text too"),
    ("classify", read, Text(text=WORDS, second=WORDS), "leave the second text empty"),
    ("tag", read, Text(text="the " * 60), "longer than the 48"),
    ("bart", read, Text(text="the " * 60), "reads 48"),
    ("bart", read, Text(text="the", second="the " * 60), "at most 48"),
    ("gpt", attention, Part(text=WORDS, attention="layers.attend", layer=3), "no layer 3"),
    ("gpt", attention, Part(text=WORDS, attention="../x", layer=1), "layers.attend with 2 layers"),
    ("gpt", gradient, Loss(text=WORDS, row=99), "there are 31"),
    ("gpt", gradient, Loss(text=WORDS, answer="cat", row=1), "is 3 tokens"),
    ("gpt", gradient, Loss(text=WORDS, token=99), "no token 99"),
    ("bart", gradient, Loss(text=WORDS, whose="nobody", token=1), "no token 1 of 'nobody'"),
    ("classify", gradient, Loss(text=WORDS, answer="perhaps"), "choose one of: O, B-PER, I-PER"),
    ("answer", gradient, Loss(text="the cat", second="the dog", answer="2 the"), "rules this answer out"),
])
def test_what_cannot_be_shown_is_said_with_what_to_do(models, name, function, request_, complaint):
    with pytest.raises(InputError) as refused:
        function(called(models, name), request_)
    assert complaint in str(refused.value)


def test_a_stack_that_is_not_there_is_refused(models):
    with pytest.raises(InputError, match="this model has layers"):
        next(lens(called(models, "gpt"), Stack(text=WORDS, stack="x")))


def test_a_text_may_not_be_longer_than_can_be_looked_at(models):
    gpt = called(models, "gpt")
    assert min(MOST, gpt.model.config.context) == 48 and len(reading(gpt, "e" * 48).rows) == 48
    with pytest.raises(InputError, match="49 tokens"):
        reading(gpt, "e" * 49)


def test_tokens_are_called_so_that_they_can_be_seen(models):
    bytes_ = ByteLevelBPE.train(["a cat\n\tcafé a cat"] * 9, 268)
    names = [name_of(bytes_, id) for id in bytes_.encode(" cat\n\té")]
    assert "".join(names) == "␣cat⏎⇥é" or "�" in names
    assert name_of(called(models, "bert").tokenizer, 10**6) == "(no token: 1000000)"


def test_the_second_text_of_a_bert_is_its_second_segment(models):
    bert = called(models, "bert")
    apart, alone = reading(bert, "the cat", "the dog"), reading(bert, "the cat [SEP] the dog")
    assert np.array_equal(apart.ids[""], alone.ids[""])
    ids, ends = apart.ids[""], np.array([[0] * 4 + [1] * 3])
    own = bert.model.word_logits(bert.model(ids, ends))
    assert np.allclose(apart.of(apart.ids)(bert.model).data, own.data[:, :len(bert.tokenizer)])


def test_a_model_without_texts_is_not_offered(models):
    from tinyformer.nn import Linear
    other = Served(0, "other", Linear(2, 2, np.random.default_rng(0)), called(models, "gpt").tokenizer)
    assert not VIEW.serves(other) and all(map(VIEW.serves, models))
    with pytest.raises(InputError, match="other is a Linear"):
        reading(other, "a")


def test_a_head_on_something_without_layers_is_refused(models, monkeypatch):
    tag = called(models, "tag")
    elsewhere = Served(0, "elsewhere", copy.copy(tag.model), tag.tokenizer, tag.task, tag.settings)
    elsewhere.model.encoder = lambda ids, segments, keep, rng: np.zeros((*ids.shape, 16))
    with pytest.raises(InputError, match="take a model of transformer layers"):
        read(elsewhere, Text(text=WORDS))


def test_a_blank_is_what_the_vocabulary_calls_it(models):
    bert = called(models, "bert")
    tokenizer = copy.copy(bert.tokenizer)
    tokenizer.tokens = ["<mask>" if token == "[MASK]" else token for token in tokenizer.tokens]
    tokenizer.encode = lambda text: [tokenizer.mask_id] * text.count("<mask>")
    other = Served(0, "other", bert.model, tokenizer)
    assert reading(other, "the [MASK] cat").rows == ["[CLS]", "<mask>", "[SEP]"]


def test_an_answer_is_a_token_or_a_label(models):
    bert = called(models, "bert")
    found = reading(bert, WORDS)
    assert answer_id(found, bert.tokenizer, "Cat") == bert.tokenizer.vocab["cat"]
    score = called(models, "score")
    assert isinstance(score.model, PairScorer)
    assert answer_id(reading(score, "a", "b"), score.tokenizer, "the score") == 0
