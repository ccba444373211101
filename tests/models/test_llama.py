"""Is our Llama theirs, and Qwen2 as well: the same logits, the same texts, in both directions?"""

import json

import numpy as np
import pytest
import small

from tinyformer import no_grad
from tinyformer.errors import CheckpointError, InputError
from tinyformer.generate import Cache, Reading, Sampling, write, write_batch, write_beams
from tinyformer.models import LlamaConfig, TextClassifier, encoder_of
from tinyformer.models.llama import Llama
from tinyformer.nn.int8_layers import keep_in_bytes
from tinyformer.nn.recomputed_blocks import recomputing
from tinyformer.pretraining.pretraining_settings import resolve
from tinyformer.train import load_model, save_model

SIZES = dict(vocab_size=50, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=6,
             num_key_value_heads=2, max_position_embeddings=32, initializer_range=0.2, bos_token_id=None,
             eos_token_id=None, pad_token_id=None)
THEIRS = {"llama": ("Llama", {}), "llama, tied": ("Llama", dict(tie_word_embeddings=True)),
          "llama, wide heads": ("Llama", dict(head_dim=6, num_key_value_heads=6, rms_norm_eps=1e-3)),
          "qwen2": ("Qwen2", {}), "qwen2, tied": ("Qwen2", dict(tie_word_embeddings=True, rope_theta=500.0))}
OURS = {"llama": {}, "llama, tied": dict(tied=True), "qwen2": dict(bias=True, base=500.0, key_heads=2)}
IDS = np.random.default_rng(0).integers(0, 50, (2, 12))


@pytest.fixture(scope="module")
def theirs():
    pytest.importorskip("torch", reason="the library runs on it")
    transformers = pytest.importorskip("transformers", reason="the outside oracle for published layouts")
    transformers.logging.set_verbosity_error()
    transformers.set_seed(0)
    return transformers


def their_logits(model, ids) -> np.ndarray:
    import torch
    with torch.no_grad():
        return model.eval()(torch.tensor(ids)).logits.numpy()


def their_text(model, prompt, **how) -> list[int]:
    import torch
    ids = torch.tensor([prompt])
    return model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, pad_token_id=0,
                          max_new_tokens=15, **how)[0, len(prompt):].tolist()


def compare(ours, opened, ids):
    with no_grad():
        np.testing.assert_allclose(ours(ids).data, their_logits(opened, ids), rtol=1e-5, atol=1e-5)
    prompt = ids[0, :7].tolist()
    assert list(write(ours, prompt, 15)) == their_text(opened, prompt)
    assert list(write_beams(ours, prompt, 15, 3)[0].ids) == their_text(opened, prompt, num_beams=3)


@pytest.mark.parametrize("form", THEIRS)
def test_what_they_save_computes_and_writes_the_same_here(theirs, form, tmp_path):
    import torch
    family, changes = THEIRS[form]
    opened = getattr(theirs, f"{family}ForCausalLM")(getattr(theirs, f"{family}Config")(**{**SIZES, **changes}))
    for parameter in opened.parameters():
        if parameter.ndim == 1:
            torch.nn.init.normal_(parameter, 0.5, 0.2)
    opened.save_pretrained(tmp_path)
    ours, _ = load_model(tmp_path)
    assert ours.count() == ours.config.least_numbers() == opened.num_parameters()
    compare(ours, opened, IDS)


@pytest.mark.parametrize("form", OURS)
def test_what_we_save_computes_and_writes_the_same_there_and_comes_back(theirs, form, tmp_path):
    ours = small.llama(dtype=np.float32, heads=4, width=16, context=32, vocabulary=50, **OURS[form])
    folder = save_model(tmp_path / "model", ours)
    compare(ours, theirs.AutoModelForCausalLM.from_pretrained(folder), IDS)
    again, _ = load_model(folder)
    assert again.config == ours.config
    assert all(np.array_equal(a, b) for a, b in zip(again.state().values(), ours.state().values(), strict=True))


def test_their_classifier_on_it_and_ours_are_one(theirs, tmp_path):
    ours = TextClassifier(encoder_of(small.llama(dtype=np.float32)), ("no", "yes"), np.random.default_rng(0))
    folder = save_model(tmp_path / "model", ours)
    opened = theirs.AutoModelForSequenceClassification.from_pretrained(folder)
    ids = IDS[:, :8] % 12 + 1                                  # none of which is padding
    np.testing.assert_allclose(ours(ids).data, their_logits(opened, ids), rtol=1e-5, atol=1e-5)
    again, _ = load_model(folder)
    assert isinstance(again, TextClassifier) and np.array_equal(again(ids).data, ours(ids).data)
    opened.save_pretrained(tmp_path / "theirs")
    assert load_model(tmp_path / "theirs")[0].count() == ours.count()


@pytest.mark.parametrize("key, value, said", [
    ("rope_scaling", {"rope_type": "llama3", "factor": 8.0}, 'rope_scaling is {"rope_type": "llama3", "factor": 8.0}'),
    ("rope_scaling", {"type": "linear", "factor": 2.0}, 'rope_scaling is {"type": "linear", "factor": 2.0}'),
    ("rope_parameters", {"rope_type": "yarn", "rope_theta": 1e6}, "rope_parameters is .*yarn"),
    ("rope_parameters", {"rope_type": "default", "partial_rotary_factor": 0.5}, "rope_parameters is .*0.5"),
    ("attention_bias", True, "attention_bias is true"), ("mlp_bias", True, "mlp_bias is true"),
    ("hidden_act", "gelu", 'hidden_act is "gelu"'), ("pretraining_tp", 2, "pretraining_tp is 2"),
    ("sliding_window", 4096, "sliding_window is 4096, a key that is not known of a llama"),
    ("num_key_value_heads", 3, "heads must be a multiple of key_heads")])
def test_what_is_not_built_is_refused_by_name_and_value(key, value, said, tmp_path):
    folder = save_model(tmp_path / "model", small.llama(heads=4, key_heads=2))
    hub = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**hub, key: value}))
    (folder / "MANIFEST.json").unlink(missing_ok=True)
    with pytest.raises((CheckpointError, InputError), match=said):
        load_model(folder)


@pytest.mark.parametrize("key, value, said", [
    ("use_sliding_window", True, "use_sliding_window is true"),
    ("layer_types", ["full_attention", "sliding_attention"], "layer_types is .*sliding_attention")])
def test_windows_of_qwen2_are_refused_and_a_size_that_nobody_uses_is_not(key, value, said, tmp_path):
    folder = save_model(tmp_path / "model", small.llama(bias=True))
    hub = json.loads((folder / "config.json").read_text())
    unused = {**hub, "use_sliding_window": False, "sliding_window": 4096, "max_window_layers": 1,
              "layer_types": ["full_attention"] * 2}
    (folder / "MANIFEST.json").unlink(missing_ok=True)
    (folder / "config.json").write_text(json.dumps(unused))
    load_model(folder)
    (folder / "config.json").write_text(json.dumps({**unused, key: value}))
    with pytest.raises(CheckpointError, match=said):
        load_model(folder)


def test_only_distances_count():
    """The same words further to the right have the same hidden vectors, where nothing stands in front of them."""
    model, ids = small.llama(), np.array([[0, 0, 0, 5, 2, 7]])
    moved = Cache(2, np.array([3]))
    with no_grad():
        there = model.hidden(ids, past=moved).data[:, 3:]
        np.testing.assert_allclose(there, model.hidden(ids[:, 3:]).data, atol=1e-12)
    with no_grad():
        layer, x = model.layers[0], model.words(ids)
        near, far = (layer.weights(x, np.arange(6) + start).data for start in (0, 700))
    np.testing.assert_allclose(near, far, atol=1e-12)


@pytest.mark.parametrize("form", OURS)
def test_a_cache_changes_nothing(form):
    """Rows of unequal lengths, that change places, up to the context and beyond it."""
    model = small.llama(**OURS[form])
    cached, plain = (Reading(model, [[5], [1, 2, 3], [7, 8]], cached) for cached in (True, False))
    for token in range(9):
        parents = [2, 0, 0] if token == 2 else None
        both = [reading.step([token, token + 1, 12 - token], parents) for reading in (cached, plain)]
        np.testing.assert_allclose(*both, rtol=0, atol=1e-12)


def test_eight_at_a_time_and_in_bytes():
    model = small.llama(dtype=np.float32, width=16, context=32)
    prompts = [[n, n + 1][:1 + n % 2] for n in range(8)]
    alone = [list(write(model, prompt, 9)) for prompt in prompts]
    assert write_batch(model, prompts, 9, Sampling(temperature=0)) == alone
    exact = model(IDS % 13).data
    keep_in_bytes(model)
    with no_grad():
        assert 0 < np.abs(model(IDS % 13).data - exact).max() < 0.05 * np.abs(exact).max()
    assert len(list(write(model, [1, 2], 9))) == 9


@pytest.mark.parametrize("make, batch", [(small.llama, small.text_batch), (small.t5, small.seq2seq_batch)])
def test_layers_that_are_computed_again_give_the_same_bits(make, batch):
    model, drawn = make(dropout=0.1), batch()
    kept = small.gradients(model, lambda: model.loss(drawn, rng=np.random.default_rng(3)))
    with recomputing(model):
        again = small.gradients(model, lambda: model.loss(drawn, rng=np.random.default_rng(3)))
    assert all(np.array_equal(kept[name], again[name]) for name in kept)


def test_rows_so_long_that_they_are_attended_to_in_blocks(monkeypatch):
    model, ids = small.llama(context=40), np.random.default_rng(0).integers(0, 13, (2, 40))
    whole = small.gradients(model, lambda: (model(ids) * model(ids)).sum())
    monkeypatch.setattr("tinyformer.nn.grouped_attention.in_blocks", lambda queries, keys: True)
    blocks = small.gradients(model, lambda: (model(ids) * model(ids)).sum())
    for name, gradient in whole.items():
        np.testing.assert_allclose(blocks[name], gradient, rtol=0, atol=1e-12 * np.abs(gradient).max())


def test_where_it_looks():
    model, ids = small.llama(), IDS[:, :6] % 13
    found = model.attentions(ids)
    assert [w.shape for w in found] == [(2, 2, 6, 6)] * 2
    for weights in found:
        np.testing.assert_allclose(weights.data.sum(-1), 1)
        assert not np.triu(weights.data, 1).any()


def test_past_is_for_writing_alone():
    with pytest.raises(ValueError, match="GroupedAttention: past keeps numbers without a graph"):
        small.llama().hidden(IDS[:, :5] % 13, past=Cache(2))


@pytest.mark.parametrize("wrong, said", [
    (dict(heads=3), "width 8 is not a multiple of heads 3; say the head_size"),
    (dict(heads=4, key_heads=3), "heads must be a multiple of key_heads"), (dict(head_size=3), "must be even"),
    (dict(norm="post", bias=True), "norm pre"), (dict(base=1), "base is 1"), (dict(width=0), "width is 0"),
    (dict(activation="gelu"), "it must be silu")])
def test_sizes_that_cannot_be_are_refused(wrong, said):
    with pytest.raises(InputError, match=said):
        LlamaConfig(**{**dict(vocabulary=9, layers=1, heads=2, width=8), **wrong})


def test_pretrain_gpt_family_llama():
    settings = resolve("gpt", {"family": "llama", "heads": 4, "key_heads": 2, "width": 32, "optimizer": "adamw"})
    c = settings.config(100)
    assert (c.key_heads, c.inner, c.context, c.bias, c.tied) == (2, 88, settings.max_length, False, False)
    preset = resolve("gpt", {"family": "llama", "preset": "tiny"}).config(100)
    assert (preset.width, preset.layers, preset.context) == (128, 2, 1024)
    assert not isinstance(resolve("gpt", {}).config(100), LlamaConfig)
    with pytest.raises(InputError, match="--key-heads is 2, and in a GPT-2"):
        resolve("gpt", {"key_heads": 2})
    assert isinstance(settings.make_model(range(100)), Llama)
