"""Is `self-supervised` judged as its rule says; are its five ways what they say; does it leave what it promises?"""

import json

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.engine import Tensor
from tinyformer.nn import Linear
from tinyformer.phenomena import self_supervised
from tinyformer.phenomena.kit import Found
from tinyformer.phenomena.parts.few_to_all import (
    COMPONENTS,
    INPUT,
    LEARNED,
    RANDOM,
    TAUGHT,
    WAYS,
    Material,
    components,
    shares,
)

FULL = self_supervised.EXPERIMENT.full


@pytest.mark.parametrize("learned, given, word", [(0.5, 0.4, "seen"), (0.42, 0.4, "not seen"), (0.95, 0.9, "unclear")])
def test_the_rule(learned, given, word):
    shares = {way: [given] * (len(FULL.counts) + 1) for way in WAYS} | {LEARNED: [learned] * (len(FULL.counts) + 1)}
    outcomes = [{"seed": seed, "arm": arm, "shares": shares} for seed in range(3) for arm in FULL.arms]
    assert self_supervised.verdict(Found(FULL, [0, 1, 2], outcomes)).word == word


def test_components_are_the_directions_in_which_rows_differ_most():
    rng = np.random.default_rng(0)
    true = np.linalg.qr(rng.normal(size=(6, 2)))[0]            # (F, 2)
    rows = rng.normal(size=(400, 2)) * [5, 2] @ true.T + 0.01 * rng.normal(size=(400, 6)) + 3
    assert np.abs(components(rows, 2).T @ true) == pytest.approx(np.eye(2), abs=0.02)
    assert components(rows, 9).shape == (6, 6)


def test_five_ways_know_what_they_can():
    """Two classes that differ in one number of a hundred: the linear probe finds it, few components hold it."""
    rng = np.random.default_rng(0)
    labels = np.arange(240) % 2
    rows = rng.normal(size=(240, 100)).astype(np.float32)
    rows[:, 7] = 8 * labels - 4
    parts = [slice(0, 160), slice(160, 240)]
    inputs, truth = ([each[part] for part in parts] for each in (rows, labels))
    encoder = Linear(100, 16, rng, std=0.1)
    material = Material([[each] for each in inputs], truth, inputs, inputs[0], encoder, encoder, (60, 16),
                        lambda encoder, given, rng: encoder(Tensor(given[0])))
    found = shares(material, (1, 20), 3, seed=0, optimizer="adamw")
    assert list(found) == [*WAYS[:4], TAUGHT] and all(len(each) == 3 for each in found.values())
    assert min(found[way][2] for way in (INPUT, COMPONENTS, TAUGHT)) > 0.95
    assert found[RANDOM] == found[LEARNED] and found[INPUT][0] < found[INPUT][2]


def test_the_quick_run_leaves_what_it_promises(tmp_path, here):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    assert main(["reproduce", "self-supervised", "--quick", "--seeds", "1", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "metrics.json").read_text())["outcomes"]
    assert [each["arm"] for each in found] == ["text", "pictures", "speech"]
    assert all(len(each["shares"][way]) == 3 and 0 <= min(each["shares"][way]) for each in found for way in WAYS)
    assert (tmp_path / "self-supervised.png").stat().st_size > 5000 and "Verdict" in (tmp_path / "page.md").read_text()
