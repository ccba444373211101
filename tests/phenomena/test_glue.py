"""Is each of nine sets learned by itself, is the rule what it says, and does a run leave table and picture?"""

import json
from dataclasses import replace

import numpy as np
import pytest

from tinyformer import tinyland
from tinyformer.cli import main
from tinyformer.models import Bert, BertConfig
from tinyformer.phenomena import glue
from tinyformer.phenomena.glue import ARMS, BAG, LARGE, MODELS, SMALL, UNREAD
from tinyformer.phenomena.kit import Found
from tinyformer.phenomena.parts import nine_sets
from tinyformer.text import WordPieceTokenizer

pytest.importorskip("matplotlib", reason="pictures need matplotlib")
SMALLER = glue.EXPERIMENT.quick.but(tokens=768, more=1536, documents=16, vocabulary=200, max_length=16, labels=6, dev=6,
                                    steps=1)


def test_each_set_is_learned_by_itself_from_the_same_start():
    shown = nine_sets.examples(6, 4, 0)
    two = {name: shown[name] for name in ("cola", "stsb")}
    tokenizer = WordPieceTokenizer.train([each.text for each in shown["cola"][0]], 100)
    encoder = Bert(BertConfig(vocabulary=len(tokenizer), layers=1, heads=2, width=8, context=32, dropout=0.0),
                   np.random.default_rng(0))
    before = [each.data.copy() for each in encoder.parameters()]
    how = dict(steps=3, learning_rate=0.01, batch_size=2, max_length=32)
    found = nine_sets.learned(encoder, tokenizer, two, 0, **how)
    assert all(np.array_equal(now.data, then) for now, then in zip(encoder.parameters(), before, strict=True))
    assert found == nine_sets.learned(encoder, tokenizer, dict(reversed(two.items())), 0, **how)
    assert all(-1 <= value <= 1 for value in found.values())


def test_a_score_is_between_the_majority_and_a_perfect_reader_of_these_examples():
    tops = nine_sets.perfect(30, 3)
    assert tops["rte"] == 1 and 0.8 < tops["wnli"] < 1
    assert nine_sets.scored(tops, tops) == dict.fromkeys(tops, 100.0)
    assert nine_sets.scored({**tops, "cola": 0.0, "mnli": 1 / 3}, tops) == {**dict.fromkeys(tops, 100.0), "cola": 0,
                                                                               "mnli": 0}
    known = nine_sets.of_single_words(nine_sets.examples(30, 9, 3))
    assert set(known) == set(tops)


def found(changed=()) -> Found:
    """Three seeds: every arm has the points of the claim, or those in `changed`, in every task."""
    reached = {BAG: 20, "CBOW": 15, "ELMo": 30, "GPT": 30, SMALL: 35, LARGE: 50, UNREAD: 25, **dict(changed)}
    return Found(glue.EXPERIMENT.full, [0, 1, 2], [
        {"seed": seed, "arm": arm, "average": reached[arm] + 0.1 * seed * number,
         "scores": dict.fromkeys(tinyland.TINYGLUE, reached[arm]), "figures": dict.fromkeys(tinyland.TINYGLUE, 0.5),
         "perfect": dict.fromkeys(tinyland.TINYGLUE, 1.0),
         "reading": {} if arm == BAG else {"parameters": 1000, "steps": 4, "tokens": 0 if arm == UNREAD else 64,
                                           "seconds": 2.0}}
        for seed in range(3) for number, arm in enumerate(ARMS)])


@pytest.mark.parametrize("changed, word", [({}, "seen"), ({"ELMo": 10}, "not seen"), ({"GPT": 10}, "not seen"),
                                           ({SMALL: 60}, "not seen"), ({BAG: 55}, "not seen"),
                                           ({UNREAD: 55}, "unclear")])
def test_the_rule(changed, word):
    assert glue.verdict(found(changed)).word == word


def test_the_tables():
    costs, scores, figures = glue.table(found())
    rows = {row[0]: row[1:] for row in costs.rows}
    assert rows[LARGE][:5] == ("Oct 2018", "1,000", "64", "4", "2 ± 0") and rows[LARGE][-1] == "9.0 ± 0.0"
    assert rows[BAG][:5] == ("", "", "", "", "") and rows["CBOW"][-1] == "0.0 ± 0.0"
    assert [row[0] for row in scores.rows] == list(ARMS) and len(scores.head) == 10
    assert figures.head[1] == "cola, matthews" and figures.rows[0][1] == 50
    assert figures.rows[-2][1:] == (100.0,) * 9 and figures.rows[-1][1:3] == (0.0, 50.0)


def test_a_quick_run(tmp_path, monkeypatch, capsys, here):
    monkeypatch.setattr(glue, "EXPERIMENT", replace(glue.EXPERIMENT, quick=SMALLER))
    assert main(["reproduce", "glue", "--quick", "--seeds", "1", "--out", str(tmp_path)]) == 0
    outcomes = json.loads((tmp_path / "metrics.json").read_text())["outcomes"]
    assert [each["arm"] for each in outcomes] == list(ARMS)
    read = {each["arm"]: each["reading"].get("tokens") for each in outcomes}
    assert [read[arm] for arm in MODELS] == [768, 768, 768, 1536, 1536] and read[UNREAD] == 0 and read[BAG] is None
    assert all(set(each["scores"]) == set(tinyland.TINYGLUE) for each in outcomes)
    assert (tmp_path / "glue.png").read_bytes().startswith(b"\x89PNG")
    assert "tasks above single words" in capsys.readouterr().out
