"""Do the waves that positions may begin as show a distance alike everywhere, and does a BERT begin with them?"""

import numpy as np
import pytest

from tinyformer.errors import InputError
from tinyformer.nn.sinusoids import sinusoids
from tinyformer.pretraining.masked_words import WAVES, MaskedWords
from tinyformer.pretraining.pretraining_settings import resolve
from tinyformer.text import CharTokenizer

TOKENIZER = CharTokenizer.train(["abc"], specials=("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"))
SMALL = dict(layers=1, heads=2, width=16, max_length=12, steps=1)


def test_the_product_of_two_rows_depends_on_their_distance_alone():
    products = sinusoids(30, 16) @ sinusoids(30, 16).T                         # (T, T)
    for distance in range(30):
        expected = sum(np.cos(distance * 100 ** (-2 * c / 16)) for c in range(8))
        assert np.allclose(np.diagonal(products, distance), expected, rtol=0, atol=1e-12)
    assert np.all(np.diff(products[0, :4]) < 0)                                # the nearer, the more alike


@pytest.mark.parametrize("length, width", [(1, 1), (5, 3), (0, 4)])
def test_any_shape_has_its_columns(length, width):
    assert sinusoids(length, width).shape == (length, width)


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
def test_a_model_begins_with_them_and_is_the_same_otherwise(family):
    begun = [resolve("bert", {**SMALL, "family": family, "objective": "none", "first_positions": how}
                     ).make_model(TOKENIZER) for how in ("random", "waves")]
    for (name, one), other in zip(begun[0].state().items(), begun[1].state().values(), strict=True):
        assert np.array_equal(one, other) == (name != "bert.positions.weight"), name
    table = begun[1].bert.positions.weight.data
    assert np.allclose(table, WAVES * begun[1].config.init_std * sinusoids(*table.shape), rtol=1e-6, atol=1e-7)


def test_of_a_student_its_teacher_decides():
    with pytest.raises(InputError, match="--first-positions is waves, and a student begins as --begin says"):
        MaskedWords(steps=1, teacher="a folder", first_positions="waves")
