"""Does a text enter each family of models on the page as it does everywhere else: Llama, RoBERTa, DistilBERT, T5?"""

import json

import numpy as np
import pytest

from tinyformer.generate import beginning
from tinyformer.models import (
    T5,
    DistilBertConfig,
    DistilBertForMaskedLM,
    Llama,
    LlamaConfig,
    RobertaConfig,
    RobertaForMaskedLM,
    T5Config,
)
from tinyformer.page.readings import reading
from tinyformer.page.served import Behind, Served
from tinyformer.page.views import fill, inside, write
from tinyformer.text import ByteLevelBPE, UnigramTokenizer, WordPieceTokenizer
from tinyformer.text.added import AddedToken
from tinyformer.text.split_bpe import SplitBPE

TEXT = "the red cat sees"
SIZES = dict(layers=2, heads=2, width=16, context=48, dropout=0.0)
SPECIALS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def llama() -> Served:
    """With a token in front of every text, and one head of keys for both heads."""
    bytes_ = ByteLevelBPE.train([TEXT] * 3, 265, specials=["<begin>", "<end>"])
    tokenizer = SplitBPE(bytes_.tokens, bytes_.merges, [AddedToken("<begin>", special=True)], pattern=r"\S+|\s+",
                         eos="<end>", starts=["<begin>"])
    config = LlamaConfig(vocabulary=len(tokenizer), key_heads=1, init_std=0.2, **SIZES)
    return Served(0, "llama", Llama(config, np.random.default_rng(0)), tokenizer)


def roberta() -> Served:
    tokenizer = ByteLevelBPE.train([TEXT] * 3, 265, specials=SPECIALS)
    config = RobertaConfig(vocabulary=len(tokenizer), init_std=0.2, **SIZES)
    return Served(0, "roberta", RobertaForMaskedLM(config, np.random.default_rng(0)), tokenizer)


def distilbert() -> Served:
    tokenizer = WordPieceTokenizer.train([TEXT] * 3, 60)
    config = DistilBertConfig(vocabulary=len(tokenizer), init_std=0.2, **SIZES)
    return Served(0, "distilbert", DistilBertForMaskedLM(config, np.random.default_rng(0)), tokenizer)


def t5() -> Served:
    """With its own vocabulary, which has neither [CLS] nor [SEP] nor [MASK]."""
    letters = ["\u2581", *sorted({*TEXT} - {" "})]
    tokenizer = UnigramTokenizer([*((token, 0.0) for token in ("<pad>", "</s>", "<unk>")),
                                  *((token, -3.0) for token in letters)], 2)
    config = T5Config(vocabulary=len(tokenizer), decoder_layers=1, **SIZES)
    return Served(0, "t5", T5(config, np.random.default_rng(0)), tokenizer)


@pytest.mark.parametrize("family", [llama, roberta, distilbert, t5])
def test_each_family_is_looked_into(family):
    served = family()
    told = [inside.read(served, inside.Text(text=TEXT))]
    told += [inside.attention(served, inside.Part(text=TEXT, attention=one["name"], layer=one["layers"]))
             for one in told[0]["attentions"]]
    for stack in told[0]["stacks"]:
        layers = list(inside.lens(served, inside.Stack(text=TEXT, stack=stack["name"])))
        assert layers[-1]["rows"] == told[0]["rows"]
    told += [inside.gradient(served, inside.Loss(text=TEXT, whose=whose, token=2)) for whose in told[0]["texts"]]
    json.dumps([served.described(), *told], allow_nan=False)
    assert all(len(one["changes"]) == 5 for one in told if "changes" in one)
    assert inside.VIEW.suited(Behind([served])) == [0]


def test_a_llama_reads_what_stands_in_front_of_every_text():
    served = llama()
    assert reading(served, TEXT).ids[""][0].tolist() == beginning(served.tokenizer, TEXT)
    assert reading(served, TEXT).rows[0] == "after <begin>"
    shown = write.choose(served, write.Place(prompt=TEXT))["tokens"]
    assert "".join(shown) == TEXT


def test_two_texts_of_a_roberta_stand_apart_as_it_was_trained():
    served = roberta()
    assert "".join(reading(served, "red", "cat").rows) == "<s>red</s></s>cat</s>"
    assert len(fill.fill(served, fill.Blanks(text="the [MASK]<mask>"))["blanks"]) == 2


def test_a_t5_reads_and_writes_without_bert_s_tokens():
    served = t5()
    found = reading(served, TEXT, "red")
    assert found.ids["encoder"][0, -1] == served.model.config.end_id
    assert found.ids["decoder"][0, 0] == served.model.config.start_id and found.truth[-1] == served.model.config.end_id
    pieces = list(write.write(served, write.Stretch(prompt=TEXT, tokens=3)))
    ids = tuple(float(piece["id"]) for piece in pieces if "id" in piece)
    assert not ids or len(write.align(served, write.Layer(prompt=TEXT, written=ids))["weights"]) == len(ids)
