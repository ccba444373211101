"""Do settings come from where they should, in the right order, and are wrong ones named?"""

import json

import pytest
from refusals import refused

from tinyformer.cli import main
from tinyformer.errors import InputError
from tinyformer.options import read_config, suggestion
from tinyformer.pretraining import OBJECTIVES
from tinyformer.pretraining.pretraining_settings import every_option, fill_in, resolve


def write(path, value) -> str:
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return str(path)


def test_command_line_over_file_over_preset_over_defaults():
    assert resolve("gpt", {}).batch_size == 32
    assert resolve("gpt", {"preset": "shakespeare-cpu"}).batch_size == 12
    assert resolve("gpt", {"preset": "shakespeare-cpu"}, {"batch_size": 7}).batch_size == 7
    assert resolve("gpt", {"preset": "shakespeare-cpu", "batch_size": 5}, {"batch_size": 7}).batch_size == 5


def test_the_shakespeare_preset_is_the_reference_run():
    s = resolve("gpt", {"preset": "shakespeare-cpu"})
    assert (s.tokenizer, s.vocabulary, s.steps, s.batch_size, s.max_length) == ("characters", None, 2000, 12, 64)
    assert (s.learning_rate, s.final_rate, s.schedule, s.warmup) == (1e-3, 1e-4, "cosine", 100)
    assert (s.beta2, s.weight_decay, s.clip, s.dropout, s.validation) == (0.99, 0.1, 1.0, 0.0, 0.1)
    config = s.config(65)
    assert (config.layers, config.heads, config.width, config.context, config.bias) == (4, 4, 128, 64, False)


def test_muon_is_the_default_where_it_was_measured_to_be_better():
    assert {name: resolve(name, {}).optimizer for name in OBJECTIVES} == {
        "bert": "muon", "gpt": "muon", "seq2seq": "adamw", "words": "adamw", "elmo": "adamw",
        "speech": "adamw", "pictures": "adamw"}
    assert resolve("bert", {}).matrix_rate == 0.01 and resolve("gpt", {}).matrix_rate == 0.02
    assert resolve("gpt", {"optimizer": "adamw"}).optimizer == "adamw"


def test_a_run_from_before_the_choice_goes_on_with_adamw():
    """Its settings.json names the model and no optimizer; a file of the user's own names what it changes."""
    old = {name: value for name, value in resolve("gpt", {"steps": 9, "optimizer": "adamw"}).to_dict().items()
           if name not in ("optimizer", "matrix_rate", "momentum")}
    assert resolve("gpt", {}, old) == resolve("gpt", {"steps": 9, "optimizer": "adamw"})
    assert resolve("gpt", {"optimizer": "muon"}, old).optimizer == "muon"
    assert resolve("gpt", {}, {"steps": 9}).optimizer == "muon"
    with pytest.raises(InputError, match="--matrix-rate is a setting of muon"):
        resolve("gpt", {"matrix_rate": 0.1}, old)


@pytest.mark.parametrize("model, name, one, other, owned", [
    ("pictures", "method", "simclr", "masked", "temperature"), ("pictures", "method", "masked", "byol", "hidden"),
    ("speech", "method", "clusters", "next", "clusters"), ("bert", "family", "bert", "roberta", "shared")])
def test_a_file_of_another_method_lends_what_suits_both(model, name, one, other, owned):
    """A setting that nobody typed is none to be refused."""
    given = {"corpus": "digits" if model == "pictures" else "voices", "steps": 7, "batch_size": 5}
    saved = resolve(model, {**given, name: one, **({"shared": True} if model == "bert" else {})}).to_dict()
    assert saved[owned] is not None
    found = resolve(model, {name: other}, saved)
    assert (found.steps, found.batch_size, getattr(found, name), getattr(found, owned)) == (7, 5, other, None)
    assert model == "bert" or found == resolve(model, {**given, name: other})


@pytest.mark.parametrize("model, name, one, other", [
    ("pictures", "method", "simclr", "byol"), ("bert", "first_positions", "waves", "random")])
def test_a_run_that_goes_on_learns_as_it_began(tmp_path, capsys, model, name, one, other):
    saved = resolve(model, {"corpus": "shapes", name: one, "steps": 3, "out": str(tmp_path)}).to_dict()
    (tmp_path / "settings.json").write_text(json.dumps(saved))
    option = "--" + name.replace("_", "-")
    words = ["pretrain", model, "--out", str(tmp_path), "--resume", option]
    assert refused(capsys, words, other).endswith(
        f"{option} is {other}, and the run in {tmp_path} began with {one}; leave it out, or begin anew in another "
        "folder (--out)")
    assert main([*words, one]) and "began with" not in capsys.readouterr().err     # but there is no checkpoint


def test_resolved_settings_repeat_themselves():
    for given in ({"preset": "albert-base", "steps": 10}, {"steps": 50, "width": 32}, {"tokenizer": "characters"}):
        once = resolve("bert", given)
        assert resolve("bert", {}, json.loads(json.dumps(once.to_dict()))
                       | {"proportions": once.proportions, "teaching": once.teaching}) == once


def test_a_preset_with_another_width_keeps_the_shape_of_its_inner_layer():
    assert resolve("bert", {"preset": "base", "width": 96}).config(100).inner == 384
    albert = resolve("bert", {"preset": "albert-base"}).config(100)
    assert (albert.factor, albert.shared, albert.pair_objective) == (128, True, "sop")


@pytest.mark.parametrize("given, shared, factor", [
    ({}, False, 0), ({"shared": True}, True, 0), ({"factor": 16}, False, 16),
    ({"preset": "albert-base", "shared": False}, False, 128), ({"preset": "albert-base", "factor": 0}, True, 0)])
def test_each_idea_of_albert_can_be_had_alone_and_against_a_preset(given, shared, factor):
    config = resolve("bert", given).config(100)
    assert (config.shared, config.factor) == (shared, factor)


@pytest.mark.parametrize("name, value", [("shared", True), ("factor", 8)])
def test_the_ideas_of_albert_are_for_bert(name, value):
    with pytest.raises(InputError, match=f"--{name} is a setting of BERT, and the family is roberta"):
        resolve("bert", {"family": "roberta", name: value})


def test_epochs_become_steps_when_the_corpus_is_known():
    s = resolve("gpt", {"epochs": 2.5})
    assert s.steps is None
    done = fill_in(s, 40)
    assert (done.steps, done.warmup, done.evaluate_every) == (100, 10, 10)
    assert resolve("gpt", {"epochs": 1.0}, {"steps": 99}).steps is None
    assert resolve("gpt", {"steps": 9}, {"epochs": 1.0}).epochs is None
    with pytest.raises(InputError, match="give one of the two"):
        resolve("gpt", {"epochs": 1.0, "steps": 5})


def test_a_short_run_shortens_the_warmup_of_a_preset_and_refuses_the_users():
    assert resolve("gpt", {"preset": "shakespeare-cpu", "steps": 50}).warmup == 5
    with pytest.raises(InputError, match="--warmup is 60 and --steps is 50"):
        resolve("gpt", {"steps": 50, "warmup": 60})


@pytest.mark.parametrize("wrong, words", [
    ({"steps": 0}, "--steps is 0; it must be at least 1"), ({"steps": -1}, "--steps is -1"),
    ({"learning_rate": -1.0}, "--learning-rate is -1.0"),
    ({"learning_rate": float("nan")}, "finite"),
    ({"learning_rate": float("inf")}, "finite"),
    ({"mask_rate": 0.0}, "--mask-rate is 0.0; it must be above 0"),
    ({"validation": 1.0}, "--validation is 1.0"),
    ({"objective": "nps"}, "did you mean 'nsp'"),
    ({"schedule": "cosin"}, "did you mean 'cosine'"),
    ({"proportions": (0.5, 0.1, 0.1)}, "add up to 1"),
    ({"final_rate": 0.1}, "--final-rate is 0.1"),
    ({"preset": "huge"}, "preset 'huge' is not known"),
    ({"optimizer": "moun"}, "did you mean 'muon'"),
    ({"optimizer": "muon", "momentum": 1.0}, "--momentum is 1.0"),
    ({"optimizer": "adamw", "matrix_rate": 0.1}, "--matrix-rate is a setting of muon, and the optimizer is adamw"),
])
def test_values_that_cannot_be_meant(wrong, words):
    with pytest.raises(InputError, match=words):
        resolve("bert", wrong)


def test_a_config_file_is_read_with_its_types(tmp_path):
    path = write(tmp_path / "c.json", {"batch-size": 4, "learning_rate": 1, "proportions": [1, 0, 0], "clip": 2.5,
                                       "whole_word": True, "epochs": None})
    assert read_config(path, every_option()) == {"batch_size": 4, "learning_rate": 1.0, "proportions": (1.0, 0.0, 0.0),
                                              "clip": 2.5, "whole_word": True, "epochs": None}


@pytest.mark.parametrize("text, words", [
    ('{"stpes": 5}', "key 'stpes' is not known; did you mean 'steps'"),
    ('{"steps": "5"}', 'steps is "5"; it must be a whole number'),
    ('{"steps": 5.5}', "steps is 5.5"),
    ('{"steps": true}', "steps is true"),
    ('{"learning_rate": 1' + 400 * "0" + "}", "learning_rate is 10+; it must be a number"),
    ('{"width": 1' + 400 * "0" + "}", "width is 10+; whole numbers have at most 18 digits"),
    ('{"proportions": [1' + 400 * "0" + ", 0, 0]}", "proportions is"),
    ('{"whole_word": 1}', "whole_word is 1; it must be true or false"),
    ('{"steps": 5,\n "seed" 3}', "line 2"),
    (r'{"corpus": "a\u0000b"}', "corpus is .* holds whole characters and no NUL"),
    (r'{"out": "a\ud800"}', "out is .* holds whole characters"),
    ("[1]", "must be an object"),
])
def test_faults_of_a_config_file_are_named(tmp_path, text, words):
    path = write(tmp_path / "c.json", text)
    with pytest.raises(InputError, match=words) as caught:
        read_config(path, every_option())
    assert path in str(caught.value)


def test_a_config_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_config(str(tmp_path / "none.json"), every_option())


def test_a_file_of_the_other_command():
    with pytest.raises(InputError, match="pretrain gpt"):
        resolve("bert", {}, {"model": "gpt"})


def test_a_config_file_may_begin_with_a_byte_order_mark_and_not_nest_for_ever(tmp_path):
    path = tmp_path / "config.json"
    path.write_bytes(b"\xef\xbb\xbf" + b'{"steps": 5}')
    assert read_config(str(path), every_option()) == {"steps": 5}
    path.write_text("[" * 100_000)
    with pytest.raises(InputError, match="config.json: not JSON .brackets within brackets"):
        read_config(str(path), every_option())


@pytest.mark.parametrize("typed, meant", [("--lr", "--learning-rate"), ("--stpes", "--steps"), ("--zzz", None)])
def test_the_nearest_option_is_suggested_and_only_a_near_one(typed, meant):
    known = ["--learning-rate", "--layers", "--steps", "--top-p"]
    assert suggestion(typed, known) == (f"; did you mean {meant!r}?" if meant else "")
