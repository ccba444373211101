"""Do we write, token for token, what the usual library writes with the same weights, opened from the same folder?"""

import numpy as np
import pytest
import small

from tinyformer.generate import Sampling, write, write_beams
from tinyformer.text import ByteLevelBPE
from tinyformer.train import load_model, save_model

SIZES = [dict(), dict(vocabulary=40, layers=3, width=16, heads=4, context=32), dict(vocabulary=40, context=32)]
LENGTH = 12


@pytest.fixture(scope="module")
def theirs():
    pytest.importorskip("torch", reason="the library runs on it")
    transformers = pytest.importorskip("transformers", reason="the outside oracle for generation")
    transformers.logging.set_verbosity_error()
    return transformers


def their_text(model, prompt, end_id, **how) -> list[int]:
    """What their generate writes after the prompt."""
    import torch
    ids = torch.tensor([prompt])
    out = model.eval().generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, eos_token_id=end_id,
                                bos_token_id=None, pad_token_id=0, max_new_tokens=LENGTH, **how)
    return out[0, len(prompt):].tolist()


def compare(ours, opened, seed, room):
    """Greedy and by search, with an end token that comes up and without one."""
    rng = np.random.default_rng(seed)
    prompt = rng.integers(0, ours.config.vocabulary, int(rng.integers(1, room - LENGTH + 1))).tolist()
    free = list(write(ours, prompt, LENGTH))
    assert free == their_text(opened, prompt, None)
    for end_id in (None, free[4], int(rng.integers(ours.config.vocabulary))):
        greedy = list(write(ours, prompt, LENGTH, stop_id=end_id))
        assert greedy == [id for id in their_text(opened, prompt, end_id) if id != end_id]
        for beams, penalty, early in ((2, 1.0, False), (3, 0.0, False), (5, 2.0, False), (4, 1.0, True)):
            found = write_beams(ours, prompt, LENGTH, beams, penalty, end_id, early_stopping=early)[0]
            assert list(found.ids) == their_text(opened, prompt, end_id, num_beams=beams, length_penalty=penalty,
                                                 early_stopping=early)
    varied = their_text(opened, prompt, None, repetition_penalty=1.7)
    assert list(write(ours, prompt, LENGTH, Sampling(0, repetition_penalty=1.7))) == varied
    varied = their_text(opened, prompt, None, repetition_penalty=1.7, num_beams=3)
    assert list(write_beams(ours, prompt, LENGTH, 3, repetition_penalty=1.7)[0].ids) == varied


@pytest.mark.parametrize("size", range(len(SIZES)))
def test_what_we_save_writes_the_same_there(theirs, size, tmp_path):
    ours = small.gpt(dtype=np.float32, **{"context": 16, **SIZES[size]})
    opened = theirs.GPT2LMHeadModel.from_pretrained(save_model(tmp_path / "model", ours))
    for seed in range(2):
        compare(ours, opened, seed, ours.config.context)


@pytest.mark.parametrize("seed", range(3))
def test_what_they_save_writes_the_same_here(theirs, seed, tmp_path):
    theirs.set_seed(seed)
    config = theirs.GPT2Config(vocab_size=50, n_embd=16, n_layer=2, n_head=2, n_positions=24, initializer_range=0.3)
    opened = theirs.GPT2LMHeadModel(config)
    opened.save_pretrained(tmp_path)
    compare(load_model(tmp_path)[0], opened, seed, 24)


def test_vocabulary_and_model_in_one_folder_both_ways(theirs, tmp_path):
    """Byte-level BPE: vocab.json and merges.txt give the same ids and the same text in both libraries."""
    tokenizer = ByteLevelBPE.train(["The naïve café owner's 12 cats weren't 3 dogs.\n  " * 5], 320)
    ours = small.gpt(dtype=np.float32, vocabulary=len(tokenizer), context=64)
    folder = save_model(tmp_path / "ours", ours, tokenizer)
    their_tokenizer = theirs.GPT2Tokenizer.from_pretrained(folder)
    opened = theirs.GPT2LMHeadModel.from_pretrained(folder)
    for text in ("The cats weren't naïve.", "  12 dogs\n\nüber €", "x"):
        ids = tokenizer.encode(text)
        assert their_tokenizer(text)["input_ids"] == ids and their_tokenizer.decode(ids) == text
        written = their_text(opened, ids, tokenizer.eos_id)
        assert list(write(ours, ids, LENGTH, stop_id=tokenizer.eos_id)) == [i for i in written if i != tokenizer.eos_id]
        assert their_tokenizer.decode(written) == tokenizer.decode(written)
    opened.save_pretrained(tmp_path / "theirs")
    their_tokenizer.save_pretrained(tmp_path / "theirs")
    again, read = load_model(tmp_path / "theirs")
    text = "The café owner's 12 cats"
    assert read.encode(text) == tokenizer.encode(text) and read.decode(read.encode(text)) == text
    assert list(write(again, read.encode(text), LENGTH)) == list(write(ours, tokenizer.encode(text), LENGTH))
