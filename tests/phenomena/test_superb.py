"""Are the tasks what they say, does a mixture find the layer that knows, and does the rule see what is there?"""

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.errors import InputError
from tinyformer.phenomena import superb
from tinyformer.phenomena.kit import Found, Sizes
from tinyformer.phenomena.kit.brought import Files
from tinyformer.phenomena.parts import speech_tasks
from tinyformer.phenomena.parts.mixed_layers import layer_by_layer, mixture
from tinyformer.phenomena.parts.speech_tasks import UNHEARD, of_digits, of_voices
from tinyformer.rng import stream
from tinyformer.sound import Voices
from tinyformer.sound.recordings import Recording
from tinyformer.sound.voices import NAMES
from tinyformer.tinyland import Chance

SMALL = Sizes(learned=12, asked=260, tested=60, labels=2, steps=2, given_steps=2, layers=1, width=8)


def chance() -> Chance:
    return Chance(stream(0, "tasks"))


# ---- what is asked ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def said():
    return list(Voices(1).utterances(260))


def test_seven_tasks_with_few_labels_and_none_of_them_judged(said):
    lengths = [len(each.phones) // 2 for each in said]
    tasks = {task.name: task for task in of_voices(said, lengths, 2, 60, chance())}
    assert [*tasks] == ["word", "phone", "keyword", UNHEARD, "speaker", "same speaker or not", "mood"]
    for task in tasks.values():
        assert len(task.train) == len(task.labels) and len(task.test) == len(task.truth) and 0 < task.chance < 1
        counts = {label: task.labels.count(label) for label in task.labels}
        assert max(counts.values()) == (10 if task.name == "same speaker or not" else 2)
        parts = [{each[0] if isinstance(each, tuple) else each for each in some} for some in (task.train, task.test)]
        assert not parts[0] & parts[1]
    strangers = {said[n].speaker for n in tasks[UNHEARD].test}
    assert len(strangers) <= 3 and not strangers & {said[n].speaker for n in tasks[UNHEARD].train}
    assert all(said[n].mood == label for n, label in zip(tasks["mood"].test, tasks["mood"].truth, strict=True))
    assert len({*tasks["keyword"].labels}) == 6 and "another" in tasks["keyword"].labels
    for (n, at), label in zip(tasks["phone"].test, tasks["phone"].truth, strict=True):
        assert NAMES[said[n].phones[min(2 * at + 1, len(said[n].phones) - 1)]] == label
    pairs = tasks["same speaker or not"]
    for (a, b), label in zip(pairs.test, pairs.truth, strict=True):
        assert a != b and (said[a].speaker == said[b].speaker) == (label == "same")


def test_examples_are_means_moments_and_distances(said):
    states = [np.random.default_rng(n).normal(size=(2, 40, 3)) for n in range(len(said))]
    tasks = {task.name: task for task in of_voices(said, [40] * len(said), 2, 60, chance())}
    train, labels, _, _ = tasks["word"].examples(states)
    assert train.shape == (2, len(labels), 3) and np.allclose(train[:, 0], states[tasks["word"].train[0]].mean(1))
    n, at = tasks["phone"].train[0]
    assert np.array_equal(tasks["phone"].examples(states)[0][:, 0], states[n][:, at])
    a, b = tasks["same speaker or not"].train[0]
    assert np.allclose(tasks["same speaker or not"].examples(states)[0][:, 0],
                       np.abs(states[a].mean(1) - states[b].mean(1)))


def digits(takes=range(5, 13)) -> list[Recording]:
    return [Recording(np.zeros(8, np.float32), 8000, "", str(digit), speaker, take)
            for digit in range(10) for speaker in ("anna", "bo", "cy") for take in takes]


def test_of_spoken_digits_the_earliest_takes_are_judged():
    found = digits()
    tasks = {task.name: task for task in of_digits(found, 3, chance())}
    assert [*tasks] == ["digit", "digit, unheard speaker", "speaker", "same speaker or not"]
    assert {found[n].take for n in tasks["digit"].test} == {5, 6, 7} and tasks["digit"].chance == 0.1
    assert len({found[n].speaker for n in tasks["digit, unheard speaker"].test}) == 1


# ---- the mixture -----------------------------------------------------------------------------------------------------


def test_a_mixture_finds_the_layer_that_knows():
    rng = np.random.default_rng(0)
    labels = np.tile(["a", "b", "c"], 60)
    known = 3 * np.eye(8)[np.tile([0, 1, 2], 60)] + rng.normal(size=(180, 8))
    layers = np.stack([50 * rng.normal(size=(180, 8)), known, rng.normal(size=(180, 8))])
    given = layers[:, :90], labels[:90], layers[:, 90:], labels[90:]
    share, shares = mixture(*given, np.random.default_rng(1))
    assert share > 0.9 and np.argmax(shares) == 1 and sum(shares) == pytest.approx(1)
    alone = layer_by_layer(*given, np.random.default_rng(1))
    assert alone[1] > 0.9 and max(alone[0], alone[2]) < 0.55


# ---- the experiment --------------------------------------------------------------------------------------------------


def outcome(seed: int, **content: float) -> dict:
    """What a seed might have found: each arm knows so much of content, and half of everything else."""
    tasks = {}
    for name, kind in (("word", "content"), (UNHEARD, "content"), ("speaker", "speaker")):
        known = {arm: content.get(arm.replace(" ", "_"), 40.0) if kind == "content" else 50.0 for arm in superb.ARMS}
        layers = {arm: [30.0, value] if kind == "content" else [50.0] * 2 for arm, value in known.items()}
        tasks[name] = {"kind": kind, **{arm: {"mixed": value, "layers": layers[arm]} for arm, value in known.items()}}
    return {"seed": seed, "arm": None, "tasks": tasks, "seconds": 1.0}


@pytest.mark.parametrize("content, word", [(dict(frames_to_come=60.0), "seen"), (dict(frames_to_come=44.0), "not seen"),
                                           (dict(frames_to_come=70.0, random_GPT=55.0), "unclear")])
def test_the_rule_sees_what_is_there(content, word):
    found = Found(SMALL, [0, 1, 2], [outcome(seed, **content) for seed in range(3)])
    assert superb.verdict(found).word == word
    assert superb.averages(found[None], superb.NEXT, "content")[0] == content["frames_to_come"]


def test_the_picture_has_a_panel_for_each_kind_with_the_mean_of_its_tasks():
    some = [outcome(seed, frames_to_come=60.0) for seed in range(3)]
    some[0]["tasks"]["word"][superb.NEXT]["layers"] = [20.0, 80.0]
    said, who = superb.of_kinds(some, ", your files")
    assert (said.title, who.title) == ("What is said (2 tasks), your files", "Who says it (1 task), your files")
    assert said.curves[superb.NEXT] == [[(0, 25.0), (1, 70.0)], *[[(0, 30.0), (1, 60.0)]] * 2]
    assert said.levels == {superb.LOG_MEL: 30} and set(said.controls) == {superb.RANDOM_BERT, superb.RANDOM_GPT}


def test_what_is_no_folder_is_refused_before_any_work(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["reproduce", "superb", "--quick", "--data", "digits"]) == 2
    assert "digits is no folder, and this experiment takes one with --data" in capsys.readouterr().err


def test_one_folder_is_looked_at():
    with pytest.raises(InputError, match="--data is given 2 times, and one folder of spoken digits is looked at"):
        superb.one_given(SMALL, 0, Files(data=("a", "b")))
    assert speech_tasks.KEYWORDS == 5
