"""Are files read as their authors meant them: their marks, their white space, their comments, their separators?"""

import pytest

from tinyformer.data.readers import label_names, read_conll2003, read_conllu, read_examples, read_table, recognise

CLASSIFY, SCORE = ("text", "label"), ("first", "second", "score")
COLA = ("gj04\t1\t\tOur friends won't buy this analysis.\ngj04\t0\t*\tThey drank the pub.\n"
        "bc01\t0\t*?\tWho does John visit Sally because he likes?\nks08\t0\t??\tBooks were sent by the city to all.\n"
        "ks08\t1\t?\tJohn was seen by us.\nrhl07\t0\t?*\tThe box contained out.\nr-67\t1\t\tIt rolled down.\n")


def test_cola_with_all_its_marks(file):
    found = read_examples(file("train.tsv", COLA), CLASSIFY)
    assert [e.label for e in found] == ["1", "0", "0", "0", "1", "0", "1"] and found[2].text.startswith("Who does")


def test_hints_are_made_from_the_file(file, refused):
    odd = COLA.replace("\t??\t", "\tx\t")                      # is this CoLA?
    said = refused(recognise, file("a.tsv", odd), CLASSIFY, words=["cannot tell", "--columns text=4,label=2"])
    assert "text=1" not in said
    assert len(read_examples(file("a.tsv", odd), CLASSIFY, {"text": 4, "label": 2})) == 7
    named = "id\tremark\tmood\n1\ta fine long film\tgood\n2\ta bad dull film\tbad\n3\tfine, all of it\tgood\n"
    refused(recognise, file("b.tsv", named), CLASSIFY, words=["--columns text=remark,label=mood"])
    refused(recognise, file("c.tsv", "a b c\td e f\t3.5\tx\nb c d\te f g\t2\ty\nc d e\tf g h\t1\tx\n"), SCORE,
            words=["--columns first=1,second=2,score=3"])


@pytest.mark.parametrize("data", ["label\ttext\n1\tgood, really\n0\tbad\n",
                                  "1\tgood\n0\tbad, so bad\n1\tfine\n0\tso\n"])
def test_tabs_in_a_file_that_is_called_csv(file, data):
    found = read_examples(file("a.csv", data), CLASSIFY)
    assert [e.label for e in found][:2] == ["1", "0"] and "separated by tabs" in found.notes[0]
    again = read_examples(file("a.csv", 'label,text\n1,"a\tb"\n0,"c\td"\n'), CLASSIFY)
    assert [e.text for e in again] == ["a\tb", "c\td"] and not again.notes         # tabs may stand in a real CSV


def test_commas_in_a_file_that_is_called_tsv(file, refused):
    refused(recognise, file("a.tsv", "label,text\n1,a\n0,b\n"), CLASSIFY, words=["name the file .csv"])


def test_white_space_makes_no_class(file):
    found = read_table(file("a.tsv", "1 \tgood\n1\tfine\n 0\tbad\n\t \n"), {"label": 1, "text": 2})
    assert label_names(found) == ["0", "1"] and len(found) == 3
    named = read_examples(file("b.tsv", "sentence \t label\ngood\tx\n"), CLASSIFY)
    assert named[0].label == "x"


def test_white_space_makes_no_word_and_no_type(file):
    lines = "Ann B-PER \nwept O\n   \nIn O\nRome B-LOC\n \t \nHe\tO \n"
    found = read_conll2003(file("a.txt", lines), -1)
    assert [s.words for s in found] == [("Ann", "wept"), ("In", "Rome"), ("He",)]
    assert label_names(found) == ["B-LOC", "B-PER", "O"]
    tree = "1\tDogs \tdog\tNOUN \tNNS\t_\t0\troot\t_\t_\n \n1\tYes\tyes\tINTJ\t_\t_\t0\troot\t_\t_\n\n"
    found = read_conllu(file("a.conllu", tree))
    assert [s.words for s in found] == [("Dogs",), ("Yes",)] and label_names(found) == ["INTJ", "NOUN"]


@pytest.mark.parametrize("comment", ["# id 5239d808-f300-46ea-aa3b-a8a9e1d5d5c1\tdomain=en", "# sent_id = 12",
                                     "# text = Ann wept .", "# newdoc id = 3"])
def test_comments_before_a_sentence(file, comment):
    found = read_conll2003(file("a.conll", f"{comment}\nAnn _ _ B-PER\nwept _ _ O\n\n{comment}\n# _ _ O\nme _ _ O\n"))
    assert [s.words for s in found] == [("Ann", "wept"), ("#", "me")]
    assert [s.line for s in found] == [2, 6]


def test_a_column_of_another_kind_needs_no_option(file, refused):
    path = file("a.txt", "Ann NNP\nwept VBD\n\nIn IN\n")
    assert read_conll2003(path, -1)[0].tags == ("NNP", "VBD")
    for bad in ("Ann B-PER\nwept X\n", "Ann B-PER\nwept O\nBo I-PER\nLi B-PER\nOh B-PER\n"):
        said = refused(read_conll2003, file("b.txt", bad), words=["b.txt:"])
        assert "scheme=" not in said and "have no scheme" not in said
