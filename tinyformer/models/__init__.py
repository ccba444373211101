"""One paper per file: the models, and the numbers that make them."""

from tinyformer.models.bert import Bert, BertForPretraining
from tinyformer.models.config import BertConfig, GPTConfig, Seq2SeqConfig
from tinyformer.models.gpt import GPT
from tinyformer.models.heads import PairClassifier, PairScorer, SpanFinder, TextClassifier, TokenTagger, encoder_of
from tinyformer.models.seq2seq import Seq2Seq

__all__ = ["GPT", "Bert", "BertConfig", "BertForPretraining", "GPTConfig", "PairClassifier", "PairScorer",
           "Seq2Seq", "Seq2SeqConfig", "SpanFinder", "TextClassifier", "TokenTagger", "encoder_of"]
