"""Which class of theirs opens a model of ours, and which of ours holds what lies in a folder?

config.json names a class, and the weights file shows by its names which parts are there.  A folder from elsewhere
becomes the model that is natural for its parts: the encoder alone, with its pre-training, or with one of the heads.
"""

from collections.abc import Iterable

from tinyformer.errors import CheckpointError
from tinyformer.hub.layouts import CLASSIFIER, GPT_CLASSIFIER, NEXT_SENTENCE, SPANS, layout_of
from tinyformer.models.bert import Bert, BertForPretraining
from tinyformer.models.config import Config, GPTConfig, Seq2SeqConfig
from tinyformer.models.gpt import GPT
from tinyformer.models.heads import (
    Head,
    MultiLabelClassifier,
    PairClassifier,
    PairScorer,
    SpanFinder,
    TextClassifier,
    TokenTagger,
)
from tinyformer.models.llama import Llama, decoder
from tinyformer.models.parts.bert_family import encoder_for, learner_for
from tinyformer.models.parts.encoders import encoder_of
from tinyformer.models.seq2seq import Encoder, Seq2Seq
from tinyformer.models.t5 import T5, T5Config
from tinyformer.nn.module import Module

HEAD = "head"                                 # our key for what their class names do not tell apart
SEQUENCE, TOKENS, QUESTION = "ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering"
NEXT = "ForNextSentencePrediction"
MOST_LABELS = 100_000
NEXT_LABELS = ("next", "not next")            # of the two outputs of their next-sentence head
BART_ENCODER = "BartEncoder"                  # begins the name of a head on BART's encoder: theirs stand on its decoder
WORDS_GUESSED = ("cls.predictions.", "predictions.", "lm_head.", "vocab_transform.")     # begin names of such a head
T5_WHOLE = ("T5ForConditionalGeneration", "T5WithLMHeadModel")
FOREIGN_HEADS = ("ForMultipleChoice",)
THEIRS = {                                    # head -> how the name of their class ends, and their problem_type
    TextClassifier: (SEQUENCE, "single_label_classification"),
    MultiLabelClassifier: (SEQUENCE, "multi_label_classification"),
    PairScorer: (SEQUENCE, "regression"),
    TokenTagger: (TOKENS, None),
    SpanFinder: (QUESTION, None),
}


def described(model: Module, tokenizer=None) -> dict:
    """What config.json says of a model beside its sizes: the class, and of a head the names of its outputs.

    A classifier on GPT reads the last token that is not padding; theirs finds it by the id of padding, which no text
    may end in, so without a padding token this is an id that is not the end-of-text token.
    """
    layout = layout_of(model.config)
    family = BART_ENCODER if isinstance(getattr(model, "encoder", None), Encoder) else layout.family
    if isinstance(model, Bert):
        return {"architectures": [layout.family + "Model"]}
    if isinstance(model, BertForPretraining) and model.pair is None:
        return {"architectures": [layout.family + "ForMaskedLM"]}
    if not isinstance(model, Head):
        ends = {"eos_token_id": getattr(tokenizer, "eos_id", None)} if isinstance(model, Llama) else {}
        return {"architectures": [layout.full], **ends}
    ending, problem = next(THEIRS[kind] for kind in type(model).__mro__ if kind in THEIRS)
    if ending == QUESTION:
        return {"architectures": [family + ending]}
    labels = model.labels or ("score",)
    found = {"architectures": [family + ending],
             "id2label": {str(number): label for number, label in enumerate(labels)},
             "label2id": {label: number for number, label in enumerate(labels)}}
    if problem:
        found["problem_type"] = problem
    if isinstance(model.encoder, GPT):
        pad, end = (getattr(tokenizer, name, None) for name in ("pad_id", "eos_id"))
        found["pad_token_id"] = pad if pad is not None else int(end == 0)
    return found


def described_by_us(model: Module) -> dict:
    """What stands under our own key: a classifier of pairs is to theirs one of texts."""
    return {HEAD: "pair"} if isinstance(model, PairClassifier) else {}


def empty_model(config: Config, hub: dict, names: Iterable[str]) -> Module:
    """The model of this config that a config.json and the names in a weights file describe, parameters unwritten."""
    if isinstance(config, T5Config):
        said = str(next(iter(hub.get("architectures") or []), T5_WHOLE[0]))
        if said not in T5_WHOLE:
            raise CheckpointError(f"architectures names {said}, for which there is no head here; of a T5 only "
                                  f"{' and '.join(T5_WHOLE)} can be opened, for it does its tasks as text")
        return T5(config, None)
    if isinstance(config, Seq2SeqConfig):
        model = Seq2Seq(config, None)
        if not str(next(iter(hub.get("architectures") or []), "")).startswith(BART_ENCODER):
            return model
        kind, labels = _head(hub, False, True, lambda *starts: False)
        return kind(model.encoder, labels, None)
    bare = {name.removeprefix(layout_of(config).prefix) for name in names}

    def holds(*starts: str) -> bool:
        return any(name.startswith(starts) for name in bare)

    pooled = holds("pooler.")
    above = bool(layout_of(config).whole_text) and holds(layout_of(config).whole_text[0])
    kind, labels = _head(hub, isinstance(config, GPTConfig), pooled or above, holds)
    if kind is not None:
        gpt = isinstance(config, GPTConfig)
        encoder = encoder_of(decoder(config, None)) if gpt else encoder_for(config, None, kind.pooled)
        return kind(encoder, labels, None)
    if isinstance(config, GPTConfig):
        return decoder(config, None)
    if not holds(*WORDS_GUESSED):
        return encoder_for(config, None, pooled)
    paired = holds(f"{NEXT_SENTENCE}.", "sop_classifier.")
    model = learner_for(config if paired else config.but(pair_objective="none"), None)
    if pooled and not paired:                                  # a pooler that was kept, though nothing reads it yet
        model.bert = encoder_for(model.config, None, pooled)
    return model


def _head(hub: dict, is_gpt: bool, pooled: bool, holds) -> tuple[type[Head] | None, tuple[str, ...]]:
    """Which head config.json names, or else the names of the weights show, and its labels; None for no head."""
    said = str(next(iter(hub.get("architectures") or []), ""))
    if said.endswith(FOREIGN_HEADS) or is_gpt and said.endswith((TOKENS, QUESTION)):
        raise CheckpointError(f"architectures names {said}, for which there is no head here; the heads are "
                              f"Bert{SEQUENCE}, Bert{TOKENS}, Bert{QUESTION} and GPT2{SEQUENCE}")
    named = next((kind for kind in (SEQUENCE, TOKENS, QUESTION, NEXT) if said.endswith(kind)), None)
    if named == QUESTION or not (named or is_gpt) and holds(f"{SPANS}."):
        return SpanFinder, ()
    if named == NEXT or not (named or is_gpt) and holds(f"{NEXT_SENTENCE}.") and not holds("cls.predictions."):
        return PairClassifier, NEXT_LABELS
    if named is None and not holds(f"{GPT_CLASSIFIER if is_gpt else CLASSIFIER}."):
        return None, ()
    labels = _labels(hub)
    if named == TOKENS or not (named or pooled or is_gpt):
        return TokenTagger, labels
    return _sequence_head(hub, labels)


def _sequence_head(hub: dict, labels: tuple[str, ...]) -> tuple[type[Head], tuple[str, ...]]:
    """What reads a text or a pair of texts as a whole; one output alone is a number unless they say else."""
    problem = hub.get("problem_type") or ("regression" if len(labels) == 1 else "single_label_classification")
    kinds = {theirs: kind for kind, (ending, theirs) in THEIRS.items() if ending == SEQUENCE}
    kind = kinds.get(problem)
    if kind is None or kind.outputs and kind.outputs != len(labels):
        raise CheckpointError(f"problem_type is {problem!r} with {len(labels)} labels; it must be one of "
                              f"{', '.join(kinds)}, and regression has one")
    if kind.outputs:                                           # numbers, which have no names
        return kind, ()
    head = (hub.get("tinyformer") or {}).get(HEAD)
    if head not in (None, "pair"):
        raise CheckpointError(f"{HEAD!r} under \"tinyformer\" is {head!r}; it must be \"pair\" or be left out")
    return PairClassifier if head and kind is TextClassifier else kind, labels


def _labels(hub: dict) -> tuple[str, ...]:
    """The names of the outputs in order of their ids; where there are none, LABEL_0 and so on, two unless said."""
    named = hub.get("id2label")
    if named is None:
        count = hub.get("num_labels", 2)
        if not isinstance(count, int) or isinstance(count, bool) or not 0 < count <= MOST_LABELS:
            raise CheckpointError(f"num_labels is {count!r}; it must be a whole number from 1 to {MOST_LABELS:,}")
        named = {number: f"LABEL_{number}" for number in range(count)}
    if not isinstance(named, dict) or not named or {str(i) for i in range(len(named))} != set(map(str, named)):
        raise CheckpointError(f"id2label is {named!r}; it must name the outputs 0, 1, 2, ... without a gap")
    return tuple(str(label) for _, label in sorted((int(number), label) for number, label in named.items()))
