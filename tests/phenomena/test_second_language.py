"""Is `second-language` judged as its rule says, and does it leave what it promises?"""

import json
from dataclasses import replace

import pytest

from tinyformer.cli import main
from tinyformer.phenomena import second_language
from tinyformer.phenomena.kit import Found


def second(part=1.0, tag=0.95, answer=0.9, apart=0.2, loose=0.2) -> Found:
    figures = {"topic": 0.5, "word": 0.3, "unread": 0.4, "tag 0 to 0": 1, "tag 1 to 1": 1, "answer 0 to 0": 1,
               "answer 1 to 1": 0.95}
    parts = {"two languages": part, "nothing shared": apart, "no structure": loose}
    return Found(second_language.EXPERIMENT.full, [0, 1, 2], [
        {"seed": seed, "arm": arm, "part": share, "tag 0 to 1": tag, "answer 0 to 1": answer, **figures}
        for seed in range(3) for arm, share in parts.items()])


@pytest.mark.parametrize("changes, word", [({}, "seen"), ({"part": 0.9}, "not seen"), ({"tag": 0.8}, "not seen"),
                                           ({"answer": 0.8}, "not seen"), ({"apart": 0.5}, "unclear"),
                                           ({"loose": 0.5}, "unclear")])
def test_the_rule(changes, word):
    assert second_language.verdict(second(**changes)).word == word


def test_the_quick_run_leaves_what_it_promises(tmp_path, monkeypatch, here):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    small = second_language.EXPERIMENT.quick.but(steps=2, looked_at=8, lessons=1)
    monkeypatch.setattr(second_language, "EXPERIMENT", replace(second_language.EXPERIMENT, quick=small))
    assert main(["reproduce", "second-language", "--quick", "--seeds", "1", "--out", str(tmp_path)]) == 0
    outcomes = json.loads((tmp_path / "metrics.json").read_text())["outcomes"]
    assert [each["arm"] for each in outcomes] == list(small.arms) and all("part" in each for each in outcomes)
    assert (tmp_path / "second-language.png").stat().st_size > 5000 and "Verdict" in (tmp_path / "page.md").read_text()
