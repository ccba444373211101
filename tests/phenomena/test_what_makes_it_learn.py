"""Are the texts and prompts what they say, does the experiment judge as its rule says, and leave what it promises?"""

import json
from dataclasses import replace

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.data.masking import IGNORED
from tinyformer.phenomena import what_makes_it_learn as lab
from tinyformer.phenomena.kit import Found


def pairs(batch) -> tuple[np.ndarray, np.ndarray]:
    """(things, names) of all places of a batch, (B, P) each."""
    return batch.ids[:, ::2] - lab.NAMES, batch.targets[:, ::2]


@pytest.mark.parametrize("arm", lab.PROPERTIES)
def test_a_text_has_its_properties_and_no_other(arm):
    has, batches = lab.PROPERTIES[arm], lab.NamedThings(300, 1, lab.PROPERTIES[arm])
    batch = batches.batch(3)
    assert np.array_equal(batch.ids, batches.batch(3).ids) and (batch.targets[:, 1::2] == IGNORED).all()
    things, names = pairs(batch)
    assert things.shape == (300, lab.PLACES) and 0 <= names.min() and names.max() < lab.NAMES
    different = [len(set(row)) for row in things.tolist()]
    assert set(different) <= set(range(1, lab.SHOWN + 1)) if lab.REPETITION in has else set(different) == {lab.PLACES}
    for row, called in zip(things.tolist(), names.tolist(), strict=True):
        assert len({*zip(row, called, strict=True)}) == len({*row}), "a thing keeps its name in a row"
    known = (names == lab.known_names(1)[things]).mean()
    assert known < 0.15 if lab.MAPPINGS in has else known == 1
    share = np.bincount(things.ravel(), minlength=lab.THINGS + lab.NEW) / things.size
    if lab.TAIL in has:
        assert share[0] > 1.5 * share[3] > 0 and share[lab.COMMON:].sum() > 0.2
    else:
        assert share[lab.COMMON:].sum() == 0 and share[:lab.COMMON].max() < 0.05


def test_prompts_show_what_is_asked_for_under_a_new_name_or_do_not_show_it():
    known = lab.known_names(0)
    for kind in lab.KINDS:
        batch = lab.prompts(0, kind)
        assert (batch.targets[:, :-1] == IGNORED).all() and batch.ids.shape == (lab.ASKED, 2 * lab.SHOWN + 1)
        things, names, answers = batch.ids[:, ::2] - lab.NAMES, batch.ids[:, 1::2], batch.targets[:, -1]
        where = things[:, :-1] == things[:, -1:]                                       # (B, SHOWN)
        assert (where.sum(1) == (kind != lab.BY_HEART)).all()
        if kind == lab.BY_HEART:
            assert (answers == known[things[:, -1]]).all() and (names == known[things[:, :-1]]).all()
        else:
            assert (answers == (names * where).sum(1)).all() and (names != known[things[:, :-1]]).all()
        assert (things >= lab.THINGS).all() if kind == lab.UNREAD else (things < lab.COMMON).all()


def found(**shares) -> Found:
    """Three seeds whose models learn from the row where the text repeats and renames things, but for `shares`."""
    usual = {arm: 0.95 if {lab.REPETITION, lab.MAPPINGS} <= {*has} else 0.05 for arm, has in lab.PROPERTIES.items()}
    return Found(lab.EXPERIMENT.full, [0, 1, 2], [
        {"seed": seed, "arm": arm, lab.UNREAD: share, lab.RENAMED: share, lab.BY_HEART: 1.0 if arm == lab.NONE else 0.0}
        for seed in range(3) for arm, share in {**usual, **shares}.items()])


@pytest.mark.parametrize("shares, word", [
    ({}, "seen"), ({lab.ALL: 0.4}, "not seen"), ({lab.REPETITION: 0.9}, "not seen"),
    ({f"no {lab.REPETITION}": 0.9}, "not seen"), ({lab.NONE: 0.9}, "unclear")])
def test_the_rule(shares, word):
    assert lab.verdict(found(**shares)).word == word


def test_a_name_is_read_with_the_thing_before_it():
    vectors = lab.InPairs(5, 4, np.random.default_rng(0))
    rows = vectors.weight.data
    read = vectors(np.array([[2, 4, 1]])).data
    np.testing.assert_allclose(read, [[2 * rows[2], rows[2] + rows[4], rows[4] + rows[1]]])


def test_the_quick_run_leaves_what_it_promises(tmp_path, monkeypatch, capsys, here):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    small = lab.EXPERIMENT.quick.but(steps=2, rows=4)
    monkeypatch.setattr(lab, "EXPERIMENT", replace(lab.EXPERIMENT, quick=small))
    monkeypatch.setattr(lab, "ASKED", 8)
    assert main(["reproduce", "what-makes-it-learn", "--quick", "--seeds", "1", "--out", str(tmp_path)]) == 0
    outcomes = json.loads((tmp_path / "metrics.json").read_text())["outcomes"]
    assert [each["arm"] for each in outcomes] == list(small.arms) and [0, 1, 2] == [
        row["step"] for row in outcomes[0]["curve"]]
    assert (tmp_path / "what-makes-it-learn.png").stat().st_size > 5000
    assert lab.UNREAD in capsys.readouterr().out
