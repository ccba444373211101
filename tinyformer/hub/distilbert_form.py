"""How does a published folder describe a DistilBERT?  The names of its tensors, and its config.json."""

from tinyformer.models.distilbert import DistilBertConfig

_LAYER = "transformer.layer.{n}."
_QKV = ("q_lin", "k_lin", "v_lin")

# Sanh et al.'s names, as transformers' DistilBertModel and DistilBertForMaskedLM have them; ours on the left.
ENCODER = [
    ("words.weight",                    "embeddings.word_embeddings.weight"),
    ("positions.weight",                "embeddings.position_embeddings.weight"),
    ("norm.gain",                       "embeddings.LayerNorm.weight"),
    ("norm.bias",                       "embeddings.LayerNorm.bias"),
    ("layers.{n}.attend.project.weight", *(f"{_LAYER}attention.{x}.weight" for x in _QKV)),
    ("layers.{n}.attend.project.bias",   *(f"{_LAYER}attention.{x}.bias" for x in _QKV)),
    ("layers.{n}.attend.out.weight",    _LAYER + "attention.out_lin.weight"),
    ("layers.{n}.attend.out.bias",      _LAYER + "attention.out_lin.bias"),
    ("layers.{n}.attend_norm.gain",     _LAYER + "sa_layer_norm.weight"),
    ("layers.{n}.attend_norm.bias",     _LAYER + "sa_layer_norm.bias"),
    ("layers.{n}.feed.widen.weight",    _LAYER + "ffn.lin1.weight"),
    ("layers.{n}.feed.widen.bias",      _LAYER + "ffn.lin1.bias"),
    ("layers.{n}.feed.narrow.weight",   _LAYER + "ffn.lin2.weight"),
    ("layers.{n}.feed.narrow.bias",     _LAYER + "ffn.lin2.bias"),
    ("layers.{n}.feed_norm.gain",       _LAYER + "output_layer_norm.weight"),
    ("layers.{n}.feed_norm.bias",       _LAYER + "output_layer_norm.bias"),
]
HEADS = [
    ("transform.weight",                "vocab_transform.weight"),
    ("transform.bias",                  "vocab_transform.bias"),
    ("transform_norm.gain",             "vocab_layer_norm.weight"),
    ("transform_norm.bias",             "vocab_layer_norm.bias"),
    ("word_bias",                       "vocab_projector.bias"),
]
COPIES = {"vocab_projector.weight": "embeddings.word_embeddings.weight"}
WHOLE_TEXT = ("pre_classifier", "classifier")  # the layer with the ReLU and the linear layer of a head on the text
EPS = 1e-12                                   # of every norm there; their form cannot say another


def written(c: DistilBertConfig, activation: str) -> dict:
    """The keys of config.json that say what `c` says."""
    return {"vocab_size": c.vocabulary, "n_layers": c.layers, "n_heads": c.heads, "dim": c.width,
            "hidden_dim": c.inner, "max_position_embeddings": c.context, "dropout": c.dropout,
            "attention_dropout": c.dropout, "activation": activation, "initializer_range": c.init_std}


def read(hub: dict, activation: str) -> DistilBertConfig:
    """Our config."""
    return DistilBertConfig(
        vocabulary=hub["vocab_size"], layers=hub["n_layers"], heads=hub["n_heads"], width=hub["dim"],
        inner=hub["hidden_dim"], context=hub["max_position_embeddings"], dropout=hub.get("dropout", 0.1),
        activation=activation, eps=EPS, init_std=hub.get("initializer_range", 0.02))
