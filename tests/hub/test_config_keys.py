"""Does no key of a published config.json change what a model computes without being read or refused?"""

import json
import math

import numpy as np
import pytest
import small

import tinyformer
from tinyformer.errors import CheckpointError, InputError
from tinyformer.hub import config_json
from tinyformer.hub.config_keys import DESCRIPTION, FIXED, HARMLESS, USED, check_keys
from tinyformer.models import Bert
from tinyformer.train.weights import write_arrays

MODELS = {"bert": lambda: small.bert(), "roberta": small.roberta, "distilbert": small.distilbert,
          "albert": lambda: small.bert(shared=True, factor=4, activation="gelu_tanh"),
          "gpt2": lambda: small.gpt(), "openai-gpt": lambda: small.gpt(norm="post"), "bart": lambda: small.seq2seq()}
each_kind = pytest.mark.parametrize("kind", MODELS)


def changed(kind: str, **keys) -> dict:
    return {**config_json.to_hub(MODELS[kind]()), **keys}


def refused(hub: dict) -> str:
    with pytest.raises((CheckpointError, InputError)) as error:
        config_json.empty_model(hub, {f"tensor {number}": np.zeros(9) for number in range(40)})
    return str(error.value)


@each_kind
def test_what_we_write_ourselves_is_known(kind):
    check_keys(config_json.to_hub(MODELS[kind]()))


@each_kind
def test_a_key_stands_in_one_list(kind):
    assert not USED[kind].keys() & FIXED[kind].keys() and not DESCRIPTION & HARMLESS
    assert all(value is not None for values in FIXED[kind].values() for value in values)


@pytest.mark.parametrize("kind, key, value", [
    ("gpt2", "scale_attn_weights", False), ("gpt2", "scale_attn_by_inverse_layer_idx", True),
    ("bert", "is_decoder", True), ("bert", "position_embedding_type", "relative_key"), ("albert", "inner_group_num", 2),
    ("openai-gpt", "afn", "relu"), ("bart", "normalize_before", True), ("bert", "pruned_heads", {"0": [1]}),
    ("gpt2", "quantization_config", {"bits": 4})])
def test_another_function_is_refused_with_key_and_value(kind, key, value):
    message = refused(changed(kind, **{key: value}))
    assert key in message and json.dumps(value) in message


def test_an_unknown_key_is_refused_and_the_near_one_named():
    message = refused(changed("bert", hiden_dropout_prob=0.1))
    assert "hiden_dropout_prob" in message and "did you mean 'hidden_dropout_prob'" in message and "remove" in message


@each_kind
@pytest.mark.parametrize("value", ["5", 2.5, True, [2], {"a": 1}, math.nan])
def test_a_size_of_another_type_is_named(kind, value):
    key = next(iter(USED[kind]))
    message = refused(changed(kind, **{key: value}))
    assert key in message and "whole number" in message


@pytest.mark.parametrize("names", [5, "BertModel", [5], {"a": 1}])
def test_architectures_of_another_type_are_named(names):
    assert "architectures is" in refused(changed("bert", architectures=names))


@pytest.mark.parametrize("kind, key", [("gpt2", "n_layer"), ("bert", "num_hidden_layers"), ("bart", "encoder_layers"),
                                       ("bart", "decoder_layers"), ("albert", "num_hidden_layers")])
def test_a_billion_layers_are_refused_at_once(kind, key):
    assert "layers" in refused(changed(kind, **{key: 1_000_000_000}))


@pytest.mark.parametrize("kind, key", [("gpt2", "vocab_size"), ("bert", "max_position_embeddings"),
                                       ("openai-gpt", "n_embd"), ("bart", "encoder_ffn_dim"), ("gpt2", "n_inner"),
                                       ("albert", "embedding_size"), ("bert", "type_vocab_size")])
def test_a_model_far_larger_than_its_weights_is_refused_before_memory_is_taken(kind, key):
    more = {"decoder_ffn_dim": 2**40} if kind == "bart" else {}
    assert "numbers, and the weights hold 360" in refused(changed(kind, **{key: 2**40}, **more))


@pytest.mark.parametrize("labels", [10**9, -1, "2", 2.5, True])
def test_a_number_of_labels_that_is_none(labels):
    assert "num_labels is" in refused(changed("bert", architectures=["BertForSequenceClassification"],
                                              num_labels=labels))


@pytest.mark.parametrize("eps", [math.nan, math.inf, -1e-5])
def test_a_number_that_is_none_is_named_for_what_it_is(eps):
    assert "eps is" in refused(changed("bert", layer_norm_eps=eps))


@pytest.mark.parametrize("kind", [[], ["bert"], {"a": 1}, 5, True, "", "own"])
def test_a_model_type_that_is_none(kind):
    assert "model_type is" in refused(changed("bert", model_type=kind)) or kind == "own"
    assert "architectures is 5" in refused(changed("bert", model_type=kind, architectures=5))


@each_kind
def test_a_missing_model_type_names_the_line_to_add(kind):
    hub = changed(kind)
    del hub["model_type"]
    assert f'add the line "model_type": "{kind}"' in refused(hub)
    del hub["architectures"]
    assert f'add the line "model_type": "{kind}"' in refused(hub)


def test_albert_shares_all_or_nothing():
    assert "num_hidden_groups is 2" in refused({**changed("albert", num_hidden_groups=2), "num_hidden_layers": 4})


def test_an_output_matrix_of_its_own_is_refused(tmp_path):
    model = small.seq2seq()
    folder = tinyformer.save(tmp_path / "model", model)
    arrays = tinyformer.hub.tensor_names.to_published(model)
    write_arrays(folder / "model.safetensors", {**arrays, "lm_head.weight": 2 * arrays["model.shared.weight"]})
    (folder / "MANIFEST.json").unlink(missing_ok=True)
    with pytest.raises(CheckpointError, match="lm_head.weight differs"):
        tinyformer.load(folder)


# ---- the usual library as the outside oracle: one key changed at a time ----------------------------------------------

SIZES = {"bert": dict(vocab_size=17, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12,
                      max_position_embeddings=9),
         "gpt2": dict(vocab_size=17, n_embd=8, n_layer=2, n_head=2, n_positions=9, bos_token_id=1, eos_token_id=1),
         "openai-gpt": dict(vocab_size=17, n_embd=8, n_layer=2, n_head=2, n_positions=9),
         "bart": dict(vocab_size=17, d_model=8, encoder_layers=2, decoder_layers=2, encoder_attention_heads=2,
                      decoder_attention_heads=2, encoder_ffn_dim=12, decoder_ffn_dim=12, max_position_embeddings=9)}
SIZES["albert"] = SIZES["bert"] | dict(embedding_size=4)
SIZES["roberta"] = SIZES["bert"] | dict(max_position_embeddings=11, type_vocab_size=1, pad_token_id=1)
SIZES["distilbert"] = dict(vocab_size=17, dim=8, n_layers=2, n_heads=2, hidden_dim=12, max_position_embeddings=9)
CLASSES = {"roberta": ("RobertaConfig", "RobertaForMaskedLM"),
           "distilbert": ("DistilBertConfig", "DistilBertForMaskedLM"), "bert": ("BertConfig", "BertForMaskedLM"),
           "albert": ("AlbertConfig", "AlbertForMaskedLM"),
           "gpt2": ("GPT2Config", "GPT2LMHeadModel"), "openai-gpt": ("OpenAIGPTConfig", "OpenAIGPTLMHeadModel"),
           "bart": ("BartConfig", "BartForConditionalGeneration")}
WORDS = {"hidden_act": ["relu", "gelu_new", "gelu"], "activation_function": ["relu", "gelu_new", "gelu", "silu"],
         "activation": ["relu", "gelu"],
         "afn": ["relu", "swish", "silu"], "position_embedding_type": ["relative_key", "relative_key_query"]}
IDS = np.random.default_rng(5).integers(4, 17, (2, 7))


@pytest.fixture(scope="module")
def theirs():
    pytest.importorskip("torch", reason="the library runs on it")
    transformers = pytest.importorskip("transformers", reason="the outside oracle for published layouts")
    transformers.logging.set_verbosity_error()
    return transformers


def answer(model) -> np.ndarray:
    import torch
    more = {"decoder_input_ids": torch.tensor(IDS[:, :5])} if "Bart" in type(model).__name__ else {}
    with torch.no_grad():
        return model.eval()(input_ids=torch.tensor(IDS), return_dict=True, **more).logits.numpy()


def ours_answer(model) -> np.ndarray:
    from tinyformer.models import GPT, Seq2Seq
    if isinstance(model, Seq2Seq):
        return model(IDS, IDS[:, :5]).data
    if isinstance(model, GPT):
        return model(IDS).data
    assert not isinstance(model, Bert)
    return model.word_logits(model(IDS)).data.reshape(2, 7, -1)


def others(key: str, value) -> list:
    """Other values of a key, of its own kind."""
    if key in WORDS:
        return [word for word in WORDS[key] if word != value]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, 2 * value]
    if isinstance(value, float):
        return [0.5, 2 * value + 1e-3]
    return [True, 2, 0.5] if value is None else []


@each_kind
def test_where_one_key_changes_their_output_it_changes_ours_or_is_refused(theirs, kind, tmp_path):
    import torch
    config, classes = (getattr(theirs, name) for name in CLASSES[kind])
    plain = classes(config(**SIZES[kind]))
    with torch.no_grad():
        for p in plain.parameters():
            p.add_(0.3 * torch.randn(p.shape, generator=torch.Generator().manual_seed(p.numel())))
    weights, reference = plain.state_dict(), answer(plain)
    plain.save_pretrained(tmp_path)
    described = json.loads((tmp_path / "config.json").read_text())
    tried, differs = set(), set()
    for key, value in config(**SIZES[kind]).to_dict().items():
        for other in others(key, value):
            try:                                               # a value that their own program refuses says nothing
                model = classes(config(**{**SIZES[kind], key: other}))
                model.load_state_dict(weights, strict=False)
                said = answer(model)
            except Exception:
                continue
            tried.add(key)
            if said.shape != reference.shape or np.abs(said - reference).max() > 1e-6:
                differs.add(key)
            (tmp_path / "config.json").write_text(json.dumps({**described, key: other}))
            try:
                opened, _ = tinyformer.load(tmp_path)
            except (CheckpointError, InputError):
                named = {*USED[kind], *FIXED[kind], *DESCRIPTION}
                assert key in named, f"{key} = {other!r} is refused, and no list says why"
                continue
            assert np.abs(ours_answer(opened) - said).max() < 1e-4, f"{key} = {other!r}: read as if it were {value!r}"
    assert len(tried) > 20 and differs, "the walk saw too little"
