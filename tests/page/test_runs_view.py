"""Are the curves of a run those of its log while it is written, and does it show what its model writes?"""

import json
from pathlib import Path

import numpy as np
import pytest

from tinyformer.errors import InputError
from tinyformer.page.served import Behind, by_label, label
from tinyformer.page.views.runs import Nothing, Runs, Sample, curves, listed, sample, thinned
from tinyformer.train.checkpoints import save_model
from tinyformer.train.log import RunLog


@pytest.fixture
def behind(tmp_path):
    """Two folders: a run that has begun, and one that has not."""
    found = Behind(runs=[tmp_path / "one", tmp_path / "two"])
    for folder in found.runs:
        folder.mkdir()
    found.log = log = RunLog(tmp_path / "one")
    yield found
    log.close()


def write(log, *steps):
    for step in steps:
        log.train(step=step, loss=1 / step, learning_rate=0.1, grad_norm=2.0, seconds=step / 4, tokens=100 * step)


def test_curves_grow_with_the_log(behind):
    write(behind.log, 1, 2, 3)
    behind.log.evaluation(2, {"lm loss": 0.5, "lm accuracy": 0.25})
    one, two = curves(behind, Runs(runs=(0.0, 1.0)))["runs"]
    assert one["curves"] == {"loss": [[1, 1.0], [2, 0.5], [3, 1 / 3]], "learning_rate": [[1, 0.1], [2, 0.1], [3, 0.1]],
                             "grad_norm": [[1, 2.0], [2, 2.0], [3, 2.0]], "tokens a second": [[2, 400.0], [3, 400.0]]}
    assert one["validation"] == {"lm loss": [[2, 0.5]], "lm accuracy": [[2, 0.25]]}
    assert (two["lines"], two["curves"]["loss"]) == (0, [])
    write(behind.log, 4)
    (again,) = curves(behind, Runs(runs=(0.0,)))["runs"]
    assert again["curves"]["loss"][-1] == [4, 0.25] and again["begun"] == one["begun"]


def test_a_line_that_is_cut_waits(behind):
    write(behind.log, 1)
    path = behind.runs[0] / "log.jsonl"
    whole = json.dumps({"step": 2, "loss": 0.125}) + "\n"
    path.open("a").write(whole[:9])
    assert len(curves(behind, Runs(runs=(0.0,)))["runs"][0]["curves"]["loss"]) == 1
    path.open("a").write(whole[9:])
    assert curves(behind, Runs(runs=(0.0,)))["runs"][0]["curves"]["loss"][-1] == [2, 0.125]


def test_the_run_that_was_written_last_comes_first(behind):
    write(behind.log, 1)
    assert [run["number"] for run in listed(behind, Nothing())["runs"]] == [0, 1]
    assert not listed(Behind(runs=[Path("nowhere")]), Nothing())["runs"][0]["changed"]


def test_runs_are_known_by_number_alone(behind):
    for number in (-1.0, 2.0, 1e9):
        with pytest.raises(InputError, match="there are 2, counted from 0"):
            curves(behind, Runs(runs=(number,)))


def test_a_sample_is_of_the_newest_checkpoint(behind, models):
    gpt, bert, bart, head = (next(one for one in models if one.name == name)
                             for name in ("gpt", "bert", "bart", "classify"))
    with pytest.raises(InputError, match="no whole model in this run yet"):
        sample(behind, Sample(run=0, text="The"))
    save_model(behind.runs[0], gpt.model, gpt.tokenizer)
    first = sample(behind, Sample(run=0, text="The"))
    assert first["from"] == "the trained model" and first["text"].startswith("The") and len(first["text"]) > 20
    assert sample(behind, Sample(run=0, text="The")) == first, "the same chance each time"
    save_model(behind.runs[0] / "checkpoint-00000009", bert.model, bert.tokenizer)
    found = sample(behind, Sample(run=0, text="the [MASK] cat"))
    assert found["from"] == "checkpoint-00000009" and found["text"].count("%") == 5
    save_model(behind.runs[1], bart.model, bart.tokenizer)
    assert sample(behind, Sample(run=1, text="the cat"))["text"]
    save_model(behind.runs[1] / "checkpoint-00000010", head.model, head.tokenizer)
    with pytest.raises(InputError, match="TextClassifier, which writes nothing"):
        sample(behind, Sample(run=1, text="the cat"))


def test_what_is_wrong_with_a_run_names_it_by_its_label(behind, models):
    save_model(behind.runs[0] / "checkpoint-00000009", models[0].model, models[1].tokenizer)
    (behind.runs[1] / "seed-0").mkdir()
    (behind.runs[1] / "seed-0" / "config.json").touch()
    (behind.runs[1] / "log.jsonl").mkdir()                     # which cannot be read
    for ask, said in ((lambda: sample(behind, Sample(run=0)), "/one/checkpoint-00000009: the vocabulary has"),
                      (lambda: sample(behind, Sample(run=1)), "/two/seed-0"),
                      (lambda: curves(behind, Runs(runs=(1.0,))), "/two/log.jsonl: cannot be read")):
        with pytest.raises(InputError, match=said) as error:
            ask()
        assert str(behind.runs[0].parent) not in str(error.value)


@pytest.mark.parametrize("folder, text, said", [("/a/b/c", "/a/b/c: no, see /a/b/c/d", "b/c: no, see b/c/d"),
                                                ("/a/b/c", "/a/b/cd: none", "/a/b/cd: none")])
def test_a_label_stands_where_the_path_stood(folder, text, said):
    assert by_label(text, Path(folder)) == said
    assert by_label(".: wrong. See it.", Path(".")) == f"{label(Path('.'))}: wrong. See it."


def test_long_curves_are_thinned_and_keep_their_end():
    points = [[n, n] for n in range(5003)]
    few = thinned(points, 1000)
    assert len(few) <= 1001 and few[0] == [0, 0] and few[-1] == points[-1]
    assert np.all(np.diff([step for step, _ in few]) > 0) and thinned(points[:7], 1000) == points[:7]
