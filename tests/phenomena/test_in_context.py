"""Do the lists hold back what is asked for later, and does the experiment leave what it promises?"""

import json
import shlex
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.data.masking import IGNORED
from tinyformer.generate.in_context import answers, fingerprint
from tinyformer.phenomena import in_context
from tinyformer.phenomena.kit import Found
from tinyformer.phenomena.parts.worked_lists import (
    LOOK,
    NEW,
    ROTATIONS,
    ListBatches,
    Mapping,
    changes,
    document,
    held_out_list,
    tokenizer,
    words,
)
from tinyformer.rng import stream
from tinyformer.tinyland import MAPPINGS, Chance, is_held_out
from tinyformer.train import load_model

KINDS = [*MAPPINGS, *NEW]
SMALL = in_context.EXPERIMENT.quick.but(arms=(8,), steps=2, batch_size=2, asked=2)


@pytest.fixture(scope="module")
def documents():
    return [document(Chance(stream(5, "worked list", number))) for number in range(600)]


def follows(lines, change: str, order: tuple[int, ...]) -> bool:
    """Whether a list is of this mapping, line for line."""
    split = [(given.split(), output) for given, output in lines]
    return all(len(given) == len(order) and set(given) <= set(words()) and output == Mapping(change, order)(given)
               for given, output in split)


def test_a_mapping_changes_orders_and_frames():
    assert Mapping("plural", (1, 0))(["dog", "goose"]) == "geese dogs"
    assert Mapping("same", (1, 2, 0))(["dog", "cat", "cow"]) == "cat cow dog"
    assert Mapping("translate", (0,), "big", "")(["dog"]) == f"big {changes()['translate']['dog']}"


def test_no_document_holds_a_held_out_input(documents):
    inputs = {given for lines in documents for given, _ in lines}
    assert len(inputs) > 3000 and not any(map(is_held_out, inputs))


def test_no_document_holds_a_held_out_mapping(documents):
    for lines in documents:
        assert not follows(lines, "plural", (1, 0))
        assert not any(follows(lines, "same", order) for order in ROTATIONS)
        outputs = [output.split() for given, output in lines]
        if all(len(given.split()) == 1 for given, _ in lines):             # a frame's word stands in every line
            around = set.intersection(*map(set, outputs))
            assert not any(map(is_held_out, around))


def test_the_documents_hold_every_other_mapping(documents):
    found = {(change, order) for lines in documents for change in changes() for n in (1, 2, 3)
             for order in permutations(range(n)) if follows(lines, change, order)}
    twos = {(change, order) for change in changes() for order in ((0, 1), (1, 0))} - {("plural", (1, 0))}
    threes = {("same", order) for order in permutations(range(3))} - {("same", order) for order in ROTATIONS}
    assert twos | threes | {("plural", (0,)), ("translate", (0,))} == found


@pytest.mark.parametrize("kind", KINDS)
def test_a_question_is_held_out_and_its_examples_are_not(kind):
    for number in range(20):
        (given, _), *examples = held_out_list(kind, 4, Chance(stream(0, "test", number)))
        assert is_held_out(given) and len({a for a, _ in examples}) == 4
        assert not any(is_held_out(a) for a, _ in examples)


@pytest.mark.parametrize("kind", KINDS)
def test_the_longest_prompt_has_room_and_no_unknown_word(kind):
    for number in range(40):
        (given, output), *examples = held_out_list(kind, 4, Chance(stream(1, "test", number)))
        ids = tokenizer().encode(LOOK.prompt(examples, given) + LOOK.answer(output))
        assert len(ids) <= in_context.LENGTH and tokenizer().unk_id not in ids
        assert tokenizer().decode(ids[-len(tokenizer().encode(LOOK.answer(output))):-1]).strip() == output.replace(
            "+", " + ")


def test_a_new_frame_takes_words_that_never_framed():
    for number in range(50):
        mapping = NEW["new frame"](Chance(stream(2, "test", number)))
        assert mapping.held_out and all(is_held_out(word) for word in (mapping.before, mapping.behind) if word)
        assert mapping.before or mapping.behind


def test_batches_ask_for_outputs_alone_and_are_pure_in_seed_and_step():
    batch = ListBatches(4, 40, 3).batch(7)
    again = ListBatches(4, 40, 3)
    again.batch(2)
    np.testing.assert_array_equal(again.batch(7).ids, batch.ids)
    assert not np.array_equal(ListBatches(4, 40, 4).batch(7).ids, batch.ids) and batch.ids.shape == (4, 40)
    arrow, stop = tokenizer().vocab[">"], tokenizer().vocab["."]
    for ids, targets in zip(batch.ids, batch.targets, strict=True):
        inside = False                                         # between the arrow and the mark that ends an output
        first = list(ids).index(arrow)                         # what stands before it may be the end of an output
        for place, (id, target) in list(enumerate(zip(ids, targets, strict=True)))[first:]:
            inside = id == arrow or inside and id != stop
            assert (target != IGNORED) == inside
            assert not inside or place + 1 == len(ids) or target == ids[place + 1]


def test_weights_that_change_while_questions_are_asked_have_another_hash(tmp_path, monkeypatch):
    def teach(model, *more, **how):
        model.words.weight.data[0, 0] += 1
        return answers(model, *more, **how)

    monkeypatch.setattr(in_context, "answers", teach)
    monkeypatch.setitem(in_context.RATES, 8, 4e-3)
    outcome = in_context.one(SMALL, 3, 8, folder=tmp_path)
    assert outcome["sha256 before"] == fingerprint(load_model(tmp_path / "gpt-8-3")[0]) != outcome["sha256 after"]


@pytest.mark.parametrize("seed", range(4))
def test_the_frame_to_try_takes_words_that_never_framed(tmp_path, seed):
    in_context.to_try(Found(SMALL, [seed], []), tmp_path)
    lines = [line.split("\t") for line in (tmp_path / "new-frame.tsv").read_text(encoding="utf-8").splitlines()]
    around = set.intersection(*(set(output.split()) for _, output in lines))       # what stands in every line
    assert len(lines) == 40 and around and all(map(is_held_out, around))


def test_a_quick_run_leaves_picture_figures_and_a_model_to_try(tmp_path, monkeypatch, capsys, here):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    small = SMALL.but(arms=(32, 16), steps=4)
    monkeypatch.setattr(in_context, "EXPERIMENT", replace(in_context.EXPERIMENT, quick=small))
    assert main(["reproduce", "in-context", "--quick", "--seeds", "2", "--seed", "100", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "metrics.json").read_text())
    assert [(each["seed"], each["arm"]) for each in found["outcomes"]] == [(100, 32), (100, 16), (101, 32), (101, 16)]
    assert all(list(each["accuracy"]) == KINDS for each in found["outcomes"])
    large, small = found["outcomes"][:2]
    assert large["parameters"] > small["parameters"] and len({each["sha256 after"] for each in found["outcomes"]}) == 4
    assert next(check for check in found["checks"] if "weights changed" in check["claim"])["values"] == [0, 0]
    assert (tmp_path / "in-context.png").read_bytes()[:4] == b"\x89PNG"
    said = capsys.readouterr().out
    assert "4 of another list" in said
    command = shlex.split(said.splitlines()[-2].partition("python -m tinyformer ")[2])
    assert command[0] == "shots" and main([*command, "--questions", "3"]) == 0
