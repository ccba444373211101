"""One paper per file: the models, and the numbers that make them."""

from typing import TYPE_CHECKING

from tinyformer.opening import opens

if TYPE_CHECKING:
    from tinyformer.models.bert import Bert, BertForPretraining
    from tinyformer.models.config import BertConfig, GPTConfig, Seq2SeqConfig
    from tinyformer.models.gpt import GPT
    from tinyformer.models.heads import (
        MultiLabelClassifier,
        PairClassifier,
        PairScorer,
        SpanFinder,
        TextClassifier,
        TokenTagger,
    )
    from tinyformer.models.parts.encoders import encoder_of
    from tinyformer.models.seq2seq import Seq2Seq
    from tinyformer.models.vectors import MaskedVectors, VectorConfig, VectorEncoder

__getattr__, __dir__ = opens(
    __name__, bert="Bert BertForPretraining", config="BertConfig GPTConfig Seq2SeqConfig", gpt="GPT",
    heads="MultiLabelClassifier PairClassifier PairScorer SpanFinder TextClassifier TokenTagger",
    seq2seq="Seq2Seq", vectors="MaskedVectors VectorConfig VectorEncoder", **{"parts.encoders": "encoder_of"})
