"""Is `more-data` judged as its rule says, and does it leave what it promises?"""

import json
from dataclasses import replace

import pytest

from tinyformer.cli import main
from tinyformer.phenomena import more_data
from tinyformer.phenomena.kit import Found


@pytest.mark.parametrize("least, most, word", [(0.3, 0.99, "seen"), (0.95, 0.99, "not seen"), (0.3, 0.8, "not seen")])
def test_the_rule(least, most, word):
    arms = more_data.AMOUNTS
    found = Found(more_data.EXPERIMENT.full, [0, 1, 2], [
        {"seed": seed, "arm": arm, "part": (least if arm == arms[0] else most) + 0.001 * seed}
        for seed in range(3) for arm in arms])
    assert more_data.verdict(found).word == word


def test_the_quick_run_leaves_what_it_promises(tmp_path, monkeypatch, here):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    small = more_data.EXPERIMENT.quick.but(steps=2, looked_at=8, lessons=1)
    monkeypatch.setattr(more_data, "EXPERIMENT", replace(more_data.EXPERIMENT, quick=small))
    assert main(["reproduce", "more-data", "--quick", "--seeds", "1", "--out", str(tmp_path)]) == 0
    outcomes = json.loads((tmp_path / "metrics.json").read_text())["outcomes"]
    assert [each["arm"] for each in outcomes] == list(small.arms) and all("part of met" in each for each in outcomes)
    assert (tmp_path / "more-data.png").stat().st_size > 5000 and "Verdict" in (tmp_path / "page.md").read_text()
