"""Does a model's text follow from its probabilities, one text or several, and end where it should?"""

import numpy as np
import pytest

from tinyformer.errors import InputError
from tinyformer.generate import (
    Sampling,
    beginning,
    next_logits,
    write,
    write_batch,
    write_text,
    write_texts,
)
from tinyformer.models import GPT, GPTConfig
from tinyformer.text import ByteLevelBPE, CharTokenizer


@pytest.fixture(scope="module")
def model():
    config = GPTConfig(vocabulary=260, layers=1, heads=2, width=16, context=8, dropout=0.0)
    return GPT(config, np.random.default_rng(3)).to(dtype=np.float64)


@pytest.fixture(scope="module")
def tokenizer():
    return ByteLevelBPE.train(["naïve café " * 9], 260)


def test_next_logits_are_the_last_row_of_the_model(model):
    np.testing.assert_allclose(next_logits(model, [5, 9, 2]), model(np.array([[5, 9, 2]])).data[0, -1], rtol=1e-12)


def test_the_context_slides(model):
    long = list(range(40, 60))
    np.testing.assert_array_equal(next_logits(model, long), next_logits(model, long[-8:]))


def test_greedy_writes_the_most_probable(model):
    written = list(write(model, [65], 12))
    so_far = [65]
    for id in written:
        assert id == next_logits(model, so_far).argmax()
        so_far.append(id)
    assert len(written) == 12


def test_a_seed_repeats_and_another_differs(model):
    texts = [list(write(model, [65], 30, Sampling(), seed)) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_writing_stops_at_the_stop_id():
    script = iter([3, 4, 7, 5])
    written = list(write(None, [1], 10, stop_id=7, ask=lambda model, ids: np.eye(9)[next(script)]))
    assert written == [3, 4]


def test_text_is_complete_characters(model, tokenizer):
    pieces = list(write_text(model, tokenizer, "a", 60, Sampling(), seed=4))
    ids = list(write(model, tokenizer.encode("a"), 60, Sampling(), 4, tokenizer.eos_id))
    assert "".join(pieces) == tokenizer.decode(ids)


def test_an_empty_prompt_begins_where_documents_begin():
    assert beginning(ByteLevelBPE.train(["text"], 257)) == [256]
    assert beginning(CharTokenizer.train(["ab\n"])) == [0]
    with pytest.raises(InputError, match="prompt is empty"):
        beginning(CharTokenizer.train(["ab"]))
    with pytest.raises(InputError, match="at least one token"):
        next(write(None, [], 3))


def test_each_text_of_a_batch_is_the_text_written_alone(model):
    prompts = [[65, 66, 67], [70], [5, 6, 7, 8, 9, 10]]
    assert write_batch(model, prompts, 12) == [list(write(model, prompt, 12)) for prompt in prompts]
    assert write_batch(model, prompts, 12, cached=False) == write_batch(model, prompts, 12)


def test_the_rows_of_a_batch_end_one_by_one(model):
    whole = write_batch(model, [[65], [70]], 10)
    stop = whole[0][3]
    cut = [row[:row.index(stop)] if stop in row else row for row in whole]
    assert write_batch(model, [[65], [70]], 10, stop_id=stop) == cut and len(cut[0]) <= 3
    until = write_batch(model, [[65], [70]], 10, ends=lambda row, id: row == 0 and id == stop)
    assert until == [[*cut[0], stop], whole[1]]


def test_samples_differ_and_the_first_is_the_one_written_alone(model):
    samples = write_batch(model, [[65]] * 3, 20, Sampling(), seed=5)
    assert samples[0] == list(write(model, [65], 20, Sampling(), seed=5))
    assert len({tuple(sample) for sample in samples}) == 3
    assert samples == write_batch(model, [[65]] * 3, 20, Sampling(), seed=5)


def test_the_penalty_counts_the_prompt_and_what_was_written(model):
    written = list(write(model, [65, 66], 40, Sampling(0, repetition_penalty=1e6)))
    assert len({65, 66, *written}) == 42


@pytest.mark.parametrize("stop", [["é"], ["a", "zz"], ["fé c", "\x00\x00"]])
def test_text_ends_before_a_stop_string(model, tokenizer, stop):
    for seed in range(4):
        whole = "".join(write_text(model, tokenizer, "caf", 60, Sampling(), seed))
        cut = "".join(write_text(model, tokenizer, "caf", 60, Sampling(), seed, stop))
        places = [whole.find(string) for string in stop if string in whole]
        assert cut == (whole[:min(places)] if places else whole)
        assert write_texts(model, tokenizer, ["caf", "naïve"], 60, Sampling(), seed, stop)[0] == cut


@pytest.mark.parametrize("places", [(5, 30, 45), (45, 5, 30), (30, 45, 5)])
def test_each_text_ends_before_the_stop_string_that_it_meets(model, tokenizer, places):
    prompts = ["caf", "naïve", "a"]
    whole = write_texts(model, tokenizer, prompts, 60, Sampling(), seed=2)
    stop = [text[place:place + 3] for text, place in zip(whole, places, strict=True)]
    cut = [text[:min(text.find(string) for string in stop if string in text)] for text in whole]
    assert tuple(map(len, cut)) == places
    assert write_texts(model, tokenizer, prompts, 60, Sampling(), seed=2, stop=stop) == cut


def test_texts_of_unequal_prompts_are_those_written_alone(model, tokenizer):
    prompts = ["café", "", "naïve café naïve"]
    alone = ["".join(write_text(model, tokenizer, prompt, 20)) for prompt in prompts]
    assert write_texts(model, tokenizer, prompts, 20) == alone


def test_the_ids_of_a_prompt_may_be_an_array_and_nothing_else_is_taken_for_them(model):
    expected = list(write(model, [1, 2], 3))
    assert list(write(model, np.array([1, 2]), 3)) == expected
    assert write_batch(model, np.array([[1, 2], [1, 2]]), 3)[0] == expected
    for wrong, said in (("hello", "a text"), (np.array([[1, 2]]), r"of shape \(1, 2\)"), (3, r"of shape \(\)")):
        with pytest.raises(InputError, match=f"generate: the ids are {said}; they must be those of one text"):
            list(write(model, wrong, 3))
    with pytest.raises(InputError, match="nothing to continue"):
        list(write(model, np.array([], int), 3))
