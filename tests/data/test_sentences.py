import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyformer.data.sentences import sentences


@pytest.mark.parametrize("expected", [
    ["One comes first.", "Two follows!", "Is it three?", "Yes."],
    ["Mr. Smith met Dr. A. B. Jones and Mrs. Hudson.", "They talked."],
    ["He wrote to J. R. R. Tolkien in the U.S. Army.", "No answer came."],
    ["Use a list, e.g. Alpha or Beta, i.e. Greek letters.", "Then stop."],
    ["She said \"Go away.\"", "He went."],
    ["\u201cWho are you?\u201d he asked.", "\u201cNobody,\u201d she said."],
    ["Well ... it is so.", "But is it... really?", "Wait...", "Now it is."],
    ["It costs 3.50 at No. 5 in Fig. 2 today.", "The answer is no.", "He left."],
    ["So do I.", "Then we agree (I think.)", "Good."],
    ["1. Open the door.", "2. Close it."],
    ["We saw pens, ink, etc. on the desk.", "It rained on Jan. 31 again."],
    ["Oh . . . no.", "'Yes!'", "'Why?' said Kim."],
])
def test_sentences_end_where_a_reader_says(expected):
    assert sentences(" ".join(expected)) == expected


def test_wrapped_lines_are_joined_and_blank_lines_are_hard_breaks():
    assert sentences("CHAPTER I\n\nIt was a high-\nwater mark that\nnobody saw. So\nit goes") == [
        "CHAPTER I", "It was a high-water mark that nobody saw.", "So it goes"]
    assert sentences("one - \nTwo") == ["one - Two"]


def test_chinese_sentences_need_no_space():
    assert sentences("\u4f60\u597d\u3002\u6211\u5f88\u597d\uff01\u4f60\u5462\uff1f") == [
        "\u4f60\u597d\u3002", "\u6211\u5f88\u597d\uff01", "\u4f60\u5462\uff1f"]


@pytest.mark.parametrize("text", ["", "   \n\n \t\n", "\n"])
def test_nothing_gives_nothing(text):
    assert sentences(text) == []


@given(st.text(alphabet=st.sampled_from("aB.!?\"' \n-1\u3002\u2026(")))
def test_no_character_but_space_is_lost(text):
    found = sentences(text)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(sentence == sentence.strip() != "" for sentence in found)
