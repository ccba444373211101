"""Does a fine-tuned model open in the usual library with equal outputs, loss and gradient, and theirs here?"""

import dataclasses
import json

import numpy as np
import pytest
import small

import tinyformer
from tinyformer.data.labelled import LabelledBatch
from tinyformer.errors import CheckpointError
from tinyformer.hub import config_json, tensor_names
from tinyformer.models import (
    Bert,
    BertForPretraining,
    DistilBert,
    DistilBertForMaskedLM,
    MultiLabelClassifier,
    PairClassifier,
    PairScorer,
    Roberta,
    RobertaForMaskedLM,
    SpanFinder,
    TextClassifier,
    TokenTagger,
    encoder_of,
)
from tinyformer.text import ByteLevelBPE, CharTokenizer
from tinyformer.train.weights import read_arrays, write_arrays

HEADS = {TextClassifier: "ForSequenceClassification", PairClassifier: "ForSequenceClassification",
         MultiLabelClassifier: "ForSequenceClassification", PairScorer: "ForSequenceClassification",
         TokenTagger: "ForTokenClassification",
         SpanFinder: "ForQuestionAnswering"}
ENCODERS = {"Bert": lambda dtype: small.bert(dtype=dtype).bert,
            "Albert": lambda dtype: small.bert(dtype=dtype, shared=True, factor=4, activation="gelu_tanh").bert,
            "Roberta": lambda dtype: encoder_of(small.roberta(dtype=dtype), np.random.default_rng(6)),
            "DistilBert": lambda dtype: encoder_of(small.distilbert(dtype=dtype), np.random.default_rng(6)),
            "GPT2": lambda dtype: small.gpt(dtype=dtype),
            "OpenAIGPT": lambda dtype: small.gpt(dtype=dtype, norm="post", inner=32)}
each_pair = pytest.mark.parametrize("family, kind", [
    pytest.param(family, kind, id=f"{family}, {kind.__name__}") for family in ENCODERS for kind in HEADS
    if kind.pooled or "GPT" not in family])
PAD = 0                                       # of a GPT whose tokenizer has none


def make(family, kind, dtype=np.float32):
    return small.head(kind, ENCODERS[family](dtype))


def batch_for(family, kind):
    """A batch as the head is trained on; for GPT no text ends in the token that fills the end, as theirs asks.

    RoBERTa's padding is token 1, which stands nowhere else: in theirs it learns nothing.
    """
    batch = small.head_batch(kind)
    if family == "Roberta":
        return dataclasses.replace(batch, ids=np.where(batch.keep, np.maximum(batch.ids, 2), 1))
    if "GPT" in family:
        ids = np.where(batch.keep, np.maximum(batch.ids, 1), PAD)
        return LabelledBatch(ids, np.zeros_like(ids), batch.keep, batch.labels)
    return batch


# ---- alone ----

@each_pair
def test_a_saved_head_comes_back_as_it_was(family, kind, tmp_path):
    model = make(family, kind)
    again, _ = tinyformer.load(tinyformer.save(tmp_path / "model", model))
    assert type(again) is kind and again.config == model.config and again.labels == model.labels
    assert {name: p.data.tobytes() for name, p in again.named_parameters().items()} == {
        name: p.data.tobytes() for name, p in model.named_parameters().items()}


def test_labels_come_back_in_the_order_of_their_ids(tmp_path):
    labels = [f"label {i}" for i in range(12)][::-1]               # as text, 10 stands before 2
    model = TextClassifier(small.bert(dtype=np.float32).bert, labels, np.random.default_rng(0))
    folder = tinyformer.save(tmp_path / "model", model)
    rewrite(folder, id2label={str(i): labels[i] for i in sorted(range(12), key=str)})
    assert tinyformer.load(folder)[0].labels == tuple(labels)


def test_config_json_says_what_a_head_is():
    described = config_json.to_hub(make("Bert", PairClassifier))
    assert described["architectures"] == ["BertForSequenceClassification"] and described["tinyformer"]["head"] == "pair"
    assert described["id2label"] == {"0": "no", "1": "perhaps", "2": "yes"}
    assert described["label2id"] == {"no": 0, "perhaps": 1, "yes": 2}
    assert described["problem_type"] == "single_label_classification"
    assert config_json.to_hub(make("Bert", PairScorer))["problem_type"] == "regression"
    assert len(config_json.to_hub(make("Bert", PairScorer))["id2label"]) == 1
    assert config_json.to_hub(make("GPT2", MultiLabelClassifier))["problem_type"] == "multi_label_classification"
    assert "tinyformer" not in config_json.to_hub(make("Bert", TextClassifier))


@pytest.mark.parametrize("tokenizer, pad", [
    (None, 0), (CharTokenizer.train(["ab"]), 0), (ByteLevelBPE.train(["ab"], 257), 0),
    (ByteLevelBPE(ByteLevelBPE.train(["ab"], 257).tokens[::-1], []), 1)],
    ids=["none", "with padding", "end of text last", "and first"])
def test_padding_of_gpt_is_never_the_end_of_a_text(tokenizer, pad):
    assert config_json.to_hub(make("GPT2", TextClassifier), tokenizer)["pad_token_id"] == pad


def rewrite(folder, **changes):
    """Change config.json (None removes a key) as somebody else's program would, without a manifest."""
    (folder / "MANIFEST.json").unlink(missing_ok=True)
    described = {**json.loads((folder / "config.json").read_text()), **changes}
    (folder / "config.json").write_text(json.dumps({k: v for k, v in described.items() if v is not None}))
    return folder


@each_pair
def test_without_class_names_the_tensors_show_the_head(family, kind, tmp_path):
    folder = tinyformer.save(tmp_path / "model", make(family, kind))
    rewrite(folder, architectures=None, tinyformer=None)
    assert type(tinyformer.load(folder)[0]) is (TextClassifier if kind is PairClassifier else kind)


@pytest.mark.parametrize("change, message", [
    (dict(problem_type="ranking"), "ranking' with 3 labels; it must be one of single_label_classification, multi_"),
    (dict(problem_type="regression"), "regression' with 3 labels"),
    (dict(architectures=["BertForMultipleChoice"]), "names BertForMultipleChoice, for which there is no head here"),
    (dict(id2label={"0": "a", "2": "b"}), "without a gap"), (dict(id2label=["a"]), "without a gap"),
    (dict(id2label={"0": "a", "1": "a", "2": "a"}), "give each class a name of its own"),
    (dict(id2label={"0": "a", "1": "b"}), r"classifier.weight: given \(3, 8\), the model wants \(2, 8\)"),
    (dict(tinyformer={"head": "tail"}), "'tail'; it must be \"pair\"")])
def test_a_description_that_is_not_ours_is_named(change, message, tmp_path):
    folder = rewrite(tinyformer.save(tmp_path / "model", make("Bert", TextClassifier)), **change)
    with pytest.raises(CheckpointError, match=message):
        tinyformer.load(folder)


def test_a_head_that_config_json_names_must_be_there(tmp_path):
    folder = rewrite(tinyformer.save(tmp_path / "model", small.bert(dtype=np.float32).bert),
                     architectures=["BertForTokenClassification"])
    with pytest.raises(CheckpointError, match="missing: classifier.weight"):
        tinyformer.load(folder)


def test_a_pooler_that_nobody_reads_is_passed_over():
    """Older files of taggers and span finders have one."""
    for kind in (TokenTagger, SpanFinder):
        model = make("Bert", kind)
        theirs = tensor_names.to_published(model)
        with_pooler = {**theirs, "bert.pooler.dense.weight": np.zeros((8, 8)), "bert.pooler.dense.bias": np.zeros(8)}
        assert tensor_names.from_published(with_pooler, model).keys() == model.named_parameters().keys()


# ---- the usual library as the outside oracle ----

@pytest.fixture(scope="module")
def theirs():
    pytest.importorskip("torch", reason="the library runs on it")
    transformers = pytest.importorskip("transformers", reason="the outside oracle for published layouts")
    transformers.logging.set_verbosity_error()
    return transformers


def torched(array):
    import torch
    return torch.tensor(array)


def inputs(family, batch) -> dict:
    given = {"input_ids": torched(batch.ids), "attention_mask": torched(batch.keep.astype(np.int64))}
    segmented = family in ("Bert", "Albert")
    return {**given, "token_type_ids": torched(batch.segments)} if segmented else given


def their_scores(model, family, batch) -> list[np.ndarray]:
    import torch
    with torch.no_grad():
        out = model.eval()(**inputs(family, batch))
    found = [out.start_logits, out.end_logits] if "start_logits" in out else [out.logits]
    return [scores.double().numpy().squeeze() for scores in found]


def our_scores(model, batch) -> list[np.ndarray]:
    scores = model.logits(batch)
    return [s.data for s in (scores if isinstance(scores, tuple) else (scores,))]


def assert_same_scores(ours, theirs, family, batch):
    for a, b in zip(our_scores(ours, batch), their_scores(theirs, family, batch), strict=True):
        real = batch.keep if a.shape[:2] == batch.keep.shape else ...
        assert a.shape == b.shape and np.abs(a - b)[real].max() < 1e-5


def opened(theirs, cls, folder):
    """Their model from a folder, with no tensor too many and none too few."""
    model, info = getattr(theirs, cls).from_pretrained(folder, output_loading_info=True)
    assert not any(info[name] for name in ("missing_keys", "unexpected_keys", "mismatched_keys")), info
    return model


@each_pair
def test_our_head_opens_in_transformers(theirs, family, kind, tmp_path):
    model, batch = make(family, kind), batch_for(family, kind)
    folder = tinyformer.save(tmp_path / "model", model)
    there = opened(theirs, family + HEADS[kind], folder)
    assert_same_scores(model, there, family, batch)
    if kind is not SpanFinder:
        assert tuple(there.config.id2label.values()) == (model.labels or ("score",))
    there.save_pretrained(tmp_path / "back")
    back, _ = tinyformer.load(tmp_path / "back")
    assert type(back) is kind and back.labels == model.labels, "their program keeps our key"
    assert_same_scores(back, there, family, batch)


@each_pair
def test_the_encoder_below_our_head_opens_in_transformers(theirs, family, kind, tmp_path):
    model, batch = make(family, kind), batch_for(family, kind)
    there = getattr(theirs, family + "Model").from_pretrained(tinyformer.save(tmp_path / "model", model))
    hidden = there.eval()(**inputs(family, batch)).last_hidden_state.detach().numpy()
    assert np.abs(model.hidden(batch.ids, batch.segments, batch.keep).data - hidden)[batch.keep].max() < 1e-5


def spread(model):
    """Their model with numbers that make every parameter count: their biases start at 0 and their gains at 1."""
    import torch
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.3 * torch.randn(p.shape, generator=generator))
    return model


def their_config(theirs, family, **more):
    if "GPT" in family:
        return getattr(theirs, family + "Config")(vocab_size=small.VOCABULARY, n_embd=8, n_layer=2, n_head=2,
                                                  n_positions=9, pad_token_id=PAD, **more)
    if family == "DistilBert":
        return theirs.DistilBertConfig(vocab_size=small.VOCABULARY, dim=8, n_layers=2, n_heads=2, hidden_dim=12,
                                       max_position_embeddings=9, **more)
    if family == "Roberta":
        more = {"type_vocab_size": 1, "max_position_embeddings": 11, "pad_token_id": 1, **more}
    sizes = dict(vocab_size=small.VOCABULARY, hidden_size=8, num_hidden_layers=2, num_attention_heads=2,
                 intermediate_size=12, max_position_embeddings=9)
    if family == "Albert":
        more = {"embedding_size": 4, **more}
    return getattr(theirs, family + "Config")(**{**sizes, **more})


NATURAL = {("ForSequenceClassification", 3): TextClassifier, ("ForSequenceClassification", 2): TextClassifier,
           ("ForSequenceClassification", 1): PairScorer, ("ForTokenClassification", 3): TokenTagger,
           ("ForQuestionAnswering", 2): SpanFinder}


@pytest.mark.parametrize("family, ending, outputs", [
    (family, *case) for family in ENCODERS for case in NATURAL if NATURAL[case].pooled or "GPT" not in family])
def test_their_head_opens_here(theirs, family, ending, outputs, tmp_path):
    kind = NATURAL[ending, outputs]
    there = spread(getattr(theirs, family + ending)(their_config(theirs, family, num_labels=outputs)))
    there.save_pretrained(tmp_path)
    ours, _ = tinyformer.load(tmp_path)
    assert type(ours) is kind
    assert ours.labels == (() if kind in (PairScorer, SpanFinder) else tuple(f"LABEL_{i}" for i in range(outputs)))
    assert_same_scores(ours, there, family, batch_for(family, kind))


@pytest.mark.parametrize("family, outputs", [(family, outputs) for family in ENCODERS for outputs in (1, 3)])
def test_their_classifier_of_many_labels_opens_here(theirs, family, outputs, tmp_path):
    config = their_config(theirs, family, num_labels=outputs, problem_type="multi_label_classification")
    there = spread(getattr(theirs, family + "ForSequenceClassification")(config))
    there.save_pretrained(tmp_path)
    ours, _ = tinyformer.load(tmp_path)
    assert type(ours) is MultiLabelClassifier and ours.labels == tuple(f"LABEL_{i}" for i in range(outputs))
    batch = batch_for(family, MultiLabelClassifier)
    batch = LabelledBatch(batch.ids, batch.segments, batch.keep, batch.labels[:, :outputs])
    loss = there.eval()(**inputs(family, batch), labels=torched(batch.labels.astype(np.float32))).loss.item()
    assert ours.loss(batch).item() == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize("ending", ["ForTokenClassification", "ForQuestionAnswering"])
def test_a_head_on_gpt_that_is_not_ours_is_refused(theirs, ending, tmp_path):
    getattr(theirs, "GPT2" + ending)(their_config(theirs, "GPT2")).save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match=f"names GPT2{ending}, for which there is no head here"):
        tinyformer.load(tmp_path)


@pytest.mark.parametrize("prefix", ["bert.", ""])
@pytest.mark.parametrize("cls, kind, pooled", [
    ("BertModel", Bert, True), ("BertModel without pooler", Bert, False),
    ("BertForMaskedLM", BertForPretraining, False),
    ("BertForPreTraining", BertForPretraining, True), ("BertForNextSentencePrediction", PairClassifier, True),
    ("AlbertForMaskedLM", BertForPretraining, False), ("AlbertModel", Bert, True),
    ("RobertaModel", Roberta, True), ("RobertaModel without pooler", Roberta, False),
    ("RobertaForMaskedLM", RobertaForMaskedLM, False), ("DistilBertModel", DistilBert, False),
    ("DistilBertForMaskedLM", DistilBertForMaskedLM, False)])
def test_bert_opens_with_whichever_parts_it_has(theirs, cls, kind, pooled, prefix, tmp_path):
    name, _, light = cls.partition(" without ")
    family = next(family for family in ENCODERS if name.startswith(family))
    there = getattr(theirs, name)(their_config(theirs, family), **({"add_pooling_layer": False} if light else {}))
    spread(there).save_pretrained(tmp_path)
    arrays, theirs_in_front = read_arrays(tmp_path / "model.safetensors"), family.lower() + "."
    parts = ("embeddings.", "encoder.", "pooler.", "transformer.")
    bare = {n.removeprefix(theirs_in_front): a for n, a in arrays.items()}
    write_arrays(tmp_path / "model.safetensors", {
        (prefix and theirs_in_front) + n if n.startswith(parts) else n: a for n, a in bare.items()})
    ours, _ = tinyformer.load(tmp_path)
    assert type(ours) is kind
    encoder = encoder_of(ours)
    assert (encoder.pooler is not None) == pooled
    batch = small.head_batch(PairClassifier)
    out = there.eval()(**inputs(family, batch), output_hidden_states=True)
    hidden = encoder(batch.ids, batch.segments, batch.keep)
    assert np.abs(hidden.data - out.hidden_states[-1].detach().numpy())[batch.keep].max() < 1e-5
    if kind is PairClassifier:
        assert ours.labels == ("next", "not next")
        assert_same_scores(ours, there, family, batch)
    if issubclass(kind, BertForPretraining):
        words = ours.word_logits(hidden).data.reshape(*batch.ids.shape, -1)
        said = out["prediction_logits"] if pooled else out["logits"]
        assert np.abs(words - said.detach().numpy())[batch.keep].max() < 1e-5
        assert (ours.pair is not None) == pooled
    again, _ = tinyformer.load(tinyformer.save(tmp_path / "again", ours))
    assert again.state().keys() == ours.state().keys() and again.config == ours.config


def test_weights_that_are_tied_here_must_be_equal_there(theirs, tmp_path):
    spread(theirs.BertForMaskedLM(their_config(theirs, "Bert"))).save_pretrained(tmp_path)
    arrays = read_arrays(tmp_path / "model.safetensors")
    untied = arrays["bert.embeddings.word_embeddings.weight"] + 1
    write_arrays(tmp_path / "model.safetensors", {**arrays, "cls.predictions.decoder.weight": untied})
    with pytest.raises(CheckpointError, match="decoder.weight differs from bert.embeddings.word_embeddings.weight"):
        tinyformer.load(tmp_path)


def test_our_masked_words_open_in_transformers_with_nothing_missing(theirs, tmp_path):
    model = small.bert(dtype=np.float32, pair_objective="none")
    assert model.bert.pooler is None
    there = opened(theirs, "BertForMaskedLM", tinyformer.save(tmp_path / "model", model))
    batch = small.head_batch(PairClassifier)
    words = model.word_logits(model(batch.ids, batch.segments, batch.keep)).data.reshape(*batch.ids.shape, -1)
    assert np.abs(words - there.eval()(**inputs("Bert", batch)).logits.detach().numpy())[batch.keep].max() < 1e-5


def their_loss(there, family, kind, batch):
    """Their loss of a batch; for spans from their logits where no answer may stand masked, as theirs is for all."""
    import torch
    if kind is SpanFinder:
        out, never = there(**inputs(family, batch)), torched(~batch.answerable)
        return sum(torch.nn.functional.cross_entropy(scores.masked_fill(never, -np.inf), torched(places))
                   for scores, places in ((out.start_logits, batch.starts), (out.end_logits, batch.ends))) / 2
    return there(**inputs(family, batch), labels=torched(batch.labels)).loss


@each_pair
def test_loss_and_gradients_are_theirs(theirs, family, kind, tmp_path):
    model, batch = make(family, kind, np.float64), batch_for(family, kind)
    folder = tinyformer.save(tmp_path / "model", model)
    there = getattr(theirs, family + HEADS[kind]).from_pretrained(folder, dtype="float64").eval()
    loss = their_loss(there, family, kind, batch)
    loss.backward()
    ours = small.gradients(model, lambda: model.loss(batch))
    assert abs(model.loss(batch).item() - loss.item()) <= 1e-10 * abs(loss.item())
    gradients = tensor_names.from_published({name: p.grad.numpy() if p.grad is not None else np.zeros(p.shape)
                                      for name, p in there.named_parameters()}, model)
    total = np.sqrt(sum((g * g).sum() for g in gradients.values()))
    for name, g in ours.items():
        assert np.abs((0 if g is None else g) - gradients[name]).max() <= 1e-10 * total, name
    assert total > 1e-3


def test_spans_of_theirs_ask_every_position_and_ours_those_of_the_document(theirs, tmp_path):
    """Where every position may hold the answer, both losses are one."""
    model, batch = make("Bert", SpanFinder, np.float64), batch_for("Bert", SpanFinder)
    folder = tinyformer.save(tmp_path / "model", model)
    there = theirs.BertForQuestionAnswering.from_pretrained(folder, dtype="float64").eval()
    said = there(**inputs("Bert", batch), start_positions=torched(batch.starts), end_positions=torched(batch.ends))
    everywhere = type(batch)(batch.ids, batch.segments, batch.keep, np.ones_like(batch.keep), batch.starts, batch.ends)
    assert abs(model.loss(everywhere).item() - said.loss.item()) <= 1e-10
    assert model.loss(batch).item() < said.loss.item()


@pytest.mark.parametrize("family", ["GPT2", "OpenAIGPT"])
def test_gpt_reads_the_last_real_token_as_theirs_does(theirs, family, tmp_path):
    model, batch = make(family, TextClassifier), batch_for(family, TextClassifier)
    there = opened(theirs, family + "ForSequenceClassification", tinyformer.save(tmp_path / "model", model))
    assert there.config.pad_token_id == PAD and not batch.keep.all()
    assert_same_scores(model, there, family, batch)


@pytest.mark.parametrize("parts", ["encoder and pooler", "encoder", "pre-training", "masked words"])
def test_our_bert_opens_in_bert_model_and_masked_lm(theirs, parts, tmp_path):
    """What their class has and the folder has not is new there, and what it has not is left; nothing else."""
    whole = small.bert(dtype=np.float32, pair_objective="none" if parts == "masked words" else "nsp")
    model = {"encoder and pooler": whole.bert, "encoder": small.head(TokenTagger, whole.bert).encoder}.get(parts, whole)
    folder, batch = tinyformer.save(tmp_path / "model", model), small.head_batch(PairClassifier)
    there, info = theirs.BertModel.from_pretrained(folder, output_loading_info=True)
    pooled = parts in ("encoder and pooler", "pre-training")
    assert set(info["missing_keys"]) == (set() if pooled else {"pooler.dense.weight", "pooler.dense.bias"})
    assert all(name.startswith("cls.") for name in info["unexpected_keys"])
    assert bool(info["unexpected_keys"]) == (model is whole)
    out, hidden = there.eval()(**inputs("Bert", batch)), model(batch.ids, batch.segments, batch.keep)
    assert np.abs(hidden.data - out.last_hidden_state.detach().numpy())[batch.keep].max() < 1e-5
    if pooled:
        pooled_by_us = encoder_of(model).pool(hidden).data
        assert np.abs(pooled_by_us - out.pooler_output.detach().numpy()).max() < 1e-5
    if model is whole:
        there, info = theirs.BertForMaskedLM.from_pretrained(folder, output_loading_info=True)
        assert not info["missing_keys"] and all("pooler" in n or "seq_rel" in n for n in info["unexpected_keys"])
        words = whole.word_logits(hidden).data.reshape(*batch.ids.shape, -1)
        assert np.abs(words - there.eval()(**inputs("Bert", batch)).logits.detach().numpy())[batch.keep].max() < 1e-5
