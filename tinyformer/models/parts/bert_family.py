"""Which of BERT's family does a config describe?  Its encoder, alone or with the heads of pre-training."""

import numpy as np

from tinyformer.models.bert import Bert, BertForPretraining
from tinyformer.models.config import BertConfig
from tinyformer.models.distilbert import DistilBert, DistilBertConfig, DistilBertForMaskedLM
from tinyformer.models.roberta import Roberta, RobertaConfig, RobertaForMaskedLM

FAMILY = {                                    # config -> the encoder, and the model that is pre-trained
    RobertaConfig: (Roberta, RobertaForMaskedLM),
    DistilBertConfig: (DistilBert, DistilBertForMaskedLM),
    BertConfig: (Bert, BertForPretraining),
}


def encoder_for(config: BertConfig, rng: np.random.Generator | None, pooled: bool) -> Bert:
    """The encoder of this config, drawn from `rng`, or unwritten."""
    return FAMILY[type(config)][0](config, rng, pooled)


def learner_for(config: BertConfig, rng: np.random.Generator | None) -> BertForPretraining:
    """The encoder of this config with the heads that it is pre-trained with."""
    return FAMILY[type(config)][1](config, rng)
