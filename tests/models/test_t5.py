"""Is our T5 theirs, in both its versions: the same logits, the same texts, in both directions?"""

import json

import numpy as np
import pytest
import small

from tinyformer import no_grad, tinyland
from tinyformer.data.frame import frame_of
from tinyformer.data.seq2seq import seq2seq_batch
from tinyformer.errors import CheckpointError, InputError
from tinyformer.generate import rewrite, rewrite_beams, rewrite_texts
from tinyformer.models import T5Config, encoder_of
from tinyformer.models.t5 import T5
from tinyformer.nn.int8_layers import keep_in_bytes
from tinyformer.nn.relative_positions import bucket_of
from tinyformer.pretraining.pretraining_settings import resolve
from tinyformer.tasks import TASKS
from tinyformer.tasks.as_text import asked
from tinyformer.text.unigram import UnigramTokenizer
from tinyformer.train import load_model, save_model

V1_1 = dict(activation="gelu_tanh", tied=False)
OURS = {"1.0": {}, "1.1": V1_1, "1.1, narrow heads": {**V1_1, "head_size": 3}}
THEIRS = {"1.0": {}, "1.1": dict(feed_forward_proj="gated-gelu", tie_word_embeddings=False, d_kv=5)}
RNG = np.random.default_rng(0)
IDS, TARGETS = RNG.integers(2, 50, (3, 14)), RNG.integers(2, 50, (3, 8))
KEEP = np.arange(14) < np.array([14, 9, 11])[:, None]


@pytest.fixture(scope="module")
def theirs():
    pytest.importorskip("torch", reason="the library runs on it")
    transformers = pytest.importorskip("transformers", reason="the outside oracle for published layouts")
    transformers.logging.set_verbosity_error()
    transformers.set_seed(0)
    return transformers


def compare(ours, opened):
    import torch
    opened.eval()
    with torch.no_grad():
        expected = opened(input_ids=torch.tensor(IDS), attention_mask=torch.tensor(KEEP).long(),
                          decoder_input_ids=torch.tensor(TARGETS), use_cache=False).logits.numpy()
    with no_grad():
        np.testing.assert_allclose(ours(IDS, TARGETS, KEEP).data, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    source = torch.tensor(IDS[:1])
    for how in ({}, {"num_beams": 3}):
        written = opened.generate(source, max_new_tokens=12, do_sample=False, **how)[0, 1:].tolist()
        found = (list(rewrite_beams(ours, IDS[0].tolist(), 12, 3)[0].ids) if how
                 else rewrite(ours, [IDS[0].tolist()], 12)[0])
        assert [id for id in found if id != 1] == [id for id in written if id != 1]


@pytest.mark.parametrize("form", THEIRS)
def test_what_they_save_computes_and_writes_the_same_here(theirs, form, tmp_path):
    import torch
    config = theirs.T5Config(**{**dict(vocab_size=50, d_model=24, d_ff=40, num_layers=2, num_heads=4, d_kv=6,
                                       relative_attention_num_buckets=8, relative_attention_max_distance=12,
                                       decoder_start_token_id=0), **THEIRS[form]})
    opened = theirs.T5ForConditionalGeneration(config)
    for parameter in opened.parameters():
        if parameter.ndim == 1:
            torch.nn.init.normal_(parameter, 0.5, 0.2)
    if form == "1.1":
        opened.lm_head.weight = torch.nn.Parameter(torch.randn(50, 24))
    opened.save_pretrained(tmp_path)
    ours, _ = load_model(tmp_path)
    assert ours.count() == ours.config.least_numbers() == sum(p.numel() for p in opened.parameters())
    compare(ours, opened)


@pytest.mark.parametrize("form", OURS)
def test_what_we_save_computes_and_writes_the_same_there_and_comes_back(theirs, form, tmp_path):
    ours = small.t5(dtype=np.float32, vocabulary=50, context=32, heads=4, width=16, **OURS[form])
    folder = save_model(tmp_path / "model", ours)
    compare(ours, theirs.T5ForConditionalGeneration.from_pretrained(folder))
    again, _ = load_model(folder)
    assert again.config == ours.config
    assert all(np.array_equal(a, b) for a, b in zip(again.state().values(), ours.state().values(), strict=True))


def test_several_tasks_as_text_are_prepared_as_they_prepare_them(theirs, tmp_path):
    """The same ids of sources and answers, the same padding, the same loss."""
    import torch
    names = "cola", "stsb", "mnli"
    examples = [asked(name, e) for name in names for e in tinyland.task(name, "train", 4, 0)]
    tokenizer = UnigramTokenizer.train([text for e in examples for text in (e.source, e.target)], 340,
                                       specials=("<pad>", "</s>", "<unk>"))
    options = TASKS["rewrite"].options(as_text=",".join(names), dropout=0.0)
    task = TASKS["rewrite"].under(options)
    model = task.build(small.t5(dtype=np.float32, vocabulary=len(tokenizer), context=128), tokenizer, [], options)
    batch, = task.in_order(task.rows(examples, tokenizer, [], options), tokenizer, options)
    folder = save_model(tmp_path / "model", model, tokenizer)

    reader = theirs.T5TokenizerFast.from_pretrained(folder)
    source, answer = (reader(texts, padding=True, return_tensors="pt") for texts in (
        [e.source for e in examples], [e.target for e in examples]))
    labels = answer.input_ids.masked_fill(answer.attention_mask == 0, -100)
    assert np.array_equal(batch.ids, source.input_ids) and np.array_equal(batch.keep, source.attention_mask)
    assert np.array_equal(batch.targets, labels)
    with torch.no_grad():
        expected = theirs.T5ForConditionalGeneration.from_pretrained(folder).eval()(**source, labels=labels).loss
    assert model.loss(batch, batch.counts).item() == pytest.approx(expected.item(), rel=1e-5)


def test_the_buckets_are_theirs(theirs):
    import torch
    from transformers.models.t5.modeling_t5 import T5Attention
    distances = np.arange(-600, 600)
    for buckets, farthest in ((8, 12), (32, 128), (64, 1000)):
        for both in (True, False):
            expected = T5Attention._relative_position_bucket(torch.tensor(distances), both, buckets, farthest).numpy()
            assert np.array_equal(bucket_of(distances, buckets, both, farthest), expected)


@pytest.mark.parametrize("form", OURS)
def test_step_by_step_it_says_what_it_says_at_once(form):
    model = small.t5(**OURS[form])
    ids, targets, keep = IDS[:, :9] % 13, TARGETS % 13, KEEP[:, :9]
    at_once = model(ids, targets, keep).data
    cache = model.start(ids, keep)
    found = [model.step(targets[:, first:last], cache).data for first, last in ((0, 1), (1, 4), (4, 5), (5, 8))]
    np.testing.assert_allclose(np.concatenate(found, axis=1), at_once, atol=1e-12)
    alone = [rewrite(model, [row[mask].tolist()], 9)[0] for row, mask in zip(ids, keep, strict=True)]
    assert rewrite(model, [row[mask].tolist() for row, mask in zip(ids, keep, strict=True)], 9) == alone


def test_in_bytes_and_where_it_looks():
    model, ids, targets = small.t5(dtype=np.float32), IDS[:, :9] % 13, TARGETS % 13
    with no_grad():
        found = model.decoder.alignments(targets, model.encode(ids, KEEP[:, :9]), KEEP[:, :9])
        exact = model(ids, targets).data
    assert [w.shape for w in found] == [(3, 2, 8, 9)] * 2
    np.testing.assert_allclose(found[0].data.sum(-1), 1, rtol=1e-5)
    keep_in_bytes(model)
    with no_grad():
        assert 0 < np.abs(model(ids, targets).data - exact).max() < 0.1 * np.abs(exact).max()


@pytest.mark.parametrize("key, value, said", [
    ("feed_forward_proj", "gated-silu", "feed_forward_proj is 'gated-silu'"),
    ("is_encoder_decoder", False, "is_encoder_decoder is false"),
    ("architectures", ["T5EncoderModel"], "architectures names T5EncoderModel"),
    ("relative_attention_num_buckets", 6, "buckets must be a multiple of 4"),
    ("use_alibi", True, "use_alibi is true, a key that is not known of a t5")])
def test_what_is_not_built_is_refused_by_name_and_value(key, value, said, tmp_path):
    folder = save_model(tmp_path / "model", small.t5())
    hub = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**hub, key: value}))
    (folder / "MANIFEST.json").unlink(missing_ok=True)
    with pytest.raises((CheckpointError, InputError), match=said):
        load_model(folder)


def test_a_head_on_it_is_refused():
    with pytest.raises(InputError, match="does its tasks as text"):
        encoder_of(small.t5())


# ---- its vocabulary, and learning ------------------------------------------------------------------------------------

TEXTS = ["The cat sat on the mat, and the dog sat on the cat.", "A dog and a cat are friends of the mat."] * 9


def vocabulary() -> UnigramTokenizer:
    return UnigramTokenizer.train(TEXTS, 330, specials=("<pad>", "</s>", "<unk>", "<extra_id_0>", "<extra_id_1>"))


def test_a_text_ends_with_its_end_token_and_the_decoder_begins_with_padding():
    tokenizer = vocabulary()
    frame = frame_of(tokenizer)
    pad, end = tokenizer.vocab["<pad>"], tokenizer.vocab["</s>"]
    assert frame.of_config == {"pad_id": pad, "start_id": pad, "end_id": end}
    batch = seq2seq_batch([([7, 8], [9]), ([7], [9, 10])], tokenizer)
    assert batch.ids.tolist() == [[7, 8, end], [7, end, pad]]
    assert batch.decoder_ids.tolist() == [[pad, 9, pad], [pad, 9, 10]]
    assert batch.targets.tolist() == [[9, end, -100], [9, 10, end]]


def test_pretrain_seq2seq_family_t5():
    settings = resolve("seq2seq", {"family": "t5", "tokenizer": "unigram", "vocabulary": 400, "width": 16, "steps": 2})
    assert settings.noise == "spans" and settings.special_tokens()[:3] == ("<pad>", "</s>", "<unk>")
    tokenizer = settings.make_tokenizer(TEXTS, [])
    model = settings.make_model(tokenizer)
    assert isinstance(model, T5) and model.config.start_id == tokenizer.pad_id
    batch = settings.make_batches(TEXTS, tokenizer).batch(0)
    assert tokenizer.sentinel_ids[0] in batch.ids and tokenizer.sentinel_ids[0] in batch.targets
    assert 1 < model.loss(batch).item() < 12
    texts = rewrite_texts(model, tokenizer, ["The cat"], 5)
    assert len(texts) == 1
    with pytest.raises(InputError, match="noise infill hides tokens behind a"):
        resolve("seq2seq", {"family": "t5", "tokenizer": "unigram", "vocabulary": 400, "noise": "infill"}).make_batches(
            TEXTS, tokenizer)
    assert not isinstance(resolve("seq2seq", {}).config(100), T5Config)


@pytest.mark.parametrize("wrong, said", [(dict(heads=3), "say the head_size"), (dict(buckets=6), "multiple of 4"),
                                         (dict(farthest=4), "farthest"),
                                         (dict(activation="gelu"), "relu or gelu_tanh")])
def test_sizes_that_cannot_be_are_refused(wrong, said):
    with pytest.raises(InputError, match=said):
        T5Config(**{**dict(vocabulary=9, layers=1, heads=2, width=8, buckets=8, farthest=9), **wrong})
