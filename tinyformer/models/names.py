"""What are our parameters called elsewhere?  One table for each published layout.

A line of a table is ours on the left and theirs on the right.  `{n}` is the number of a layer; names of a head stand
beside those of the encoder, whose `bert.` or `transformer.` in front is a column of its own (`PREFIX`).  A line
with several names on the right stacks them into our one: query, key and value are one product here.  `TURNED`
marks weights that theirs keep as (in, out), where ours are (out, in) throughout.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tinyformer.errors import CheckpointError
from tinyformer.models import names_seq2seq
from tinyformer.models.bert import Bert, BertForPretraining
from tinyformer.models.config import Config, GPTConfig, Seq2SeqConfig
from tinyformer.models.gpt import GPT
from tinyformer.nn.module import Module

TURNED = "turned"

_QKV = ("query", "key", "value")

# Devlin et al.'s names, as transformers' BertModel and BertForPreTraining have them.
BERT = [
    ("words.weight",                    "embeddings.word_embeddings.weight"),
    ("positions.weight",                "embeddings.position_embeddings.weight"),
    ("segments.weight",                 "embeddings.token_type_embeddings.weight"),
    ("norm.gain",                       "embeddings.LayerNorm.weight"),
    ("norm.bias",                       "embeddings.LayerNorm.bias"),
    ("layers.{n}.attend.project.weight", *(f"encoder.layer.{{n}}.attention.self.{x}.weight" for x in _QKV)),
    ("layers.{n}.attend.project.bias",   *(f"encoder.layer.{{n}}.attention.self.{x}.bias" for x in _QKV)),
    ("layers.{n}.attend.out.weight",    "encoder.layer.{n}.attention.output.dense.weight"),
    ("layers.{n}.attend.out.bias",      "encoder.layer.{n}.attention.output.dense.bias"),
    ("layers.{n}.attend_norm.gain",     "encoder.layer.{n}.attention.output.LayerNorm.weight"),
    ("layers.{n}.attend_norm.bias",     "encoder.layer.{n}.attention.output.LayerNorm.bias"),
    ("layers.{n}.feed.widen.weight",    "encoder.layer.{n}.intermediate.dense.weight"),
    ("layers.{n}.feed.widen.bias",      "encoder.layer.{n}.intermediate.dense.bias"),
    ("layers.{n}.feed.narrow.weight",   "encoder.layer.{n}.output.dense.weight"),
    ("layers.{n}.feed.narrow.bias",     "encoder.layer.{n}.output.dense.bias"),
    ("layers.{n}.feed_norm.gain",       "encoder.layer.{n}.output.LayerNorm.weight"),
    ("layers.{n}.feed_norm.bias",       "encoder.layer.{n}.output.LayerNorm.bias"),
    ("pooler.weight",                   "pooler.dense.weight"),
    ("pooler.bias",                     "pooler.dense.bias"),
]
BERT_HEADS = [
    ("transform.weight",                "cls.predictions.transform.dense.weight"),
    ("transform.bias",                  "cls.predictions.transform.dense.bias"),
    ("transform_norm.gain",             "cls.predictions.transform.LayerNorm.weight"),
    ("transform_norm.bias",             "cls.predictions.transform.LayerNorm.bias"),
    ("word_bias",                       "cls.predictions.bias"),
    ("pair.weight",                     "cls.seq_relationship.weight"),
    ("pair.bias",                       "cls.seq_relationship.bias"),
]

# Lan et al.'s names, as transformers' AlbertModel and AlbertForPreTraining have them.
_ALBERT_LAYER = "encoder.albert_layer_groups.{n}.albert_layers.0."
ALBERT = [
    ("words.weight",                    "embeddings.word_embeddings.weight"),
    ("positions.weight",                "embeddings.position_embeddings.weight"),
    ("segments.weight",                 "embeddings.token_type_embeddings.weight"),
    ("norm.gain",                       "embeddings.LayerNorm.weight"),
    ("norm.bias",                       "embeddings.LayerNorm.bias"),
    ("widen.weight",                    "encoder.embedding_hidden_mapping_in.weight"),
    ("widen.bias",                      "encoder.embedding_hidden_mapping_in.bias"),
    ("layers.{n}.attend.project.weight", *(f"{_ALBERT_LAYER}attention.{x}.weight" for x in _QKV)),
    ("layers.{n}.attend.project.bias",   *(f"{_ALBERT_LAYER}attention.{x}.bias" for x in _QKV)),
    ("layers.{n}.attend.out.weight",    _ALBERT_LAYER + "attention.dense.weight"),
    ("layers.{n}.attend.out.bias",      _ALBERT_LAYER + "attention.dense.bias"),
    ("layers.{n}.attend_norm.gain",     _ALBERT_LAYER + "attention.LayerNorm.weight"),
    ("layers.{n}.attend_norm.bias",     _ALBERT_LAYER + "attention.LayerNorm.bias"),
    ("layers.{n}.feed.widen.weight",    _ALBERT_LAYER + "ffn.weight"),
    ("layers.{n}.feed.widen.bias",      _ALBERT_LAYER + "ffn.bias"),
    ("layers.{n}.feed.narrow.weight",   _ALBERT_LAYER + "ffn_output.weight"),
    ("layers.{n}.feed.narrow.bias",     _ALBERT_LAYER + "ffn_output.bias"),
    ("layers.{n}.feed_norm.gain",       _ALBERT_LAYER + "full_layer_layer_norm.weight"),
    ("layers.{n}.feed_norm.bias",       _ALBERT_LAYER + "full_layer_layer_norm.bias"),
    ("pooler.weight",                   "pooler.weight"),
    ("pooler.bias",                     "pooler.bias"),
]
ALBERT_HEADS = [
    ("transform.weight",                "predictions.dense.weight"),
    ("transform.bias",                  "predictions.dense.bias"),
    ("transform_norm.gain",             "predictions.LayerNorm.weight"),
    ("transform_norm.bias",             "predictions.LayerNorm.bias"),
    ("word_bias",                       "predictions.bias"),
    ("pair.weight",                     "sop_classifier.classifier.weight"),
    ("pair.bias",                       "sop_classifier.classifier.bias"),
]

# Radford et al. 2019, GPT2LMHeadModel; the 2018 model, OpenAIGPTLMHeadModel, differs in the first and last lines.
_GPT_LAYER = [
    ("layers.{n}.attend_norm.gain",     "h.{n}.ln_1.weight"),
    ("layers.{n}.attend_norm.bias",     "h.{n}.ln_1.bias"),
    ("layers.{n}.attend.project.weight", "h.{n}.attn.c_attn.weight", TURNED),
    ("layers.{n}.attend.project.bias",  "h.{n}.attn.c_attn.bias"),
    ("layers.{n}.attend.out.weight",    "h.{n}.attn.c_proj.weight", TURNED),
    ("layers.{n}.attend.out.bias",      "h.{n}.attn.c_proj.bias"),
    ("layers.{n}.feed_norm.gain",       "h.{n}.ln_2.weight"),
    ("layers.{n}.feed_norm.bias",       "h.{n}.ln_2.bias"),
    ("layers.{n}.feed.widen.weight",    "h.{n}.mlp.c_fc.weight", TURNED),
    ("layers.{n}.feed.widen.bias",      "h.{n}.mlp.c_fc.bias"),
    ("layers.{n}.feed.narrow.weight",   "h.{n}.mlp.c_proj.weight", TURNED),
    ("layers.{n}.feed.narrow.bias",     "h.{n}.mlp.c_proj.bias"),
]
GPT2 = [("words.weight", "wte.weight"), ("positions.weight", "wpe.weight"), *_GPT_LAYER,
        ("norm.gain", "ln_f.weight"), ("norm.bias", "ln_f.bias")]
GPT1 = [("words.weight", "tokens_embed.weight"), ("positions.weight", "positions_embed.weight"), *_GPT_LAYER]

# What files hold beside the parameters: a tied weight a second time, and tables that the old code kept as buffers.
EXTRAS = ("cls.predictions.decoder.weight", "cls.predictions.decoder.bias", "predictions.decoder.weight",
          "predictions.decoder.bias", "lm_head.weight", ".position_ids", ".token_type_ids", ".attn.bias",
          ".attn.masked_bias")
OLD_ENDINGS = {".LayerNorm.gamma": ".LayerNorm.weight", ".LayerNorm.beta": ".LayerNorm.bias"}


@dataclass(frozen=True)
class Layout:
    """One published layout: its tables, its prefix, and the names of its classes with and without heads."""

    model_type: str
    prefix: str                               # stands in front of the encoder's names where there are heads
    encoder: list
    heads: list
    bare: str                                 # the architecture without heads
    full: str                                 # the architecture with them


LAYOUTS = {layout.model_type: layout for layout in (
    Layout("bert", "bert.", BERT, BERT_HEADS, "BertModel", "BertForPreTraining"),
    Layout("albert", "albert.", ALBERT, ALBERT_HEADS, "AlbertModel", "AlbertForPreTraining"),
    Layout("gpt2", "transformer.", GPT2, [], "GPT2Model", "GPT2LMHeadModel"),
    Layout("bart", names_seq2seq.PREFIX, [], [], "BartModel", "BartForConditionalGeneration"),
    Layout("openai-gpt", "transformer.", GPT1, [], "OpenAIGPTModel", "OpenAIGPTLMHeadModel"),
)}


def layout_of(config: Config) -> Layout:
    """Which published layout a configuration is stored in."""
    if isinstance(config, Seq2SeqConfig):
        return LAYOUTS["bart"]
    if isinstance(config, GPTConfig):
        return LAYOUTS["gpt2" if config.norm == "pre" else "openai-gpt"]
    return LAYOUTS["albert" if config.shared or config.factor else "bert"]


def to_published(model: Module) -> dict[str, np.ndarray]:
    """The parameters of a model under their published names and in the published shapes, each contiguous.

    A part that the layout has and the model has not is written as what changes nothing: a bias as zeros, ALBERT's
    widening of the embedding as the identity.
    """
    ours, theirs = model.state(), {}
    for our, names, turned in _lines(model):
        array = ours[our] if our in ours else _neutral(our, model)
        array = array.T if turned else array
        for name, part in zip(names, np.split(array, len(names)), strict=True):
            theirs[name] = np.ascontiguousarray(part)
    return names_seq2seq.as_published(theirs) if isinstance(model.config, Seq2SeqConfig) else theirs


def from_published(theirs: dict[str, np.ndarray], model: Module) -> dict[str, np.ndarray]:
    """Arrays under published names -> arrays for `model.load`; CheckpointError lists all that does not fit.

    Copies of tied weights and old buffers are passed over, and the names of older files are understood.
    """
    theirs = _as_today(theirs, model)
    ours, wrong, used = {}, [], set()
    wanted = {name: p.shape for name, p in model.named_parameters().items()}
    for our, names, turned in _lines(model):
        used.update(names)
        missing = [f"missing: {name}" for name in names if name not in theirs]
        if our not in wanted:                                  # a bias that this model does without
            if not missing and not np.array_equal(_joined(theirs, names, turned), _neutral(our, model)):
                wrong.append(f"{', '.join(names)}: config.json says that the model does without, but it is not neutral")
        elif missing:
            wrong += missing
        elif len({theirs[name].shape[1:] for name in names}) > 1:
            wrong.append(f"shapes of {', '.join(names)} differ: {[theirs[name].shape for name in names]}")
        else:
            array = _joined(theirs, names, turned)
            if array.shape != wanted[our]:
                wrong.append(f"shape of {', '.join(names)}: given {array.shape}, the model wants {wanted[our]}")
            ours[our] = array
    wrong += [f"unexpected: {name} {array.shape}" for name, array in theirs.items() if name not in used]
    if wrong:
        raise CheckpointError(f"{len(wrong)} tensors do not fit {type(model).__name__}\n  " + "\n  ".join(wrong))
    return ours


def _lines(model: Module) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """(our name, their names, turned?) for every line of the tables, every layer, with the prefixes of this model."""
    c, layout = model.config, layout_of(model.config)
    if isinstance(c, Seq2SeqConfig):
        yield from names_seq2seq.lines(c)
        return
    full = not isinstance(model, Bert)
    ours_in_front = "bert." if isinstance(model, BertForPretraining) else ""
    theirs_in_front = layout.prefix if full else ""
    layers = 1 if getattr(c, "shared", False) else c.layers
    tables = [(ours_in_front, theirs_in_front, layout.encoder)]
    if full:
        heads = [line for line in layout.heads if model.pair or not line[0].startswith("pair.")]
        tables.append(("", "", heads))
    for our_prefix, their_prefix, table in tables:
        for our, *theirs in table:
            turned = theirs[-1] == TURNED
            names = theirs[:-1] if turned else theirs
            for n in range(layers if "{n}" in our else 1):
                yield (our_prefix + our.format(n=n), tuple(their_prefix + name.format(n=n) for name in names), turned)


def _joined(theirs: dict, names: tuple, turned: bool) -> np.ndarray:
    array = np.concatenate([theirs[name] for name in names]) if len(names) > 1 else theirs[names[0]]
    return array.T if turned else array


def _neutral(our: str, model: Module) -> np.ndarray:
    """What changes nothing in the place of a parameter that the model does without."""
    owner, _, what = our.rpartition(".")
    named = model.named_parameters()
    dtype = next(iter(named.values())).dtype
    if owner.endswith("widen") and "feed" not in owner:        # ALBERT's widening, where the words are wide already
        return (np.eye if what == "weight" else np.zeros)(model.config.width, dtype=dtype)
    partner = named[f"{owner}.gain" if f"{owner}.gain" in named else f"{owner}.weight"]
    return np.zeros(partner.shape[0], dtype)


def _as_today(theirs: dict[str, np.ndarray], model: Module) -> dict[str, np.ndarray]:
    """Rename what older files call otherwise, drop what they hold twice, and set the prefix as this model has it."""
    if isinstance(model.config, Seq2SeqConfig):
        return names_seq2seq.as_ours(theirs)
    prefix = layout_of(model.config).prefix
    today = {}
    for name, array in theirs.items():
        for old, new in OLD_ENDINGS.items():
            name = name.removesuffix(old) + new if name.endswith(old) else name
        if ("." + name).endswith(tuple("." + extra.lstrip(".") for extra in EXTRAS)):
            continue
        today[name] = array
    if isinstance(model, GPT) and not any(name.startswith(prefix) for name in today):
        return {prefix + name: array for name, array in today.items()}
    if isinstance(model, Bert):
        return {name.removeprefix(prefix): array for name, array in today.items()}
    return today
