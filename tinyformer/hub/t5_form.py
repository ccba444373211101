"""How does a published folder describe a T5?  Its names, and its config.json, version 1.0 and 1.1."""

from collections.abc import Iterator

import numpy as np

from tinyformer.errors import CheckpointError
from tinyformer.models.t5 import T5Config

WORDS, WORD_HEAD = "shared.weight", "lm_head.weight"
REPEATED = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")
UNREAD = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"      # in old files, and never used
ACTIVATIONS = {"relu": "relu", "gelu_tanh": "gated-gelu"}      # ours -> theirs
_ATTENTION = [("query", "q"), ("project", "k", "v"), ("out", "o")]


def lines(config: T5Config) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """(our name, their names, False: none is turned) for every parameter, as T5ForConditionalGeneration has them."""
    yield "words.weight", (WORDS,), False
    if not config.tied:
        yield "head.weight", (WORD_HEAD,), False
    feed = [("widen", "wi"), ("narrow", "wo")]
    if config.activation != "relu":
        feed = [("gate", "wi_0"), ("widen", "wi_1"), ("narrow", "wo")]
    for half, count in (("encoder", config.layers), ("decoder", config.decoder_layers)):
        parts = [("attend", "SelfAttention", _ATTENTION), ("feed", "DenseReluDense", feed)]
        if half == "decoder":
            parts.insert(1, ("cross", "EncDecAttention", _ATTENTION))
        yield (f"{half}.places.table.weight",
               (f"{half}.block.0.layer.0.SelfAttention.relative_attention_bias.weight",), False)
        yield f"{half}.norm.gain", (f"{half}.final_layer_norm.weight",), False
        for n in range(count):
            for place, (ours, theirs, table) in enumerate(parts):
                inside = f"{half}.block.{n}.layer.{place}"
                yield f"{half}.layers.{n}.{ours}_norm.gain", (f"{inside}.layer_norm.weight",), False
                for our, *names in table:
                    yield (f"{half}.layers.{n}.{ours}.{our}.weight",
                           tuple(f"{inside}.{theirs}.{name}.weight" for name in names), False)


def as_ours(theirs: dict[str, np.ndarray], config: T5Config) -> dict[str, np.ndarray]:
    """Published arrays without what stands there twice; CheckpointError where two of them should be one and differ."""
    found = {name: array for name, array in theirs.items() if name not in (*REPEATED, UNREAD)}
    copies = {name: theirs[name] for name in REPEATED if name in theirs}
    if config.tied and WORD_HEAD in found:
        copies[WORD_HEAD] = found.pop(WORD_HEAD)
    for name, array in copies.items():
        if not np.array_equal(found.setdefault(WORDS, array), array):
            raise CheckpointError(f"{name} differs from {WORDS}, and this model has one matrix for both "
                                  "(tie_word_embeddings)")
    if not config.tied and WORD_HEAD not in found and WORDS in found:
        found[WORD_HEAD] = found[WORDS]                        # tied in the file, and without the factor
    return found


def written(c: T5Config) -> dict:
    """The keys of config.json that say what `c` says."""
    return {"vocab_size": c.vocabulary, "d_model": c.width, "d_kv": c.head_size, "d_ff": c.inner,
            "num_layers": c.layers, "num_decoder_layers": c.decoder_layers, "num_heads": c.heads,
            "relative_attention_num_buckets": c.buckets, "relative_attention_max_distance": c.farthest,
            "n_positions": c.context, "dropout_rate": c.dropout, "layer_norm_epsilon": c.eps,
            "feed_forward_proj": ACTIVATIONS[c.activation], "tie_word_embeddings": c.tied, "pad_token_id": c.pad_id,
            "decoder_start_token_id": c.start_id, "eos_token_id": c.end_id, "is_encoder_decoder": True}


def read(hub: dict) -> T5Config:
    """Our config.  Newer files say of the factor what older ones say of the head: the two go together."""
    proj = hub.get("feed_forward_proj", "relu")
    ours = {theirs: our for our, theirs in ACTIVATIONS.items()}
    if proj not in ours:
        raise CheckpointError(f"feed_forward_proj is {proj!r}; it must be {' or '.join(ours)}")
    pad = hub.get("pad_token_id", 0)
    return T5Config(
        vocabulary=hub["vocab_size"], layers=hub["num_layers"], heads=hub["num_heads"], width=hub["d_model"],
        decoder_layers=hub.get("num_decoder_layers", hub["num_layers"]), inner=hub["d_ff"], head_size=hub["d_kv"],
        context=hub.get("n_positions", 512), dropout=hub.get("dropout_rate", 0.1), activation=ours[proj],
        eps=hub.get("layer_norm_epsilon", 1e-6), buckets=hub.get("relative_attention_num_buckets", 32),
        farthest=hub.get("relative_attention_max_distance", 128), pad_id=pad,
        tied=hub.get("scale_decoder_outputs", hub.get("tie_word_embeddings", True)),
        start_id=hub.get("decoder_start_token_id", pad), end_id=hub.get("eos_token_id", 1))
