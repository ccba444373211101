"""What is left of BERT when it is trained longer and asked less?  RoBERTa: no pairs, no segments, and other positions.

The layers are BERT's.  New is where positions are counted from: in the program that RoBERTa was trained with, padding
had the position of its own id, and the first token the one behind it.  So a text that begins with padding is read as
one without, and the table has as many rows more, of which the first is never used.  What changed more than the model
is how it learns: masks drawn anew at each visit, rows full of whole documents, bytes in place of word pieces, and no
second sentence.  (Liu et al., RoBERTa: A Robustly Optimized BERT Pretraining Approach, 2019, section 4.)
"""

from dataclasses import dataclass

import numpy as np

from tinyformer.engine import Tensor
from tinyformer.errors import InputError
from tinyformer.models.bert import Bert, BertForPretraining
from tinyformer.models.config import BertConfig
from tinyformer.models.parts.ids import batch_of_ids
from tinyformer.ops import affine, dropout, embedding, gelu


@dataclass(frozen=True)
class RobertaConfig(BertConfig):
    """The numbers of BERT, and `pad_id`, behind which positions begin: there is room for `context` tokens all the same.

    All tokens are of one segment, unless a file from elsewhere has several.
    """

    eps: float = 1e-5
    segments: int = 1
    pair_objective: str = "none"
    pad_id: int = 1

    def __post_init__(self):
        super().__post_init__()
        if not isinstance(self.pad_id, int) or isinstance(self.pad_id, bool) or not 0 <= self.pad_id < self.vocabulary:
            raise InputError(f"config: pad_id is {self.pad_id!r}; it must be the id of a token, 0 to "
                             f"{self.vocabulary - 1}")
        if self.pair_objective != "none" or self.factor or self.shared:
            raise InputError("config: a RoBERTa has no pair objective, and layers and word vectors of BERT's kind: "
                             "pair_objective is none, factor 0 and shared false")

    @property
    def places(self) -> int:
        """Rows of the table of positions."""
        return self.context + self.pad_id + 1


class Roberta(Bert):
    """The encoder: ids (B, T) -> hidden (B, T, C), where ids tell what is padding."""

    def __init__(self, config: RobertaConfig, rng: np.random.Generator | None, pooled: bool = True):
        super().__init__(config.but(context=config.places), rng, pooled)
        self.config: RobertaConfig = config

    def embed(self, ids, segments=None, rng=None) -> Tensor:
        """What enters the first layer: word, position and the one segment added up and normed, (B, T, C)."""
        c = self.config
        ids = batch_of_ids("Roberta", ids, c.context)
        real = ids != c.pad_id
        places = real.cumsum(1) * real + c.pad_id              # (B, T): padding stays where its own id is
        segments = ids * 0 if segments is None or c.segments == 1 else segments
        x = self.words(ids) + self.positions(places) + self.segments(segments)
        return dropout(self.norm(x), rate=c.dropout, rng=rng)


class RobertaForMaskedLM(BertForPretraining):
    """RoBERTa with the head that says which words were hidden: BERT's, tied to the word vectors.

    Its transform has the GELU with erf whichever the layers have, as in the published program.
    """

    def __init__(self, config: RobertaConfig, rng: np.random.Generator | None):
        super().__init__(config, rng, Roberta)

    def word_logits(self, hidden: Tensor, positions=None) -> Tensor:
        """Scores over the vocabulary, (M, V): of the given places in the flattened batch, or of all."""
        rows = hidden.reshape(-1, self.config.width)           # (B * T, C)
        if positions is not None:
            rows = embedding(rows, ids=positions)              # (M, C)
        return affine(self.transform_norm(gelu(self.transform(rows))), self.bert.words.weight, self.word_bias)
