"""Does the glossary tell the truth?  Its words stand in the files it names, and PyTorch's names are PyTorch's."""

import re
from functools import reduce
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "examples" / "glossary.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines()
        if line.startswith("| ") and "](../tinyformer/" in line]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_our_word_stands_in_the_file(row):
    place = re.search(r"\]\(\.\./([\w/.]+)\)", row[3])[1]
    text = (ROOT / place).read_text(encoding="utf-8").lower()
    words = re.findall(r"[\w/-]+", row[0].lower())
    assert any(re.search(rf"\b{re.escape(word)}\b", text) for word in words), place


def test_no_word_is_told_twice():
    words = [word.strip() for row in ROWS for word in re.split("[,:]", row[0])]
    assert len(words) == len({*words}) > 60


def test_the_names_of_pytorch_are_its_names():
    torch = pytest.importorskip("torch")
    names = {name for row in ROWS for name in re.findall(r"`(torch(?:\.\w+)+)`", row[2])}
    assert len(names) > 20
    for name in names - {"torch.utils.checkpoint.checkpoint", "torch.distributed.optim.ZeroRedundancyOptimizer"}:
        reduce(getattr, name.split(".")[1:], torch)            # AttributeError where it has no such name
