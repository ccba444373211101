"""Are the vectors of `features` those of the model?"""

import numpy as np
import pytest

from tinyformer.models import encoder_of
from tinyformer.tasks.features import features, principal
from tinyformer.train import load_model

TEXTS = ["Ida lives in Ashby.", "The museum", "A dog and a cat and the old snake"]


@pytest.fixture(scope="module")
def opened(untrained):
    model, tokenizer = load_model(untrained)
    return encoder_of(model), tokenizer


def states(encoder, tokenizer, text):
    """Every layer's vectors of one text alone, without any padding."""
    ids = np.array([[tokenizer.cls_id, *tokenizer.encode(text), tokenizer.sep_id]])
    return [state.data[0] for state in encoder.states(ids, np.zeros_like(ids), np.ones_like(ids, bool))]


def test_vectors_are_the_hidden_states(opened):
    encoder, tokenizer = opened
    for layers in ((-1,), (0, 2), (1, -1, 0)):
        first, of_first, names = features(encoder, tokenizer, TEXTS, layers)
        mean, _, _ = features(encoder, tokenizer, TEXTS, layers, "mean")
        pieces, of_pieces, tokens = features(encoder, tokenizer, TEXTS, layers, "pieces")
        assert first.shape == mean.shape == (3, 16 * len(layers)) and of_first.tolist() == [0, 1, 2]
        assert names == ["[CLS]"] * 3
        assert tokens == [tokenizer.tokens[id] for text in TEXTS for id in tokenizer.encode(text)]
        for n, text in enumerate(TEXTS):
            whole = states(encoder, tokenizer, text)
            joined = np.concatenate([whole[layer] for layer in layers], axis=-1)
            np.testing.assert_allclose(first[n], joined[0], atol=1e-5)
            np.testing.assert_allclose(mean[n], joined[1:-1].mean(0), atol=1e-5)
            np.testing.assert_allclose(pieces[of_pieces == n], joined[1:-1], atol=1e-5)


def test_a_vector_for_each_word_is_that_of_its_first_piece(opened):
    encoder, tokenizer = opened
    found, of_text, names = features(encoder, tokenizer, ["museumsnake a"], (-1,), "words")
    pieces = tokenizer.encode("museumsnake")
    assert len(pieces) > 1 and names == ["museumsnake", "a"] and of_text.tolist() == [0, 0]
    whole = states(encoder, tokenizer, "museumsnake a")[-1]
    np.testing.assert_allclose(found, whole[[1, 1 + len(pieces)]], atol=1e-5)


def test_the_directions_in_which_vectors_differ_most():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(50, 6)) * [9, 1, 1, 5, 1, 1] + 7
    found = principal(vectors, 2)
    spread = np.linalg.eigvalsh(np.cov(vectors.T))[::-1]
    np.testing.assert_allclose(found.var(0, ddof=1), spread[:2], rtol=1e-10)
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-10)
