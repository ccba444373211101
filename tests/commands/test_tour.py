"""Does the tour leave what it promises, twice in one folder, and do the commands it recommends work?"""

import io
import json
import re
import shlex
from contextlib import redirect_stdout

import pytest
import short_tour

from tinyformer.cli import main
from tinyformer.phenomena.parts import tour_stages
from tinyformer.phenomena.parts.tour_report import one_line

pytest.importorskip("matplotlib", reason="pictures need matplotlib")
PICTURES = ("four-heads.png", "bert-loss.png", "gpt-loss.png", "attention.png", "valley.png")


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    """(exit status, output, folder, what BERT was measured on) of a tour of a few steps, over one that was there."""
    out = tmp_path_factory.mktemp("runs") / "a tour"
    said, asked, measure = io.StringIO(), [], tour_stages.stages.measure
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said):
        short_tour.shorten(patch.setattr)
        patch.setattr(tour_stages.stages, "measure", lambda prepared: asked.append(prepared) or measure(prepared))
        out.mkdir()
        (out / "mine.txt").write_text("a file of the user's")
        assert main(["--quick", "--out", str(out)]) == 0
        for name in PICTURES:
            (out / name).write_bytes(b"nothing")
        first = (out / "bert" / "model.safetensors").read_bytes()
        said.truncate(said.seek(0))
        status = main(["tour", "--quick", "--out", str(out)])
    assert (out / "bert" / "model.safetensors").read_bytes() == first          # the same seed, the same tour
    assert (out / "mine.txt").read_text() == "a file of the user's"
    return status, said.getvalue(), out, asked


def test_everything_promised_is_there(taken):
    status, shown, out, _ = taken
    assert status == 0
    for name in PICTURES:
        assert (out / name).read_bytes().startswith(b"\x89PNG")
    for folder in ("bert", "gpt", "bert-tinyland"):
        assert (out / folder / "model.safetensors").is_file()
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["gradients right"] is True
    assert set(metrics["heads"]) == {"classify", "tag", "pair", "answer"}
    assert all(len(head["pre-trained"]) == len(head["from scratch"]) == 2 for head in metrics["heads"].values())
    assert shown.splitlines()[-1].startswith(f"val loss bert {metrics['bert val loss']:.4f}")


def test_the_output_shows_gradients_blanks_and_writing(taken):
    shown = taken[1]
    for part in ("gradients are right", "layer_norm", "before", "word counts", "after training", "[MASK]",
                 "The function returns", "unigram entropy"):
        assert part in shown


def test_bert_is_asked_for_a_quarter_of_the_held_out_tokens_whatever_it_learns_from(taken):
    _, shown, out, asked = taken
    assert "15% of the tokens it learns from are hidden, 25% of those held out" in shown
    report = (out / "report.md").read_text()
    assert "15% of the tokens are hidden; of held-out text it is 25%, which is harder" in report
    batches = list(asked[-1].held_out_batches())
    words = sum(int(((batch.ids == 1) | (batch.ids >= 4)).sum()) for batch in batches)     # [UNK], [MASK] and pieces
    assert 0.22 < sum(len(batch.targets) for batch in batches) / words < 0.28


def test_the_report_shows_its_pictures(taken):
    out = taken[2]
    report = (out / "report.md").read_text()
    assert sorted(re.findall(r"!\[.*?\]\((.*?)\)", report)) == sorted(PICTURES)
    for part in ("## Gradients", "## BERT", "## GPT", "word counts", "by counts of both neighbours"):
        assert part in report


def test_the_recommended_commands_work(taken, capsys):
    _, shown, out, _ = taken
    commands = [shlex.split(line.split("tinyformer", 1)[1]) for line in shown.splitlines()
                if line.startswith("  python -m tinyformer")]
    assert [words[0] for words in commands] == ["fill", "generate", "tinyland", "finetune", "gradcheck", "pretrain",
                                                      "pretrain"]
    briefly = {"tinyland": ["--documents", "100", "--labels", "200"], "finetune": ["--steps", "3"]}
    for words in commands[:5]:
        assert main(words + briefly.get(words[0], [])) == 0, words
    assert (out / "layer_norm.png").is_file()
    for words in commands[5:]:
        assert main([*words, "--steps", "0"]) == 2                               # all is well but the last word
        assert "--steps is 0" in capsys.readouterr().err


def test_a_folder_that_cannot_be(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    assert main(["--quick", "--out", str(tmp_path / "file")]) == 2
    assert "choose another --out" in capsys.readouterr().err


def test_text_is_shown_without_control_characters():
    assert one_line("a\n\n b\x07\x1b[31mc ") == "a b\ufffd\ufffd[31mc"
