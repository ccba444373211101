"""How is a prompt with worked examples written?  Lines of one look; the last breaks off where the answer is due.

    translate into French:
    sea otter => loutre de mer.
    cheese =>
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tinyformer.errors import InputError

Pair = tuple[str, str]                            # an input and its output


@dataclass(frozen=True)
class Look:
    """How worked examples are written: the form of a line, what stands before all lines, what between two."""

    line: str = "{input} => {output}."
    description: str = ""
    between: str = "\n"

    def __post_init__(self):
        if self.line.count("{input}") != 1 or self.line.count("{output}") != 1 or self._parts[1] == "":
            raise InputError(f"the format is {self.line!r}; it must have {{input}} once, then {{output}} once, and "
                             "something between them, as in '{input} => {output}.'")
        if not (self._parts[2] or self.between):
            raise InputError(f"the format is {self.line!r} and nothing stands between lines, so that nobody can tell "
                             "where an output ends; put a mark behind {output}")

    @property
    def _parts(self) -> tuple[str, str, str]:
        """What stands before the input, between input and output, and behind the output."""
        before, _, rest = self.line.partition("{input}")
        middle, _, behind = rest.partition("{output}")
        return before, middle, behind

    @property
    def stop(self) -> str:
        """The text at which an answer ends."""
        return self._parts[2].strip() or self.between

    def prompt(self, examples: Sequence[Pair], given: str) -> str:
        """The description, the worked examples, and the line of `given` up to where its output is due."""
        before, middle, behind = self._parts
        lines = [self.description] * bool(self.description)
        lines += [before + example + middle + output + behind for example, output in examples]
        return self.between.join([*lines, (before + given + middle).rstrip()])

    def answer(self, output: str) -> str:
        """What follows a prompt where the answer is `output`: it, what ends it, and the space that leads to it.

        (A byte-level vocabulary has " cheese" as a token; a prompt that ended with the space would keep it from that.)
        """
        _, middle, behind = self._parts
        return middle[len(middle.rstrip()):] + output + (behind or self.between)
