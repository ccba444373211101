"""Are the tasks what their names say, is what is asked for in no list, and does the experiment judge by its rule?"""

import json
from dataclasses import replace

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.data.masking import IGNORED
from tinyformer.phenomena import in_context_tasks as lab
from tinyformer.phenomena.kit import Found
from tinyformer.phenomena.parts import named_lists
from tinyformer.phenomena.parts.forty_two_tasks import STOP, kinds, tables, tasks, unread, vocabulary
from tinyformer.phenomena.parts.named_lists import NamedLists, as_rows, questions
from tinyformer.rng import stream
from tinyformer.tinyland import Chance, is_held_out

RULES = {"copy": lambda x: x, "first": lambda x: x[:1], "last": lambda x: x[2:], "double": lambda x: x + x,
         "reverse two": lambda x: x[::-1], "reverse three": lambda x: x[::-1], "rotate left": lambda x: x[1:] + x[:1],
         "rotate right": lambda x: x[2:] + x[:2], "exchange first": lambda x: (x[1], x[0], x[2]),
         "exchange last": lambda x: (x[0], x[2], x[1]), "largest": lambda x: (max(x),), "smallest": lambda x: (min(x),),
         "sum": lambda x: tuple(str(int(x[0]) + int(x[1]))), "difference": lambda x: (str(abs(int(x[0]) - int(x[1]))),),
         "sort": lambda x: tuple(sorted(x)), "sort down": lambda x: tuple(sorted(x)[::-1]),
         "last plural": lambda x: (tables()["plural"][x[2]],), "first plural": lambda x: (tables()["plural"][x[0]],),
         "reverse plural": lambda x: tuple(tables()["plural"][word] for word in x[::-1]),
         "reverse translate": lambda x: tuple(tables()["translate"][word] for word in x[::-1])}
each_task = pytest.mark.parametrize("name", tasks())


@pytest.fixture(scope="module")
def rows():
    """What a thousand rows of lists say, word by word."""
    words, batches = [*vocabulary()], NamedLists(10, 5)
    return [[words[id] for id in row] for step in range(40) for row in batches.batch(step).ids]


def lines(row: list[str]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The whole lines of a row."""
    parts = " ".join(row).partition(": ")[2].split(f" {STOP}")[:-1]
    return [tuple(tuple(side.split()) for side in part.split("=>")) for part in parts]


def test_there_are_42_tasks_and_every_word_is_a_token():
    assert len(tasks()) == 42 and sorted(vocabulary().values()) == list(range(len(vocabulary())))
    assert sum(not task.trained for task in tasks().values()) == 5
    families = [task.family for task in tasks().values()]
    assert all(one != other for one, other in zip(families, families[21:] + families[:21], strict=True)), "the control"


@each_task
def test_lines_follow_the_rule_that_the_name_says(name):
    task, chance = tasks()[name], Chance(stream(1, name))
    rule = task.drawn(chance, False)
    found = task.lines(rule, 30, chance)
    assert len({given: output for given, output in found}) == len({*found}), "one output for an input"
    for given, output in found:
        assert {*given, *output} <= {*vocabulary()}
        if name in RULES:
            assert output == RULES[name](given)
        if name in tables():
            assert output == (tables()[name][given[0]],)
        if name in ("before", "behind", "around"):
            assert given[0] in output and len(output) == 2 + (name == "around")
    if task.family == "frames":
        shared = set.intersection(*({*output} for _, output in found))
        assert shared and all(not is_held_out(word) for word in shared)
    if name.startswith("label"):
        assert len({output for _, output in found}) == 2


@each_task
def test_a_question_asks_for_what_no_list_has(name):
    task = tasks()[name]
    for one in questions(task, 6, 16, 0):
        assert len(one.shown) == 16 and (task.by_heart or unread(one.asked[0]))
        assert task.by_heart or not any(unread(given) for given, _ in one.shown)
        if task.family == "frames":
            shared = set.intersection(*({*output} for _, output in one.shown))
            assert shared and all(map(is_held_out, shared))
    longest = max(len(row) for row in as_rows(questions(task, 20, 16, 1)).ids)
    assert longest <= named_lists.LENGTH


def test_rows_hold_no_unread_input_and_no_task_that_is_asked_anew(rows):
    said = [" ".join(row).partition(" :")[0] for row in rows if row[0] != ":"]
    assert 120 < len(said) < 280 and not {"rotate left", "rotate right", "reverse plural"} & {*said}
    for row in rows:
        for given, output in lines(row):
            if len(given) == 3 and {*given} <= {*kinds()}:
                assert not unread(given)
                assert output not in (RULES["rotate left"](given), RULES["rotate right"](given)) or len({*given}) < 3


def test_batches_ask_for_outputs_alone_and_are_pure_in_seed_and_step():
    batch, words = NamedLists(3, 4).batch(7), [*vocabulary()]
    assert np.array_equal(batch.ids, NamedLists(3, 4).batch(7).ids) and batch.ids.shape == (3, named_lists.LENGTH)
    assert not np.array_equal(batch.ids, NamedLists(3, 5).batch(7).ids)
    for ids, targets in zip(batch.ids, batch.targets, strict=True):
        inside = False                                         # between the arrow and the mark that ends an output
        for place, (id, target) in enumerate(zip(ids, targets, strict=True)):
            inside = words[id] == "=>" or inside and words[id] != STOP
            assert (target != IGNORED) == inside
            assert not inside or place + 1 == len(ids) or target == ids[place + 1]


def test_prompts_show_what_they_say():
    one = questions(tasks()["reverse two"], 1, 16, 0)[0]
    words = [*vocabulary()]
    batch = as_rows([one.behind(1), one.behind(0).unnamed()])
    first, second = ([words[id] for id in row] for row in batch.ids)
    (given, output), (asked, answer) = one.shown[-1], one.asked
    assert first == ["reverse", ":", *given, "=>", *output, ".", *asked, "=>", *answer]
    assert second[:6] == [":", *asked, "=>", *answer] and set(second[6:]) <= {"."}
    assert [words[id] for id in batch.targets[0] if id != IGNORED] == [*answer, "."]
    changed = one.exchanged()
    assert sorted(output for _, output in changed.shown) == sorted(output for _, output in one.shown)
    assert all(a[0] == b[0] for a, b in zip(changed.shown, one.shown, strict=True)) and changed.shown != one.shown
    assert one.behind_those(changed).shown == changed.shown


def found(**changes) -> Found:
    """Three seeds in which examples and size help as they should, but for `changes`: % by width and examples."""
    usual = {"64_0": 30, "64_1": 40, "64_16": 45, "8_16": 12}
    outcomes = [{"seed": seed, "arm": width, "parameters": width, "accuracy": {
        name: {how: float((usual | changes).get(f"{width}_{how}", 0)) for how in lab.ASKED} for name in tasks()}}
        for seed in range(3) for width in lab.EXPERIMENT.full.arms]
    return Found(lab.EXPERIMENT.full, [0, 1, 2], outcomes)


@pytest.mark.parametrize("changes, word", [
    ({}, "seen"), ({"64_16": 41}, "not seen"), ({"64_0": 40}, "not seen"), ({"8_16": 40}, "not seen"),
    ({f"64_{lab.FOREIGN}": 30}, "unclear")])
def test_the_rule(changes, word):
    assert lab.verdict(found(**changes)).word == word


def test_the_quick_run_leaves_what_it_promises(tmp_path, monkeypatch, capsys, here):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    small = lab.EXPERIMENT.quick.but(arms=(16, 8), steps=2, rows=2)
    monkeypatch.setattr(lab, "EXPERIMENT", replace(lab.EXPERIMENT, quick=small))
    assert main(["reproduce", "in-context-tasks", "--quick", "--seeds", "1", "--out", str(tmp_path)]) == 0
    outcomes = json.loads((tmp_path / "metrics.json").read_text())["outcomes"]
    assert [each["arm"] for each in outcomes] == [16, 8] and outcomes[0]["parameters"] > outcomes[1]["parameters"]
    assert all(list(each["accuracy"]) == [*tasks()] for each in outcomes)
    assert (tmp_path / "in-context-tasks.png").stat().st_size > 5000
    assert lab.FOREIGN in capsys.readouterr().out
