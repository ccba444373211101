"""Bases of every family, and models that were tuned from them a little."""

import numpy as np
import small

import tinyformer
from tinyformer.hub import adapter_form
from tinyformer.models import SpanFinder, TextClassifier, TokenTagger, encoder_of
from tinyformer.models.heads import Head
from tinyformer.models.parts.depth import freeze
from tinyformer.nn.lora import add_lora

BASES = {"Bert": small.bert, "Albert": lambda **o: small.bert(shared=True, factor=4, activation="gelu_tanh", **o),
         "Roberta": small.roberta, "DistilBert": small.distilbert, "GPT2": small.gpt,
         "OpenAIGPT": lambda **o: small.gpt(norm="post", inner=32, **o), "Llama": small.llama, "T5": small.t5,
         "Bart": small.seq2seq}
KINDS = [*((family, TextClassifier) for family in list(BASES)[:7]), ("Bert", TokenTagger), ("Bert", SpanFinder),
         ("Roberta", TokenTagger), ("T5", None), ("Bart", None)]
IDS = np.random.default_rng(3).integers(3, small.VOCABULARY, (3, 7))


def tuned(family, kind, folder, on=("all",), rank=2):
    """(the folder of a base, a model tuned from it): additions and head are not where they began."""
    rng, base = np.random.default_rng(6), tinyformer.save(folder / "base", BASES[family](dtype=np.float32))
    opened, _ = tinyformer.load(base)
    model = opened if kind is None else small.head(kind, encoder_of(opened, rng))
    if kind is None:
        for p in model.parameters():
            p.requires_grad = False
    else:
        freeze(model, "all")
    add_lora(model, rank, rng, on=on, packed=adapter_form.packed(model))
    model.base_folder = str(base)
    for p in model.parameters():
        if p.requires_grad:
            p.data = p.data + (0.3 * rng.normal(size=p.shape)).astype(np.float32)
    return base, model


def said(model) -> np.ndarray:
    """What a model of any kind says of three rows."""
    if isinstance(model, Head):
        found = model(IDS, np.zeros_like(IDS), np.ones(IDS.shape, bool))
        return np.stack([x.data for x in found], -1) if isinstance(found, tuple) else found.data
    return model(IDS, IDS[:, :5]).data if hasattr(model, "decoder") else model(IDS).data
