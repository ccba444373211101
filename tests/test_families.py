"""Does the page of the families tell the truth?  Its lines stand in the files it names; its numbers are computed."""

import re

import pytest
from quoted import QUOTE, ROOT, stands_so

from tinyformer import models

FOLDER = ROOT / "examples"
PAGE = (FOLDER / "families.md").read_text(encoding="utf-8")
PUBLISHED = (ROOT / "tests" / "models" / "test_counts.py").read_text(encoding="utf-8")
FROM_PUBLISHED_SIZES = ("word2vec", "ELMo")

COUNTS = re.findall(r"^\| ([^|]+) \| ([\d,]+) \| `([^`]+)` \|$", PAGE, re.M)
SUMS = re.findall(r"`([\d()*+ -]+)` = (-?[\d,]+)", PAGE)
SECTIONS = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", PAGE, re.M))
FAMILIES = {"word2vec": 2013, "ELMo": 2018, "GPT-1": 2018, "GPT-2": 2019, "Llama": 2023, "Qwen2": 2024, "BERT": 2019,
            "RoBERTa": 2019, "DistilBERT": 2019, "ALBERT": 2020, "MiniLM": 2020, "BART": 2020, "T5": 2020}


def number(text: str) -> int:
    return int(text.replace(",", ""))


def anchor(title: str) -> str:
    """What GitHub calls a title of a page in a link."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("name, shown, counted", COUNTS, ids=[row[0] for row in COUNTS])
def test_each_count_is_what_the_code_computes_and_what_was_published(name, shown, counted):
    names = {word: getattr(models, word) for word in re.findall(r"\b[A-Z]\w+(?=[(.])", counted)}
    assert eval(counted, names) == number(shown)
    assert name.startswith(FROM_PUBLISHED_SIZES) or shown.replace(",", "_") in PUBLISHED


@pytest.mark.parametrize("by_hand, shown", SUMS)
def test_each_sum_by_hand_is_right_and_is_a_count_or_lies_between_two(by_hand, shown):
    counts = [number(count) for _, count, _ in COUNTS]
    assert eval(by_hand) == number(shown)
    assert number(shown) in {*counts, *(one - other for one in counts for other in counts)}


@pytest.mark.parametrize("name", FAMILIES)
def test_each_family_has_its_paper_its_count_and_about_ten_lines(name):
    text, quoted = SECTIONS[name], [lines for *_, lines in QUOTE.findall(SECTIONS[name])]
    assert re.search(rf"\A\n\w[^*]+ et al\., \*[A-Z][^*]+\*, (?:[^.]*, )?{FAMILIES[name]}\b", text)
    assert f" {name} {FAMILIES[name]} " in f" {PAGE.replace(chr(10), ' ')}"            # in the tree
    assert any(row[0].startswith(name) for row in COUNTS)
    assert len(quoted) == text.count("```py\n")
    assert 3 <= len([line for lines in quoted for line in lines.splitlines() if line]) <= 12


@pytest.mark.parametrize("title, file, lines", QUOTE.findall(PAGE))
def test_each_piece_stands_in_the_file_it_names(title, file, lines):
    stands_so(title, file, lines)


def test_every_link_leads_somewhere():
    links = re.findall(r"\]\(([^)#]*)(?:#([\w-]+))?\)", PAGE)
    assert len(links) > 20
    for place, title in links:
        target = FOLDER / place
        assert target.is_file(), place
        titles = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.M)
        assert not title or title in map(anchor, titles), title
