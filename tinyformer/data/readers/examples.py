"""What is an example?  What stands in one row of a labelled file, and where that row is.

A label is text as the file spells it, a score is a number, and both are None where the file has none (a test set).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class TextExample:
    """One text and its class."""

    text: str
    label: str | None
    file: str
    line: int

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes that stand in it."""
        return () if self.label is None else (self.label,)


@dataclass(frozen=True)
class MultilabelExample:
    """One text and its labels, any number of them; None where the file says nothing of labels."""

    text: str
    labels: tuple[str, ...] | None
    file: str
    line: int


@dataclass(frozen=True)
class PairExample:
    """Two texts and either the class of the pair or a score."""

    first: str
    second: str
    label: str | float | None
    file: str
    line: int

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes that stand in it."""
        return () if self.label is None else (self.label,)


@dataclass(frozen=True)
class NamedSequence:
    """Letters that stand for bases or amino acids, or notes between spaces; what the sequence is called, if at all."""

    name: str
    text: str
    file: str
    line: int


@dataclass(frozen=True)
class Rewriting:
    """A text and what is to be written for it: its translation, a summary, its correction."""

    source: str
    target: str | None
    file: str
    line: int


@dataclass(frozen=True)
class TaggedSentence:
    """The words of a sentence, each with its tag."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    file: str
    line: int

    @property
    def labels(self) -> tuple[str, ...]:
        """The tags, as the classes that stand in it."""
        return self.tags


@dataclass(frozen=True)
class Answer:
    """A piece of a document: document[start:start + len(text)] == text, `start` counted in code points.

    `start` is None where the file gives no place at which the text stands.
    """

    text: str
    start: int | None


@dataclass(frozen=True)
class Question:
    """A question on a document with the answers people gave; `impossible` says that the document has none."""

    id: str
    question: str
    document: str
    answers: tuple[Answer, ...]
    impossible: bool
    title: str
    file: str
    line: int


class Examples(list):
    """The examples of a file, and what a user should hear about the others.

    `bad` holds one message for each row that was left out because of a fault, `unlabelled` counts the rows that
    say themselves that they have no label, `notes` are remarks on the file.
    """

    def __init__(self, examples=()):
        super().__init__(examples)
        self.bad: list[str] = []
        self.unlabelled = 0
        self.notes: list[str] = []

    def report(self, shown: int = 5) -> list[str]:
        """Lines for the user: what was left out and why, the first `shown` bad rows; nothing where all is well."""
        lines = list(self.notes)
        if self.unlabelled:
            lines.append(f"{self.unlabelled:,} rows without a label were left out")
        if self.bad:
            lines.append(f"{len(self.bad):,} bad rows were left out; the first of them:")
            lines += [f"  {message}" for message in self.bad[:shown]]
        return lines
