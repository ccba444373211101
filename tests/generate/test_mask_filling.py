"""Are the guesses for a blank the model's own, and are pieces of words joined?"""

import numpy as np
import pytest

from tinyformer.errors import InputError
from tinyformer.generate.mask_filling import fill, filled, probabilities, row
from tinyformer.train import load_model


def test_guesses_are_the_models_own_probabilities(bert):
    model, tokenizer = load_model(bert)
    guesses = fill(model, tokenizer, "the [MASK] dog", top=len(tokenizer))[0]
    assert sum(share for _, share in guesses) == pytest.approx(1)
    assert [share for _, share in guesses] == sorted((share for _, share in guesses), reverse=True)
    ids = np.array([row(tokenizer, "the [MASK] dog")])
    place = int(np.flatnonzero(ids[0] == tokenizer.mask_id)[0])
    shares = probabilities(model, ids, np.array([place]))[0]
    words = [id for id in range(len(tokenizer)) if id not in tokenizer.special_ids]
    best = max(words, key=lambda id: shares[id])
    assert guesses[0][0] == tokenizer.tokens[best]
    assert guesses[0][1] == pytest.approx(shares[best] / shares[words].sum())


def test_pieces_of_words_are_joined():
    assert filled("play[MASK] the [MASK] .", [[("##ing", 0.5)], [("game", 0.4)]]) == "playing the game ."
    assert filled("play [MASK].", [[("##ed", 0.5)]]) == "played."


def test_a_vocabulary_without_mask_is_refused(gpt):
    model, tokenizer = load_model(gpt)
    with pytest.raises(InputError, match=r"lacks \[MASK\]"):
        row(tokenizer, "The")
