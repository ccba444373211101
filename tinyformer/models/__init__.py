"""One paper per file: the models, and the numbers that make them."""

from typing import TYPE_CHECKING

from tinyformer.opening import opens

if TYPE_CHECKING:
    from tinyformer.models.bert import Bert, BertForPretraining
    from tinyformer.models.byol import BYOL, BYOLConfig
    from tinyformer.models.config import BertConfig, GPTConfig, Seq2SeqConfig
    from tinyformer.models.distilbert import DistilBert, DistilBertConfig, DistilBertForMaskedLM
    from tinyformer.models.elmo import ELMo, ELMoConfig
    from tinyformer.models.gpt import GPT
    from tinyformer.models.heads import (
        MultiLabelClassifier,
        PairClassifier,
        PairScorer,
        SpanFinder,
        TextClassifier,
        TokenTagger,
    )
    from tinyformer.models.hidden_patches import MaskedPatches, PlacedPatches
    from tinyformer.models.hubert import Hubert, HubertConfig
    from tinyformer.models.llama import Llama, LlamaConfig
    from tinyformer.models.parts.encoders import encoder_of
    from tinyformer.models.pictures import PictureClassifier, PictureConfig, PictureEncoder
    from tinyformer.models.predictive_coding import NextVectors
    from tinyformer.models.roberta import Roberta, RobertaConfig, RobertaForMaskedLM
    from tinyformer.models.seq2seq import Seq2Seq
    from tinyformer.models.simclr import SimCLR, SimCLRConfig
    from tinyformer.models.t5 import T5, T5Config
    from tinyformer.models.vectors import MaskedVectors, VectorConfig, VectorEncoder
    from tinyformer.models.word2vec import WordVectors, WordVectorsConfig

__getattr__, __dir__ = opens(
    __name__, bert="Bert BertForPretraining", config="BertConfig GPTConfig Seq2SeqConfig",
    distilbert="DistilBert DistilBertConfig DistilBertForMaskedLM", elmo="ELMo ELMoConfig", gpt="GPT",
    roberta="Roberta RobertaConfig RobertaForMaskedLM", seq2seq="Seq2Seq",
    heads="MultiLabelClassifier PairClassifier PairScorer SpanFinder TextClassifier TokenTagger",
    hubert="Hubert HubertConfig", llama="Llama LlamaConfig", predictive_coding="NextVectors", t5="T5 T5Config",
    byol="BYOL BYOLConfig", simclr="SimCLR SimCLRConfig", hidden_patches="MaskedPatches PlacedPatches",
    pictures="PictureClassifier PictureConfig PictureEncoder",
    vectors="MaskedVectors VectorConfig VectorEncoder", word2vec="WordVectors WordVectorsConfig",
    **{"parts.encoders": "encoder_of"})
