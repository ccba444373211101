"""Is each step from GPT-2 to Llama one part, with the published models at both ends?"""

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.models import GPT, GPTConfig
from tinyformer.models.llama import Llama, LlamaConfig
from tinyformer.phenomena import gpt_to_llama
from tinyformer.phenomena.gpt_to_llama import ARMS, GATE, PARTS, TURNS
from tinyformer.phenomena.kit import Files, Found
from tinyformer.phenomena.parts.between import Between
from tinyformer.phenomena.parts.taking_turns import paces
from tinyformer.rng import stream
from tinyformer.train import Settings

SIZES = dict(vocabulary=50, layers=2, heads=4, width=48, context=12, dropout=0.0, init_std=0.1)
IDS = np.random.default_rng(0).integers(0, 50, (3, 12))
SMALL = gpt_to_llama.EXPERIMENT.quick.but(documents=60, characters=20_000, vocabulary=280, width=16, steps=2, timed=1)


def test_with_no_part_exchanged_it_is_gpt2_number_for_number():
    ours, theirs = Between(GPTConfig(**SIZES), (), stream(1, "weights")), GPT(GPTConfig(**SIZES), stream(1, "weights"))
    assert [*ours.state()] == [*theirs.state()]
    assert np.array_equal(ours(IDS).data, theirs(IDS).data)


def test_with_all_parts_exchanged_it_is_llama_number_for_number():
    ours = Between(GPTConfig(**SIZES), PARTS, stream(1, "weights"))
    theirs = Llama(LlamaConfig(**SIZES, key_heads=2, tied=True), stream(1, "weights"))
    assert [*ours.state()] == [*theirs.state()]
    assert np.array_equal(ours(IDS).data, theirs(IDS).data)


def test_parts_come_one_by_one_and_the_gate_costs_no_numbers():
    counts = [Between(GPTConfig(**SIZES), PARTS[:n], None).count() for n in range(len(ARMS))]
    assert counts == sorted(counts, reverse=True) and counts[PARTS.index(GATE)] == counts[PARTS.index(GATE) + 1]
    with pytest.raises(ValueError, match="in the order no biases, RMS norm"):
        Between(GPTConfig(**SIZES), (GATE,), None)


def test_each_takes_its_turn():
    class Batches:
        def __init__(self):
            self.asked = []

        def batch(self, step):
            self.asked.append(step)
            return kept.batch(step)

    text = gpt_to_llama.told(5, 60, 280)
    kept = gpt_to_llama.TextWindows(text.training, batch_size=2, block=8, seed=0)
    models = [Between(GPTConfig(**SIZES).but(vocabulary=text.vocabulary), PARTS[:n], stream(0, "x")) for n in (0, 5)]
    before, both = [model.state() for model in models], [Batches(), Batches()]
    found = paces(models, both, Settings(steps=3, optimizer="muon"), 3)
    assert len(found) == 2 and min(found) > 0 and both[0].asked == both[1].asked == [0, 1, 2]
    assert all(not np.array_equal(model.state()["words.weight"], start["words.weight"])
               for model, start in zip(models, before, strict=True))


def outcomes(worth: dict) -> list[dict]:
    """Each arm as good as the one above, but for what it is worth, in nats."""
    found = []
    for seed in range(3):
        loss = 2.0
        for arm in ARMS:
            loss -= worth.get(arm, 0.0)
            found.append({"seed": seed, "arm": arm, "loss": loss, "bits": loss / 3, "parameters": 1000, "pace": 20.0,
                          "to GPT-2": 0.9})
    return found


@pytest.mark.parametrize("worth, word", [({TURNS: 0.05, GATE: 0.01}, "seen"), ({TURNS: 0.05}, "unclear"),
                                         ({TURNS: -0.05, GATE: 0.01}, "not seen"),
                                         ({TURNS: 0.05, GATE: 0.01, "RMS norm": -0.1}, "not seen")])
def test_the_rule(worth, word):
    found = Found(gpt_to_llama.EXPERIMENT.full, [0, 1, 2], outcomes(worth))
    assert gpt_to_llama.verdict(found).word == word
    rows = gpt_to_llama.table(found)[0].rows
    assert [row[0] for row in rows] == [*ARMS]
    assert rows[0][4] == "" and rows[3][4].startswith(f"{1000 * worth[TURNS]:+.1f} (")


def test_texts_of_the_user_are_read_by_every_arm(tmp_path):
    book = tmp_path / "book.txt"
    book.write_text("".join(f"On day {n} the old captain saw {n % 7} ships and wrote it down.\n" for n in range(600)))
    found = gpt_to_llama.one_given(SMALL, 0, Files(data=(str(book),)))["arms"]
    assert tuple(found) == ARMS and all(0 < each["bits"] < 8 for each in found.values())


def test_a_quick_run_leaves_what_it_promises(tmp_path, monkeypatch, here):
    from dataclasses import replace
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    monkeypatch.setattr(gpt_to_llama, "EXPERIMENT", replace(gpt_to_llama.EXPERIMENT, quick=SMALL))
    assert main(["reproduce", "gpt-to-llama", "--quick", "--seeds", "1", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "gpt-to-llama.png").read_bytes().startswith(b"\x89PNG")
