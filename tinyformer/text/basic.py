"""Where do words begin and end?  BERT's basic tokenizer: clean the text, split at spaces and punctuation.

Every rule looks at one character alone, so the whole of it is a table from a character to what stands in
its place: nothing (control characters), a space (any white space), itself between two spaces (punctuation
and Chinese characters, which are words of their own), or itself without accents, in lower case.  Words are
what lies between the spaces of the translated text.

Devlin et al. 2019, and the code published with it.  In two points we follow the tokenizers library instead:
private-use characters are removed too, and each character is put in lower case by itself, so that a final
Greek sigma is the ordinary sigma.
"""

import unicodedata

CHINESE = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)                                                          # the ideographs; not kana, not Hangul
REMOVED = ("Cc", "Cf", "Co", "Cs")                         # control, format, private use, lone surrogates


def is_punctuation(char: str) -> bool:
    """Whether BERT splits here: at Unicode's classes P*, and at ASCII's other signs: $ + < = > ^ ` | ~."""
    ascii_sign = "!" <= char <= "~" and not char.isalnum()
    return ascii_sign or unicodedata.category(char).startswith("P")


def is_chinese(char: str) -> bool:
    """Whether `char` is an ideograph, of a script that is written without spaces."""
    return any(first <= ord(char) <= last for first, last in CHINESE)


class CharacterTable(dict):
    """Code point -> what stands in its place; filled as characters are met, made for `str.translate`.

    `strip_accents` decomposes a character (NFD) and drops its non-spacing marks.
    """

    def __init__(self, lower_case: bool, strip_accents: bool, split_chinese: bool):
        super().__init__()
        self.lower_case, self.strip_accents, self.split_chinese = lower_case, strip_accents, split_chinese

    def __missing__(self, code: int) -> str:
        self[code] = self.replacement(chr(code))
        return self[code]

    def replacement(self, char: str, apart: bool = True) -> str:
        """The text that replaces `char`: '', ' ', or one or more characters, with spaces where words end.

        With `apart` False, punctuation stays where it is: the text is clean, but not cut into words.
        """
        if char in "\t\n\r":
            return " "
        if unicodedata.category(char) in REMOVED or char == "\ufffd":
            return ""
        if char.isspace():
            return " "
        own_word = self.split_chinese and is_chinese(char)
        plain = char
        if self.strip_accents:
            plain = "".join(c for c in unicodedata.normalize("NFD", char) if unicodedata.category(c) != "Mn")
        if self.lower_case:
            plain = "".join(c.lower() for c in plain)
        if apart:
            plain = "".join(f" {c} " if is_punctuation(c) else c for c in plain)
        return f" {plain} " if own_word else plain

    def cleaned(self, text: str) -> tuple[str, list[int]]:
        """The clean text before it is cut into words, and the place that each of its characters came from."""
        found = [(plain, place) for place, char in enumerate(text) for plain in self.replacement(char, apart=False)]
        return "".join(plain for plain, _ in found), [place for _, place in found]

    def words(self, text: str) -> list[str]:
        """The words of `text`, cleaned."""
        return [word for word in text.translate(self).split(" ") if word]

    def words_with_origins(self, text: str) -> list[tuple[str, list[int]]]:
        """The words of `text`, each with the place in `text` that every one of its characters came from."""
        found = []
        word, origins = "", []
        for place, char in enumerate(text + " "):
            for plain in self[ord(char)]:
                if plain != " ":
                    word += plain
                    origins.append(place)
                elif word:
                    found.append((word, origins))
                    word, origins = "", []
        return found
