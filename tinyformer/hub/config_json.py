"""What does config.json say about a model?  Our configuration in the published form, and back.

The form is that of the usual libraries (model_type "bert", "roberta", "gpt2", "bart" and so on).  What it cannot say
stands under a key of our own, "tinyformer": each field of our configuration that a reader of theirs would take for
another.
"""

from collections.abc import Mapping
from typing import Any

from tinyformer.errors import CheckpointError
from tinyformer.hub import architectures, distilbert_form, llama_form, readers, roberta_form, t5_form, vector_models
from tinyformer.hub.config_keys import check_classes, check_keys, guessed_type
from tinyformer.hub.layouts import LAYOUTS, layout_of
from tinyformer.hub.tensor_names import has_published_names
from tinyformer.models.config import BertConfig, Config, GPTConfig, Seq2SeqConfig
from tinyformer.models.distilbert import DistilBertConfig
from tinyformer.models.parts.size import least_numbers
from tinyformer.models.roberta import RobertaConfig
from tinyformer.nn.module import Module

MOST_SHARED = 1000                            # layers that are one and the same, of which the weights tell no number
SMALL = 10_000_000                            # numbers for which there is memory everywhere
OWN = "own"                                   # the model_type of a class that no published form can describe


def to_hub(model: Module, tokenizer=None) -> dict:
    """config.json of a model, as the usual libraries read it.

    What their form cannot say stands under "tinyformer": each field of our config that reading theirs would miss, and
    under "head" that a classifier reads pairs.  Of a model of one's own it says the class, and the config if it has
    one with a to_dict().
    """
    if readers.reader_in(model) is not None:
        return readers.described(model)
    if (found := vector_models.described(model)) is not None:
        return found
    if not has_published_names(model):
        return {"model_type": OWN, "architectures": [type(model).__name__],
                "tinyformer": getattr(getattr(model, "config", None), "to_dict", dict)()}
    c, kind = model.config, layout_of(model.config).model_type
    hub = {"model_type": kind, **_WRITERS[kind](c), **architectures.described(model, tokenizer)}
    read = _read_config(hub).to_dict()
    beyond = {name: value for name, value in c.to_dict().items() if read[name] != value}
    beyond |= architectures.described_by_us(model)
    return {**hub, "tinyformer": beyond} if beyond else hub


def from_hub(hub: dict) -> Config:
    """Our config from a config.json; CheckpointError where the kind of model is none of ours or a key is missing."""
    check_classes(hub)
    kind = hub.get("model_type")
    if kind == OWN:
        name = " ".join(hub.get("architectures") or ["model"])
        raise CheckpointError(f"it holds a {name} of its author's own; build one, and give it: load(folder, "
                              "model)")
    if kind is None and (guess := guessed_type(hub)):
        raise CheckpointError(f'there is no model_type; it looks like a {guess}: add the line "model_type": "{guess}",')
    if not isinstance(kind, str) or kind not in LAYOUTS:
        raise CheckpointError(f"model_type is {kind!r}; it must be one of: "
                              f"{', '.join([*LAYOUTS, *readers.PAPERS, vector_models.KIND])}")
    check_keys(hub)
    hub = {key: value for key, value in hub.items() if value is not None}
    try:
        config = _read_config(hub)
    except KeyError as error:
        raise CheckpointError(f"key {error.args[0]!r} is missing; a {kind} needs it") from None
    beyond = hub.get("tinyformer", {})
    if not isinstance(beyond, dict):
        raise CheckpointError(f"\"tinyformer\" holds a JSON {type(beyond).__name__}; it must be an object {{...}}")
    beyond = {name: value for name, value in beyond.items() if name != architectures.HEAD}
    unknown = sorted(set(beyond) - set(config.to_dict()))
    if unknown:
        raise CheckpointError(f"keys {', '.join(unknown)} under \"tinyformer\" are not known; "
                              "a newer version may have written them")
    return config.but(**beyond)


def empty_model(hub: dict, arrays: Mapping[str, Any]) -> Module:
    """The model that a config.json and the arrays in a weights file describe, its parameters still unwritten.

    CheckpointError where it would be far larger than the weights, before any memory is taken.
    """
    check_classes(hub)
    if isinstance(kind := hub.get("model_type"), str) and kind in readers.PAPERS:
        return readers.empty_model(hub, arrays)
    if kind == vector_models.KIND:
        return vector_models.empty_model(hub, arrays)
    config = from_hub(hub)
    layers = max(config.layers, getattr(config, "decoder_layers", 0))
    if layers > (MOST_SHARED if getattr(config, "shared", False) else len(arrays)):
        raise CheckpointError(f"it says {layers:,} layers, and the weights hold {len(arrays):,} tensors; one of the "
                              "two files belongs to another model")
    least, held = least_numbers(config), sum(array.size for array in arrays.values())
    if least > SMALL and least > 4 * held:                     # nearer ones are told tensor by tensor
        raise CheckpointError(f"it describes a model of at least {least:,} numbers, and the weights hold {held:,}; one "
                              "of the two files belongs to another model")
    return architectures.empty_model(config, hub, arrays)


def _bert_to_hub(c: BertConfig) -> dict:
    return {"vocab_size": c.vocabulary, "num_hidden_layers": c.layers, "num_attention_heads": c.heads,
            "hidden_size": c.width, "intermediate_size": c.inner, "max_position_embeddings": c.context,
            "hidden_dropout_prob": c.dropout, "attention_probs_dropout_prob": c.dropout,
            "hidden_act": _THEIR_GELU[c.activation], "layer_norm_eps": c.eps, "type_vocab_size": c.segments,
            "initializer_range": c.init_std}


def _albert_to_hub(c: BertConfig) -> dict:
    return {**_bert_to_hub(c), "embedding_size": c.word_width, "num_hidden_groups": 1 if c.shared else c.layers,
            "inner_group_num": 1, "classifier_dropout_prob": c.dropout}


def _roberta_to_hub(c: RobertaConfig) -> dict:
    return {**_bert_to_hub(c), **roberta_form.written(c)}


def _distilbert_to_hub(c: DistilBertConfig) -> dict:
    return distilbert_form.written(c, _THEIR_GELU[c.activation])


def _gpt_to_hub(c: GPTConfig) -> dict:
    return {"vocab_size": c.vocabulary, "n_layer": c.layers, "n_head": c.heads, "n_embd": c.width,
            "n_positions": c.context, "n_ctx": c.context, "resid_pdrop": c.dropout, "embd_pdrop": c.dropout,
            "attn_pdrop": c.dropout, "layer_norm_epsilon": c.eps, "tie_word_embeddings": True,
            "initializer_range": c.init_std}


def _gpt2_to_hub(c: GPTConfig) -> dict:
    return {**_gpt_to_hub(c), "n_inner": c.inner, "activation_function": _THEIR_GELU[c.activation]}


def _gpt1_to_hub(c: GPTConfig) -> dict:
    return {**_gpt_to_hub(c), "afn": "gelu"}                   # the tanh form; erf is a thing theirs cannot say


def _bart_to_hub(c: Seq2SeqConfig) -> dict:
    halves = {f"{half}_{key}": value for half, layers in (("encoder", c.layers), ("decoder", c.decoder_layers))
              for key, value in (("layers", layers), ("attention_heads", c.heads), ("ffn_dim", c.inner))}
    return {"vocab_size": c.vocabulary, "d_model": c.width, **halves, "max_position_embeddings": c.context,
            "dropout": c.dropout, "attention_dropout": c.dropout, "activation_dropout": 0.0,
            "activation_function": _THEIR_GELU[c.activation], "init_std": c.init_std, "scale_embedding": c.scale_words,
            "pad_token_id": c.pad_id, "bos_token_id": c.start_id, "decoder_start_token_id": c.start_id,
            "eos_token_id": c.end_id, "forced_eos_token_id": c.end_id, "is_encoder_decoder": True,
            "tie_word_embeddings": True}


def _read_bart(hub: dict) -> Seq2SeqConfig:
    for key in ("attention_heads", "ffn_dim"):
        if hub[f"encoder_{key}"] != hub[f"decoder_{key}"]:
            raise CheckpointError(f"encoder_{key} is {hub[f'encoder_{key}']} and decoder_{key} is "
                                  f"{hub[f'decoder_{key}']}; this model has one number for both")
    return Seq2SeqConfig(
        vocabulary=hub["vocab_size"], layers=hub["encoder_layers"], decoder_layers=hub["decoder_layers"],
        heads=hub["encoder_attention_heads"], width=hub["d_model"], inner=hub["encoder_ffn_dim"],
        context=hub["max_position_embeddings"], dropout=hub.get("dropout", 0.1),
        activation=_gelu(hub, "activation_function"), init_std=hub.get("init_std", 0.02),
        scale_words=hub.get("scale_embedding", False), pad_id=hub.get("pad_token_id", 1),
        start_id=hub.get("decoder_start_token_id", 2), end_id=hub.get("eos_token_id", 2))


_WRITERS = {"bert": _bert_to_hub, "albert": _albert_to_hub, "gpt2": _gpt2_to_hub, "openai-gpt": _gpt1_to_hub,
            "bart": _bart_to_hub, "llama": llama_form.written, "qwen2": llama_form.written,
            "roberta": _roberta_to_hub, "distilbert": _distilbert_to_hub, "t5": t5_form.written}
_THEIR_GELU = {"gelu": "gelu", "gelu_tanh": "gelu_new"}
_OUR_GELU = {"gelu": "gelu", "gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh"}


def _read_config(hub: dict) -> Config:
    kind = hub["model_type"]
    if kind == "bart":
        return _read_bart(hub)
    if kind in ("llama", "qwen2"):
        return llama_form.read(hub)
    if kind == "t5":
        return t5_form.read(hub)
    if kind == "distilbert":
        return distilbert_form.read(hub, _gelu(hub, "activation"))
    if kind in ("bert", "albert", "roberta"):
        albert = {}
        if kind == "albert":
            if hub.get("num_hidden_groups", 1) not in (1, hub["num_hidden_layers"]):
                raise CheckpointError(f"num_hidden_groups is {hub['num_hidden_groups']}; here all layers share their "
                                      f"weights (1) or none does ({hub['num_hidden_layers']})")
            albert = {"factor": hub["embedding_size"], "shared": hub.get("num_hidden_groups", 1) == 1,
                      "pair_objective": "sop"}
        sizes = dict(
            vocabulary=hub["vocab_size"], layers=hub["num_hidden_layers"], heads=hub["num_attention_heads"],
            width=hub["hidden_size"], inner=hub["intermediate_size"], context=hub["max_position_embeddings"],
            dropout=hub.get("hidden_dropout_prob", 0.1), activation=_gelu(hub, "hidden_act"),
            eps=hub.get("layer_norm_eps", 1e-12), segments=hub.get("type_vocab_size", 2),
            init_std=hub.get("initializer_range", 0.02))
        return roberta_form.read(hub, sizes) if kind == "roberta" else BertConfig(**sizes, **albert)
    return GPTConfig(
        vocabulary=hub["vocab_size"], layers=hub["n_layer"], heads=hub["n_head"], width=hub["n_embd"],
        inner=hub.get("n_inner") or 0, context=hub["n_positions"], dropout=hub.get("resid_pdrop", 0.1),
        activation=_gelu(hub, "activation_function") if kind == "gpt2" else "gelu_tanh",
        eps=hub.get("layer_norm_epsilon", 1e-5), init_std=hub.get("initializer_range", 0.02),
        norm="pre" if kind == "gpt2" else "post")


def _gelu(hub: dict, key: str) -> str:
    if not isinstance(hub[key], str) or hub[key] not in _OUR_GELU:
        raise CheckpointError(f"{key} is {hub[key]!r}; it must be one of: {', '.join(_OUR_GELU)}")
    return _OUR_GELU[hub[key]]
