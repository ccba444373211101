"""How does a small model learn from a large one?  DistilBERT: BERT with half of its layers, taught by BERT.

Of BERT it leaves out the segments and the pooler; a head that reads a text as a whole brings a layer of its own, with a
ReLU where BERT has a tanh.  What it is taught by stands in distillation.py.  (Sanh et al., DistilBERT, a distilled
version of BERT, 2019, section 3.)
"""

from dataclasses import dataclass

import numpy as np

from tinyformer.engine import Tensor
from tinyformer.errors import InputError
from tinyformer.models.bert import Bert, BertForPretraining
from tinyformer.models.config import BertConfig
from tinyformer.models.parts.ids import batch_of_ids
from tinyformer.ops import dropout, relu


@dataclass(frozen=True)
class DistilBertConfig(BertConfig):
    """The numbers of BERT, half of its layers in the published one."""

    layers: int = 6
    pair_objective: str = "none"

    def __post_init__(self):
        super().__post_init__()
        if self.pair_objective != "none" or self.factor or self.shared:
            raise InputError("config: a DistilBERT has no pair objective, and layers and word vectors of BERT's kind: "
                             "pair_objective is none, factor 0 and shared false")


class DistilBert(Bert):
    """The encoder: ids (B, T) -> hidden (B, T, C); which of two texts a token is of, it is not told."""

    def __init__(self, config: DistilBertConfig, rng: np.random.Generator | None, pooled: bool = False):
        super().__init__(config, rng, pooled)
        self.segments = None                                   # type: ignore[assignment]

    def embed(self, ids, segments=None, rng=None) -> Tensor:
        """What enters the first layer: word and position added up and normed, (B, T, C)."""
        ids = batch_of_ids("DistilBert", ids, self.config.context)
        x = self.words(ids) + self.positions(np.arange(ids.shape[1]))
        return dropout(self.norm(x), rate=self.config.dropout, rng=rng)

    def pool(self, hidden: Tensor) -> Tensor:
        """One vector for the sequence, (B, C): ReLU of a product with the first position."""
        if self.pooler is None:
            raise ValueError("DistilBert: this encoder has no layer for whole texts; models.encoder_of(model, rng) "
                             "gives it a new one")
        return relu(self.pooler(hidden[:, 0]))


class DistilBertForMaskedLM(BertForPretraining):
    """DistilBERT with the head that says which words were hidden: BERT's, tied to the word vectors."""

    def __init__(self, config: DistilBertConfig, rng: np.random.Generator | None):
        super().__init__(config, rng, DistilBert)
