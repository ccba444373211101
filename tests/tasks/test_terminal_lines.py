"""Does every text fit the terminal, whatever stands in it?"""

from tinyformer.tasks.classify import wrong_labels
from tinyformer.tasks.terminal_lines import LINES, screen_columns, wrapped

LONG = "a sentence of several words, again and again; " * 40


def fits(text: str, width: int) -> bool:
    return all(screen_columns(line) <= width for line in text.splitlines())


def test_long_texts_are_wrapped_and_cut():
    for width in (40, 77):
        text = wrong_labels([([LONG], "a", "b", 0.5), (["中文" * 300 + "w" * 500], "a", "b", 0.5)], width=width)
        assert fits(text, width) and text.count("…") == 2
        assert len(text.splitlines()) == 1 + 2 * (2 + LINES)
    words = LONG[:200].split()
    assert " ".join(line.strip() for line in wrapped(" ".join(words), 50, 4)).split() == words


def test_nothing_in_a_text_steers_the_terminal():
    text = wrong_labels([(["red \x1b[31m\r\n text"], "a", "b\x07", 0.5)], width=80)
    assert "\x1b" not in text and "\x07" not in text and "\r" not in text and "red \ufffd[31m text" in text


def test_width_is_that_of_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    text = wrong_labels([([LONG], "a", "b", 0.5)])
    assert fits(text, 60) and not fits(text, 50)
