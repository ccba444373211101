"""Do the ways to hide words differ in that alone, and is it said what was found?"""

import json
from dataclasses import replace

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.phenomena import masks
from tinyformer.phenomena.kit import Found
from tinyformer.phenomena.masks import ALWAYS, ARMS, KEPT, PUBLISHED, RATES, SHARES
from tinyformer.phenomena.parts.small_berts import told

pytest.importorskip("matplotlib", reason="pictures need matplotlib")


def test_what_each_arm_does_to_the_same_rows():
    text, shown = told(100, 40, 300, masks.KINDS), {}
    clean = {}
    for arm, masking in (SHARES | RATES).items():
        batch = text.batches(masks.LENGTH, 64, 0, rate=masking.rate, proportions=masking.shares).batch(0)
        ids = batch.ids.copy().reshape(-1)
        shown[arm] = ids[batch.positions]
        ids[batch.positions] = batch.targets
        clean[arm] = ids
        real = ~np.isin(ids, list(text.tokenizer.special_ids))
        assert abs(len(batch.targets) / real.sum() - masking.rate) < 0.03
        hidden = (shown[arm] == text.tokenizer.mask_id).mean()
        kept = (shown[arm] == batch.targets).mean()
        chance = 2 / len(batch.targets) ** 0.5                 # four standard errors of a share, or more
        assert abs(hidden - masking.shares[0]) < chance and abs(kept - masking.shares[2]) < chance
    assert all(np.array_equal(ids, clean[PUBLISHED]) for ids in clean.values())                # the same text in all


def outcomes(published: float, always: float = 0.5, tuned: float = 0.7) -> list[dict]:
    frozen = dict.fromkeys(ARMS, 0.5) | {PUBLISHED: published, ALWAYS: always, KEPT: 0.3}
    return [{"seed": seed, "arm": arm, "loss": 1.0, "frozen": frozen[arm] + seed / 100,
             "fine-tuned": tuned if arm == PUBLISHED else 0.7} for seed in range(3) for arm in ARMS]


@pytest.mark.parametrize("given, word", [((0.6,), "seen"), ((0.4,), "not seen"), ((0.5,), "unclear"),
                                         ((0.6, 0.5, 0.75), "not seen"), ((0.25, 0.2), "unclear")])
def test_the_rule(given, word):
    found = Found(masks.EXPERIMENT.full, [0, 1, 2], outcomes(*given))
    assert masks.verdict(found).word == word


def test_the_table():
    rows = masks.table(Found(masks.EXPERIMENT.full, [0, 1, 2], outcomes(0.6))).rows
    assert rows[0] == ("15 %", "80 / 10 / 10", "70.0 ± 0.0", "61.0 ± 1.0", "+10.0 (10.0 to 10.0)")
    assert rows[1][1] == "100 / 0 / 0" and rows[1][4] == "" and rows[-1][0] == "60 %"


def test_a_quick_run_leaves_what_it_promises(tmp_path, monkeypatch, capsys, here):
    small = masks.EXPERIMENT.quick.but(steps=1, documents=40, width=16, shorter=150, dev=8)
    monkeypatch.setattr(masks, "EXPERIMENT", replace(masks.EXPERIMENT, quick=small))
    monkeypatch.setattr(masks, "VOCABULARY", 400)
    assert main(["reproduce", "masks", "--quick", "--seeds", "1", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "metrics.json").read_text())["outcomes"]
    assert tuple(each["arm"] for each in found) == ARMS and all(0 <= each["frozen"] <= 1 for each in found)
    assert (tmp_path / "masks.png").read_bytes().startswith(b"\x89PNG")
    assert "seed 0, [MASK] always: names fine-tuned" in capsys.readouterr().err
