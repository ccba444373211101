"""Are tags shown as far as they were read, and found out where they are all the same?"""

import json

import pytest

from tinyformer.cli import main
from tinyformer.data.readers import TaggedSentence
from tinyformer.tasks import TASKS
from tinyformer.tasks.tag import wrong_tags
from tinyformer.tasks.terminal_lines import screen_columns

pytest.importorskip("matplotlib", reason="pictures need matplotlib")


def test_sentences_that_are_cut_are_tagged_shown_and_drawn_as_far_as_they_were_read(capsys, command, tmp_path):
    assert main(command("tag", tmp_path / "run", "--max-length", "8", steps=1)) == 0
    shown = capsys.readouterr().out.splitlines()
    tags = [row["tags"] for row in map(json.loads, (tmp_path / "run/predictions.jsonl").read_text().splitlines())]
    read = sum(tag is not None for row in tags for tag in row)
    assert read < sum(map(len, tags)) and f"of {read} words wrong" in shown[0]
    assert (tmp_path / "run/tagged.png").stat().st_size > 5000


def test_one_tag_for_everything():
    truth = [TaggedSentence(("a", "b"), ("N", "V"), "f", 1)] * 10
    assert TASKS["tag"].collapsed(truth, [{"tags": ["N", "N"]}] * 10) == "'N'"
    assert TASKS["tag"].collapsed(truth, [{"tags": ["N", "N"]}] * 9 + [{"tags": ["N", "V"]}]) is None


def test_wrong_tags_stand_in_columns():
    sentences = [(["Ada", "slept", "there"], ["PER", "O", "O"], ["O", "O"]), (["x"], ["O"], ["O"]),
                 (["中文", "y"], ["A", "B"], ["BBB", "A"])]
    lines = wrong_tags(sentences, width=80).splitlines()
    assert lines[:2] == ["3 of 5 words wrong", "2 of 3 sentences wrong, the worst first:"]
    assert lines[3:7] == ["  中文 y", "    word  true  predicted", "    中文  A     BBB", "    y     B     A"]
    assert lines[8:] == ["  Ada slept there", "    word  true  predicted", "    Ada   PER   O"]
    assert wrong_tags(sentences[1:2]) == "0 of 1 sentence wrong"
    assert all(screen_columns(line) <= 60 for line in wrong_tags(
        [(["w" * 200], ["T" * 200], ["U" * 200])], width=60).splitlines())
