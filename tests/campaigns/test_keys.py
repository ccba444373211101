"""One value of a configuration is changed: it is used, or refused by name; nothing crashes, and nothing hangs."""

import contextlib
import io
import json

import numpy as np
import pytest
import small
from hub.adapters import said as tuned_said
from hub.adapters import tuned

from campaigns.mutants import VALUES, changed, refusal
from tinyformer.cli import main
from tinyformer.errors import CheckpointError, InputError
from tinyformer.hub import tensor_names
from tinyformer.hub.config_keys import DESCRIPTION, FIXED, HARMLESS, USED
from tinyformer.models import GPT, Seq2Seq, TextClassifier
from tinyformer.train import durable, load_model, save_model

MODELS = {"bert": lambda: small.bert(), "albert": lambda: small.bert(shared=True, factor=4, activation="gelu_tanh"),
          "gpt2": lambda: small.gpt(), "openai-gpt": lambda: small.gpt(norm="post"), "bart": lambda: small.seq2seq(),
          "roberta": lambda: small.roberta(), "distilbert": lambda: small.distilbert(), "llama": lambda: small.llama(),
          "qwen2": lambda: small.llama(bias=True, tied=True), "t5": lambda: small.t5()}
IDS = np.random.default_rng(5).integers(3, 13, (2, 7))
PLAIN = {"dropout", "init_std"}                                # of a config, which no answer of a trained model shows


def answer(model) -> np.ndarray:
    """What a model says of two rows."""
    if isinstance(model, Seq2Seq):
        return model(IDS, IDS[:, :5]).data
    return model(IDS).data if isinstance(model, GPT) else model.word_logits(model(IDS)).data


@pytest.mark.parametrize("kind", MODELS)
def test_one_key_of_config_json(kind, tmp_path, campaign):
    """What is opened has the given weights, and says what it said unless a key that is used has another value."""
    model = MODELS[kind]()
    folder = save_model(tmp_path / "model", model)
    (folder / durable.MANIFEST).unlink()
    before, reference = json.loads((folder / "config.json").read_text()), answer(model)
    keys = sorted({*before, *USED[kind], *FIXED[kind], *DESCRIPTION, *HARMLESS, "an_unknown_key"})
    opened = refused = 0
    for which, draw in campaign.trials(short=40):
        key = draw.choice(keys)
        now = {**before, key: draw.choice(VALUES)} if draw.random() < 0.8 else changed(before, draw)
        (folder / "config.json").write_text(json.dumps(now))
        differs = {key: now.get(key) for key in {*now, *before} if now.get(key) != before.get(key)}
        which = f"{which}: {str(differs)[:300]}"
        found, error = refusal(which, (CheckpointError, InputError), load_model, folder)
        if error is not None:
            refused += 1
            assert str(folder) in str(error) and len(str(error)) < 40_000, f"{which}: {error}"
            continue
        opened += 1
        ours = {name: array for name, array in tensor_names.to_published(found[0]).items()}
        theirs = tensor_names.to_published(model)
        assert all(np.array_equal(array, theirs[name]) for name, array in ours.items() if name in theirs), which
        if type(found[0]) is type(model) and not differs.keys() & {*USED[kind], "tinyformer"}:
            assert np.array_equal(answer(found[0]), reference), which
    campaign.report(f"{opened:,} opened, {refused:,} refused")
    assert opened and refused


def test_one_key_of_adapter_config_json(tmp_path, campaign):
    """What is opened says what it said, unless the rank's scale is another; else it is refused."""
    _, model = tuned("Bert", TextClassifier, tmp_path)
    folder = save_model(tmp_path / "apart", model)
    (folder / durable.MANIFEST).unlink()
    before, reference = json.loads((folder / "adapter_config.json").read_text()), tuned_said(load_model(folder)[0])
    opened = refused = 0
    for which, draw in campaign.trials(short=40):
        key = draw.choice(sorted({*before, "an_unknown_key", "lora_bias", "layer_replication"}))
        now = {**before, key: draw.choice(VALUES)} if draw.random() < 0.8 else changed(before, draw)
        (folder / "adapter_config.json").write_text(json.dumps(now))
        differs = {key for key in {*now, *before} if now.get(key) != before.get(key)}
        found, error = refusal(f"{which}: {differs}", (CheckpointError, InputError), load_model, folder)
        if error is not None:
            refused += 1
            assert str(folder) in str(error), f"{which}: {error}"
            continue
        opened += 1
        if not differs & {"lora_alpha", "alpha_pattern", "use_rslora"}:
            assert np.array_equal(tuned_said(found[0]), reference), f"{which}: {differs}"
    campaign.report(f"{opened:,} opened, {refused:,} refused")
    assert opened and refused


@pytest.mark.usefixtures("no_pictures", "few_pairs")
@pytest.mark.parametrize("command", ["pretrain bert", "pretrain gpt", "pretrain seq2seq", "finetune classify",
                                     "finetune tag"])
def test_one_key_of_the_settings_of_a_run(command, corpus, land, untrained, tmp_path, campaign):
    """A file for --config: exit status 0, or 2 with a message of the program's own, or 4 where it cannot be learned."""
    words, path, statuses = command.split(), tmp_path / "settings.json", []
    given = {"out": str(tmp_path / "run"), "steps": 1, "batch_size": 2, "max_length": 24, "workers": "1"}
    if words[0] == "pretrain":
        given |= {"corpus": str(corpus), "layers": 1, "heads": 2, "width": 8, "tokenizer": "characters"}
    else:
        given |= {"model": str(untrained), "train": str(land(words[1], "train")), "dev": str(land(words[1], "dev"))}
    path.write_text(json.dumps(given))
    status, message = said(words, path)
    assert status == 0, message
    whole = json.loads((tmp_path / "run" / "settings.json").read_text())
    for which, draw in campaign.trials(short=8):
        key, value = draw.choice(sorted(whole)), draw.choice(VALUES)
        now = {**whole, key: value} if draw.random() < 0.8 else changed(whole, draw)
        path.write_text(json.dumps(now))
        differs = {key: now.get(key) for key in {*now, *whole} if now.get(key) != whole.get(key)}
        if "out" in differs or isinstance(now.get("steps"), int) and now["steps"] > 3 or "epochs" in differs:
            continue                                           # a long run, or one that is somewhere else
        (status, message), _ = refusal(f"{which}: {str(differs)[:300]}", (), said, words, path, seconds=20)
        statuses.append(status)
        lacks_memory = status == 1 and "out of memory" in message
        assert status in (0, 2, 4) or lacks_memory, f"{which}: {str(differs)[:300]}: {status}, {message}"
    campaign.report(", ".join(f"{statuses.count(status)} times {status}" for status in sorted({*statuses})))


def said(words: list[str], settings) -> tuple[int, str]:
    """The exit status of a command with these settings, and the last lines that it says."""
    with contextlib.redirect_stderr(io.StringIO()) as errors, contextlib.redirect_stdout(io.StringIO()):
        status = main([*words, "--config", str(settings), "--overwrite"])
    return status, errors.getvalue()[-1000:]
