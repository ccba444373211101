"""How does one stop at a word when text comes in pieces?  Hold back whatever may be the beginning of that word."""

from collections.abc import Sequence

from tinyformer.errors import InputError


class StopStrings:
    """Lets text through up to one of some strings, which may be spread over several pieces.

    What `feed` and `finish` return, joined, is the text before the stop string that is complete first (of two that end
    together, the longer), however the text was cut; `found` tells whether there was one.  Raises InputError for an
    empty string.
    """

    def __init__(self, strings: Sequence[str]):
        if "" in strings:
            raise InputError("stop: a stop string is empty; give the text at which to stop")
        self.strings, self.held, self.found = tuple(strings), "", False

    def feed(self, piece: str) -> str:
        """The text that is certain to stand before any stop string, now that `piece` has come."""
        if self.found:
            return ""
        text = self.held + piece
        ends = [(start + len(string), start) for string in self.strings if (start := text.find(string)) >= 0]
        if ends:
            self.found, self.held = True, ""
            return text[:min(ends)[1]]
        waiting = max((self._beginning(text, string) for string in self.strings), default=0)
        self.held = text[len(text) - waiting:]
        return text[:len(text) - waiting]

    def finish(self) -> str:
        """What was held back, when no more text comes."""
        text, self.held = self.held, ""
        return text

    @staticmethod
    def _beginning(text: str, string: str) -> int:
        """How many characters at the end of `text` are the beginning of `string`."""
        return next((size for size in range(min(len(text), len(string) - 1), 0, -1) if text.endswith(string[:size])), 0)
