"""Are sizes that make no model refused, each with the rule that it breaks?"""

import pytest

from tinyformer.errors import InputError
from tinyformer.models import BertConfig, GPTConfig, Seq2SeqConfig

WRONG = [(dict(layers=0), "layers is 0; it must be a whole number of at least 1"),
         (dict(width=True), "width is True; it must be a whole number"),
         (dict(width=10, heads=4), "width 10 is not a multiple of heads 4"),
         (dict(dropout="much"), "dropout is 'much'; it must be a number"),
         (dict(dropout=1.0), "dropout is 1.0; it must be at least 0 and below 1"),
         (dict(eps=-1e-5), "eps is -1e-05; it must be at least 0 and below 1"),
         (dict(init_std=0.0), "init_std is 0.0; it must be above 0 and below 1"),
         (dict(activation="relu"), "activation is 'relu'; it must be gelu or gelu_tanh")]
WRONG_ALONE = [(BertConfig, dict(pair_objective="next"), "pair_objective is 'next'; it must be nsp, sop or none"),
               (GPTConfig, dict(norm="none"), r"norm is 'none'; it must be pre \(GPT-2\) or post \(GPT-1\)"),
               (GPTConfig, dict(norm="post", bias=False), "bias=False goes with norm='pre' only")]


@pytest.mark.parametrize("kind", [BertConfig, GPTConfig, Seq2SeqConfig])
@pytest.mark.parametrize("fields, rule", WRONG)
def test_what_no_model_can_have_is_refused(kind, fields, rule):
    with pytest.raises(InputError, match=rule):
        kind(vocabulary=100, **fields)


@pytest.mark.parametrize("kind, fields, rule", WRONG_ALONE)
def test_what_one_kind_cannot_have_is_refused(kind, fields, rule):
    with pytest.raises(InputError, match=rule):
        kind(vocabulary=100, **fields)


def test_a_preset_that_is_not_known_is_named_with_the_nearest():
    with pytest.raises(InputError, match="'gpt2-smal' is not known; did you mean 'gpt2-small'"):
        GPTConfig.preset("gpt2-smal")


def test_a_preset_with_a_field_changed():
    config = BertConfig.preset("tiny", layers=3)
    assert (config.layers, config.width, config.inner) == (3, 128, 512)
    assert config.but(layers=2) == BertConfig.preset("tiny")
