"""Has every experiment its page, with all that a page says, and does the list of pages agree with them?

(That links lead somewhere and commands are understood is asked of every page: tests/test_readme.py.)
"""

import re
from pathlib import Path

import pytest

from tinyformer.phenomena import PHENOMENA
from tinyformer.phenomena.kit.rules import NOT_SEEN, SEEN, UNCLEAR

FOLDER = Path(__file__).parents[2] / "examples" / "results"
SECTIONS = ["How it was done", "The rule", "The control", "What was not found", "How to see it again"]
each_experiment = pytest.mark.parametrize("name", PHENOMENA)


def page(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


def verdict(name: str) -> str:
    return re.search(r"^\*\*Verdict: ([a-z ]+?)\.?\*\*", page(name), re.M)[1]


def test_every_experiment_has_its_page_and_every_page_its_experiment():
    assert {path.stem for path in FOLDER.glob("*.md")} - {"README"} == set(PHENOMENA)


@each_experiment
def test_a_page_says_what_a_run_leaves(name):
    text = page(name)
    assert text.startswith(f"# {name}: {PHENOMENA[name].question}\n\n**Verdict: ")
    assert verdict(name) in (SEEN, NOT_SEEN, UNCLEAR)
    assert re.findall(r"^## (.*)$", text, re.M) == SECTIONS and re.search(r"^\| -*-{3}|^\|-{3}", text, re.M)
    assert f"python -m tinyformer reproduce {name} --seeds " in text


@each_experiment
def test_a_page_is_judged_as_its_checks_say(name):
    """What holds, what does not, and what follows from them by the kit's own words."""
    rule = page(name).split("## The rule")[1].split("## The")[0].replace("\n  ", " ")     # of wrapped lines
    said = re.findall(r"^- .*?(does not hold|holds?|cannot be told)\)$", rule, re.M)
    assert said and (verdict(name) == SEEN) == ({*said} <= {"hold", "holds"})


def test_the_list_has_a_line_for_each_with_its_verdict():
    rows = re.findall(r"^\| \[([\w-]+)\]\(([\w-]+)\.md\) \| (.*?) \| (.*?) \| (.*?) \|$",
                      (FOLDER / "README.md").read_text(encoding="utf-8"), re.M)
    assert [(name, file, question, word) for name, file, question, word, _ in rows] == [
        (name, name, line.question, verdict(name)) for name, line in PHENOMENA.items()]
