"""Does an encoder-decoder trained here open in the usual library with equal outputs, and theirs here?"""

import json

import numpy as np
import pytest
import small

import tinyformer
from tinyformer.errors import CheckpointError
from tinyformer.hub import config_json, tensor_names
from tinyformer.models import (
    MultiLabelClassifier,
    PairClassifier,
    PairScorer,
    Seq2Seq,
    Seq2SeqConfig,
    SpanFinder,
    TextClassifier,
    TokenTagger,
    encoder_of,
)
from tinyformer.models.parts.encoders import with_dropout

KINDS = {"BART": {}, "scaled words": dict(scale_words=True), "tanh form": dict(activation="gelu_tanh"),
         "a longer decoder": dict(layers=1, decoder_layers=3), "ids of our tokenizers": dict(pad_id=0, end_id=3)}
each_kind = pytest.mark.parametrize("kind", KINDS)
IDS = np.random.default_rng(5).integers(0, small.VOCABULARY, (3, 7))
DECODER_IDS = np.random.default_rng(6).integers(0, small.VOCABULARY, (3, 9))
KEEP = np.array([[1] * 7, [1] * 5 + [0] * 2, [1] * 4 + [0] * 3], bool)


@each_kind
def test_a_saved_model_comes_back_as_it_was(kind, tmp_path):
    model = small.seq2seq(dtype=np.float32, eps=1e-6, **KINDS[kind])
    again, tokenizer = tinyformer.load(tinyformer.save(tmp_path / "model", model))
    assert type(again) is Seq2Seq and again.config == model.config and tokenizer is None
    for name, p in model.named_parameters().items():
        assert np.array_equal(again.named_parameters()[name].data, p.data), name


@pytest.mark.parametrize("preset", sorted(Seq2SeqConfig.presets()))
def test_config_json_says_everything(preset):
    config = Seq2SeqConfig.preset(preset, dropout=0.25, eps=1e-6, decoder_layers=5, init_std=0.1, pad_id=7)
    assert config_json.from_hub(json.loads(json.dumps(config_json.to_hub(Seq2Seq(config, None))))) == config


def test_their_positions_begin_in_row_two():
    model = small.seq2seq()
    theirs = tensor_names.to_published(model)
    table = theirs["model.decoder.embed_positions.weight"]
    assert table.shape == (11, 8) and not table[:2].any()
    assert np.array_equal(table[2:], model.decoder.positions.weight.data)
    assert not theirs["final_logits_bias"].any() and theirs["final_logits_bias"].shape == (1, small.VOCABULARY)


def test_key_and_value_of_the_cross_attention_lie_in_this_order():
    model = small.seq2seq()
    theirs, cross = tensor_names.to_published(model), model.decoder.layers[1].cross
    for part, ours in (("q", cross.query.weight.data), ("k", cross.project.weight.data[:8]),
                       ("v", cross.project.weight.data[8:])):
        assert np.array_equal(theirs[f"model.decoder.layers.1.encoder_attn.{part}_proj.weight"], ours)


def test_copies_are_passed_over_and_the_prefix_may_be_missing():
    model = small.seq2seq()
    theirs = {name.removeprefix("model."): array for name, array in tensor_names.to_published(model).items()}
    words = theirs["shared.weight"]
    theirs |= {"encoder.embed_tokens.weight": words, "decoder.embed_tokens.weight": words, "lm_head.weight": words,
               "encoder.version": np.ones(1)}
    ours = tensor_names.from_published(theirs, model)
    assert all(np.array_equal(ours[name], p.data) for name, p in model.named_parameters().items())


@pytest.mark.parametrize("change, words", [
    ({"final_logits_bias": np.ones((1, 13))}, "final_logits_bias has numbers other than 0"),
    ({"model.extra": np.ones(2)}, "unexpected: model.extra"),
    ({"model.encoder.layers.1.fc1.weight": np.ones((3, 3))}, r"fc1.weight: given \(3, 3\), the model wants \(12, 8\)"),
    ({"model.decoder.embed_positions.weight": np.ones((9, 8))}, r"embed_positions.weight: given \(7, 8\)"),
    ({"model.decoder.layers.0.encoder_attn.k_proj.weight": None}, "missing: .*encoder_attn.k_proj.weight")])
def test_what_does_not_fit_is_named(change, words):
    model = small.seq2seq()
    theirs = {**tensor_names.to_published(model), **change}
    theirs = {name: array for name, array in theirs.items() if array is not None}
    with pytest.raises(CheckpointError, match=words):
        tensor_names.from_published(theirs, model)


@pytest.mark.parametrize("change, words", [({"decoder_ffn_dim": 99}, "decoder_ffn_dim is 99"),
                                           ({"activation_function": "relu"}, "activation_function is 'relu'"),
                                           ({"d_model": None}, "'d_model' is missing")])
def test_a_config_that_is_not_ours_is_named(change, words):
    described = {**config_json.to_hub(small.seq2seq()), **change}
    with pytest.raises(CheckpointError, match=words):
        config_json.from_hub({key: value for key, value in described.items() if value is not None})


@pytest.mark.parametrize("head, labels", [(TextClassifier, ["a", "b", "c"]), (PairClassifier, ["yes", "no"]),
                                          (TokenTagger, ["X", "Y"]), (PairScorer, []), (SpanFinder, []),
                                          (MultiLabelClassifier, ["a", "b"])])
def test_a_head_on_the_encoder_comes_back_as_it_was(head, labels, tmp_path):
    model = head(encoder_of(small.seq2seq()), labels, np.random.default_rng(0))
    again, _ = tinyformer.load(tinyformer.save(tmp_path / "model", model))
    assert type(again) is head and again.labels == tuple(labels) and again.config == model.config
    assert list(again.named_parameters()) == list(model.named_parameters())
    assert all(np.array_equal(again.state()[name], array) for name, array in model.state().items())
    light = with_dropout(encoder_of(again), 0.3)
    assert light.config.dropout == 0.3
    assert np.array_equal(light(IDS, None, KEEP).data, again.encoder(IDS, None, KEEP).data)


def test_their_classifier_reads_the_decoder_and_is_refused(tmp_path):
    described = {**config_json.to_hub(small.seq2seq()), "architectures": ["BartForSequenceClassification"]}
    theirs = {**tensor_names.to_published(small.seq2seq()), "classification_head.dense.weight": np.ones((8, 8))}
    with pytest.raises(CheckpointError, match="unexpected: classification_head.dense.weight"):
        tensor_names.from_published(theirs, config_json.empty_model(described, theirs))


# ---- the usual library as the outside oracle -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def theirs():
    pytest.importorskip("torch", reason="the library runs on it")
    transformers = pytest.importorskip("transformers", reason="the outside oracle for published layouts")
    transformers.logging.set_verbosity_error()
    return transformers


def ask(model) -> np.ndarray:
    import torch
    with torch.no_grad():
        return model.eval()(input_ids=torch.tensor(IDS), attention_mask=torch.tensor(KEEP.astype(np.int64)),
                            decoder_input_ids=torch.tensor(DECODER_IDS)).logits.numpy()


@each_kind
def test_our_model_opens_in_transformers(theirs, kind, tmp_path):
    model = small.seq2seq(dtype=np.float32, **KINDS[kind])
    opened, info = theirs.BartForConditionalGeneration.from_pretrained(tinyformer.save(tmp_path / "model", model),
                                                                       output_loading_info=True)
    assert not any(info[name] for name in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert np.abs(ask(opened) - model(IDS, DECODER_IDS, KEEP).data).max() < 1e-5


@each_kind
@pytest.mark.parametrize("bare", [False, True])
def test_their_model_opens_here(theirs, kind, bare, tmp_path):
    import torch
    described = config_json.to_hub(small.seq2seq(**KINDS[kind]))
    config = theirs.BartConfig(**{key: value for key, value in described.items() if key != "architectures"})
    model = theirs.BartForConditionalGeneration(config)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():                                      # their biases start at 0 and their gains at 1
        for p in model.parameters():
            p.add_(0.3 * torch.randn(p.shape, generator=generator))
    (model.model if bare else model).save_pretrained(tmp_path)
    ours, _ = tinyformer.load(tmp_path)
    assert np.abs(ask(model) - ours(IDS, DECODER_IDS, KEEP).data).max() < 1e-5
