"""Does the decoder write what it would write without a memory, and what the usual library writes?"""

import numpy as np
import pytest
import small

import tinyformer
from tinyformer.data.seq2seq import PairBatches, Seq2SeqBatch
from tinyformer.errors import InputError
from tinyformer.generate import Sampling, rewrite, rewrite_beams, rewrite_text, rewrite_texts
from tinyformer.text import WordPieceTokenizer
from tinyformer.train import Settings, train
from tinyformer.train.optimizers import AdamW
from tinyformer.train.step import gradients

SOURCES = [[2, 5, 6, 7, 8, 9, 3], [2, 11, 12, 3], [2, 4, 10, 9, 3]]
START, END = 0, 3


def model(**changes):
    return small.seq2seq(**{**dict(start_id=START, end_id=END, pad_id=1, context=16), **changes})


@pytest.fixture(scope="module")
def taught():
    """A model that has begun to learn to write backwards: sure enough to end, unsure enough to be worth a search."""
    network = model(spread=False, dtype=np.float32, width=16, inner=32, init_std=0.1)
    optimizer, rng = AdamW(network), np.random.default_rng(0)
    for _ in range(120):
        words = rng.integers(4, 13, (16, rng.integers(1, 6)))
        ids = np.pad(words, ((0, 0), (1, 1)), constant_values=((0, 0), (2, END)))
        targets = np.pad(words[:, ::-1], ((0, 0), (0, 1)), constant_values=END)
        seen = np.pad(targets[:, :-1], ((0, 0), (1, 0)), constant_values=START)
        optimizer.zero_grad()
        gradients(network, Seq2SeqBatch(ids, np.ones(ids.shape, bool), seen, targets))
        optimizer.step(5e-3)
    return network


def slowly(model, source, length):
    """Greedy, with everything computed again for each token."""
    ids = [START]
    for _ in range(length):
        ids.append(int(model(np.array([source]), np.array([ids])).data[0, -1].argmax()))
        if ids[-1] == END:
            return ids[1:-1]
    return ids[1:]


def test_greedy_is_greedy_for_sources_of_unequal_length(taught):
    written = [slowly(taught, source, 10) for source in SOURCES]
    assert len(set(map(len, written))) > 1                     # some end before others
    assert rewrite(taught, SOURCES, 10) == written == rewrite(taught, SOURCES, 10, Sampling(top_k=1))
    assert [list(rewrite_beams(taught, source, 10, beams=1)[0].ids) for source in SOURCES] == [
        ids + [END] * (len(ids) < 10) for ids in written]


def test_it_writes_up_to_the_last_position_and_no_further():
    network = model(context=7, end_id=12)
    network.words.weight.data[12] = 0                          # an end that is never the most probable
    assert {len(ids) for ids in rewrite(network, SOURCES)} == {7} == {len(ids) for ids in rewrite(network, SOURCES, 99)}


def test_samples_come_from_their_seed_and_follow_the_models_probabilities():
    network = model()
    assert rewrite(network, SOURCES, 8, Sampling(), seed=3) == rewrite(network, SOURCES, 8, Sampling(), seed=3)
    first = [ids[0] if ids else END for ids in rewrite(network, [SOURCES[0]] * 2000, 1, Sampling(), seed=1)]
    logits = network(np.array([SOURCES[0]]), np.array([[START]])).data[0, -1]
    p = np.exp(logits - logits.max())
    assert np.abs(np.bincount(first, minlength=13) / 2000 - p / p.sum()).max() < 0.05


def test_a_full_width_beam_finds_what_trying_everything_finds():
    network = small.seq2seq(vocabulary=5, start_id=START, end_id=END, context=8)
    source, best = np.array([[1, 2, 4, 3]]), {}

    def grow(ids, total):
        logits = network(source, np.array([[START, *ids]])).data[0, -1]
        for id, p in enumerate(logits - np.log(np.exp(logits).sum())):
            if id == END or len(ids) == 2:
                best[(*ids, id)] = (total + p) / (len(ids) + 1)
            else:
                grow((*ids, id), total + p)

    grow((), 0.0)
    found = rewrite_beams(network, source[0], 3, beams=125)
    assert [beam.ids for beam in found[:10]] == sorted(best, key=best.get, reverse=True)[:10]
    assert found[0].score == pytest.approx(max(best.values()), abs=1e-12)


def test_texts_go_in_and_come_out():
    tokenizer = WordPieceTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefgh"])
    network = model(pad_id=0, start_id=2, end_id=3)
    written = rewrite_texts(network, tokenizer, ["a b c", "d"], 6)
    ids = rewrite(network, [[2, 5, 6, 7, 3], [2, 8, 3]], 6)
    assert written == [tokenizer.decode(row) for row in ids]
    pieces = list(rewrite_text(network, tokenizer, "a b c", 6))
    assert "".join(pieces) == written[0] and len(pieces) == len(ids[0]) + 1
    stop = written[0].split()[2]
    assert "".join(rewrite_text(network, tokenizer, "a b c", 6, stop=[stop])) == written[0][:written[0].index(stop)]
    beams = rewrite_texts(network, tokenizer, ["a b c"], 6, beams=3)
    assert beams == [tokenizer.decode([id for id in rewrite_beams(network, [2, 5, 6, 7, 3], 6, 3)[0].ids if id != 3])]


@pytest.mark.parametrize("sources", [[], [[2, 3], []]])
def test_nothing_to_read_is_refused(sources):
    with pytest.raises(InputError, match="nothing to read"):
        rewrite(model(), sources, 5)


def test_a_source_longer_than_the_model_reads_is_named():
    with pytest.raises(InputError, match="text 2 has 17 tokens .* reads 16 at once; shorten it"):
        rewrite(model(), [[2, 3], [2] * 17, [2] * 16], 5)
    assert len(rewrite(model(), [[2] * 16], 2)) == 1


def test_a_repetition_penalty_reaches_every_way_of_writing():
    tokenizer = WordPieceTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefgh"])
    network = model(pad_id=0, start_id=2, end_id=3)
    network.words.weight.data[3] = 0                           # nothing ends before its time
    penalty = Sampling(0, repetition_penalty=50.0)
    for search in ({}, {"beams": 3}):
        plain = rewrite_texts(network, tokenizer, ["a b c"], 6, **search)[0].split()
        other = rewrite_texts(network, tokenizer, ["a b c"], 6, penalty, **search)[0].split()
        assert len(set(plain)) + 2 < len(set(other))


def test_a_length_penalty_reaches_the_search(taught):
    tokenizer = WordPieceTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefgh"])
    texts = {penalty: rewrite_texts(taught, tokenizer, ["a b c d"], 10, beams=4, length_penalty=penalty)[0].split()
             for penalty in (-5.0, 5.0)}
    assert len(texts[-5.0]) < len(texts[5.0])


@pytest.fixture(scope="module")
def library():
    pytest.importorskip("torch", reason="the library runs on it")
    transformers = pytest.importorskip("transformers", reason="the outside oracle for generation")
    transformers.logging.set_verbosity_error()
    return transformers


@pytest.fixture(scope="module", params=["random weights", "taught"])
def both(request, library, tmp_path_factory):
    """The same model, ours and theirs."""
    network = request.getfixturevalue("taught") if request.param == "taught" else model(dtype=np.float32)
    folder = tinyformer.save(tmp_path_factory.mktemp("rewriting") / "model", network)
    return network, library.BartForConditionalGeneration.from_pretrained(folder).eval()


def ask(theirs, source, **settings):
    import torch
    out = theirs.generate(torch.tensor([source]), max_new_tokens=12, do_sample=False, forced_eos_token_id=None,
                          **settings)[0].tolist()
    assert out[0] == START
    return out[1:]


@pytest.mark.parametrize("source", SOURCES)
def test_greedy_is_that_of_transformers_token_for_token(both, source):
    ours, theirs = both
    written = rewrite(ours, [source], 12)[0]
    assert written + [END] * (len(written) < 12) == ask(theirs, source, num_beams=1)


@pytest.mark.parametrize("source, penalty", [*((source, 1.0) for source in SOURCES), (SOURCES[1], 0.2)])
def test_the_best_of_four_beams_is_that_of_transformers_token_for_token(both, source, penalty):
    ours, theirs = both
    found = rewrite_beams(ours, source, 12, 4, penalty)[0]
    assert list(found.ids) == ask(theirs, source, num_beams=4, length_penalty=penalty, early_stopping=False)


@pytest.mark.parametrize("beams", [1, 4])
@pytest.mark.parametrize("source", SOURCES)
def test_with_a_repetition_penalty_it_is_still_that_of_transformers(both, source, beams):
    ours, theirs = both
    if beams == 1:
        written = rewrite(ours, [source], 12, Sampling(0, repetition_penalty=1.5))[0]
        written += [END] * (len(written) < 12)
    else:
        written = list(rewrite_beams(ours, source, 12, beams, repetition_penalty=1.5)[0].ids)
    assert written == ask(theirs, source, num_beams=beams, repetition_penalty=1.5)


def test_translations_are_learned_by_heart_through_the_training_loop():
    pairs = [("a b c", "f g h i"), ("b a", "h g"), ("c c a", "i"), ("d", "f f f"), ("e a", "g"), ("b d e c", "i h g f")]
    tokenizer = WordPieceTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghi"])
    network = model(spread=False, dtype=np.float32, width=32, inner=64, vocabulary=14, pad_id=0, start_id=2, end_id=3)
    batches = PairBatches([(tokenizer.encode(one), tokenizer.encode(other)) for one, other in pairs], tokenizer,
                          batch_size=6, max_length=10, seed=0)
    history = train(network, batches, Settings(steps=150, learning_rate=3e-3, warmup=10), progress=False)
    assert history.final["loss"] < 0.05
    sources, targets = zip(*pairs, strict=True)
    for beams in (None, 4):
        assert rewrite_texts(network, tokenizer, sources, beams=beams) == list(targets)
