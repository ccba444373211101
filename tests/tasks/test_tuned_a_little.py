"""Does --lora train what it says with every head, and is what it leaves opened, gone on with and judged as any model?"""

import json

import numpy as np
import pytest
from refusals import refused

from tinyformer.cli import main
from tinyformer.nn.lora import PRODUCTS
from tinyformer.tasks import TASKS
from tinyformer.tasks.finetuning_settings import Finetuning
from tinyformer.train import load_model

pytest.importorskip("matplotlib", reason="pictures need matplotlib")

LORA = ["--lora", "2", "--learning-rate", "1e-2"]
FILES = {"adapter_config.json", "adapter_model.safetensors", "config.json", "vocab.txt"}


def metrics(folder) -> dict:
    return json.loads((folder / "metrics.json").read_text())


@pytest.mark.parametrize("kind", ["classify", "multilabel", "tag", "pair", "score", "answer"])
def test_every_head(kind, command, untrained, land, tmp_path, capsys):
    """The base stays; the adapter and the merged folder are one model, and say what the run said."""
    out = tmp_path / "run"
    assert main(command(kind, out, "--steps", "3", *LORA, "--merge", "--overwrite")) == 0
    assert FILES <= {path.name for path in out.iterdir()} and not (out / "model.safetensors").exists()
    found, base = metrics(out), load_model(untrained)[0]
    apart, whole = load_model(out)[0], load_model(out / "merged")[0]
    assert type(apart) is type(whole) is TASKS[kind].head
    assert 0 < found["trained"] < found["parameters"] and found["parameters"] > apart.count() == whole.count()
    assert f"lora: {found['trained']:,} of {found['parameters']:,} numbers learn" in capsys.readouterr().err
    mine, begun = apart.state(), base.bert.state()
    for name, array in whole.state().items():
        assert np.abs(array - mine[name]).max() < 1e-6
        if name.startswith("encoder."):
            moved = not np.array_equal(array, begun[name.removeprefix("encoder.")])
            assert moved == name.endswith("attend.project.weight"), name
    before = found[TASKS[kind].figures[0]]
    for folder in (out, out / "merged"):
        assert main(["evaluate", "--model", str(folder), "--data", str(land(kind, "dev"))]) == 0
        assert f"{before:.4f}" in capsys.readouterr().out
