"""Does an objective own all that is said of it, so that another one is one file and one line?"""

import json
import re
import subprocess
import sys
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from tinyformer.errors import InputError
from tinyformer.options import read_config
from tinyformer.pretraining import OBJECTIVES, pretraining_settings
from tinyformer.pretraining.objective import Objective
from tinyformer.pretraining.pretraining_settings import every_option, resolve

PACKAGE = Path(pretraining_settings.__file__).parent.parent
FIXTURES = Path(__file__).parent.parent / "fixtures" / "v0.1"

# The file of a new objective, whole: a GPT that is asked for the token some places further on, with an option of its
# own, batches of its own, and a figure and a title of its own.
AHEAD = '''
"""How far can a model see ahead?  From every place of a text it says which token comes some places further on."""

from dataclasses import dataclass

import numpy as np

from tinyformer.data.batches import TextBatch
from tinyformer.data.encode import text_ids
from tinyformer.models.config import GPTConfig
from tinyformer.models.gpt import GPT
from tinyformer.options import option
from tinyformer.pretraining.text_objective import TextObjective
from tinyformer.rng import stream


@dataclass(frozen=True)
class TokensAhead(TextObjective):
    """Which token comes `places` further on?"""

    model: str = "ahead"
    places: int | None = option(None, "how far ahead the token stands that is asked for", least=1)

    does = "sees ahead"
    figure = "lm"
    config_class = GPTConfig
    defaults = dict(TextObjective.defaults, tokenizer="characters", layers=1, places=2)

    def make_model(self, tokenizer):
        return GPT(self.config(len(tokenizer)), stream(self.seed, "weights"))

    def make_batches(self, examples, tokenizer):
        return Windows(text_ids(examples, tokenizer), self)

    def measure(self, prepared, pairs):
        return {**super().measure(prepared, pairs), "places": self.places}

    def said(self, found):
        return [*super().said(found), f"{found['places']} places ahead"]

    def picture(self, prepared, found):
        return {**super().picture(prepared, found), "title": f"GPT: {self.places} places ahead"}


class Windows:
    """Rows that begin anywhere, and the same rows some places further on."""

    def __init__(self, ids, settings):
        self.ids, self.settings = ids, settings
        self.steps_per_epoch = len(ids) // (settings.batch_size * settings.max_length) + 1

    def batch(self, step):
        s = self.settings
        starts = stream(s.seed, "ahead", step).integers(len(self.ids) - s.max_length - s.places, size=s.batch_size)
        rows = self.ids[starts[:, None] + np.arange(s.max_length + s.places)]
        return TextBatch(rows[:, :s.max_length], rows[:, s.places:])

    def in_order(self, size):
        return (self.batch(number) for number in range(1000, 1003))
'''
LINE = 'OBJECTIVES.places["ahead"] = "tokens_ahead:TokensAhead"'       # where the others stand: pretraining/__init__.py


@pytest.fixture
def ahead(tmp_path):
    """A function that runs a command in a process in which the new objective stands in the list."""
    (tmp_path / "tokens_ahead.py").write_text(AHEAD)

    def run(*words, status=0) -> str:
        source = (f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from tinyformer.pretraining import OBJECTIVES\n"
                  f"{LINE}\nfrom tinyformer.cli import main; sys.exit(main({list(map(str, words))!r}))")
        done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, cwd=PACKAGE.parent)
        assert done.returncode == status, done.stderr
        return done.stderr if status else done.stdout
    return run


def test_another_objective_is_one_file_and_one_line(ahead, corpus, small, tmp_path):
    out = tmp_path / "run"
    said = ahead("pretrain", "ahead", "--corpus", corpus, "--out", out, *small, "--places", 3, "--save-every", 6,
                 "--accumulate", 2)
    assert re.fullmatch(r"val loss \d.*, unigram entropy \d.*, val accuracy \d.*, 3 places ahead, \d+ s\n", said)
    assert json.loads((out / "settings.json").read_text())["places"] == 3
    assert json.loads((out / "metrics.json").read_text())["places"] == 3
    assert (out / "loss.png").stat().st_size > 5000
    model = (out / "model.safetensors").read_bytes()
    for path in (out / "checkpoint-00000012").iterdir():
        path.unlink()
    (out / "checkpoint-00000012").rmdir()
    for name in ("config.json", "model.safetensors", "MANIFEST.json"):
        (out / name).unlink()
    ahead("pretrain", "ahead", "--out", out, "--resume")
    assert (out / "model.safetensors").read_bytes() == model


def test_its_options_and_defaults_reach_the_help_and_the_errors(ahead, tmp_path):
    text = " ".join(ahead("pretrain", "--help").split())
    assert "{bert,gpt,seq2seq,words,elmo,speech,pictures,ahead}" in text
    assert "pictures learns to see, ahead sees ahead" in text
    assert "ahead: how far ahead the token stands that is asked for (default 2)" in text
    assert "layers, in an encoder and decoder as many of each (default 2; gpt: 4; speech: 3; ahead: 1)" in text
    assert "usage: python -m tinyformer pretrain bert|gpt|seq2seq|words|elmo|speech|pictures|ahead --corpus" in text
    message = ahead("pretrain", "gpt", "--places", 3, status=2)
    assert "--places is a setting of `pretrain ahead`, and this is `pretrain gpt`; leave it out" in message
    assert "--places is 0; it must be at least 1" in ahead("pretrain", "ahead", "--places", 0, status=2)
    assert "--noise is a setting of `pretrain seq2seq`" in ahead("pretrain", "ahead", "--noise", "mask", status=2)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_says_what_it_is(name):
    objective = OBJECTIVES[name]
    assert objective.model == name and objective.does and objective.figure and objective.__doc__
    settings = resolve(name, {"steps": 5})
    assert isinstance(settings, Objective) and settings.model == name
    unfilled = [field.name for field in fields(objective) if field.name in objective.defaults
                and getattr(settings, field.name) is None]
    assert not unfilled and objective.defaults.keys() <= {field.name for field in fields(objective)}
    assert resolve(name, {}, settings.to_dict()) == settings


def test_nobody_else_asks_which_objective_it_is():
    names = "|".join([*OBJECTIVES, "nsp", "sop"])
    asks = re.compile(rf"""(==|!=|\bin\b) *\(?["']({names})["']|["']({names})["'] *:""")
    owners = {OBJECTIVES.places[name].partition(":")[0].rpartition(".")[2] + ".py" for name in OBJECTIVES}
    found = [f"{path.name}: {line.strip()}" for path in [*(PACKAGE / "pretraining").glob("*.py"),
                                                         PACKAGE / "commands" / "pretrain.py"]
             for line in path.read_text().splitlines()
             if path.name not in owners | {"__init__.py", "pair_figures.py"} and asks.search(line)]
    assert not found
    assert asks.search('if model == "gpt":') and asks.search('{"bert": 1}'), "or the test could not fail"


@pytest.mark.parametrize("model", ["bert", "gpt"])
def test_settings_of_an_old_run_still_load(model):
    """Version 0.1 wrote the settings of all objectives into every file, and knew one optimizer."""
    path = FIXTURES / model / "settings.json"
    old = json.loads(path.read_text())
    assert {"objective", "noise", "mask_rate", "proportions", "masking"} < old.keys()
    settings = json.loads(json.dumps(resolve(model, {}, read_config(str(path), every_option())).to_dict()))
    assert settings["optimizer"] == "adamw"
    assert {name: old.get(name, value) for name, value in settings.items()} == settings


def test_two_options_of_one_name_must_be_of_one_type(monkeypatch):
    merged = {item.name: item for item in fields(every_option())}
    assert merged["mask_rate"].metadata["help"] == (
        "bert, seq2seq: share of the tokens to be guessed; speech: masked, clusters: share of the vectors that is "
        "hidden (default 0.15; seq2seq: 0.3, mass: 0.5, spans: 0.15; speech: 0.4)")

    class Other(OBJECTIVES["gpt"]):
        mask_rate: str | None = None
    monkeypatch.setitem(OBJECTIVES._opened, "gpt", dataclass(frozen=True)(Other))
    with pytest.raises(TypeError, match="bert, gpt, seq2seq, speech differ in the type of mask_rate"):
        every_option.__wrapped__()


def test_an_unknown_objective_is_named():
    with pytest.raises(InputError, match="model is 'brt'; choose one of: bert, gpt, .*, elmo, .*; did you mean 'bert'"):
        resolve("brt", {})
