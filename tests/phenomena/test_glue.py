"""Do nine heads learn in turn on one encoder, is the rule what it says, and does a run leave table and picture?"""

import json
from dataclasses import replace

import numpy as np
import pytest

from tinyformer import tinyland
from tinyformer.cli import main
from tinyformer.data.labelled import LabelledBatches, pair_rows, text_rows
from tinyformer.models import Bert, BertConfig, PairScorer, TextClassifier
from tinyformer.phenomena import glue
from tinyformer.phenomena.glue import ARMS, BAG, LARGE, MODELS, SMALL, UNREAD
from tinyformer.phenomena.kit import Found
from tinyformer.phenomena.parts import nine_at_once
from tinyformer.text import WordPieceTokenizer

pytest.importorskip("matplotlib", reason="pictures need matplotlib")
SMALLER = glue.EXPERIMENT.quick.but(tokens=768, more=1536, documents=16, vocabulary=200, max_length=16, labels=6, dev=6,
                                    steps=9)


def test_heads_take_turns_on_one_encoder():
    shown = nine_at_once.examples(6, 4, 0)
    cola, stsb = shown["cola"][0], shown["stsb"][0]
    tokenizer = WordPieceTokenizer.train([each.text for each in cola], 100)
    batches = {"cola": LabelledBatches(text_rows(cola, tokenizer, ["0", "1"], 16), batch_size=2, seed=0),
               "stsb": LabelledBatches(pair_rows(stsb, tokenizer, [], 16), batch_size=2, seed=0)}
    turns = nine_at_once.InTurn(batches)
    assert [turns.batch(step).name for step in range(4)] == ["cola", "stsb", "cola", "stsb"]
    own, batch = batches["stsb"].batch(1), turns.batch(3)
    assert np.array_equal(batch.ids, own.ids) and np.array_equal(batch.labels, own.labels) and len(batch) == 2

    rng = np.random.default_rng(0)
    encoder = Bert(BertConfig(vocabulary=100, layers=1, heads=2, width=8, context=16, dropout=0.0), rng)
    alone = PairScorer(encoder, [], rng)
    model = nine_at_once.NineHeads({"cola": TextClassifier(encoder, ["0", "1"], rng), "stsb": alone})
    assert model.count() == encoder.count() + (2 * 8 + 2) + (8 + 1)
    loss = model.loss(batch)
    assert loss.item() == alone.loss(own).item()
    loss.backward()
    assert alone.linear.weight.grad is not None and model.heads["cola"].linear.weight.grad is None
    assert encoder.words.weight.grad is not None


def test_a_score_is_between_the_majority_and_a_perfect_reader_of_these_examples():
    tops = nine_at_once.perfect(30, 3)
    assert tops["rte"] == 1 and 0.8 < tops["wnli"] < 1
    assert nine_at_once.scored(tops, tops) == dict.fromkeys(tops, 100.0)
    assert nine_at_once.scored({**tops, "cola": 0.0, "mnli": 1 / 3}, tops) == {**dict.fromkeys(tops, 100.0), "cola": 0,
                                                                               "mnli": 0}
    known = nine_at_once.of_single_words(nine_at_once.examples(30, 9, 3))
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
