"""Does the kit keep what it promises: sizes that do not change, rules that cannot be bent, tables in two forms?"""

import pickle
import time
from types import SimpleNamespace

import pytest

from tinyformer.phenomena.kit import Experiment, Found, Sizes, Table, above, at_least, at_most, judged, running
from tinyformer.phenomena.kit.rules import NOT_SEEN, SEEN, UNCLEAR

SIZES = Sizes(arms=("a", "b"), steps=800)


def test_sizes_have_names_stay_as_they_are_and_travel():
    assert SIZES.steps == 800 and Sizes(steps=1).arms == (None,) and repr(SIZES) == "Sizes(arms=('a', 'b'), steps=800)"
    assert SIZES.but(steps=3) == Sizes(arms=("a", "b"), steps=3) != SIZES and SIZES.steps == 800
    assert pickle.loads(pickle.dumps(SIZES)) == SIZES and hash(pickle.loads(pickle.dumps(SIZES))) == hash(SIZES)
    with pytest.raises(AttributeError, match="but.steps=.... gives others"):
        SIZES.steps = 3
    with pytest.raises(TypeError, match="step is not among the sizes arms, steps"):
        SIZES.but(step=3)


def test_both_sizes_have_the_same_names():
    with pytest.raises(ValueError, match="rows stands in one of full and quick"):
        Experiment("inside", 1, Sizes(steps=3, rows=2), Sizes(steps=1), "none")
    with pytest.raises(ValueError, match="it takes models; a user can bring model and data"):
        Experiment("inside", 1, Sizes(), Sizes(), "none", takes={"models": "two of them"})


def test_what_was_found_goes_by_arm_and_seed():
    found = Found(SIZES, [4, 5], [{"seed": seed, "arm": arm, "right": seed / 10} for seed in (4, 5) for arm in "ab"])
    assert [each["seed"] for each in found["b"]] == [4, 5] and found.values("right", "a", 100) == [40, 50]
    with pytest.raises(KeyError, match="'c' is no arm of this run; there are 'a', 'b'"):
        found["c"]


def test_a_job_counts_what_the_processor_did_and_not_the_wait_for_it(monkeypatch):
    slow = SimpleNamespace(one=lambda sizes, seed: time.sleep(0.3) or {"right": 1})
    monkeypatch.setattr(running, "import_module", lambda name: slow)
    found = running.job("it", SIZES, 4, None)
    assert found["seconds"] < 0.2 and found["right"] == 1 and found["seed"] == 4


@pytest.mark.parametrize("values, word", [([91, 90, 95], SEEN), ([91, 89, 95], UNCLEAR), ([1, 2, 3], NOT_SEEN),
                                          ([float("nan")] * 3, NOT_SEEN)])
def test_a_claim_on_every_seed(values, word):
    assert at_least(90, "right", values).word == at_most(-90, "wrong", [-value for value in values]).word == word
    assert judged(at_least(90, "right", values)).word == word


@pytest.mark.parametrize("values, word", [([1.0, 1.2, 1.1], SEEN), ([-1.0, -1.2, -1.1], NOT_SEEN),
                                          ([-1.0, 2.0, 3.0], UNCLEAR), ([5.0], UNCLEAR)])
def test_a_claim_on_the_interval(values, word):
    assert above(0, "gain", values).word == word


def test_a_rule_is_seen_as_a_whole():
    good, bad, mixed = at_least(1, "good", [1, 2, 3]), at_least(5, "bad", [1, 2, 3]), at_least(2, "mixed", [1, 2, 3])
    assert judged(good, good).word == SEEN
    assert judged(good, bad).word == judged(bad, mixed).word == NOT_SEEN
    assert judged(good, mixed).word == UNCLEAR


def test_a_control_that_fails_makes_it_unclear_and_cannot_make_it_seen():
    good, bad = at_least(1, "good", [1, 2, 3]), at_least(5, "bad", [1, 2, 3])
    assert judged(good, controls=[good]).word == SEEN
    assert judged(good, controls=[bad]).word == UNCLEAR and judged(bad, controls=[good]).word == NOT_SEEN
    *_, control = judged(good, controls=[bad]).checks
    assert str(control) == "control: bad: 1, 2, 3 (at least 5 in every seed: does not hold)"


def test_fewer_than_three_seeds_tell_nothing():
    assert judged(at_least(1, "good", [1, 2])).word == judged(at_least(9, "bad", [1])).word == UNCLEAR
    with pytest.raises(ValueError, match="at least one claim"):
        judged(controls=[at_least(1, "good", [1, 2, 3])])


def test_a_table_in_two_forms():
    table = Table(("task", "kind", "right"), [("a|b", "hides", 97.25), ("all", "", "3.0 ± 1.0"), ("c", "", 1200)],
                  title="Figures", note="in %")
    assert table.text() == ("Figures\n"
                            "task   kind        right\n"
                            "a|b    hides        97.2\n"
                            "all            3.0 ± 1.0\n"
                            "c                  1,200\n"
                            "in %")
    assert table.markdown() == ("Figures\n\n| task | kind | right |\n| --- | --- | ---: |\n| a\\|b | hides | 97.2 |\n"
                                "| all |  | 3.0 ± 1.0 |\n| c |  | 1,200 |\n\nin %")
    with pytest.raises(ValueError, match=r"the row \(1, 2\) has 2 cells below a head of 3"):
        Table(("a", "b", "c"), [(1, 2)])
