"""How does a published folder describe a GPT of today?  Llama's and Qwen2's names, and their config.json.

The two differ in the biases of queries, keys and values, which Qwen2 has and Llama has not.
"""

import json
from typing import Any

from tinyformer.errors import CheckpointError
from tinyformer.models.llama import LlamaConfig

# Touvron et al.'s names, as transformers' LlamaForCausalLM has them; ours on the left.
LLAMA = [
    ("words.weight",                    "embed_tokens.weight"),
    ("layers.{n}.attend_norm.gain",     "layers.{n}.input_layernorm.weight"),
    ("layers.{n}.attend.query.weight",  "layers.{n}.self_attn.q_proj.weight"),
    ("layers.{n}.attend.project.weight", "layers.{n}.self_attn.k_proj.weight", "layers.{n}.self_attn.v_proj.weight"),
    ("layers.{n}.attend.out.weight",    "layers.{n}.self_attn.o_proj.weight"),
    ("layers.{n}.feed_norm.gain",       "layers.{n}.post_attention_layernorm.weight"),
    ("layers.{n}.feed.gate.weight",     "layers.{n}.mlp.gate_proj.weight"),
    ("layers.{n}.feed.widen.weight",    "layers.{n}.mlp.up_proj.weight"),
    ("layers.{n}.feed.narrow.weight",   "layers.{n}.mlp.down_proj.weight"),
    ("norm.gain",                       "norm.weight"),
]
QWEN2 = [
    *LLAMA,
    ("layers.{n}.attend.query.bias",    "layers.{n}.self_attn.q_proj.bias"),
    ("layers.{n}.attend.project.bias",  "layers.{n}.self_attn.k_proj.bias", "layers.{n}.self_attn.v_proj.bias"),
]
WORD_HEAD = ("head.weight", "lm_head.weight")  # where it is not tied to the word vectors


def written(c: LlamaConfig) -> dict:
    """The keys of config.json that say what `c` says."""
    return {"vocab_size": c.vocabulary, "hidden_size": c.width, "intermediate_size": c.inner,
            "num_hidden_layers": c.layers, "num_attention_heads": c.heads, "num_key_value_heads": c.key_heads,
            "head_dim": c.head_size, "max_position_embeddings": c.context, "hidden_act": "silu",
            "rms_norm_eps": c.eps, "rope_theta": c.base, "initializer_range": c.init_std,
            "attention_dropout": c.dropout, "tie_word_embeddings": c.tied, "bos_token_id": None, "eos_token_id": None}


def read(hub: dict) -> LlamaConfig:
    """Our config; CheckpointError where the turns are stretched, or a layer looks back through a window alone."""
    bias = hub["model_type"] == "qwen2"
    if any(kind != "full_attention" for kind in hub.get("layer_types", [])):
        raise CheckpointError(f"layer_types is {json.dumps(hub['layer_types'])[:60]}; only layers of full_attention "
                              "can be opened")
    base = _base(hub)
    heads = hub["num_attention_heads"]
    return LlamaConfig(
        vocabulary=hub["vocab_size"], layers=hub["num_hidden_layers"], heads=heads, width=hub["hidden_size"],
        inner=hub["intermediate_size"], context=hub.get("max_position_embeddings", 32768 if bias else 2048),
        dropout=hub.get("attention_dropout", 0.0), eps=hub.get("rms_norm_eps", 1e-6),
        init_std=hub.get("initializer_range", 0.02), key_heads=hub.get("num_key_value_heads", heads),
        head_size=hub.get("head_dim", 0), base=base, bias=bias, tied=hub.get("tie_word_embeddings", False))


def _base(hub: dict) -> Any:
    """The base of the turns: a key of its own in older files, one of several in newer ones."""
    base = hub.get("rope_theta", 10_000.0)
    for key in ("rope_scaling", "rope_parameters"):
        said = hub.get(key) or {}
        kind = said.get("rope_type", said.get("type", "default"))
        more = {name: value for name, value in said.items() if name not in ("rope_type", "type", "rope_theta")}
        if kind != "default" or said.get("partial_rotary_factor", 1.0) != 1.0:
            raise CheckpointError(f"{key} is {json.dumps(said)[:100]}; turns that are stretched are not built, "
                                  'and only {"rope_type": "default"} can be opened')
        if unknown := sorted(more.keys() - {"partial_rotary_factor"}):
            raise CheckpointError(f"{key} has {unknown[0]}, which is not known where the turns are the default ones")
        base = said.get("rope_theta", base)
    return base
