"""Does the decoder write what it would write without a memory, and what the usual library writes?"""

import numpy as np
import pytest
import small

import tinyformer
from tinyformer.errors import InputError
from tinyformer.generate import Sampling, rewrite, rewrite_beams, rewrite_texts
from tinyformer.text import WordPieceTokenizer

SOURCES = [[2, 5, 6, 7, 8, 9, 3], [2, 11, 12, 3], [2, 4, 10, 9, 3]]
START, END = 0, 3


def model(**changes):
    return small.seq2seq(**{**dict(start_id=START, end_id=END, pad_id=1, context=16), **changes})


def slowly(model, source, length):
    """Greedy, with everything computed again for each token."""
    ids = [START]
    for _ in range(length):
        ids.append(int(model(np.array([source]), np.array([ids])).data[0, -1].argmax()))
        if ids[-1] == END:
            return ids[1:-1]
    return ids[1:]


@pytest.mark.parametrize("seed", range(5))
def test_greedy_is_greedy_for_sources_of_unequal_length(seed):
    network = model()
    for p in network.parameters():
        p.data += 0.3 * np.random.default_rng(seed).normal(size=p.shape)
    assert rewrite(network, SOURCES, 10) == [slowly(network, source, 10) for source in SOURCES]
    assert rewrite(network, SOURCES, 10, Sampling(top_k=1)) == rewrite(network, SOURCES, 10)
    assert [list(rewrite_beams(network, source, 10, beams=1)[0].ids[:10]) for source in SOURCES] == [
        found + [END] * (len(found) < 10) for found in rewrite(network, SOURCES, 10)]


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
    beams = rewrite_texts(network, tokenizer, ["a b c"], 6, beams=3)
    assert beams == [tokenizer.decode([id for id in rewrite_beams(network, [2, 5, 6, 7, 3], 6, 3)[0].ids if id != 3])]


@pytest.mark.parametrize("sources", [[], [[2, 3], []]])
def test_nothing_to_read_is_refused(sources):
    with pytest.raises(InputError, match="nothing to read"):
        rewrite(model(), sources, 5)


@pytest.fixture(scope="module")
def library():
    pytest.importorskip("torch", reason="the library runs on it")
    transformers = pytest.importorskip("transformers", reason="the outside oracle for generation")
    transformers.logging.set_verbosity_error()
    return transformers


@pytest.mark.parametrize("beams", [1, 4])
@pytest.mark.parametrize("seed", range(3))
def test_it_writes_token_for_token_what_transformers_writes(library, beams, seed, tmp_path):
    import torch
    network = model(dtype=np.float32)
    for p in network.parameters():
        p.data += (0.2 * np.random.default_rng(seed).normal(size=p.shape)).astype(np.float32)
    theirs = library.BartForConditionalGeneration.from_pretrained(tinyformer.save(tmp_path / "model", network)).eval()
    for source in SOURCES:
        for penalty in [1.0, 0.5] if beams > 1 else [1.0]:
            out = theirs.generate(torch.tensor([source]), num_beams=beams, max_new_tokens=12, do_sample=False,
                                  forced_eos_token_id=None, length_penalty=penalty, early_stopping=False)[0].tolist()
            ours = (list(rewrite_beams(network, source, 12, beams, penalty)[0].ids) if beams > 1
                    else rewrite(network, [source], 12)[0])
            assert out[0] == START and ours == (out[1:] if beams > 1 or END not in out else out[1:out.index(END)])
