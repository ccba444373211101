"""Is `collapse` judged as its rule says, and does it leave what it promises?"""

import json

import pytest

from tinyformer.cli import main
from tinyformer.phenomena import collapse
from tinyformer.phenomena.kit import Found


@pytest.mark.parametrize("whole, alone, word", [(0.8, 0.02, "seen"), (0.8, 0.3, "not seen"), (0.2, 0.02, "unclear")])
def test_the_rule(whole, alone, word):
    outcomes = [{"seed": seed, "arm": arm, "lowest": whole if arm == collapse.WHOLE else alone} for seed in range(3)
                for arm in collapse.ARMS]
    assert collapse.verdict(Found(collapse.EXPERIMENT.full, [0, 1, 2], outcomes)).word == word


def test_the_quick_run_leaves_what_it_promises(tmp_path, here):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    assert main(["reproduce", "collapse", "--quick", "--seeds", "1", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "metrics.json").read_text())["outcomes"]
    assert [each["arm"] for each in found] == list(collapse.ARMS) and "Verdict" in (tmp_path / "page.md").read_text()
    assert (tmp_path / "collapse.png").stat().st_size > 5000
