"""Do the published sizes come out to the last parameter, and without taking any memory?"""

import re
import tracemalloc
from pathlib import Path

import pytest

from tinyformer.errors import InputError
from tinyformer.models import (
    GPT,
    T5,
    Bert,
    BertConfig,
    BertForPretraining,
    DistilBert,
    DistilBertConfig,
    DistilBertForMaskedLM,
    GPTConfig,
    Llama,
    LlamaConfig,
    Roberta,
    RobertaConfig,
    RobertaForMaskedLM,
    Seq2Seq,
    Seq2SeqConfig,
    T5Config,
)
from tinyformer.models.parts.size import least_numbers, that_fits

ENCODERS = {
    "tiny": 4_385_920, "mini": 11_170_560, "small": 28_763_648, "medium": 41_373_184, "base": 109_482_240,
    "large": 335_141_888, "minilm": 22_713_216, "albert-base": 11_683_584, "albert-large": 17_683_968,
    "albert-xlarge": 58_724_864,
}
WITH_HEADS = {
    "tiny": 4_433_468, "mini": 11_267_900, "small": 29_058_876, "medium": 41_668_412, "base": 110_106_428,
    "large": 336_226_108,
}
DECODERS = {
    "gpt1": 116_534_784, "gpt2-small": 124_439_808, "gpt2-medium": 354_823_168, "gpt2-large": 774_030_080,
    "gpt2-xl": 1_557_611_200,
}


@pytest.fixture(autouse=True)
def hardly_any_memory():
    """Nothing is allocated: the largest model here would hold 6 gigabytes."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6


@pytest.mark.parametrize("name", ENCODERS)
def test_encoder_and_pooler(name):
    assert Bert(BertConfig.preset(name), rng=None).count() == ENCODERS[name]


@pytest.mark.parametrize("name", WITH_HEADS)
def test_bert_with_its_two_heads(name):
    assert BertForPretraining(BertConfig.preset(name), rng=None).count() == WITH_HEADS[name]


def test_robertas_with_a_pooler_and_with_the_head_for_words():
    config = RobertaConfig.preset("roberta-base")
    assert Roberta(config, rng=None).count() == 124_645_632
    assert RobertaForMaskedLM(config, rng=None).count() == 124_697_433
    assert RobertaForMaskedLM(RobertaConfig.preset("roberta-large"), rng=None).count() == 355_412_057


def test_distilbert():
    config = DistilBertConfig.preset("distilbert-base")
    assert DistilBert(config, rng=None).count() == 66_362_880
    assert DistilBertForMaskedLM(config, rng=None).count() == 66_985_530


@pytest.mark.parametrize("name", DECODERS)
def test_decoder(name):
    assert GPT(GPTConfig.preset(name), rng=None).count() == DECODERS[name]


@pytest.mark.parametrize("name, published", [
    ("llama-2-7b", 6_738_415_616), ("llama-3-8b", 8_030_261_248), ("qwen2-0.5b", 494_032_768)])
def test_decoder_of_today(name, published):
    config = LlamaConfig.preset(name)
    assert Llama(config, rng=None).count() == config.least_numbers() == published


@pytest.mark.parametrize("name, published", [
    ("t5-small", 60_506_624), ("t5-base", 222_903_552), ("t5-v1.1-small", 76_961_152), ("t5-v1.1-base", 247_577_856)])
def test_every_task_as_text(name, published):
    config = T5Config.preset(name)
    assert T5(config, rng=None).count() == config.least_numbers() == published


@pytest.mark.parametrize("name, published", [("bart-base", 139_420_416), ("bart-large", 406_291_456)])
def test_encoder_and_decoder(name, published):
    """The published files hold two rows more in each of their two tables of positions, which no position uses."""
    config = Seq2SeqConfig.preset(name)
    assert Seq2Seq(config, rng=None).count() + 2 * 2 * config.width == published


def test_the_model_for_characters_of_shakespeare():
    assert round(GPT(GPTConfig.preset("shakespeare-cpu"), rng=None).count() / 1e6, 2) == 0.80


def test_a_head_costs_what_its_parts_cost():
    config = BertConfig.preset("base")
    width, vocabulary = config.width, config.vocabulary
    head = width * width + width + 2 * width + vocabulary      # transform, its norm, one bias for each word
    pair = 2 * width + 2
    assert WITH_HEADS["base"] - ENCODERS["base"] == head + pair
    pooler = width * width + width                             # read by the pair head alone
    assert BertForPretraining(config.but(pair_objective="none"), rng=None).count() == ENCODERS["base"] + head - pooler


def test_the_least_number_of_parameters_is_near_and_never_above():
    for cls, make, counts in ((BertConfig, Bert, ENCODERS), (GPTConfig, GPT, DECODERS)):
        for name in counts:
            config = cls.preset(name)
            assert 0.9 < least_numbers(config) / make(config, None).count() <= 1, name
    for name in Seq2SeqConfig.presets():
        config = Seq2SeqConfig.preset(name)
        assert 0.6 < least_numbers(config) / Seq2Seq(config, None).count() <= 1, name


@pytest.mark.parametrize("size", ["layers", "width", "inner", "context", "vocabulary"])
def test_a_model_that_no_machine_has_memory_for_is_refused_at_once(size):
    with pytest.raises(InputError, match="takes .* GiB of memory, of which this machine has"):
        that_fits(GPTConfig(**{"vocabulary": 10, "layers": 2, "heads": 2, "width": 8, size: 2**62}))


def test_the_sum_on_the_path_is_that_of_bert_base():
    """What the page of the path computes by hand."""
    page = (Path(__file__).parents[2] / "examples" / "README.md").read_text(encoding="utf-8")
    by_hand, total = re.search(r"^  `([\d()*+ ]+)` = ([\d,]+)$", page, re.M).groups()
    assert eval(by_hand) == int(total.replace(",", "")) == ENCODERS["base"]
