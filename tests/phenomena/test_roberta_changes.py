"""Does each change from BERT to RoBERTa change that alone, and is it said what was found?"""

from itertools import product

import numpy as np
import pytest

from tinyformer.phenomena import roberta_changes
from tinyformer.phenomena.kit import Files, Found
from tinyformer.phenomena.roberta_changes import ARMS, BERT, BYTES, DYNAMIC, PACKED, TASK, UNJUDGED, WAYS
from tinyformer.text import ByteLevelBPE

SMALL = roberta_changes.EXPERIMENT.quick.but(documents=60, characters=20_000, vocabulary=300, steps=2, dev=4)


@pytest.fixture(scope="module")
def batches():
    """Those of each arm, over one small world."""
    found = {}
    for arm, way in WAYS.items():
        text = roberta_changes.in_tokens(roberta_changes.told, (5, 60), 300, way.bytes)
        found[arm] = text.batches(text.training, way, 8, 5)
    return found


def test_what_differs_from_the_arm_above(batches):
    bert, unjudged = batches[BERT].batch(0), batches[UNJUDGED].batch(0)
    assert bert.pair_labels is not None and unjudged.pair_labels is None
    assert np.array_equal(bert.ids, unjudged.ids) and np.array_equal(bert.targets, unjudged.targets)
    full, pairs = (np.concatenate([batch.keep for batch in batches[arm].in_order()]) for arm in (PACKED, DYNAMIC))
    assert full.mean() > 0.99 > pairs.mean()
    assert not batches[PACKED].batch(0).segments.any() and batches[DYNAMIC].batch(0).segments.any()
    assert [isinstance(each.tokenizer, ByteLevelBPE) for each in batches.values()] == [arm == BYTES for arm in ARMS]
    assert [each.static for each in batches.values()] == [arm in (BERT, UNJUDGED) for arm in ARMS]


def test_masks_drawn_once_come_again_and_new_ones_do_not(batches):
    index = [3, 4]
    for arm, again in ((UNJUDGED, True), (DYNAMIC, False)):
        rows = [batches[arm]._build(index, np.random.default_rng(n)) for n in (0, 1)]
        assert not np.array_equal(rows[0].ids, rows[1].ids)    # by itself a row is drawn anew,
        seen = [batch for step in range(2 * batches[arm].steps_per_epoch) for batch in [batches[arm].batch(step)]]
        distinct = {row.tobytes() for batch in seen for row in batch.ids}
        assert (len(distinct) <= len(batches[arm].pairs)) == again             # unless it is always the same


def test_every_arm_is_asked_for_both_kinds_of_rows():
    for arm in ARMS:
        found = roberta_changes.one(SMALL, 5, arm)
        assert all(0 <= found[rows]["accuracy"] <= 1 < found[rows]["loss"] for rows in roberta_changes.ROWS)
        assert 0 <= found[TASK.title] <= 1 and found["times"] > 0


def test_texts_of_the_user_are_read_by_every_arm(tmp_path):
    book = tmp_path / "book.txt"
    book.write_text("".join(f"On day {n} the old captain saw {n % 7} ships. He wrote it down.\n" for n in range(500)))
    found = roberta_changes.one_given(SMALL, 0, Files(data=(str(book),)))["arms"]
    assert tuple(found) == ARMS and all(each["full rows"]["bits"] > 0 for each in found.values())
    both = Found(roberta_changes.EXPERIMENT.full, [0], outcomes(0.35, 0.45), Files(data=(str(book),)),
                 [{"seed": 0, "arms": found}])
    told, given = roberta_changes.table(both)
    assert given.title == "On book.txt:" and [row[0] for row in given.rows] == [*ARMS]
    assert (*given.head, TASK.title) == told.head and len(given.rows[0]) == len(given.head)


def outcomes(unjudged: float, packed: float) -> list[dict]:
    reached = {BERT: 0.3, UNJUDGED: unjudged, DYNAMIC: 0.4, PACKED: packed, BYTES: 0.2}
    return [{"seed": seed, "arm": arm, "times": 9.0, TASK.title: 0.7, **{
        rows: {"loss": 2.0, "accuracy": reached[arm] + seed / 100, "bits": 1.0} for rows in roberta_changes.ROWS}}
        for seed, arm in product(range(3), ARMS)]


@pytest.mark.parametrize("given, word", [((0.35, 0.45), "seen"), ((0.25, 0.45), "not seen"), ((0.35, 0.4), "unclear")])
def test_the_rule_and_the_table(given, word):
    found = Found(roberta_changes.EXPERIMENT.full, [0, 1, 2], outcomes(*given))
    assert roberta_changes.verdict(found).word == word
    (shown,) = roberta_changes.table(found)
    assert [row[0] for row in shown.rows] == [*ARMS] and shown.rows[0][3] == shown.rows[-1][3] == ""
