import pytest

from tinyformer.data.readers import TaggedSentence, check_labels, read_conllu
from tinyformer.data.readers.conllu import Tree, read_trees
from tinyformer.errors import InputError


def row(id, form, head, upos="NOUN", xpos="NN"):
    return f"{id}\t{form}\t{form}\t{upos}\t{xpos}\t_\t{head}\tdep\t_\t_"


def text(*rows):
    return "\n".join(rows) + "\n\n"


GOOD = text(row(1, "Dogs", 2), row(2, "bark", 0, "VERB", "VBP"))


def test_words_and_tags(file):
    path = file("a.conllu", "# text = Dogs bark\n" + GOOD + "\n# only a comment\n\n" + GOOD)
    found = read_conllu(path)
    assert found == [TaggedSentence(("Dogs", "bark"), ("NOUN", "VERB"), str(path), line) for line in (2, 8)]
    assert read_conllu(path, "xpos")[0].tags == ("NN", "VBP")
    assert found.report() == []


def test_ranges_and_empty_nodes_are_no_words(file):
    path = file("a.conllu", text(
        row("0.1", "_", "_"), row("1-2", "don't", "_"), row(1, "do", 2), row(2, "n't", 0), row("2.1", "E", "_"),
        row("2.2", "E", "_"), row("3-4", "gonna", "_"), row(3, "gon", 2), row("3.1", "E", "_"), row(4, "na", 3)))
    assert read_conllu(path)[0].words == ("do", "n't", "gon", "na")


def test_a_form_may_hold_spaces_and_a_sentence_may_have_no_tree(file):
    path = file("a.conllu", text(row(1, "100 000", "_"), row(2, "#", "_")))
    assert read_conllu(path)[0].words == ("100 000", "#")


def test_white_space_of_any_kind_beside_a_tag_does_not_count(file):
    assert read_conllu(file("a.conllu", text(row(1, "\u3000", 0, "NOUN\u2028"))))[0].tags == ("NOUN",)
    assert read_conllu(file("a.conllu", text(row(1, "\u3000", 0))))[0].words == ("\u3000",)


def test_a_file_that_may_be_cut_short_is_read_with_a_note(file):
    for data in (GOOD + GOOD[:-1], GOOD + GOOD[:-2]):
        found = read_conllu(file("a.conllu", data))
        assert len(found) == 2 and "no blank line" in found.notes[0] and found.report() == found.notes
    assert not read_conllu(file("a.conllu", GOOD.replace("\n", "\r\n"))).notes


NINE, ELEVEN = row(2, "b", 1)[:-2], row(2, "b", 1) + "\t_"


@pytest.mark.parametrize("rows, line, words", [
    ([row(1, "a", 0), NINE], 2, ["9 columns", "10 were due", "missing"]),
    ([row(1, "a", 0), ELEVEN], 2, ["11 columns", "a tab too many"]),
    ([row(1, "a", 0), row(2, "b", 1) + "\t"], 2, ["ends in a tab"]),
    ([row(1, "a", 0), row(2, "b", 1).replace("\t", " ")], 2, ["1 columns", "spaces for tabs"]),
    ([row(1, "a", 0), row(2, "b", 1).replace("b\tb", "b b")], 2, ["9 columns", "column 2 holds a space", "'b b'"]),
    ([row(1, "a", 0), "words"], 2, ["no tab at all"]),
    ([row(1, "a", 0), row(2, "b", 1).replace("dep\t", "dep\v")], 2, ["9 columns", "missing"]),
    ([row(1, "a", 0), row(2, "", 1)], 2, ["column 2 is empty"]),
    ([row(1, "a", 0), row(3, "b", 1)], 2, ["id 3 where 2 was due"]),
    ([row(1, "a", 0), row(1, "b", 1)], 2, ["id 1 where 2 was due"]),
    ([row(2, "a", 0), row(1, "b", 1)], 1, ["id 2 where 1 was due"]),
    ([row(1, "a", 0), row("x", "b", 1)], 2, ["id 'x'", "neither"]),
    ([row(1, "a", 0), row("2-", "b", 1)], 2, ["id '2-'"]),
    ([row("2-1", "ab", "_"), row(1, "a", 0), row(2, "b", 1)], 1, ["range 2-1 is reversed"]),
    ([row("1-1", "a", "_"), row(1, "a", 0)], 1, ["range 1-1"]),
    ([row(1, "a", 0), row("1-2", "ab", "_"), row(2, "b", 1)], 2, ["range 1-2 where word 2 was due"]),
    ([row("1-2", "ab", "_"), row(1, "a", 0), row("2-3", "bc", "_"), row(2, "b", 1), row(3, "c", 1)], 3, ["overlaps"]),
    ([row("1-3", "abc", "_"), row(1, "a", 0), row(2, "b", 1)], 3, ["goes to word 3", "2 words"]),
    ([row(1, "a", 0), row("2.1", "E", "_"), row(2, "b", 1)], 2, ["empty node 2.1 where 1.1"]),
    ([row(1, "a", 0), row("1.2", "E", "_")], 2, ["empty node 1.2 where 1.1"]),
    ([row("0.1", "E", "_")], 1, ["without a word"]),
    ([row(1, "a", 0), row(2, "b", 3)], 2, ["HEAD '3' of word 2", "1 to 2"]),
    ([row(1, "a", 0), row(2, "b", -1)], 2, ["HEAD '-1'"]),
    ([row(1, "a", 0), row(2, "b", "_")], 2, ["HEAD '_'"]),
    ([row(1, "a", 2), row(2, "b", 1)], 1, ["no word has HEAD 0"]),
    ([row(1, "a", 0), row(2, "b", 0)], 2, ["words 1, 2 all have HEAD 0"]),
    ([row(1, "a", 0), row(2, "b", 3), row(3, "c", 4), row(4, "d", 3)], 3, ["cycle", "3 -> 4 -> 3"]),
    ([row(1, "a", 0), row(2, "b", 2)], 2, ["cycle", "2 -> 2"]),
    ([row(1, "a", 0), row(2, "b", 1, "_")], 2, ["'b' has no UPOS tag"]),
])
def test_every_fault_is_named(file, refused, rows, line, words):
    path = file("a.conllu", "# one\n" + GOOD + "# two\n" + text(*rows) + GOOD)
    refused(read_conllu, path, words=[f"{path}:{5 + line}: ", *words])
    found = read_conllu(path, skip_bad_rows=1)
    assert len(found) == 2 and len(found.bad) == 1
    assert found.report() == ["1 bad rows were left out; the first of them:", f"  {found.bad[0]}"]


def test_nothing_in_the_file_and_no_such_tag(file, refused):
    for data in ("", "\n\n", "# comment\n\n"):
        refused(read_conllu, file("a.conllu", data), words=["a.conllu: no examples"])
    refused(read_conllu, file("a.conllu", GOOD), "pos", words=["'pos'", "upos, xpos"])
    refused(read_conllu, file("a.conllu", GOOD.encode() + b"\xff"), words=["line 4", "not UTF-8"])


def test_a_long_chain_is_no_cycle(file):
    path = file("a.conllu", text(*(row(i, "w", i - 1) for i in range(1, 3001))))
    assert len(read_conllu(path)[0].words) == 3000


def test_real_ewt(published):
    train, dev = (read_conllu(published(f"ud_english_ewt/{name}.conllu")) for name in ("train_2000", "dev"))
    assert (len(train), len(dev)) == (2000, 2001)
    assert (sum(len(s.words) for s in train), sum(len(s.words) for s in dev)) == (32795, 25147)
    assert not train.report() and not dev.report() and check_labels(train, dev) == []
    assert len({tag for s in train for tag in s.tags}) == 17


def test_trees_have_heads_and_relations(file):
    assert read_trees(file("a.conllu", GOOD)) == [Tree(("Dogs", "bark"), ("NOUN", "VERB"), (2, 0), ("dep", "dep"))]
    with pytest.raises(InputError, match="b.conllu:1: no word has a HEAD; a treebank with its trees is needed"):
        read_trees(file("b.conllu", text(row(1, "Dogs", "_"))))
