"""Do the heads read what they say they read, and nothing else?"""

import numpy as np
import pytest
import small

from tinyformer.models import (
    GPT,
    PairClassifier,
    PairScorer,
    SpanFinder,
    TextClassifier,
    TokenTagger,
    encoder_of,
)
from tinyformer.models.heads import with_dropout

HEADS = [TextClassifier, TokenTagger, PairClassifier, PairScorer, SpanFinder]
each_head = pytest.mark.parametrize("kind", HEADS, ids=lambda kind: kind.__name__)


# ---- the encoder below a head ----

def test_every_model_gives_its_encoder_with_the_same_weights():
    bert, gpt = small.bert(), small.gpt()
    assert encoder_of(bert) is bert.bert and encoder_of(bert.bert) is bert.bert and encoder_of(gpt) is gpt
    for kind in HEADS:
        head = small.head(kind, bert.bert)
        assert encoder_of(head) is head.encoder and head.encoder.words.weight is bert.bert.words.weight
    with pytest.raises(TypeError, match="the model is a Linear"):
        encoder_of(bert.pair)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_encoder_without_a_pooler_gets_a_new_one(dtype):
    tagger = small.head(TokenTagger, dtype=dtype)
    assert encoder_of(tagger).pooler is None
    with pytest.raises(ValueError, match="no pooler, which this head reads"):
        TextClassifier(encoder_of(tagger), "ab", None)
    with pytest.raises(ValueError, match="this encoder has no pooler"):
        encoder_of(tagger).pool(None)
    one, same, other = (encoder_of(tagger, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert tagger.encoder.pooler is None, "the tagger stays what it is"
    assert one.words.weight is tagger.encoder.words.weight
    assert one.pooler.weight.dtype == dtype and np.array_equal(one.pooler.weight.data, same.pooler.weight.data)
    assert not np.array_equal(one.pooler.weight.data, other.pooler.weight.data)
    assert np.isfinite(small.head(TextClassifier, one).loss(small.head_batch(TextClassifier)).item())


def test_a_copy_with_other_dropout_has_the_same_numbers_and_shares_none():
    for encoder in (small.bert().bert, small.head(TokenTagger).encoder, small.gpt()):
        copy = with_dropout(encoder, 0.25)
        assert copy.config == encoder.config.but(dropout=0.25)
        for name, p in copy.named_parameters().items():
            mine = encoder.named_parameters()[name]
            assert np.array_equal(p.data, mine.data) and not np.shares_memory(p.data, mine.data)


def test_a_gpt_carries_what_reads_one_position():
    for kind in HEADS:
        if kind.pooled:
            assert isinstance(small.head(kind, small.gpt()).encoder, GPT)
        else:
            with pytest.raises(TypeError, match="take a Bert"):
                small.head(kind, small.gpt())
