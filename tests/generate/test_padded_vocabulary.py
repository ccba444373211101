"""Where a model has more word vectors than there are tokens, does it behave as if the others were not there?"""

import numpy as np
import pytest
import small

from tinyformer.cli import main
from tinyformer.data.readers.examples import Rewriting
from tinyformer.generate import Sampling, likelihoods, write_beams, write_text, write_texts
from tinyformer.generate.in_context import Look, answers, question
from tinyformer.generate.mask_filling import fill
from tinyformer.generate.seq2seq import rewrite_text, rewrite_texts
from tinyformer.tasks import TASKS
from tinyformer.text import CharTokenizer, WordPieceTokenizer
from tinyformer.train import save_model

LETTERS = CharTokenizer(list("\n =>.abcdefg"))
WORDS = WordPieceTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefg", "##a"])
ROOM = 8                                       # rows that no token belongs to, in the form of a file rounded up


def padded(make, tokenizer, **changes):
    """(a model as large as its vocabulary, the same with rows behind it of which one is always the most probable)."""
    plain = make(vocabulary=len(tokenizer), context=40, **changes)
    wide = make(vocabulary=len(tokenizer) + ROOM, context=40, **changes)
    loud = 30 * np.random.default_rng(5).normal(size=(ROOM // 2, 8))
    for ours, theirs in zip(wide.parameters(), plain.parameters(), strict=True):
        ours.data[...] = theirs.data if ours.shape == theirs.shape else np.concatenate([theirs.data, *(
            (loud, -loud) if theirs.ndim == 2 else (np.zeros(ROOM),))])
    return plain, wide


@pytest.fixture(scope="module")
def gpts():
    return padded(small.gpt, LETTERS)


@pytest.fixture(scope="module")
def repairers():
    ids = dict(pad_id=WORDS.pad_id, start_id=WORDS.cls_id, end_id=WORDS.sep_id)
    return padded(small.seq2seq, WORDS, **ids)


def test_the_rows_without_a_token_would_win(gpts):
    assert gpts[1](np.array([LETTERS.encode("abc")])).data[0, -1].argmax() >= len(LETTERS)


@pytest.mark.parametrize("sampling", [Sampling(0), Sampling(), Sampling(top_k=3), Sampling(2, 0, 0.8, 1.5)])
def test_writing(gpts, sampling):
    one, one_wide = (list(write_text(m, LETTERS, "abc", 30, sampling, 3)) for m in gpts)
    many, many_wide = (write_texts(m, LETTERS, ["abc", "d"], 30, sampling, 3) for m in gpts)
    assert one == one_wide and many == many_wide


def test_search_and_likelihoods(gpts):
    plain, wide = gpts
    ids, known = LETTERS.encode("abc"), len(LETTERS)
    for ours, theirs in zip(write_beams(wide, ids, 9, 4, known=known), write_beams(plain, ids, 9, 4), strict=True):
        assert ours.ids == theirs.ids and np.isclose(ours.score, theirs.score, rtol=1e-9)
    np.testing.assert_allclose(likelihoods(wide, [ids], [[[3], [1, 4, 2]]], known=known)[0],
                               likelihoods(plain, [ids], [[[3], [1, 4, 2]]])[0], rtol=1e-9)


@pytest.mark.parametrize("score", ["likelihood", "generation"])
def test_worked_examples(gpts, score):
    pairs = [("a", "b"), ("c", "d"), ("e", "f")]
    asked = [question(pair, pairs, 1, number=n) for n, pair in enumerate(pairs)]
    plain, wide = (answers(model, LETTERS, asked, Look(), score) for model in gpts)
    for ours, theirs in zip(wide, plain, strict=True):
        assert ours["answer"] == theirs["answer"]
        assert ours.get("log_p", {}) == pytest.approx(theirs.get("log_p", {}))


def test_blanks():
    plain, wide = (fill(model, WORDS, "a [MASK] c", 50) for model in padded(small.bert, WORDS))
    assert [word for word, _ in wide[0]] == [word for word, _ in plain[0]]
    assert len(wide[0]) == len(WORDS) - len(WORDS.special_ids)         # and no special token
    assert [share for _, share in wide[0]] == pytest.approx([share for _, share in plain[0]])


@pytest.mark.parametrize("beams", [None, 3])
def test_rewriting(repairers, beams):
    plain, wide = (rewrite_texts(model, WORDS, ["a b c", "g"], 9, beams=beams) for model in repairers)
    assert plain == wide
    plain, wide = ("".join(rewrite_text(model, WORDS, "a b c", 9, Sampling(), 4)) for model in repairers)
    assert plain == wide


@pytest.mark.parametrize("beams", [None, 3])
def test_the_head_that_rewrites(repairers, beams):
    task = TASKS["rewrite"]
    options = task.options(max_length=16, beams=beams)
    examples = [Rewriting("a b c", "c b a", "f", 1), Rewriting("g", "g", "f", 2)]
    plain, wide = (task.predict(model, examples, task.rows(examples, WORDS, [], options), WORDS, options)
                   for model in repairers)
    assert [one["text"] for one in plain] == [one["text"] for one in wide]


def test_the_commands(gpts, repairers, tmp_path, capsys):
    save_model(tmp_path / "gpt", gpts[1], LETTERS)
    save_model(tmp_path / "seq2seq", repairers[1], WORDS)
    save_model(tmp_path / "bert", padded(small.bert, WORDS)[1], WORDS)
    for more in ([], ["--beams", "3"], ["--temperature", "1"], ["--temperature", "1", "--samples", "3"]):
        for model in ("gpt", "seq2seq"):
            assert main(["generate", "--model", str(tmp_path / model), "--prompt", "abc", "--tokens", "25", *more]) == 0
    assert main(["fill", "--model", str(tmp_path / "bert"), "a [MASK] c"]) == 0
    assert capsys.readouterr().err == ""
