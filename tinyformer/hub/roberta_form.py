"""How does a published folder describe a RoBERTa?  BERT's names below, a head of its own above, and its config.json."""

from tinyformer.models.roberta import RobertaConfig

# Liu et al.'s head, as transformers' RobertaForMaskedLM has it; the encoder has BERT's names.
HEADS = [
    ("transform.weight",                "lm_head.dense.weight"),
    ("transform.bias",                  "lm_head.dense.bias"),
    ("transform_norm.gain",             "lm_head.layer_norm.weight"),
    ("transform_norm.bias",             "lm_head.layer_norm.bias"),
    ("word_bias",                       "lm_head.bias"),
]
COPIES = {"lm_head.decoder.weight": "embeddings.word_embeddings.weight", "lm_head.decoder.bias": "lm_head.bias"}
WHOLE_TEXT = ("classifier.dense", "classifier.out_proj")       # the pooler and the linear layer of a head on the text


def written(c: RobertaConfig) -> dict:
    """What differs from BERT's keys: the table of positions has rows in front that no position uses."""
    return {"max_position_embeddings": c.places, "pad_token_id": c.pad_id}


def read(hub: dict, sizes: dict) -> RobertaConfig:
    """Our config, of the sizes that BERT's keys say."""
    pad = hub.get("pad_token_id", 1)
    sizes = {**sizes, "eps": hub.get("layer_norm_eps", 1e-5), "segments": hub.get("type_vocab_size", 1)}
    return RobertaConfig(**{**sizes, "context": hub["max_position_embeddings"] - pad - 1, "pad_id": pad})
