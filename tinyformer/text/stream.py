"""How do ids become text one by one, while they are being written?"""

import codecs


class TextStream:
    """Turns ids into text one by one; all that `feed` and `finish` return, joined, is `decode` of the ids.

    A character may be spread over several byte-level tokens: its first bytes wait until the last comes.
    """

    def __init__(self, tokenizer, skip_special: bool = False):
        self.tokenizer = tokenizer
        self.skipped = tokenizer.special_ids if skip_special else frozenset()
        self.first = True
        self.bytes = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, id: int) -> str:
        """The characters that became complete with this id; often one piece, sometimes ''."""
        if id in self.skipped:
            return ""
        text = self.bytes.decode(self.tokenizer.surface(int(id), self.first))
        self.first = False
        return text

    def finish(self) -> str:
        """What is left when no id follows: '' or one U+FFFD for a character that was never completed."""
        return self.bytes.decode(b"", final=True)
