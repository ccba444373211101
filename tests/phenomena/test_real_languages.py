"""Is `real-languages` judged as its rule says, what may a user bring to it, and what does it say of that?"""

import gzip
import json
from dataclasses import replace
from itertools import combinations

import pytest

from tinyformer.cli import main
from tinyformer.errors import InputError
from tinyformer.phenomena import real_languages
from tinyformer.phenomena.kit import Found
from tinyformer.phenomena.parts.brought_languages import Brought
from tinyformer.phenomena.real_languages import (
    ARMS,
    ONE,
    READ,
    SEPARATE,
    TAGS,
    UNREAD,
    carried,
    fresh,
    of_tags,
    verdict,
)

TREE = "".join(f"{place}\t{word}\t_\t{tag}\t_\t_\t{head}\tdep\t_\t_\n" for place, word, tag, head in (
    (1, "Abc", "NOUN", 0), (2, "Àbd", "VERB", 1), (3, "!", "PUNCT", 1))) + "\n"


@pytest.fixture
def files(tmp_path) -> list[str]:
    """Two texts of 112 lines, one packed, and 56 lines of each to judge by."""
    lines = [[*line] for line in combinations("abcdefgh", 3)]
    for name, more, count in (("one.txt", "", 112), ("two.txt", "o", 112), ("j.en", "", 56), ("j.fr", "o", 56)):
        text = "".join(" ".join(word + more for word in line) + "\n" for line in (lines * 2)[:count])
        (tmp_path / name).write_bytes(gzip.compress(text.encode()) if name == "one.txt" else text.encode())
    return [str(tmp_path / name) for name in ("one.txt", "two.txt", "j.en", "j.fr")]


def treebanks(folder, count: int) -> list[str]:
    """Two, of so many sentences."""
    paths = [folder / name for name in ("one.conllu", "two.conllu")]
    for path in paths:
        path.write_text(count * TREE, encoding="utf-8")
    return [*map(str, paths)]


def test_what_a_user_brings_is_told_by_its_name(files, tmp_path):
    plain = Brought.of(files, 99, 60, 0)
    assert plain.treebanks is None and {*plain.texts.pairs} == {(each, each + "o") for each in "abcdefgh"}
    assert plain.texts.read[0][0] == ["a", "b", "c"] and plain.texts.judged[1][0] == ["ao", "bo", "co"]
    (tmp_path / "d.tsv").write_text("Â\tAO\na b\tc\n\nx\ty\n", encoding="utf-8")
    whole = Brought.of([str(tmp_path / "d.tsv"), *files, *treebanks(tmp_path, 4)], 99, 60, 0)
    assert whole.texts.pairs == [("a", "ao"), ("x", "y")]
    assert [bank[0].words for bank in whole.treebanks] == [("abc", "abd", "!")] * 2
    one, other = (bank[0] for bank in whole.separate().treebanks)
    assert one.words == ("abc", "abd", "!") and other.tags == one.tags
    assert not {*"".join(one.words)} & {*"".join(other.words)} and len({*"".join(other.words)}) == 5


def test_what_cannot_be_asked_is_refused(files, tmp_path):
    (tmp_path / "d.tsv").write_text("a\tb\tc\n", encoding="utf-8")
    (tmp_path / "t.conllu").write_text(TREE, encoding="utf-8")
    (tmp_path / "unlike").write_text(4 * "ao\n" + 52 * "3\n", encoding="utf-8")
    (tmp_path / "here").mkdir()
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    for paths, said in ((files[:2], "2 times a text, and 4 are looked at; give --data FILE four times"),
                        ([*files, str(tmp_path / "t.conllu")], "1 times a treebank .*and 2 are"),
                        ([*files, *treebanks(tmp_path, 3)], r"one\.conllu: 3 sentences; give 4 or more"),
                        ([*files, str(tmp_path / "d.tsv")], r"d\.tsv:1: 3 columns; a word, a tab"),
                        ([str(tmp_path / "empty"), *files[1:]], "empty: there is no word in it"),
                        ([*files[:3], str(tmp_path / "unlike")], "no two words belong together"),
                        ([*files[:3], files[2]], r"j\.en was given twice"),
                        ([files[0], f"{tmp_path}/here/../one.txt", *files[2:]], r"one\.txt was given twice"),
                        ([files[0], files[3], files[2], files[1]], "has 56 lines and")):
        with pytest.raises(InputError, match=said):
            Brought.of(paths, 99, 60, 0)


@pytest.mark.parametrize("number, text, said", [
    (2, 56 * "мир , 3 .\n", "other: no word of these lines stands in .*one.txt, .*are the files in the right order"),
    (0, "a b c d\n", "other: 0 of its words stand 5 times or more in the 1 lines .*give a longer text"),
    (1, 9 * "ao\n", "other: 1 of its words stand 5 times or more in the 9 lines"),
    (0, 9 * "x y\n" + "a\n", "j.en and .*j.fr: of no pair of words .*both stand 5 times or more in .*other"),
    (4, "a b\tc\nd\te f\n", "other.tsv: no line with one word, a tab and one word; 2 of more words"),
    (4, "moose\telan\n", "other.tsv: of no pair of words .*both stand 5 times or more")])
def test_what_leaves_nothing_to_ask_is_refused_before_any_training(files, tmp_path, number, text, said):
    other = tmp_path / ("other.tsv" if number == 4 else "other")
    other.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        Brought.of([*files[:number], str(other), *files[number + 1:]], 99, 60, 0)


def test_files_in_the_wrong_order_are_refused_where_the_scripts_differ(files, tmp_path):
    for name in ("two.ru", "j.ru"):
        (tmp_path / name).write_text(56 * "мир труд май\n", encoding="utf-8")
    two, judged = str(tmp_path / "two.ru"), str(tmp_path / "j.ru")
    with pytest.raises(InputError, match=r"j\.ru: no word of these lines stands in .*one\.txt"):
        Brought.of([files[0], two, judged, files[2]], 99, 60, 0)


def test_beside_the_heads_stands_each_words_commonest_tag_in_the_second_language(files, tmp_path):
    """It is right of every word, and would not be from the first language, whose tags are others."""
    one, two = treebanks(tmp_path, 8)
    (tmp_path / "one.conllu").write_text(8 * TREE.replace("NOUN", "X"), encoding="utf-8")
    sizes = real_languages.EXPERIMENT.quick.but(lessons=1)
    brought = Brought.of([*files, one, two], 99, 60, 0)
    found = carried(fresh(brought.texts, sizes, 0), brought, sizes, 0)
    assert [*found] == [*TAGS] and found["each word's commonest tag, learned there"] == 1
    assert of_tags(2 * [{arm: found for arm in ARMS}]).head[1:] == TAGS


def figures(word: float, line: float) -> dict:
    shift = {"alpha": 1.0, "switched": 0.5, "translated": 0.1, "commonest": 0.2}
    return {"word": word, "words": 9, "line": line, "shifts": [shift, shift | {"alpha": 2.0, "translated": 0.3}]}


@pytest.mark.parametrize("read, apart, word", [
    ((20, 15), (9, 8), "seen"), ((20, 5), (9, 1), "not seen"), ((3, 15), (9, 8), "not seen"),
    ((20, 15), (9, 14), "unclear"), ((20, 15), (3, 8), "unclear")])
def test_the_rule(read, apart, word):
    """Of the user's languages where there are any; tinyland's say nothing then, and without any it is not clear."""
    level = {ONE + READ: read, ONE + UNREAD: (3, 4), SEPARATE + READ: apart, SEPARATE + UNREAD: (0, 0)}
    one = {"seed": 0, "arm": None, "judged": 9} | {arm: figures(*(share / 100 for share in level[arm])) for arm in ARMS}
    nothing = {**one, ONE + READ: figures(0, 0)}
    sizes = real_languages.EXPERIMENT.full
    assert verdict(Found(sizes, [0, 1, 2], 3 * [one])).word == ("unclear" if word == "seen" else word)
    assert verdict(Found(sizes, [0, 1, 2], 3 * [nothing], given=3 * [one])).word == word
    assert real_languages.best(3 * [one], ONE + READ)["alpha"] == [2.0] * 3


def test_the_quick_run_leaves_what_it_promises(tmp_path, monkeypatch, here, files):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    small = real_languages.EXPERIMENT.quick.but(made=40, steps=2, made_steps=2, lessons=1)
    monkeypatch.setattr(real_languages, "EXPERIMENT", replace(real_languages.EXPERIMENT, quick=small))
    data = [word for path in [*files, *treebanks(tmp_path, 12)] for word in ("--data", path)]
    assert main(["reproduce", "real-languages", "--quick", "--seeds", "1", *data, "--out", str(tmp_path / "out")]) == 0
    found = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert found["given"][0]["judged"] == 56 and {*ARMS} <= {*found["given"][0]} & {*found["outcomes"][0]}
    assert "tags carried over" in found["given"][0][SEPARATE + READ]
    page = (tmp_path / "out" / "page.md").read_text()
    assert "On one.txt and two.txt:" in page and "tags learned there" in page and "languages of tinyland" in page
    assert (tmp_path / "out" / "real-languages.png").stat().st_size > 5000
