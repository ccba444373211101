"""Is the gradient of a whole model right, with each of its heads?

The complex step gives a directional derivative without any subtraction: f(theta + i h v) = f + i h <grad f, v> + O(h²),
with h so small that h² is nothing (Squire and Trapp 1998).  Forward runs on complex numbers, backward is not involved.
"""

import numpy as np
import pytest
import small

from tinyformer import no_grad
from tinyformer.data.frames import further_on
from tinyformer.gradcheck import check, hvp
from tinyformer.models import (
    MultiLabelClassifier,
    PairClassifier,
    PairScorer,
    SpanFinder,
    TextClassifier,
    TokenTagger,
    encoder_of,
)
from tinyformer.ops import cross_entropy


def _bert(head="both", **options):
    model, batch = small.bert(**options), small.pretraining_batch()

    def loss():
        if head == "both":
            return model.loss(batch)
        hidden = model(batch.ids, batch.segments, batch.keep)
        if head == "words":
            return cross_entropy(model.word_logits(hidden, batch.positions), target=batch.targets)
        return cross_entropy(model.pair_logits(hidden), target=batch.pair_labels)

    return model, loss


RNG = np.random.default_rng(6)


def _words(model):
    batch = small.pretraining_batch()
    return model, lambda: model.loss(batch)


def _gpt(**options):
    model, batch = small.gpt(**options), small.text_batch()
    return model, lambda: model.loss(batch)


def _llama(**options):
    model, batch = small.llama(**options), small.text_batch()
    return model, lambda: model.loss(batch)


def _seq2seq(**options):
    model, batch = small.seq2seq(**options), small.seq2seq_batch()
    return model, lambda: model.loss(batch)


def _t5(**options):
    model, batch = small.t5(**options), small.seq2seq_batch()
    return model, lambda: model.loss(batch)


def _vectors(**options):
    model, batch = small.vectors(**options), small.vector_batch()
    return model, lambda: model.loss(batch)


def _hubert(**options):
    model, batch = small.hubert(**options), small.unit_batch()
    return model, lambda: model.loss(batch)


def _next_vectors(**options):
    whole = small.vector_batch()
    model, batch = small.next_vectors(**options), further_on(whole.truth, whole.keep, 2)
    return model, lambda: model.loss(batch)


def _elmo(**options):
    model, batch = small.elmo(**options), small.text_batch()
    return model, lambda: model.loss(batch)


def _head(kind, encoder=None, **options):
    model, batch = small.head(kind, encoder, **options), small.head_batch(kind)
    return model, lambda: model.loss(batch)


MODELS = {
    "BERT, words": lambda: _bert("words"),
    "BERT, next sentence": lambda: _bert("pair"),
    "BERT, both": lambda: _bert(),
    "RoBERTa": lambda: _words(small.roberta()),
    "DistilBERT": lambda: _words(small.distilbert()),
    "a class for a text, DistilBERT": lambda: _head(TextClassifier, encoder_of(small.distilbert().bert, RNG)),
    "BERT, tanh form of GELU": lambda: _bert(activation="gelu_tanh"),
    "ALBERT, sentence order": lambda: _bert("pair", shared=True, factor=4, pair_objective="sop", layers=3),
    "ALBERT, both": lambda: _bert(shared=True, factor=4, pair_objective="sop", layers=3),
    "GPT-2": lambda: _gpt(),
    "GPT-2, no bias": lambda: _gpt(bias=False),
    "GPT-1": lambda: _gpt(norm="post"),
    "Llama": lambda: _llama(),
    "Qwen2, tied": lambda: _llama(bias=True, tied=True, key_heads=2),
    "a class for a text": lambda: _head(TextClassifier),
    "any labels for a text": lambda: _head(MultiLabelClassifier),
    "a tag for each token": lambda: _head(TokenTagger),
    "a class for a pair": lambda: _head(PairClassifier),
    "a score for a pair": lambda: _head(PairScorer),
    "a span": lambda: _head(SpanFinder),
    "a span, ALBERT": lambda: _head(SpanFinder, shared=True, factor=4, layers=3),
    "a class for a text, GPT-2": lambda: _head(TextClassifier, small.gpt()),
    "a class for a text, Llama": lambda: _head(TextClassifier, encoder_of(small.llama())),
    "any labels for a text, GPT-2": lambda: _head(MultiLabelClassifier, small.gpt()),
    "any labels for a text, BART's encoder": lambda: _head(MultiLabelClassifier, small.seq2seq().encoder),
    "a score for a pair, GPT-1": lambda: _head(PairScorer, small.gpt(norm="post")),
    "a tag for each token, BART's encoder": lambda: _head(TokenTagger, small.seq2seq().encoder),
    "ELMo": lambda: _elmo(),
    "a class for a pair, ELMo": lambda: _head(PairClassifier, encoder_of(small.elmo(), np.random.default_rng(5))),
    "BART": lambda: _seq2seq(),
    "T5": lambda: _t5(),
    "T5, version 1.1": lambda: _t5(activation="gelu_tanh", tied=False, head_size=3, decoder_layers=1),
    "masked vectors, as BERT": lambda: _vectors(),
    "masked vectors, as GPT-2": lambda: _vectors(causal=True, activation="gelu_tanh"),
    "clusters of vectors": lambda: _hubert(),
    "vectors to come": lambda: _next_vectors(),
    "BART, scaled words, three layers write": lambda: _seq2seq(scale_words=True, layers=1, decoder_layers=3),
}


@pytest.fixture(params=MODELS)
def case(request):
    """A model, a function that gives its loss, and its gradient as one long vector."""
    model, loss = MODELS[request.param]()
    return model, loss, _flat(small.gradients(model, loss).values())


def _flat(arrays) -> np.ndarray:
    return np.concatenate([np.zeros(1), *(np.ravel(a) for a in arrays if a is not None)])


def _at(model, loss, step, direction):
    """The loss with every parameter moved by step times its direction."""
    kept = [p.data for p in model.parameters()]
    try:
        for p, v in zip(model.parameters(), direction, strict=True):
            p.data = p.data + step * v
        with no_grad():
            return loss().data[()]
    finally:
        for p, data in zip(model.parameters(), kept, strict=True):
            p.data = data


def _direction(model, seed):
    """Random numbers in the shape of every parameter that has a gradient, zeros for the others."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=p.shape) * (p.grad is not None) for p in model.parameters()]


def _used(model, direction):
    return _flat(v for v, p in zip(direction, model.parameters(), strict=True) if p.grad is not None)


def test_the_complex_step_agrees(case):
    model, loss, gradient = case
    for seed in range(3):
        v = _direction(model, seed)
        exact = _at(model, loss, 1e-30j, v).imag / 1e-30
        ours = gradient @ _used(model, v)
        assert abs(ours - exact) <= 1e-10 * np.linalg.norm(gradient) * np.linalg.norm(_used(model, v))


def test_the_complex_step_agrees_for_each_parameter_alone(case):
    """One direction that moves everything might hide a small parameter behind a large one."""
    model, loss, _ = case
    for i, p in enumerate(model.parameters()):
        if p.grad is None:
            continue
        v = [np.zeros(q.shape) for q in model.parameters()]
        v[i] = np.random.default_rng(i).normal(size=p.shape)
        exact = _at(model, loss, 1e-30j, v).imag / 1e-30
        scale = max(np.linalg.norm(p.grad) * np.linalg.norm(v[i]), 1e-6)
        assert abs((p.grad * v[i]).sum() - exact) <= 1e-10 * scale, list(model.named_parameters())[i]


def test_what_the_gradient_leaves_shrinks_with_the_square_of_the_step(case):
    """f(theta + h v) - f(theta) - h <grad f, v> is of order h², so a tenth of the step leaves a hundredth."""
    model, loss, gradient = case
    v = _direction(model, 7)
    slope, here = gradient @ _used(model, v), _at(model, loss, 0.0, v)
    steps = [1e-3, 1e-4]
    left = [abs(_at(model, loss, h, v) - here - h * slope) for h in steps]
    assert np.log10(left[0] / left[1]) >= 1.9


def test_running_on_complex_numbers_changes_no_value(case):
    model, loss, _ = case
    v = _direction(model, 0)
    real, complexed = _at(model, loss, 0.0, v), _at(model, loss, 0j, v)
    assert complexed.imag == 0 and complexed.real == pytest.approx(real, rel=1e-13)


def test_the_checker_for_everybody_says_the_same(case):
    model, loss, _ = case
    report = check(loss, model, checks=["complex step", "Taylor", "twice"])
    assert report.ok, report


@pytest.fixture
def curved():
    """A two-layer BERT with its masked-word loss, and the product of its Hessian with a direction."""
    model, loss = _bert("words")
    return model, loss, lambda direction: hvp(loss, model, direction)


def _random_direction(model, seed):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=p.shape) for p in model.parameters()]


def test_the_hessian_is_symmetric(curved):
    """u.Hv = v.Hu, since it does not matter which of two derivatives is taken first."""
    model, _, times_hessian = curved
    for seed in range(3):
        u, v = _random_direction(model, seed), _random_direction(model, 10 + seed)
        one, other = _flat(u) @ _flat(times_hessian(v)), _flat(v) @ _flat(times_hessian(u))
        assert abs(one) > 1e-3 and abs(one - other) <= 1e-12 * abs(one)


def test_the_hessian_is_the_difference_of_two_gradients(curved):
    model, loss, times_hessian = curved
    v, kept, ends = _random_direction(model, 0), model.state(), []
    step = 1e-5
    for sign in (1, -1):
        model.load({name: data + sign * step * d for (name, data), d in zip(kept.items(), v, strict=True)})
        ends.append([np.zeros(p.shape) if g is None else g
                     for p, g in zip(model.parameters(), small.gradients(model, loss).values(), strict=True)])
    difference = (_flat(ends[0]) - _flat(ends[1])) / (2 * step)
    model.load(kept)
    exact = _flat(times_hessian(v))
    assert np.linalg.norm(exact - difference) <= 1e-6 * np.linalg.norm(exact)
