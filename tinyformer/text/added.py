"""Which stretches of a text are tokens before it is cut?  Those added to a vocabulary: special ones, and words.

Four settings of the usual libraries say how an added token is found: `lstrip` and `rstrip` take the white space before
and behind it along, `single_word` passes over it inside a longer word, and `normalized` looks for it in the text as the
tokenizer cleans it (in lower case, say), after all others.  Where two begin at one place the longer counts.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tinyformer.errors import InputError

SPACES = frozenset("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | {chr(c) for c in range(0x2000, 0x200b)}
FLAGS = ("lstrip", "rstrip", "single_word", "normalized", "special")


@dataclass(frozen=True)
class AddedToken:
    """A token that was added to a vocabulary, and how it is found in a text."""

    content: str
    lstrip: bool = False
    rstrip: bool = False
    single_word: bool = False
    normalized: bool = False
    special: bool = True

    @classmethod
    def read(cls, described: dict) -> "AddedToken":
        """From the form of the usual files; InputError where a flag is none."""
        flags = {name: described[name] for name in FLAGS if name in described}
        content = described.get("content")
        if not isinstance(content, str) or not content:
            raise InputError(f"an added token is {content!r}; it must be a text of at least one character")
        wrong = next((name for name, value in flags.items() if not isinstance(value, bool)), None)
        if wrong:
            raise InputError(f"added token {content!r}: {wrong} is {flags[wrong]!r}; it must be true or false")
        return cls(content, **flags)

    def described(self) -> dict:
        """The same in the form of the usual files."""
        return {"__type": "AddedToken", "content": self.content, **{name: getattr(self, name) for name in FLAGS}}


class Segment(NamedTuple):
    """A stretch of a text: where it begins, what it says, and the added token it is, if it is one.

    `origins`, where it is given, has the place in the text that each character of `part` came from.
    """

    start: int
    part: str
    token: str | None
    origins: Sequence[int] | None = None


class Finder:
    """Cuts texts at the added tokens; `clean` turns a text into (what the tokenizer makes of it, origins)."""

    def __init__(self, added: Sequence[AddedToken], clean: Callable[[str], tuple[str, list[int]]]):
        self.clean = clean
        self.raw = _Search({token.content: token for token in added if not token.normalized})
        self.cleaned = _Search({clean(token.content)[0]: token for token in added if token.normalized})

    def segments(self, text: str) -> Iterator[Segment]:
        """The stretches of `text`, in order."""
        for start, end, token in self.raw.cut(text):
            if token is not None:
                yield Segment(start, text[start:end], token.content)
            elif self.cleaned.pattern is None:
                yield Segment(start, text[start:end], None)
            else:
                yield from self._in_cleaned(text[start:end], start)

    def _in_cleaned(self, part: str, start: int) -> Iterator[Segment]:
        plain, origins = self.clean(part)
        for first, last, token in self.cleaned.cut(plain):
            places = origins[first:last]
            whole = part[places[0]:places[-1] + 1]
            if token is not None:
                yield Segment(start + places[0], whole, token.content)
            else:
                yield Segment(start, plain[first:last], None, places)


class _Search:
    """Finds tokens by what is to be looked for, from the left, the longest first."""

    def __init__(self, tokens: dict[str, AddedToken]):
        self.tokens = {sought: token for sought, token in tokens.items() if sought}
        longest_first = sorted(self.tokens, key=len, reverse=True)
        self.pattern = re.compile("|".join(map(re.escape, longest_first))) if self.tokens else None

    def cut(self, text: str) -> Iterator[tuple[int, int, AddedToken | None]]:
        """(start, end, token or None) of stretches that together are the text."""
        done = 0
        for match in self.pattern.finditer(text) if self.pattern else ():
            token, (start, end) = self.tokens[match.group()], match.span()
            if token.single_word and _inside_a_word(text, start, end):
                continue
            while token.lstrip and start > done and text[start - 1] in SPACES:
                start -= 1
            while token.rstrip and end < len(text) and text[end] in SPACES:
                end += 1
            if start > done:
                yield done, start, None
            yield start, end, token
            done = end
        if done < len(text):
            yield done, len(text), None


def _inside_a_word(text: str, start: int, end: int) -> bool:
    """Whether a letter, a mark, a digit or a joining sign stands right before or right behind."""
    import regex  # knows the letters of every script, unlike Python's re
    return any(regex.match(r"\w", text[place]) for place in (start - 1, end) if 0 <= place < len(text))
