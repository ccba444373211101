"""Which lines of ours does a page show, and do they stand so in the file that it names?"""

import re
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parent.parent
QUOTE = re.compile(r"^\[`([\w/.]+)`\]\(\.\./tinyformer/([\w/.]+)\)\n\n```py\n(.*?)^```$", re.M | re.S)


def stands_so(title: str, file: str, lines: str) -> None:
    """Every piece, between empty lines, is found in the file of this name, but for its distance from the margin."""
    assert title == file
    source = (ROOT / "tinyformer" / file).read_text(encoding="utf-8").splitlines()
    for piece in lines.strip().split("\n\n"):
        many = len(piece.splitlines())
        assert piece in [dedent("\n".join(source[n:n + many])) for n in range(len(source))], piece
