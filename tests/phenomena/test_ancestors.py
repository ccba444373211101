"""Do all read as much and learn the same, is the rule what it says, and are the user's sentences learned, too?"""

import json
from dataclasses import replace

import pytest

from tinyformer import tinyland
from tinyformer.cli import main
from tinyformer.phenomena import ancestors
from tinyformer.phenomena.ancestors import ARMS, BAG, BERT
from tinyformer.phenomena.kit import Found
from tinyformer.phenomena.parts.same_reading import OBJECTIVES, UNREAD

pytest.importorskip("matplotlib", reason="pictures need matplotlib")
SMALL = ancestors.EXPERIMENT.quick.but(tokens=768, given=768, documents=30, max_length=16, labels=9, lessons=1, dev=9,
                                       sentences=20)


def outcomes(**points) -> list[dict]:
    """Three seeds: every arm reaches the points that are given, or those of the claim, and one more with each seed."""
    reached = {BAG: 5, "CBOW": 10, "ELMo": 30, "GPT": 40, BERT: 60, UNREAD: 20}
    reached |= {name.replace("_", " "): value for name, value in points.items()}
    return [{"seed": seed, "arm": arm, "context": reached[arm] + seed, "average": 50, "sets": dict.fromkeys(
        tinyland.TINYGLUE, reached[arm]), "reading": {} if arm == BAG else {
            "parameters": 1000, "steps": 4, "tokens": 0 if arm == UNREAD else 64, "seconds": 2.0}}
            for seed in range(3) for arm in ARMS]


@pytest.mark.parametrize("points, word", [({}, "seen"), ({"ELMo": 9}, "not seen"), ({"GPT": 61}, "not seen"),
                                          ({"CBOW": 35}, "not seen"), ({BAG: 12}, "unclear")])
def test_the_rule_and_the_tables(points, word):
    found = Found(ancestors.EXPERIMENT.full, [0, 1, 2], outcomes(**points))
    assert ancestors.verdict(found).word == word
    costs, sets = ancestors.table(found)
    rows = {row[0]: row[1:] for row in costs.rows}
    assert rows[BERT][:4] == ("1,000", "64", "4", "2 ± 0") and rows[BAG][:4] == ("", "", "", "")
    assert rows[UNREAD][:4] == ("1,000", "0", "4", "") and len(sets.head) == 10


def test_a_quick_run_with_sentences_of_the_user(tmp_path, monkeypatch, capsys, here):
    monkeypatch.setattr(ancestors, "EXPERIMENT", replace(ancestors.EXPERIMENT, quick=SMALL))
    (tmp_path / "texts").mkdir()
    for name, text in zip("ab", tinyland.read_world(2, 0, 0.0)[0], strict=True):
        (tmp_path / "texts" / f"{name}.txt").write_text(20 * text)
    for name, count in (("train", 12), ("dev", 6)):
        rows = [f"{number % 2}\tThe lake was {('bad', 'good')[number % 2]} {number} ." for number in range(count)]
        (tmp_path / f"{name}.tsv").write_text("\n".join(rows) + "\n")
    given = [word for name in ("train.tsv", "dev.tsv", "texts") for word in ("--data", str(tmp_path / name))]
    words = ["reproduce", "ancestors", "--quick", "--seeds", "1", "--out", str(tmp_path / "out")]
    assert main([*words, *given[:4]]) == 2
    assert "--data was given 2 times; it takes sentences" in capsys.readouterr().err
    assert main([*words, *given, "--overwrite"]) == 0
    found = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert [each["arm"] for each in found["outcomes"]] == list(ARMS)
    read = {each["arm"]: each["reading"] for each in found["outcomes"]}
    assert {read[arm]["tokens"] for arm in OBJECTIVES} == {768} and read[UNREAD]["tokens"] == 0
    assert all(set(each["sets"]) == set(tinyland.TINYGLUE) for each in found["outcomes"])
    (given,) = found["given"]
    assert set(given["accuracy"]) == set(ARMS) and given["accuracy"][BAG] == 1 and given["blind"] == 0.5
    assert (given["labels"], given["judged"]) == (12, 6) and "On dev.tsv:" in capsys.readouterr().out
    assert (tmp_path / "out" / "ancestors.png").read_bytes().startswith(b"\x89PNG")
