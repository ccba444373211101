"""Does the page that ends the path tell the truth?  Its lines stand in the files it names, ten times two of them."""

import re

import pytest
from quoted import QUOTE, ROOT, stands_so

PAGE = (ROOT / "examples" / "hide-and-predict.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d+) \| (.+) \|$", PAGE, re.M)
SECTIONS = re.findall(r"^## (\d+)\. .+\n((?:(?!## ).*\n)*)", PAGE, re.M)


@pytest.mark.parametrize("title, file, lines", QUOTE.findall(PAGE))
def test_each_line_stands_in_the_file_it_names(title, file, lines):
    stands_so(title, file, lines)


def test_ten_ways_have_a_row_with_its_command_a_paper_and_their_lines():
    assert [number for number, _ in ROWS] == [number for number, _ in SECTIONS] == [str(n) for n in range(1, 11)]
    for (_, row), (number, text) in zip(ROWS, SECTIONS, strict=True):
        assert len(row.split(" | ")) == 5 and "`python -m tinyformer pretrain " in row
        assert re.search(r"^\w[\w .]+ 20\d\d", text, re.M), number
        assert len(QUOTE.findall(text)) == text.count("```py\n") > 0, number
        assert all(len(lines.splitlines()) <= 2 for *_, lines in QUOTE.findall(text))
