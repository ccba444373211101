"""Is the language as it says, do the tests of a second sentence differ in that alone, is it said what was found?"""

import json
from dataclasses import replace

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.phenomena import next_sentence
from tinyformer.phenomena.kit import Found
from tinyformer.phenomena.next_sentence import ARMS, LEAKING, NEXT, NONE, ORDER
from tinyformer.phenomena.parts.told_in_stages import LENGTH, STAGES, TOLD, batches, labelled, tokenizer, with_twin

pytest.importorskip("matplotlib", reason="pictures need matplotlib")
STORIES = [with_twin(number, 7) for number in range(200)]


def topic(sentence) -> set[str]:
    return {word[0] for word in sentence if word[0].isalpha()}


def stage(sentence) -> int:
    (found,) = (int(word[0]) for word in sentence if word[0].isdigit())
    return found


def test_a_story_has_one_topic_and_goes_through_stages_from_any_on():
    words, firsts = tokenizer(), set()
    for own, twin in STORIES[:20]:
        first = stage(own[0])
        firsts.add(first)
        assert [stage(each) for each in own] == [stage(each) for each in twin] == list(range(first, first + TOLD))
        (a,), (b,) = set.union(*map(topic, own)), set.union(*map(topic, twin))
        assert a != b and all(len(each) == len(words.encode(" ".join(each))) == 3 for each in own)
    assert firsts == set(range(1, STAGES - TOLD + 2)), "who finds the first stage of all in A does not know the order"
    assert with_twin(3, 7) == STORIES[3] != with_twin(3, 8)


def false_ones(objective: str, leaking: bool = False) -> list[tuple[list, list]]:
    """(A, B) of the false pairs, as sentences."""
    made, names = batches(STORIES, 8, 0, objective, leaking), tokenizer().tokens
    found = []
    for index in range(len(made.pairs)):
        pair = made.pairs.pair(index, np.random.default_rng(index))
        if pair.label == 1:
            a, b = ([names[id] for id in made.ids[part]] for part in (pair.a, pair.b))
            found.append(tuple([part[n:n + 3] for n in range(0, len(part), 3)] for part in (a, b)))
    return found


def test_what_makes_a_second_sentence_a_false_one():
    for a, b in false_ones("nsp"):                             # the next stage, of another topic
        assert topic(a[-1]) != topic(b[0]) and stage(b[0]) == stage(a[-1]) + 1
    for a, b in false_ones("sop"):                             # the same topic, swapped
        assert topic(a[-1]) == topic(b[0]) and stage(a[0]) == stage(b[-1]) + 1
    stages = {stage(b[0]) - stage(a[-1]) for a, b in false_ones("nsp", leaking=True)}
    assert len(stages) > 4 and min(stages) < 0                 # any stage: order leaks


def test_labelled_pairs_are_neighbours_or_spoilt():
    for pair in labelled("nsp", 40, 7):
        a, b = pair.first.split(), pair.second.split()
        assert stage(b) == stage(a) + 1 and (topic(a) != topic(b)) == (pair.label == "1")
    for pair in labelled("sop", 40, 7):
        a, b = pair.first.split(), pair.second.split()
        assert topic(a) == topic(b) and stage(b) - stage(a) == (-1 if pair.label == "1" else 1)
    assert len(labelled("sop", 10, 7)[0].first.split()) == 3 and LENGTH == 3 + 3 * TOLD


def outcomes(order: float = 0.5, leaking: float = 0.7, both: float = 0.8) -> list[dict]:
    right = {NEXT: {NEXT: 0.97, LEAKING: 0.9, ORDER: order}, ORDER: {NEXT: 0.5, LEAKING: both, ORDER: 0.96}, NONE: {},
             LEAKING: {NEXT: 0.9, LEAKING: 0.95, ORDER: leaking}}
    return [{"seed": seed, "arm": arm, "right": right[arm], "taught": {NEXT: 0.8, ORDER: 0.6}}
            for seed in range(3) for arm in ARMS]


@pytest.mark.parametrize("changes, word", [({}, "seen"), ({"order": 0.6}, "not seen"), ({"order": 0.4}, "not seen"),
                                           ({"leaking": 0.55}, "unclear"), ({"both": 0.55}, "not seen")])
def test_the_rule_and_the_table(changes, word):
    found = Found(next_sentence.EXPERIMENT.full, [0, 1, 2], outcomes(**changes))
    assert next_sentence.verdict(found).word == word
    rows = {row[0]: row for row in next_sentence.table(found).rows}
    assert rows[NONE] == (NONE, *["not asked"] * 3, "80.0 ± 0.0", "60.0 ± 0.0") and rows[ORDER][3] == "96.0 ± 0.0"


def test_a_quick_run_leaves_what_it_promises(tmp_path, monkeypatch, capsys, here):
    small = next_sentence.EXPERIMENT.quick.but(steps=2, stories=20, width=16, asked=20, lessons=1)
    monkeypatch.setattr(next_sentence, "EXPERIMENT", replace(next_sentence.EXPERIMENT, quick=small))
    assert main(["reproduce", "next-sentence", "--quick", "--seeds", "1", "--out", str(tmp_path)]) == 0
    found = {each["arm"]: each for each in json.loads((tmp_path / "metrics.json").read_text())["outcomes"]}
    assert tuple(found) == ARMS and not found[NONE]["right"]
    assert all(set(found[arm]["right"]) == {NEXT, LEAKING, ORDER} for arm in (NEXT, ORDER, LEAKING))
    assert all(set(each["taught"]) == {NEXT, ORDER} and np.isfinite(each["loss"]) for each in found.values())
    assert (tmp_path / "next-sentence.png").read_bytes().startswith(b"\x89PNG")
    assert "seed 0, none: taught next" in capsys.readouterr().err
