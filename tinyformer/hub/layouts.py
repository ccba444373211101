"""What are our parameters called elsewhere?  One table for each published layout.

A line of a table is ours on the left and theirs on the right.  `{n}` is the number of a layer; names of a head stand
beside those of the encoder, whose `bert.` or `transformer.` in front is a column of its own (`prefix`).  A line
with several names on the right stacks them into our one: query, key and value are one product here.  `TURNED`
marks weights that theirs keep as (in, out), where ours are (out, in) throughout.
"""

from dataclasses import dataclass

from tinyformer.hub import bart_names, distilbert_form, llama_form, roberta_form
from tinyformer.models.config import Config, GPTConfig, Seq2SeqConfig
from tinyformer.models.distilbert import DistilBertConfig
from tinyformer.models.llama import LlamaConfig
from tinyformer.models.roberta import RobertaConfig
from tinyformer.models.t5 import T5Config

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

# The one linear layer on top of an encoder that is fine-tuned; GPT's has no bias.
CLASSIFIER, SPANS, GPT_CLASSIFIER, NEXT_SENTENCE = "classifier", "qa_outputs", "score", "cls.seq_relationship"

# What files hold beside the parameters: a tied weight a second time, and tables that the old code kept as buffers.
BERT_COPIES = {"cls.predictions.decoder.weight": "embeddings.word_embeddings.weight",
               "cls.predictions.decoder.bias": "cls.predictions.bias"}
ALBERT_COPIES = {"predictions.decoder.weight": "embeddings.word_embeddings.weight",
                 "predictions.decoder.bias": "predictions.bias"}
BUFFERS = (".position_ids", ".token_type_ids", ".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq")
OLD_ENDINGS = {".LayerNorm.gamma": ".LayerNorm.weight", ".LayerNorm.beta": ".LayerNorm.bias"}


@dataclass(frozen=True)
class Layout:
    """One published layout: its tables, its prefix, and how the names of its classes begin."""

    model_type: str
    family: str                               # begins the name of each class; "Model" behind it is the encoder alone
    prefix: str                               # stands in front of the encoder's names where there are heads
    encoder: list
    heads: list                               # those of pre-training
    full: str                                 # the class with the heads of pre-training
    copies: dict
    whole_text: tuple[str, ...] = ()          # pooler and linear layer of a head on the text, if both are the head's


LAYOUTS = {layout.model_type: layout for layout in (
    Layout("bert", "Bert", "bert.", BERT, BERT_HEADS, "BertForPreTraining", BERT_COPIES),
    Layout("albert", "Albert", "albert.", ALBERT, ALBERT_HEADS, "AlbertForPreTraining", ALBERT_COPIES),
    Layout("roberta", "Roberta", "roberta.", BERT, roberta_form.HEADS, "RobertaForMaskedLM", roberta_form.COPIES,
           roberta_form.WHOLE_TEXT),
    Layout("distilbert", "DistilBert", "distilbert.", distilbert_form.ENCODER, distilbert_form.HEADS,
           "DistilBertForMaskedLM", distilbert_form.COPIES, distilbert_form.WHOLE_TEXT),
    Layout("gpt2", "GPT2", "transformer.", GPT2, [], "GPT2LMHeadModel", {"lm_head.weight": "wte.weight"}),
    Layout("openai-gpt", "OpenAIGPT", "transformer.", GPT1, [], "OpenAIGPTLMHeadModel",
           {"lm_head.weight": "tokens_embed.weight"}),
    Layout("llama", "Llama", "model.", llama_form.LLAMA, [], "LlamaForCausalLM",
           {"lm_head.weight": "embed_tokens.weight"}),
    Layout("qwen2", "Qwen2", "model.", llama_form.QWEN2, [], "Qwen2ForCausalLM",
           {"lm_head.weight": "embed_tokens.weight"}),
    Layout("t5", "T5", "", [], [], "T5ForConditionalGeneration", {}),
    Layout("bart", "Bart", bart_names.PREFIX, [], [], "BartForConditionalGeneration", {}),
)}


def layout_of(config: Config) -> Layout:
    """Which published layout a configuration is stored in."""
    if isinstance(config, T5Config):
        return LAYOUTS["t5"]
    if isinstance(config, Seq2SeqConfig):
        return LAYOUTS["bart"]
    if isinstance(config, LlamaConfig):
        return LAYOUTS["qwen2" if config.bias else "llama"]
    if isinstance(config, GPTConfig):
        return LAYOUTS["gpt2" if config.norm == "pre" else "openai-gpt"]
    if isinstance(config, RobertaConfig | DistilBertConfig):
        return LAYOUTS["roberta" if isinstance(config, RobertaConfig) else "distilbert"]
    return LAYOUTS["albert" if config.shared or config.factor else "bert"]
