"""One paper per file: the models, and the numbers that make them."""

from tinyformer.models.bert import Bert, BertForPretraining
from tinyformer.models.config import BertConfig, GPTConfig
from tinyformer.models.gpt import GPT
from tinyformer.models.heads import PairClassifier, PairScorer, SpanFinder, TextClassifier, TokenTagger

__all__ = ["GPT", "Bert", "BertConfig", "BertForPretraining", "GPTConfig", "PairClassifier", "PairScorer",
           "SpanFinder", "TextClassifier", "TokenTagger"]
