"""Is `pictures` judged as its rule says, and does it leave what it promises?"""

import json

import pytest

from tinyformer.cli import main
from tinyformer.phenomena import pictures
from tinyformer.phenomena.kit import Found


@pytest.mark.parametrize("learned, behind, before, pixels, word", [
    (0.7, 0.6, 0.4, 0.3, "seen"), (0.6, 0.6, 0.4, 0.3, "not seen"), (0.7, 0.4, 0.2, 0.3, "not seen"),
    (0.7, 0.6, 0.5, 0.3, "not seen"), (0.7, 0.6, 0.4, 0.5, "unclear")])
def test_the_rule(learned, behind, before, pixels, word):
    seen = (pictures.SIMCLR, pictures.SIMCLR_PATCHES, pictures.BYOL)
    linear = dict.fromkeys(pictures.ARMS, 0.5) | dict.fromkeys(seen, learned) | {pictures.PIXELS: pixels}
    outcomes = [{"seed": seed, "arm": arm, "linear": linear[arm], "linear few": before,
                 "head linear few": behind if arm in seen else 0.2} for seed in range(3) for arm in pictures.ARMS]
    assert pictures.verdict(Found(pictures.EXPERIMENT.full, [0, 1, 2], outcomes)).word == word


def test_the_quick_run_leaves_what_it_promises(tmp_path, here):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    assert main(["reproduce", "pictures", "--quick", "--seeds", "1", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "metrics.json").read_text())["outcomes"]
    assert [each["arm"] for each in found] == list(pictures.ARMS)
    assert all(0 <= each[name] <= 1 for each in found for name in pictures.PROBES if name in each)
    assert {path.name for path in tmp_path.glob("*.png")} == {"pictures.png", "pictures-seen.png"}
    page = (tmp_path / "page.md").read_text()
    assert "Verdict" in page and all(arm in page for arm in pictures.ARMS)
