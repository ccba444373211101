"""How are sentences and their translations read?  As they are published: two files, line by line beside each other."""

import os

from tinyformer.data.readers.examples import Examples, Rewriting
from tinyformer.data.readers.lines import file_lines
from tinyformer.errors import InputError


def read_parallel(source: str | os.PathLike, target: str | os.PathLike) -> list[tuple[str, str]]:
    """(sentence, its translation) for every line; lines that are empty in both files are passed over.

    InputError where one file has more lines than the other, or a line is empty in one of them alone: behind such a
    place no line would stand beside its translation.
    """
    return [(one.source, one.target) for one in read_aligned(source, target)]


def read_aligned(source: str | os.PathLike, target: str | os.PathLike) -> Examples:
    """The same as examples, each with the file and the line of its source."""
    left, right = file_lines(source), file_lines(target)
    pairs = Examples()
    for number, (one, other) in enumerate(zip(left, right, strict=False), 1):
        if bool(one.strip()) != bool(other.strip()):
            empty, full = (source, target) if other.strip() else (target, source)
            raise InputError(f"{empty}:{number}: the line is empty, and that of {full} is not; give the translation, "
                             "or remove the line from both files")
        if one.strip():
            pairs.append(Rewriting(one.strip(), other.strip(), str(source), number))
    if len(left) != len(right):
        raise InputError(f"{source} has {len(left):,} lines and {target} has {len(right):,}; line n of one must be the "
                         "translation of line n of the other")
    if not pairs:
        raise InputError(f"{source}: there is no sentence in it")
    return pairs


def read_sources(path: str | os.PathLike) -> Examples:
    """A text on each line, to be rewritten; empty lines are passed over."""
    found = Examples(Rewriting(line.strip(), None, str(path), number) for number, line in enumerate(file_lines(path), 1)
                     if line.strip())
    if not found:
        raise InputError(f"{path}: there is no sentence in it")
    return found
