"""Is every fact told as often as it says, are answers judged whole, and is what is asked for told nowhere else?"""

from dataclasses import replace

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.data.masking import IGNORED
from tinyformer.models import GPT, GPTConfig
from tinyformer.phenomena import closed_book
from tinyformer.phenomena.closed_book import AS_TOLD, CURVES
from tinyformer.phenomena.kit import Found
from tinyformer.phenomena.parts import often_told
from tinyformer.phenomena.parts.often_told import (
    OTHER,
    RELATIONS,
    WITH,
    WITHOUT,
    WRONG,
    Pages,
    People,
    batch_of,
    vocabulary,
    writes,
)
from tinyformer.rng import stream
from tinyformer.train import Settings, train

TIMES = (0, 2, 5)


def people(seed: int = 3) -> People:
    return People(seed, 4, 2, TIMES)


def test_every_fact_is_told_as_often_as_it_says():
    made = people()
    told = [said for read, said in made.reading(often=3, exercises=2, passages=40) if not read]
    assert len(made.asked) == 4 * len(RELATIONS) == 24 and len(made.practised) == 2 * len(RELATIONS)
    assert len(told) == 8 * sum(TIMES) + 3 * len(made.practised)
    for each in made.asked:
        name, value = each.fact.person.word, each.fact.value.word
        assert sum(name in said.rstrip(".").split() and value in said for said in told) == each.times
    assert sorted(each.times for each in made.asked) == sorted(8 * TIMES)
    assert made.reading(3, 2, 40) == people().reading(3, 2, 40) != people(4).reading(3, 2, 40)


def test_nobody_who_is_asked_about_is_asked_about_while_reading():
    made = people()
    names = {each.fact.person.word for each in made.asked}
    for read, said in made.reading(often=3, exercises=2, passages=200):
        if read:
            assert not names & {*read.replace("?", " ").replace(".", " ").split()}, (read, said)


def test_texts_say_what_their_names_promise():
    made = people()
    asked = {text: made.questions(text) for text in (WITH, WITHOUT, OTHER, WRONG)}
    for place, each in enumerate(made.asked):
        (own, truth), (alone, _), (other, _), (wrong, _) = (asked[text][place] for text in asked)
        value, name = each.fact.value.word, each.fact.person.word
        assert truth == f"{value} ." and f" {value}" in own and name in own.split("?")[0]
        assert "." not in alone.rstrip("?") and name in alone and value not in alone.split()
        assert value not in other.replace(".", "").split() and name not in other.split(".")[0].split()
        assert each.wrong.value.word in wrong and each.wrong.value != each.fact.value


def test_every_word_is_known_and_no_document_is_cut():
    made, tokenizer = people(), vocabulary()
    documents = made.reading(often=3, exercises=2, passages=40)
    assert not any(tokenizer.unk_id in tokenizer.encode(read + " " + said) for read, said in documents)
    pages = Pages(documents, tokenizer, rows=4, length=40)
    assert len(pages.pages) <= 4 * pages.steps < len(pages.pages) + 4
    assert sum(ids.count(tokenizer.sep_id) for ids, _ in pages.pages) == len(documents)
    assert all(ids[-1] == tokenizer.sep_id and len(ids) <= 40 for ids, _ in pages.pages)
    batch = batch_of([([7, 8, 9], [False, False, True]), ([5, 6], [True, True])], pad=0)
    assert batch.ids.tolist() == [[7, 8], [5, 6]] and batch.targets.tolist() == [[IGNORED, 9], [6, IGNORED]]


def test_an_answer_is_right_where_every_token_of_it_is():
    """A GPT learns four documents by heart, and then writes their answers and no others."""
    tokenizer = vocabulary()
    documents = [("Where does Anna live?", "New Ashby ."), ("Where does Tom live?", "Oakford ."),
                 ("What is the job of Tom?", "baker ."), ("What is the job of Anna?", "nurse .")]
    model = GPT(GPTConfig(vocabulary=len(tokenizer), layers=1, heads=2, width=32, context=24, dropout=0.0,
                          init_std=0.1), stream(0, "weights"))
    pages = Pages(documents, tokenizer, rows=4, length=12)
    train(model, [pages.batch(0)], Settings(steps=60, learning_rate=1e-2, log_every=60), progress=False)
    assert writes(model, tokenizer, documents).all()
    wrong = [(documents[0][0], "New Oakford ."), (documents[1][0], "Ashby ."), documents[2]]
    assert writes(model, tokenizer, wrong).tolist() == [False, False, True]


@pytest.mark.parametrize("never, most, read, word", [(10, 80, 90, "seen"), (10, 40, 90, "not seen"),
                                                     (10, 80, 40, "not seen"), (30, 90, 90, "unclear")])
def test_the_rule(never, most, read, word):
    right = {WITHOUT: [never, 20, most], WITH: [read, 90, 90]}
    found = Found(closed_book.EXPERIMENT.full, [0, 1, 2], [{"seed": seed, "arm": None, "right": right}
                                                           for seed in range(3)])
    assert closed_book.verdict(found).word == word


def test_a_quick_run_leaves_what_it_promises(tmp_path, monkeypatch, here):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    small = closed_book.EXPERIMENT.quick.but(passages=8, often=1, exercises=1)
    monkeypatch.setattr(closed_book, "EXPERIMENT", replace(closed_book.EXPERIMENT, quick=small))
    assert main(["reproduce", "closed-book", "--quick", "--seeds", "1", "--out", str(tmp_path)]) == 0
    page = (tmp_path / "page.md").read_text()
    assert all(curve in page for curve in CURVES) and AS_TOLD in page
    assert (tmp_path / "closed-book.png").read_bytes().startswith(b"\x89PNG")


def test_figures_are_those_of_the_facts_told_so_often():
    right, often = np.array([True, False, True, True]), np.array([0, 0, 4, 16])
    assert closed_book.by_times(right, often, closed_book.EXPERIMENT.quick) == [50, 100, 100]
    assert often_told.TEXTS == CURVES[:-1]
