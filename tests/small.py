"""Models and batches so small that every number of them can be checked."""

import numpy as np

from tinyformer.data.batches import PretrainingBatch, TextBatch
from tinyformer.data.frames import UnitBatch
from tinyformer.data.labelled import LabelledBatch, SpanBatch
from tinyformer.data.seq2seq import Seq2SeqBatch
from tinyformer.data.vectors import VectorBatch, hide
from tinyformer.models import (
    GPT,
    T5,
    Bert,
    BertConfig,
    BertForPretraining,
    DistilBertConfig,
    DistilBertForMaskedLM,
    ELMo,
    ELMoConfig,
    GPTConfig,
    Hubert,
    HubertConfig,
    Llama,
    LlamaConfig,
    MaskedVectors,
    MultiLabelClassifier,
    NextVectors,
    PairScorer,
    RobertaConfig,
    RobertaForMaskedLM,
    Seq2Seq,
    Seq2SeqConfig,
    SpanFinder,
    T5Config,
    TokenTagger,
    VectorConfig,
)
from tinyformer.models.heads import Head
from tinyformer.nn import Module

VOCABULARY = 13


def bert(spread: bool = True, dtype=np.float64, **changes) -> BertForPretraining:
    """A two-layer BERT of width 8; any field of its configuration can be changed."""
    sizes = dict(vocabulary=VOCABULARY, layers=2, heads=2, width=8, inner=12, context=9, dropout=0.0)
    model = BertForPretraining(BertConfig(**{**sizes, **changes}), np.random.default_rng(0))
    return _prepared(model, spread, dtype)


def roberta(spread: bool = True, dtype=np.float64, **changes) -> RobertaForMaskedLM:
    """A two-layer RoBERTa of width 8; any field of its configuration can be changed."""
    sizes = dict(vocabulary=VOCABULARY, layers=2, heads=2, width=8, inner=12, context=9, dropout=0.0)
    model = RobertaForMaskedLM(RobertaConfig(**{**sizes, **changes}), np.random.default_rng(0))
    return _prepared(model, spread, dtype)


def distilbert(spread: bool = True, dtype=np.float64, **changes) -> DistilBertForMaskedLM:
    """A two-layer DistilBERT of width 8; any field of its configuration can be changed."""
    sizes = dict(vocabulary=VOCABULARY, layers=2, heads=2, width=8, inner=12, context=9, dropout=0.0)
    model = DistilBertForMaskedLM(DistilBertConfig(**{**sizes, **changes}), np.random.default_rng(0))
    return _prepared(model, spread, dtype)


def gpt(spread: bool = True, dtype=np.float64, **changes) -> GPT:
    """A two-layer GPT of width 8; any field of its configuration can be changed."""
    sizes = dict(vocabulary=VOCABULARY, layers=2, heads=2, width=8, inner=12, context=9, dropout=0.0)
    return _prepared(GPT(GPTConfig(**{**sizes, **changes}), np.random.default_rng(0)), spread, dtype)


def llama(spread: bool = True, dtype=np.float64, **changes) -> Llama:
    """A two-layer Llama of width 8, whose heads share their keys; any field of its configuration can be changed."""
    sizes = dict(vocabulary=VOCABULARY, layers=2, heads=2, key_heads=1, width=8, inner=12, context=9)
    return _prepared(Llama(LlamaConfig(**{**sizes, **changes}), np.random.default_rng(0)), spread, dtype)


def seq2seq(spread: bool = True, dtype=np.float64, **changes) -> Seq2Seq:
    """An encoder and a decoder of two layers and width 8; any field of its configuration can be changed."""
    sizes = dict(vocabulary=VOCABULARY, layers=2, heads=2, width=8, inner=12, context=9, dropout=0.0)
    return _prepared(Seq2Seq(Seq2SeqConfig(**{**sizes, **changes}), np.random.default_rng(0)), spread, dtype)


def elmo(spread: bool = True, dtype=np.float64, **changes) -> ELMo:
    """An ELMo of two layers and width 8; any field of its configuration can be changed."""
    sizes = dict(vocabulary=VOCABULARY, layers=2, width=8, inner=5, context=9, dropout=0.0)
    return _prepared(ELMo(ELMoConfig(**{**sizes, **changes}), np.random.default_rng(0)), spread, dtype)


def t5(spread: bool = True, dtype=np.float64, **changes) -> T5:
    """A T5 of two layers each and width 8; any field of its configuration can be changed."""
    sizes = dict(vocabulary=VOCABULARY, layers=2, heads=2, width=8, inner=12, context=9, dropout=0.0, buckets=8,
                 farthest=6)
    return _prepared(T5(T5Config(**{**sizes, **changes}), np.random.default_rng(0)), spread, dtype)


def vectors(spread: bool = True, dtype=np.float64, **changes) -> MaskedVectors:
    """A two-layer reader of vectors of five numbers, of width 8; any field of its configuration can be changed."""
    sizes = dict(features=5, layers=2, heads=2, width=8, inner=12, context=9, dropout=0.0)
    return _prepared(MaskedVectors(VectorConfig(**{**sizes, **changes}), np.random.default_rng(0)), spread, dtype)


def hubert(spread: bool = True, dtype=np.float64, **changes) -> Hubert:
    """The same, which tells four clusters apart."""
    sizes = dict(features=5, layers=2, heads=2, width=8, inner=12, context=9, dropout=0.0, clusters=4)
    return _prepared(Hubert(HubertConfig(**{**sizes, **changes}), np.random.default_rng(0)), spread, dtype)


def next_vectors(spread: bool = True, dtype=np.float64, **changes) -> NextVectors:
    """A causal reader of vectors, which is asked for those to come."""
    sizes = dict(features=5, layers=2, heads=2, width=8, inner=12, context=9, dropout=0.0, causal=True)
    return _prepared(NextVectors(VectorConfig(**{**sizes, **changes}), np.random.default_rng(0)), spread, dtype)


def head(kind: type[Head], encoder: Bert | GPT | None = None, spread: bool = True, **changes) -> Head:
    """A head with three labels, where it has any, on an encoder, or else on a new small BERT."""
    encoder = encoder or bert(spread, **changes).bert
    labels = () if kind in (PairScorer, SpanFinder) else ("no", "perhaps", "yes")
    model, rng = kind(encoder, labels, np.random.default_rng(3)), np.random.default_rng(4)
    for p in model.linear.parameters() if spread else []:
        p.data += (0.3 * rng.normal(size=p.shape)).astype(p.dtype)
    return model


def head_batch(kind: type[Head], rows: int = 3, length: int = 7, seed: int = 2) -> LabelledBatch | SpanBatch:
    """What a head is trained on: pairs with padding at the end of every second one."""
    rng, batch = np.random.default_rng(seed), pretraining_batch(rows, length, seed=seed)
    inputs = batch.ids, batch.segments, batch.keep
    if kind is SpanFinder:
        ends = batch.keep.sum(-1) - 1
        starts = np.array([rng.integers(length // 2, end + 1) for end in ends])
        starts[0] = ends[0] = 0                                # one without an answer
        return SpanBatch(*inputs, batch.keep & ((batch.segments == 1) | (np.arange(length) == 0)), starts, ends)
    if kind is TokenTagger:
        tags = rng.integers(0, 3, (rows, length))
        return LabelledBatch(*inputs, np.where(batch.keep & (rng.random((rows, length)) < 0.6), tags, -100))
    if kind is MultiLabelClassifier:
        return LabelledBatch(*inputs, rng.integers(0, 2, (rows, 3)).astype(np.float64))
    labels = rng.normal(size=rows) if kind is PairScorer else rng.integers(0, 3, rows)
    return LabelledBatch(*inputs, labels)


def _prepared(model: Module, spread: bool, dtype) -> Module:
    """In the wanted precision and, to be checked, away from where it starts: there every bias is 0, every gain 1."""
    model.to(dtype=dtype)
    rng = np.random.default_rng(1)
    for p in model.parameters() if spread else []:
        p.data += (0.3 * rng.normal(size=p.shape)).astype(dtype)
    return model


def pretraining_batch(rows: int = 3, length: int = 7, vocabulary: int = VOCABULARY, seed: int = 2) -> PretrainingBatch:
    """Pairs of sentences with padding at the end of every second one, and some positions to guess."""
    rng = np.random.default_rng(seed)
    keep = np.ones((rows, length), bool)
    keep[1::2, length - 2:] = False
    segments = np.broadcast_to(np.arange(length) >= length // 2, keep.shape).astype(np.int64)
    positions = np.flatnonzero((rng.random((rows, length)) < 0.4) & keep)
    return PretrainingBatch(
        ids=rng.integers(0, vocabulary, (rows, length)), segments=segments, keep=keep, positions=positions,
        targets=rng.integers(0, vocabulary, len(positions)), pair_labels=rng.integers(0, 2, rows))


def text_batch(rows: int = 3, length: int = 7, vocabulary: int = VOCABULARY, seed: int = 2) -> TextBatch:
    """Text, and the same text one place further on as targets, of which a few are left out."""
    rng = np.random.default_rng(seed)
    text = rng.integers(0, vocabulary, (rows, length + 1))
    targets = text[:, 1:].copy()
    targets[0, :2] = -100
    return TextBatch(text[:, :-1], targets)


def seq2seq_batch(rows: int = 3, length: int = 7, vocabulary: int = VOCABULARY, seed: int = 2) -> Seq2SeqBatch:
    """Sources of one length and targets of another, both with padding at the end of every second row."""
    rng = np.random.default_rng(seed)
    keep = np.ones((rows, length), bool)
    keep[1::2, length - 2:] = False
    targets = rng.integers(0, vocabulary, (rows, length - 2))
    seen = np.concatenate([np.full((rows, 1), 2), targets[:, :-1]], axis=1)
    targets[1::2, -1:] = -100
    return Seq2SeqBatch(ids=rng.integers(0, vocabulary, (rows, length)), keep=keep, decoder_ids=seen, targets=targets)


def vector_batch(rows: int = 3, length: int = 7, features: int = 5, seed: int = 2) -> VectorBatch:
    """Rows of vectors with padding at the end of every second one, and some of them hidden."""
    rng = np.random.default_rng(seed)
    keep = np.ones((rows, length), bool)
    keep[1::2, length - 2:] = False
    return hide(rng.normal(size=(rows, length, features)), keep, 0.4, rng)


def unit_batch(rows: int = 3, length: int = 7, features: int = 5, seed: int = 2) -> UnitBatch:
    """The same rows, of whose hidden vectors the clusters are asked."""
    batch, rng = vector_batch(rows, length, features, seed), np.random.default_rng(seed)
    targets = np.where(batch.hidden, rng.integers(0, 4, batch.hidden.shape), -100)
    return UnitBatch(batch.vectors, batch.keep, targets, batch.truth)


def gradients(model: Module, loss) -> dict[str, np.ndarray]:
    """The gradient of loss(), a function of the model as it stands, by the names of the parameters."""
    for p in model.parameters():
        p.grad = None
    loss().backward()
    return {name: p.grad for name, p in model.named_parameters().items()}


class CountingGenerator(np.random.Generator):
    """A random generator that remembers how many numbers each dropout asked it for."""

    def __init__(self):
        super().__init__(np.random.PCG64(0))
        self.sizes = []

    def bytes(self, length: int) -> bytes:
        self.sizes.append(length // 2)                         # dropout draws 16 bits a number
        return super().bytes(length)
