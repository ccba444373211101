"""Are prompts what they should be, are answers those of the model, and does nothing change while it is asked?"""

import numpy as np
import pytest

from tinyformer.errors import InputError
from tinyformer.generate import likelihoods, write_text
from tinyformer.generate.in_context import Look, answers, fingerprint, judged, question
from tinyformer.models import GPT, GPTConfig
from tinyformer.text import CharTokenizer, WordPieceTokenizer

PAIRS = [("dog", "hund"), ("cat", "katze"), ("cow", "kuh"), ("fox", "fuchs"), ("Dog", "koter"), ("ox", "ochse")]
LETTERS = "\n =>.:," + "abcdefghijklmnopqrstuvwxyzDGF"
LOOK = Look("{input} => {output}.", "into German:")


@pytest.fixture(scope="module")
def model():
    config = GPTConfig(vocabulary=len(LETTERS), layers=2, heads=2, width=16, context=90, dropout=0.0, init_std=0.3)
    return GPT(config, np.random.default_rng(0)).to(dtype=np.float64)


@pytest.fixture(scope="module")
def tokenizer():
    return CharTokenizer(list(LETTERS))


def asked(shots: int, **more):
    return [question(pair, PAIRS, shots, number=number, **more) for number, pair in enumerate(PAIRS)]


# ---- prompts ---------------------------------------------------------------------------------------------------------


def test_a_prompt_has_the_description_the_examples_and_breaks_off_where_the_output_is_due():
    text = LOOK.prompt([("sea otter", "seeotter"), ("a {output}", "b")], "cat")
    assert text == "into German:\nsea otter => seeotter.\na {output} => b.\ncat =>"
    assert text + LOOK.answer("katze") == "into German:\nsea otter => seeotter.\na {output} => b.\ncat => katze."
    assert Look("Q: {input}\nA: {output}", between="\n\n").prompt([], "x") == "Q: x\nA:"
    assert Look("{input} {output}").answer("y") == " y\n"


@pytest.mark.parametrize("line, between", [("{output} <= {input}", "\n"), ("{input} =>", "\n"), ("{input}{output}", ""),
                                           ("{input} {input} {output}", "\n"), ("{input} => {output}", "")])
def test_a_format_that_cannot_be_completed_is_refused(line, between):
    with pytest.raises(InputError, match="format"):
        Look(line, between=between)


@pytest.mark.parametrize("shots", [0, 1, 4])
def test_the_examples_are_there_and_never_the_question(shots):
    for one in asked(shots):
        prompt = LOOK.prompt(one.examples, one.given)
        assert prompt.startswith("into German:\n") and prompt.endswith(f"\n{one.given} =>")
        assert len(set(one.examples)) == shots == prompt.count(" => ") and set(one.examples) <= set(PAIRS)
        assert all(f"\n{a} => {b}.\n" in prompt for a, b in one.examples)
        assert one.given.lower() not in [a.lower() for a, _ in one.examples]       # "Dog" would give "dog" away


def test_more_shots_add_examples_before_those_there_are():
    for few, many in zip(asked(2), asked(4), strict=True):
        assert many.examples[2:] == few.examples
    assert asked(4) == asked(4) != asked(4, seed=1)


def test_exchanged_examples_bear_the_outputs_of_others():
    for right, wrong in zip(asked(3), asked(3, exchanged=True), strict=True):
        assert [a for a, _ in right.examples] == [a for a, _ in wrong.examples]
        assert all(one != other for (_, one), (_, other) in zip(right.examples, wrong.examples, strict=True))
    with pytest.raises(InputError, match="nothing to exchange"):
        question(("a", "x"), [("b", "x"), ("c", "x")], 1, exchanged=True)


def test_candidates_are_other_outputs_and_the_right_one():
    for one in asked(1, candidates=3):
        assert len(set(one.candidates)) == 3 and one.candidates[-1] == one.output
        assert set(one.candidates) <= {output for _, output in PAIRS}
    assert len(question(PAIRS[0], PAIRS, 0).candidates) == len(PAIRS)


def test_too_few_examples_are_named():
    with pytest.raises(InputError, match=r"file:7: 5 examples .* only 4 other pairs"):
        question(PAIRS[0], PAIRS, 5, place="file:7")


# ---- answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("average", [False, True])
def test_the_most_probable_candidate_is_the_answer(model, tokenizer, average):
    questions = asked(2, candidates=4)
    found = answers(model, tokenizer, questions, LOOK, "likelihood", average, batch_size=4)
    for one, row in zip(questions, found, strict=True):
        prompt = tokenizer.encode(LOOK.prompt(one.examples, one.given))
        endings = [tokenizer.encode(f" {output}.") for output in one.candidates]
        expected, = likelihoods(model, [prompt], [endings])
        expected /= [len(ids) if average else 1 for ids in endings]
        np.testing.assert_allclose(list(row["log_p"].values()), expected)
        assert row["answer"] == max(row["log_p"], key=row["log_p"].get)
        assert row["right"] == (row["answer"] == one.output) and row["shots"] == 2


def test_equal_candidates_count_as_wrong(model):
    unknown = WordPieceTokenizer(["[UNK]", *LETTERS.strip()])              # every word of two letters is [UNK]
    row, = answers(model, unknown, [question(("aa", "bb"), [("cc", "dd")], 0)], Look())
    assert len(set(row["log_p"].values())) == 1 and not row["right"]


def test_what_is_written_is_what_greedy_writing_gives(model, tokenizer):
    questions = asked(1)
    found = answers(model, tokenizer, questions, LOOK, "generation", batch_size=4)
    for one, row in zip(questions, found, strict=True):
        text = "".join(write_text(model, tokenizer, LOOK.prompt(one.examples, one.given), 11, stop=["."]))
        assert row["answer"] == " ".join(text.split()) and row["right"] == (row["answer"] == one.output)


def test_an_output_that_is_written_counts_as_right(model, tokenizer, monkeypatch):
    monkeypatch.setattr("tinyformer.generate.in_context.write_texts", lambda *_, **more: [" hund ", " kat ze", "kuh"])
    questions = asked(1)[:3]
    found = answers(model, tokenizer, questions, LOOK, "generation")
    assert [row["right"] for row in found] == [True, False, True]
    assert judged(found, questions, "generation")["accuracy"] == pytest.approx(2 / 3)


def test_a_word_that_the_vocabulary_does_not_know_is_never_right(model, monkeypatch):
    few = WordPieceTokenizer(["[UNK]", "=", ">", ".", "dog"])
    monkeypatch.setattr("tinyformer.generate.in_context.write_texts", lambda *_, **__: ["[UNK]", "dog"])
    questions = [question(("dog", "hund"), PAIRS, 0), question(("cat", "dog"), PAIRS, 0)]
    assert [row["right"] for row in answers(model, few, questions, Look("{input} => {output}."), "generation")] == [
        False, True]


def test_as_many_candidates_are_read_at_a_time_as_prompts_would_be(model, tokenizer, monkeypatch):
    """Each holds keys and values of its whole prompt: 32 prompts with ten candidates would take ten times as much."""
    rows = []
    read = GPT.hidden
    monkeypatch.setattr(GPT, "hidden", lambda self, ids, *more, **past: (rows.append(len(ids)),
                                                                         read(self, ids, *more, **past))[1])
    answers(model, tokenizer, asked(1, candidates=3), LOOK, "likelihood", batch_size=6)
    assert max(rows) == 6


def test_figures():
    questions = [question(("a", "x"), [("b", "y")], 0), question(("b", "y"), [("a", "x"), ("c", "z")], 0)] * 2
    found = [{"right": right} for right in (True, True, True, False)]
    by_likelihood = judged(found, questions, "likelihood")
    assert by_likelihood["accuracy"] == 0.75 and by_likelihood["standard_error"] == pytest.approx(0.75 ** 0.5 / 4)
    assert by_likelihood["chance"] == pytest.approx((1 / 2 + 1 / 3) / 2) and by_likelihood["questions"] == 4
    assert judged(found, questions, "generation")["chance"] == 0.5


def test_the_fingerprint_tells_whether_one_weight_changed(model, tokenizer):
    before = fingerprint(model)
    answers(model, tokenizer, asked(1), LOOK)
    answers(model, tokenizer, asked(1), LOOK, "generation")
    assert fingerprint(model) == before and len(before) == 64
    weight = model.layers[1].feed.parameters()[0].data.reshape(-1)
    kept, weight[3] = weight[3], np.nextafter(weight[3], 9)
    assert fingerprint(model) != before
    weight[3] = kept
    assert fingerprint(model) == before


@pytest.mark.parametrize("score", ["likelihood", "generation"])
def test_a_prompt_that_is_too_long_is_refused(model, tokenizer, score):
    long = question(("dog", "hund"), [(f"c{'a' * n}", "b") for n in range(20)], 10)
    with pytest.raises(InputError, match=r"has room for 90; show fewer examples \(--shots\)"):
        answers(model, tokenizer, [long], LOOK, score)


def test_what_cannot_be_judged_is_refused(model, tokenizer):
    one = question(("dog", "ab"), [("cat", "ab")], 0)
    with pytest.raises(InputError, match="no other output"):
        answers(model, tokenizer, [one], LOOK)
    with pytest.raises(InputError, match="contains '.'"):
        answers(model, tokenizer, [question(("dog", "a.b"), PAIRS, 0)], LOOK, "generation")
    with pytest.raises(InputError, match="passes over it"):
        answers(model, WordPieceTokenizer(["[UNK]", *"ab=>"]), [one], Look("{input} => {output}"), "generation")
    with pytest.raises(InputError, match="score"):
        answers(model, tokenizer, [one], LOOK, "chance")
