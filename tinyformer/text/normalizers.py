"""What is done to a text before it is cut, and where does each of its characters come from afterwards?

A unigram vocabulary brings steps along, which its file names: forms of Unicode, lower case, accents, replacements.
Each is a function from a text to (text, origins), where origins[i] is the place in the text before that character i
stands for.  Offsets are those of the usual libraries: a character that is more than there were stands for the place of
the one before it, and one that several became for the first of them.
"""

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from tinyformer.errors import InputError

from .added import SPACES
from .charsmap import Charsmap
from .files import hold_to

Traced = tuple[str, list[int]]
Step = Callable[[str], Traced]
Changes = list[tuple[str, int]]                            # characters; see `followed`
PATTERNS = (" {2,}",)                                      # of Replace, besides plain texts
REMOVED = frozenset(chr(c) for c in (*range(1, 9), 0x0B, *range(0x0E, 0x20), 0x7F, 0x8F, 0x9F))
BLANKS = frozenset(chr(c) for c in (9, 10, 12, 13, 0x1680, *range(0x200B, 0x2010), 0x2028, 0x2029, 0x2581, 0xFEFF,
                                    0xFFFD))


def steps_of(described: dict | None) -> list[Step]:
    """The steps that the "normalizer" of a tokenizer.json describes; InputError for one that is not known here."""
    if not described:
        return []
    kind = described.get("type")
    if kind == "Sequence":
        return [step for part in described["normalizers"] for step in steps_of(part)]
    if kind == "Replace":
        return [partial(replaced, re.compile(_pattern(described["pattern"])), _text(described, "content"))]
    if kind == "Precompiled":
        return [partial(mapped, Charsmap(_bytes(described["precompiled_charsmap"])))]
    if kind == "Prepend":
        return [partial(prepended, _text(described, "prepend"))]
    if kind == "Strip":
        hold_to({kind: dict.fromkeys(("strip_left", "strip_right"), (True, False))}, {kind: described})
        return [partial(stripped, described["strip_left"], described["strip_right"])]
    if kind in PLAIN:
        return [PLAIN[kind]]
    raise InputError(f"normalizer is {kind!r}; one of {', '.join((*PLAIN, *WITH_SETTINGS))} can be read")


def chain(steps: Iterable[Step], text: str) -> Traced:
    """The text after all the steps, and the place in `text` that each character stands for."""
    origins = list(range(len(text)))
    for step in steps:
        text, places = step(text)
        origins = [origins[place] for place in places]
    return text, origins


# ---- the steps -------------------------------------------------------------------------------------------------------


def replaced(pattern: re.Pattern, content: str, text: str) -> Traced:
    """Every match becomes `content`, which stands for the match's last character."""
    parts, origins, done = [], [], 0
    for match in pattern.finditer(text):
        start, end = match.span()
        parts += [text[done:start], content]
        origins += [*range(done, start), *[end - 1] * len(content)]
        done = end
    return "".join([*parts, text[done:]]), [*origins, *range(done, len(text))]


def prepended(content: str, text: str) -> Traced:
    """`content` before any text but the empty one; it stands for the first character."""
    return (content + text, [0] * len(content) + list(range(len(text)))) if text else (text, [])


def stripped(left: bool, right: bool, text: str) -> Traced:
    """No white space at the beginning, or at the end."""
    start, end = 0, len(text)
    while left and start < end and text[start] in SPACES:
        start += 1
    while right and start < end and text[end - 1] in SPACES:
        end -= 1
    return text[start:end], list(range(start, end))


def lowered(text: str) -> Traced:
    """Each character in lower case by itself."""
    found = [(low, place) for place, char in enumerate(text) for low in char.lower()]
    return "".join(low for low, _ in found), [place for _, place in found]


def without(unwanted: Callable[[str], bool], text: str) -> Traced:
    """The text without the unwanted characters."""
    origins = [place for place, char in enumerate(text) if not unwanted(char)]
    return "".join(text[place] for place in origins), origins


def without_controls(text: str) -> Traced:
    """No control characters, and a space for every other blank (as before translation by machine, hence "Nmt")."""
    kept, origins = without(REMOVED.__contains__, text)
    return "".join(" " if char in BLANKS else char for char in kept), origins


def mapped(table: Charsmap, text: str) -> Traced:
    """Every part as the table has it."""
    changes: Changes = []
    for old, new in table.parts(text):
        if new is None:
            changes.append((old, 0))
            continue
        changes += [(char, int(number >= len(old))) for number, char in enumerate(new)]
        if len(new) < len(old) and changes:                # the characters that are gone go with the one before them
            changes[-1] = (changes[-1][0], changes[-1][1] + len(new) - len(old))
    return followed(changes)


def decomposed(form: str, text: str) -> Traced:
    """Letters apart from their accents, which stand in Unicode's order."""
    return followed(_decomposed(form, text))


def composed(form: str, text: str) -> Traced:
    """Letters and accents apart and then together, where there is a character for both."""
    changes: Changes = []
    base, last = None, 0                                   # the place of the last letter, and the class since
    for char, change in _decomposed(form.replace("C", "D"), text):
        order = unicodedata.combining(char)
        adjoins = base is not None and (base == len(changes) - 1 or last < order)
        if base is not None and adjoins:
            both = unicodedata.normalize("NFC", changes[base][0] + char)
            if len(both) == 1:
                changes[base] = (both, changes[base][1] + change - 1)
                continue
        if order == 0:
            base, last = len(changes), 0
        else:
            last = order
        changes.append((char, change))
    return followed(changes)


def _decomposed(form: str, text: str) -> Changes:
    changes: Changes = []
    pending: Changes = []                                  # accents, which wait until their order is known
    for char in text:
        for number, part in enumerate(unicodedata.normalize(form, char)):       # type: ignore[arg-type]
            if unicodedata.combining(part) == 0:
                changes += sorted(pending, key=_class)
                pending = []
                changes.append((part, int(number > 0)))
            else:
                pending.append((part, int(number > 0)))
    return changes + sorted(pending, key=_class)


def _class(change: tuple[str, int]) -> int:
    return unicodedata.combining(change[0])


def followed(changes: Changes) -> Traced:
    """The text of the changes, and what each character stands for.

    0 says that the character takes the place of one, -n that it takes the place of n more, 1 that it is more than
    there were.
    """
    origins, place = [], 0
    for _, change in changes:
        origins.append(max(place - 1, 0) if change > 0 else place)
        place += 0 if change > 0 else 1 - change
    return "".join(char for char, _ in changes), origins


def _is_mark(char: str) -> bool:
    return unicodedata.category(char).startswith("M")


PLAIN: dict[str, Step] = {
    "NFD": partial(decomposed, "NFD"), "NFKD": partial(decomposed, "NFKD"), "NFC": partial(composed, "NFC"),
    "NFKC": partial(composed, "NFKC"), "Lowercase": lowered, "StripAccents": partial(without, _is_mark),
    "Nmt": without_controls}
WITH_SETTINGS = ("Sequence", "Replace", "Precompiled", "Prepend", "Strip")


# ---- their settings --------------------------------------------------------------------------------------------------


def _pattern(described: dict) -> str:
    if isinstance(text := described.get("String"), str) and text:
        return re.escape(text)
    if described.get("Regex") in PATTERNS:
        return described["Regex"]
    raise InputError(f"pattern of Replace is {described!r}; a text, or the expression {' or '.join(PATTERNS)!r}, can "
                     "be read")


def _text(described: dict, name: str) -> str:
    if not isinstance(value := described[name], str):
        raise InputError(f"{name} of {described['type']} is {value!r}; it must be a text")
    return value


def _bytes(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise InputError("precompiled_charsmap is not a text in base64; take the file from its source") from None
