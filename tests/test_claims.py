"""Is what the page of claims says true?  Its lines run, and each verdict is that of the experiment's own page."""

import doctest
import re
from pathlib import Path

import pytest

from tinyformer.phenomena import PHENOMENA

EXAMPLES = Path(__file__).parent.parent / "examples"
PAGE = (EXAMPLES / "claims.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| .+ \| (seen|not seen|unclear) \| \[([\w-]+)\]\(results/\2\.md\) \|$", PAGE, re.M)


def test_the_lines_run_as_they_stand():
    source = "\n".join(re.findall(r"^```python\n(>>>.*?)^```", PAGE, re.M | re.S))
    said: list[str] = []
    test = doctest.DocTestParser().get_doctest(source, {}, "claims", "examples/claims.md", 0)
    assert doctest.DocTestRunner().run(test, out=said.append).failed == 0, "".join(said)
    assert len(test.examples) > 20


def test_seven_sentences_and_every_experiment():
    assert re.findall(r"^### (\d)\. \".+\"$", PAGE, re.M) == list("1234567")
    assert sorted(name for _, name in ROWS) == sorted(PHENOMENA)


@pytest.mark.parametrize("verdict, name", ROWS)
def test_each_verdict_is_that_of_its_page(verdict, name):
    page = (EXAMPLES / "results" / f"{name}.md").read_text(encoding="utf-8")
    assert re.search(r"^\*\*Verdict: ([\w ]+?)[.,*]", page, re.M)[1] == verdict


def test_the_figures_of_a_sentence_stand_on_the_page_that_it_links():
    shown = [(name, figure) for part in PAGE.split("\n\n") if not part.startswith("|")
             for name in re.findall(r"\(results/([\w-]+)\.md\)", part)
             for figure in re.findall(r"\d+\.\d+|\d{1,3}(?:,\d{3})+", part)]
    assert len({name for name, _ in shown}) == 4
    for name, figure in shown:
        assert figure in (EXAMPLES / "results" / f"{name}.md").read_text(encoding="utf-8"), (name, figure)
