"""Is what a look inside shows what the model does: its layers, its attention, its guesses on the way, its gradients?"""

import fake_device  # noqa: F401    # makes the device known
import numpy as np
import pytest
import small

from tinyformer import no_grad
from tinyformer.backend import to_device
from tinyformer.inside.changed_words import best_changes, change_by
from tinyformer.inside.head_figures import head_figures
from tinyformer.inside.look_inside import Look
from tinyformer.models import MultiLabelClassifier, PairScorer, SpanFinder, TextClassifier, TokenTagger
from tinyformer.nn import Linear
from tinyformer.ops import cross_entropy

IDS = np.array([[3, 1, 4, 5, 9, 2, 6]])                        # no word twice
WRITTEN = np.array([[2, 7, 1, 8]])
SHARED = dict(shared=True, factor=4, layers=3)


def _bert(**options):
    return small.bert(**options), lambda model: model.word_logits(model(IDS))


def _gpt(**options):
    return small.gpt(**options), lambda model: model(IDS)


def _head(kind, encoder=None):
    return small.head(kind, encoder), lambda model: model(IDS)


CASES = {
    "BERT": _bert,
    "ALBERT": lambda: _bert(**SHARED),
    "RoBERTa": lambda: (small.roberta(pad_id=0), lambda model: model.word_logits(model(IDS))),
    "DistilBERT": lambda: (small.distilbert(), lambda model: model.word_logits(model(IDS))),
    "BERT's encoder alone": lambda: (small.bert().bert, lambda model: model(IDS)),
    "GPT-2": _gpt,
    "Llama": lambda: (small.llama(), lambda model: model(IDS)),
    "GPT-1": lambda: _gpt(norm="post"),
    "BART": lambda: (small.seq2seq(decoder_layers=3, scale_words=True), lambda model: model(IDS, WRITTEN)),
    "a class": lambda: _head(TextClassifier),
    "a class, GPT": lambda: _head(TextClassifier, small.gpt()),
    "labels, BART's encoder": lambda: _head(MultiLabelClassifier, small.seq2seq().encoder),
    "tags": lambda: _head(TokenTagger),
    "a score": lambda: _head(PairScorer),
    "a span": lambda: _head(SpanFinder),
}


@pytest.fixture(params=CASES)
def case(request):
    """A model, how it is run, and a look inside."""
    model, run = CASES[request.param]()
    return model, run, Look(model, run)


def one(scores, seed=0):
    """One number made of all scores."""
    scores = scores if isinstance(scores, tuple) else (scores,)
    rng = np.random.default_rng(seed)
    parts = [(s * rng.normal(size=s.shape)).sum() for s in scores]
    return parts[0] if len(parts) == 1 else parts[0] + parts[1]


def test_it_is_the_model_that_runs(case):
    model, run, look = case
    with no_grad():
        scores = run(model)
    for mine, own in zip(*(x if isinstance(x, tuple) else (x,) for x in (look.scores, scores)), strict=True):
        assert np.array_equal(mine, own.data)


def test_the_lens_behind_the_last_layer_is_what_the_model_says(case):
    model, _, look = case
    for stack, states in look.states.items():
        seen = list(look.lens(stack))
        assert len(seen) == len(states)
        assert np.array_equal(seen[-1], look.scores) and not np.array_equal(seen[0], look.scores)


def test_every_row_of_every_attention_adds_up_to_one(case):
    look = case[-1]
    assert look.attentions
    for name, layers in look.attentions.items():
        for layer in range(layers):
            weights = look.attention(name, layer)
            assert weights.shape[1] == 2 and np.abs(weights.sum(-1) - 1).max() < 1e-12 and weights.min() >= 0


def test_the_gradient_at_a_word_is_the_complex_step(case):
    """Words and positions are added up, so that the row of a position has the gradient of the word that stands there.

    (Where BART scales its words, theirs is so much larger.)  A Llama has no positions, but a table for going in alone.
    """
    model, run, look = case
    _, found = look.gradients(one)
    assert found.keys() == look.words.keys()
    for path, gradient in found.items():
        owner = model
        for name in path.split(".")[:-1]:
            owner = getattr(owner, name)
        scale = np.sqrt(8) if getattr(model.config, "scale_words", False) else 1
        first = 1 if hasattr(owner.config, "places") else 0    # of a RoBERTa, where place 0 is that of padding
        rows, table = np.arange(gradient.shape[1]) + first, getattr(owner, "positions", None)
        if table is None:
            rows, table = IDS[0], owner.words
        direction, kept = np.random.default_rng(1).normal(size=gradient.shape), table.weight.data
        try:
            table.weight.data = kept + np.zeros_like(kept, complex)
            table.weight.data[rows] += 1e-30j * scale * direction[0]
            with no_grad():
                exact = one(run(model)).data.imag / 1e-30
        finally:
            table.weight.data = kept
        assert abs((gradient * direction).sum() - exact) <= 1e-11 * np.linalg.norm(gradient) * np.linalg.norm(direction)
        assert np.abs(gradient).max() > 1e-3


def test_looking_changes_nothing(case):
    model, _, look = case
    look.gradients(one)
    list(look.lens(next(iter(look.states))))
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    first, again = (look.gradients(one)[1] for _ in range(2))
    assert all(np.array_equal(first[path], again[path]) for path in first)


def test_states_and_attentions_are_those_that_the_models_tell_themselves():
    model, run = _bert()
    look = Look(model, run)
    assert list(look.attentions.items()) == [("bert.layers.attend", 2)]
    states = zip(look.states["bert.layers"], model.bert.states(IDS), strict=True)
    assert all(np.array_equal(mine, own.data) for mine, own in states)
    model, run = _gpt()
    look = Look(model, run)
    assert all(np.array_equal(look.attention("layers.attend", n), w.data) for n, w in enumerate(model.attentions(IDS)))
    assert not np.triu(look.attention("layers.attend", 0)[0, 0], 1).any()
    model, run = CASES["BART"]()
    look = Look(model, run)
    assert look.attentions == {"encoder.layers.attend": 2, "decoder.layers.attend": 3, "decoder.layers.cross": 3}
    across = model.decoder.alignments(WRITTEN, model.encode(IDS))
    assert all(np.allclose(look.attention("decoder.layers.cross", n), w.data, rtol=0, atol=1e-15)
               for n, w in enumerate(across))
    assert {path: ids.tolist() for path, ids in look.words.items()} == {
        "encoder.words": IDS.tolist(), "decoder.words": WRITTEN.tolist()}


def test_layers_that_share_one_block_have_notes_of_their_own():
    look = Look(*_bert(**SHARED))
    assert len(look.states["bert.layers"]) == 4
    assert not np.array_equal(look.attention("bert.layers.attend", 0), look.attention("bert.layers.attend", 2))


def test_the_lens_of_a_gpt_is_its_norm_and_its_words():
    model, run = _gpt()
    look = Look(model, run)
    for seen, state in zip(look.lens("layers"), look.states["layers"], strict=True):
        assert np.allclose(seen, model.norm(state).data @ model.words.weight.data.T, rtol=0, atol=1e-12)


def test_a_decoder_reads_what_the_lens_leaves_of_its_encoder():
    model, run = CASES["BART"]()
    look = Look(model, run)
    first = next(look.lens("encoder.layers"))
    assert np.array_equal(first, model.decode(WRITTEN, look.states["encoder.layers"][0]).data)


def test_between_two_looks_through_the_lens_all_is_as_it_was():
    model, run = _gpt()
    look = Look(model, run)
    seen = look.lens("layers")
    next(seen)
    assert np.array_equal(look.gradients(one)[1]["words"], Look(model, run).gradients(one)[1]["words"])
    assert model(IDS).node is not None


@pytest.mark.parametrize("name", ["BERT", "BART", "Llama"])
def test_a_model_on_another_device_is_looked_into_there(name):
    """On the fake device, which refuses to meet arrays of the host; what comes back are arrays of the host."""
    model, run = CASES[name]()
    here, there = Look(model, run), Look(model.to("fake"), run)
    close = dict(rtol=1e-10, atol=1e-13)
    assert type(there.scores) is np.ndarray and np.allclose(there.scores, here.scores, **close)
    stack = list(here.stacks)[-1]
    for mine, own in zip(there.lens(stack), here.lens(stack), strict=True):
        assert np.allclose(mine, own, **close)
    for kind, layers in here.attentions.items():
        assert np.allclose(there.attention(kind, layers - 1), here.attention(kind, layers - 1), **close)
    seeds = to_device(np.random.default_rng(0).normal(size=here.scores.shape), "fake")
    found = there.gradients(lambda scores: (scores * seeds).sum())[1]
    assert all(np.allclose(gradient, here.gradients(one)[1][path], **close) for path, gradient in found.items())


def test_what_has_no_layers_is_refused():
    with pytest.raises(ValueError, match="a Linear has no list `layers`"):
        Look(Linear(2, 2, np.random.default_rng(0)), lambda model: model(np.ones((1, 2))))


def test_the_change_of_a_word_is_right_to_the_first_order():
    """Words that differ by a tenth of a small step leave a hundredth of the error."""
    model, targets = small.gpt(), IDS[:, 1:]

    def loss(scores):
        return cross_entropy(scores[:, :-1], target=targets)

    off = []
    for step in (1e-2, 1e-3):
        table = model.words.weight.data
        table[0] = table[IDS[0, 2]] + step * np.random.default_rng(0).normal(size=table.shape[1])
        look = Look(model, lambda model: model(IDS))
        before, found = look.gradients(loss)
        promised = change_by(found["words"][0], look.table("words"), IDS[0])
        assert promised.shape == (7, 13) and np.abs(promised[np.arange(7), IDS[0]]).max() < 1e-12
        other = IDS.copy()
        other[0, 2] = 0
        after = loss(model(other)).item()
        off.append(abs(after - before - promised[2, 0]))
    assert off[0] / off[1] > 50


def test_the_best_changes_are_those_that_promise_most():
    gradient, table = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[3.0, 1.0], [2.0, 5.0], [-1.0, -7.0], [0.0, 0.0]])
    best, change = best_changes(gradient, table, np.array([0, 1]), most=2, barred=[3])
    assert best.tolist() == [[2, 1], [2, 0]] and change.tolist() == [[-4.0, -1.0], [-12.0, -4.0]]


def test_figures_of_heads_that_do_one_thing():
    T = 5
    uniform, itself, before = np.full((T, T), 1 / T), np.eye(T), np.eye(T, k=-1)
    before[0, 0] = 1
    found = head_figures(np.stack([uniform, itself, before]))
    assert np.allclose(found["focus"], [1 / T, 1, 1]) and np.allclose(found["first"], [1 / T, 1 / T, 2 / T])
    assert np.allclose(found["itself"], [1 / T, 1, 1 / T]) and np.allclose(found["before"], [4 / T**2, 0, 4 / T])
    assert np.allclose(found["distance"], [40 / T**2, 0, 4 / T])
    hidden = before.copy()
    hidden[0] = 0                                              # a position from which everything was hidden
    assert np.allclose(head_figures(hidden[None])["before"], 1) and "distance" not in head_figures(uniform[None], False)
