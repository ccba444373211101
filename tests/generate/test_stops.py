"""Does a stop string end the text wherever it stands, and is nothing of it shown before?"""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tinyformer.errors import InputError
from tinyformer.generate import StopStrings


def shown(pieces, strings):
    """What comes through, and how often it came before the end."""
    stops = StopStrings(strings)
    parts = [stops.feed(piece) for piece in pieces]
    return "".join(parts) + stops.finish(), stops.found


def by_letters(text, strings):
    """The plain way: add letters until the text ends in one of the strings."""
    for end in range(len(text) + 1):
        ending = [string for string in strings if text[:end].endswith(string)]
        if ending:
            return text[:end - max(map(len, ending))], True
    return text, False


@given(st.lists(st.text("ab\n", max_size=4), max_size=8), st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=3))
@example(["aba"], ["aba", "b"])
@example(["a", "b"], ["b", "ab"])
def test_it_does_not_matter_how_the_text_is_cut(pieces, strings):
    assert shown(pieces, strings) == by_letters("".join(pieces), strings)


def test_the_beginning_of_a_stop_string_is_held_back_until_it_is_decided():
    stops = StopStrings(["END", "\n\n"])
    assert [stops.feed(piece) for piece in ("so E", "N", "d\n", "x E", "ND more", "!")] == [
        "so ", "", "ENd", "\nx ", "", ""]
    assert stops.found and stops.finish() == ""


def test_what_is_held_back_at_the_end_is_given_out():
    stops = StopStrings(["END"])
    assert stops.feed("the EN") == "the " and stops.finish() == "EN" and not stops.found


def test_an_empty_string_is_refused():
    with pytest.raises(InputError, match="empty"):
        StopStrings(["a", ""])
