"""Do models take ids as people give them, and say what is wrong with others?"""

import numpy as np
import pytest

from tinyformer import Tensor
from tinyformer.models import GPT, Bert, BertConfig, GPTConfig, Seq2Seq, Seq2SeqConfig

SIZES = dict(vocabulary=9, layers=1, heads=2, width=8, context=4)
RNG = np.random.default_rng(0)
MODELS = [GPT(GPTConfig(**SIZES), RNG), Bert(BertConfig(**SIZES), RNG), Seq2Seq(Seq2SeqConfig(**SIZES), RNG).encoder]
each = pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)


@each
def test_lists_of_lists_are_a_batch(model):
    assert np.array_equal(model([[1, 2, 3]]).data, model(np.array([[1, 2, 3]])).data)


@each
@pytest.mark.parametrize("ids, error, message", [
    ([1, 2], ValueError, r"the ids are \(2,\); they must be \(B, T\), a row for each text: \[ids\] for one"),
    (np.arange(2), ValueError, r"the ids are \(2,\)"), ([[1, 2], [1]], ValueError, "texts of different lengths"),
    ([[1] * 5], ValueError, "5 positions; this model has room for 4"),
    (Tensor([[1.0]]), TypeError, "the ids are a Tensor; they are whole numbers"),
])
def test_other_ids_are_told_what_is_wrong(model, ids, error, message):
    with pytest.raises(error, match=message):
        model(ids)
