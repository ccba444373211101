"""Where does a sentence end?  At a full stop, except where the full stop means something else.

Next sentence prediction and sentence order need sentences, and rules reach far enough for running English: look
at each stop that is followed by a space and something that is not a small letter, and ask whether the word
before it is an abbreviation, an initial or a list number.
"""

import re

# These are always followed by what they announce, so their full stop never ends a sentence.
TITLES = frozenset("""
    Mr Mrs Ms Messrs Mme Dr Prof St Rev Fr Hon Gen Col Maj Capt Lieut Lt Sgt Cpl Gov Sen Rep Pres Mt
""".split())
NEVER_LAST = frozenset("e.g i.e cf viz vs ca approx resp incl".split())
# These announce a number (No. 5, Fig. 2, Jan. 31); before anything else they may end the sentence.
BEFORE_NUMBER = frozenset("""
    no nos fig figs vol vols ch chap sec sect p pp art eq ref refs ver
    jan feb mar apr jun jul aug sep sept oct nov dec
""".split())

BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
HYPHEN_AT_LINE_END = re.compile(r"(?<=[^\W\d_]-)[^\S\n]*\n\s*(?=[a-z])")
SPACE = re.compile(r"\s+")
# Stops, then closing quotes and brackets, then a space (none after a Chinese or Japanese stop).  A run of stops is
# looked at once, from its beginning.
STOP = re.compile(r"(?<![.!?\u2026])(?P<stop>[.!?\u2026]++)[\"'\u201d\u2019)\]]*+\s+"
                  r"|[\u3002\uff01\uff1f]+[\u201d\u2019\u300d\u300f\uff09]*\s*")
OPENING = "\"'\u201c\u2018([{`*_"
WORD_BEFORE = re.compile(r"[^\s\"'\u201c\u2018(\[]*$")
INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")                # J   J.R   U.S
LETTER = re.compile(r"[^\W_]")
LIST_NUMBER = re.compile(r"[\"'(\[]{0,9}(?:\d{1,3}|[A-Za-z])")


def sentences(document: str) -> list[str]:
    """The sentences of a document in order, each on one line with single spaces.

    A blank line always ends a sentence (headings have no full stop); a single line break never does (texts
    are wrapped), and a word hyphenated at the end of a line keeps its hyphen and loses the break.
    """
    found: list[str] = []
    for paragraph in BLANK_LINE.split(document):
        paragraph = SPACE.sub(" ", HYPHEN_AT_LINE_END.sub("", paragraph)).strip()
        start, letter = 0, LETTER.search(paragraph)              # the first letter of the sentence that is open
        for match in STOP.finditer(paragraph):
            end = match.end()
            if end < len(paragraph) and _ends_sentence(paragraph, start, letter, match):
                found.append(paragraph[start:end].rstrip())
                start, letter = end, LETTER.search(paragraph, end)
        if start < len(paragraph):
            found.append(paragraph[start:])
    return found


def _ends_sentence(text: str, start: int, letter: re.Match | None, match: re.Match) -> bool:
    """Whether the stop that `match` found in `text` closes the sentence that began at `start`, whose first letter or
    digit is `letter`."""
    if match["stop"] is None:                                    # Chinese and Japanese stops have one meaning
        return True
    following = text[match.end():match.end() + 8].lstrip(OPENING)[:1]
    if following.islower() or following in {".", "!", "?"}:      # "Who?" he asked.   Wait ... what?  Oh . .
        return False
    if letter is None or letter.start() >= match.start():
        return False
    if match["stop"] != ".":
        return True
    word = WORD_BEFORE.search(text[max(start, match.start() - 40):match.start()])[0]
    if LIST_NUMBER.fullmatch(text, start, match.start()):                            # 1. First item.   a. First item.
        return False
    if word in TITLES or word.lower() in NEVER_LAST:
        return False
    if word.lower() in BEFORE_NUMBER and following.isdigit():
        return False
    return word == "I" or not (INITIALS.fullmatch(word) and word[0].isupper())
