"""Which keys of a published config.json decide what a model computes, which decide nothing, and which are refused?

A key that changes the function and no shape would be a silent fault: the weights load, and every output is another.
So each key is used, is known to be harmless, or must have the value under which their model computes what ours does;
a key that is none of these is refused by name.
"""

import json

from tinyformer.errors import CheckpointError
from tinyformer.options import suggestion

WHOLE, NUMBER, FLAG, TEXT = "a whole number", "a number", "true or false", "a text"
LIST, OBJECT = "a list", "an object {...}"
KINDS = {WHOLE: int, NUMBER: int | float, FLAG: bool, TEXT: str, LIST: list, OBJECT: dict}

# What a model is made from: in every family, and in each.
DESCRIPTION = {"model_type", "architectures", "tinyformer", "id2label", "label2id", "num_labels", "problem_type"}
_BERT = {"vocab_size": WHOLE, "num_hidden_layers": WHOLE, "num_attention_heads": WHOLE, "hidden_size": WHOLE,
         "intermediate_size": WHOLE, "max_position_embeddings": WHOLE, "type_vocab_size": WHOLE, "hidden_act": TEXT,
         "hidden_dropout_prob": NUMBER, "layer_norm_eps": NUMBER, "initializer_range": NUMBER}
_GPT = {"vocab_size": WHOLE, "n_layer": WHOLE, "n_head": WHOLE, "n_embd": WHOLE, "n_positions": WHOLE,
        "resid_pdrop": NUMBER, "layer_norm_epsilon": NUMBER, "initializer_range": NUMBER}
_BART = {"vocab_size": WHOLE, "d_model": WHOLE, "encoder_layers": WHOLE, "decoder_layers": WHOLE,
         "encoder_attention_heads": WHOLE, "decoder_attention_heads": WHOLE, "encoder_ffn_dim": WHOLE,
         "decoder_ffn_dim": WHOLE, "max_position_embeddings": WHOLE, "dropout": NUMBER, "activation_function": TEXT,
         "init_std": NUMBER, "scale_embedding": FLAG, "pad_token_id": WHOLE, "decoder_start_token_id": WHOLE,
         "eos_token_id": WHOLE}
_LLAMA = {"vocab_size": WHOLE, "num_hidden_layers": WHOLE, "num_attention_heads": WHOLE, "num_key_value_heads": WHOLE,
          "hidden_size": WHOLE, "intermediate_size": WHOLE, "head_dim": WHOLE, "max_position_embeddings": WHOLE,
          "rms_norm_eps": NUMBER, "rope_theta": NUMBER, "rope_scaling": OBJECT, "rope_parameters": OBJECT,
          "attention_dropout": NUMBER, "initializer_range": NUMBER, "tie_word_embeddings": FLAG}
_DISTILBERT = {"vocab_size": WHOLE, "n_layers": WHOLE, "n_heads": WHOLE, "dim": WHOLE, "hidden_dim": WHOLE,
               "max_position_embeddings": WHOLE, "dropout": NUMBER, "activation": TEXT, "initializer_range": NUMBER}
_T5 = {"vocab_size": WHOLE, "d_model": WHOLE, "d_kv": WHOLE, "d_ff": WHOLE, "num_layers": WHOLE,
       "num_decoder_layers": WHOLE, "num_heads": WHOLE, "relative_attention_num_buckets": WHOLE,
       "relative_attention_max_distance": WHOLE, "n_positions": WHOLE, "dropout_rate": NUMBER,
       "layer_norm_epsilon": NUMBER, "feed_forward_proj": TEXT, "tie_word_embeddings": FLAG,
       "scale_decoder_outputs": FLAG, "pad_token_id": WHOLE, "decoder_start_token_id": WHOLE, "eos_token_id": WHOLE}
USED = {"bert": _BERT,
        "roberta": {**_BERT, "pad_token_id": WHOLE},
        "distilbert": _DISTILBERT,
        "albert": {**_BERT, "embedding_size": WHOLE, "num_hidden_groups": WHOLE},
        "gpt2": {**_GPT, "n_inner": WHOLE, "activation_function": TEXT},
        "openai-gpt": _GPT,
        "bart": _BART,
        "llama": _LLAMA,
        "t5": _T5,
        "qwen2": {**_LLAMA, "layer_types": LIST, "sliding_window": WHOLE, "max_window_layers": WHOLE}}

# What their program can do otherwise, with the values under which it does what ours does; null is as good as no key.
_ATTENTION = {"position_embedding_type": ("absolute",), "is_decoder": (False,), "add_cross_attention": (False,)}
_ANYWHERE = {"quantization_config": (), "pruned_heads": ({}, []), "tie_encoder_decoder": (False,),
             "cross_attention_hidden_size": (), "auto_map": ()}
FIXED = {"bert": {**_ANYWHERE, **_ATTENTION, "is_encoder_decoder": (False,)},
         "roberta": {**_ANYWHERE, **_ATTENTION, "is_encoder_decoder": (False,)},
         "distilbert": {**_ANYWHERE, "is_encoder_decoder": (False,)},
         "albert": {**_ANYWHERE, **_ATTENTION, "is_encoder_decoder": (False,), "inner_group_num": (1,)},
         "gpt2": {**_ANYWHERE, "scale_attn_weights": (True,), "scale_attn_by_inverse_layer_idx": (False,),
                  "add_cross_attention": (False,), "is_encoder_decoder": (False,)},
         "openai-gpt": {**_ANYWHERE, "afn": ("gelu",), "is_encoder_decoder": (False,)},
         "bart": {**_ANYWHERE, "normalize_before": (False,), "normalize_embedding": (True,),
                  "add_bias_logits": (False,),
                  "add_final_layer_norm": (False,), "static_position_embeddings": (False,),
                  "extra_pos_embeddings": (2,), "is_encoder_decoder": (True,)},
         "t5": {**_ANYWHERE, "is_encoder_decoder": (True,), "is_gated_act": (True, False),
                "dense_act_fn": ("relu", "gelu_new")},         # which follow from feed_forward_proj
         "llama": {**_ANYWHERE, "hidden_act": ("silu",), "attention_bias": (False,), "mlp_bias": (False,),
                   "pretraining_tp": (1,), "is_encoder_decoder": (False,)},
         "qwen2": {**_ANYWHERE, "hidden_act": ("silu",), "use_sliding_window": (False,), "use_mrope": (False,),
                   "is_encoder_decoder": (False,)}}

# Who wrote the file and how, how to train, how their `generate` chooses, what is returned, and what belongs to heads
# that are not opened here.  Whether weights are tied is seen in the weights: a matrix of its own is refused there.
_PROGRAM = """transformers_version name_or_path _name_or_path model_name dtype torch_dtype torchscript use_bfloat16
    tf_legacy_loss tokenizer_class finetuning_task task_specific_params output_hidden_states output_attentions
    output_past return_dict use_return_dict use_cache cache_implementation attn_implementation _attn_implementation
    _attn_implementation_autoset _attn_implementation_internal chunk_size_feed_forward gradient_checkpointing
    reorder_and_upcast_attn tie_word_embeddings is_staged adapters license language _commit_hash _num_labels"""
_TRAINING = """attention_probs_dropout_prob classifier_dropout classifier_dropout_prob embd_pdrop attn_pdrop
    attention_dropout activation_dropout classif_dropout qa_dropout seq_classif_dropout
    encoder_layerdrop decoder_layerdrop label_smoothing"""
_CHOOSING = """max_length min_length do_sample early_stopping num_beams num_beam_groups diversity_penalty temperature
    top_k top_p typical_p repetition_penalty length_penalty no_repeat_ngram_size encoder_no_repeat_ngram_size
    bad_words_ids num_return_sequences output_scores return_dict_in_generate forced_bos_token_id forced_eos_token_id
    remove_invalid_values exponential_decay_length_penalty suppress_tokens begin_suppress_tokens prefix max_new_tokens
    pad_token_id bos_token_id eos_token_id sep_token_id unk_token_id decoder_start_token_id generation_config"""
_OTHER_HEADS = """summary_type summary_use_proj summary_activation summary_proj_to_labels summary_first_dropout
    predict_special_tokens sinusoidal_pos_embds tie_weights_"""
_FIRST_WEIGHTS = "initializer_factor"
_OLD = """directionality pooler_fc_size pooler_num_attention_heads pooler_num_fc_layers pooler_size_per_head pooler_type
    down_scale_factor gap_size net_structure_type num_memory_blocks n_ctx num_hidden_layers is_decoder n_special
    attention_head_size vocab_size_or_config_json_file"""
HARMLESS = frozenset(" ".join((_PROGRAM, _TRAINING, _FIRST_WEIGHTS, _CHOOSING, _OTHER_HEADS, _OLD)).split())


def check_keys(hub: dict) -> None:
    """CheckpointError for a key with a value of a wrong type, one that asks for another function, or an unknown one."""
    kind = hub["model_type"]
    used, fixed = USED[kind], FIXED[kind]
    for key, value in hub.items():
        if key in used:
            _check_type(key, value, used[key])
        elif key in fixed:
            if value is not None and value not in fixed[key]:
                wanted = " or ".join(map(_written, fixed[key])) or "null"
                raise CheckpointError(f"{key} is {_written(value)}, and a {kind} with it computes something that this "
                                      f"program does not; only {wanted} can be opened")
        elif key not in HARMLESS and key not in DESCRIPTION:
            known = [*used, *fixed, *HARMLESS, *DESCRIPTION]
            raise CheckpointError(f"{key} is {_written(value)}, a key that is not known of a {kind}"
                                  f"{suggestion(key, known)}; if it changes nothing that the model computes, remove "
                                  "the line")


def check_classes(hub: dict) -> None:
    """CheckpointError unless the classes that a config.json names are a list of texts, or not there."""
    names = hub.get("architectures")
    if names is not None and not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise CheckpointError(f"architectures is {_written(names)}; it must be a list of class names, such as "
                              '["BertModel"]')


def guessed_type(hub: dict) -> str | None:
    """The model_type that a config.json without one would have, by its class or the keys that only one kind has."""
    names = hub.get("architectures")
    name = names[0].lower() if isinstance(names, list) and names and isinstance(names[0], str) else ""
    by_class = {"bertf": "bert", "bertm": "bert", "albert": "albert", "gpt2": "gpt2", "openaigpt": "openai-gpt",
                "bart": "bart", "llama": "llama", "qwen2": "qwen2", "roberta": "roberta", "distilbert": "distilbert",
                "t5": "t5"}
    for start, kind in by_class.items():
        if name.startswith(start):
            return kind
    own = {"llama": "rms_norm_eps", "t5": "d_kv", "distilbert": "n_layers", "albert": "embedding_size",
           "openai-gpt": "afn", "gpt2": "n_embd", "bart": "d_model", "bert": "hidden_size"}
    found = next((kind for kind, key in own.items() if key in hub), None)
    return "roberta" if found == "bert" and hub.get("pad_token_id") == 1 else found     # of BERT it is 0


def _check_type(key: str, value, kind: str) -> None:
    if value is None:                                          # as if the key were not there
        return
    if not isinstance(value, KINDS[kind]) or isinstance(value, bool) and kind != FLAG:
        raise CheckpointError(f"{key} is {_written(value)}; it must be {kind}")


def _written(value) -> str:
    """A value as it stands in the file, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:60] + " ..."
