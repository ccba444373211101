"""Where is real English when there is no network?  In Python itself: it explains its language and its library.

The sources are the interpreter's own documentation topics and the docstrings of the standard library and of
NumPy.  Nothing is imported for its docstring (importing `antigravity` opens a browser): sources are parsed.  What
is kept is sentences; code, doctests, signatures, tables, headings and markup go.
"""

import ast
import importlib.util
import os
import re
import sysconfig
import warnings
import zlib
from collections.abc import Callable, Iterator

from tinyformer.data.sentences import sentences
from tinyformer.errors import InputError

SKIPPED_FOLDERS = {"test", "tests", "idlelib", "idle_test", "lib2to3", "site-packages", "dist-packages",
                   "encodings", "pydoc_data", "turtledemo", "ensurepip", "__pycache__"}
LEAST = 100_000                                  # characters below which there is nothing worth training on

# Lines that are no prose: what they are decides what happens to the lines below them.
UNDERLINE = re.compile(r"\s*([-=*~^#+\"'_.])\1{2,}\s*")
TABLE = re.compile(r".*\S {3,}\S|\s*[|+]|.*\S\s*\|\s*\S|.*[-=]{3,}\s+[-=]{3,}")
DOCTEST = re.compile(r"\s*(>>>|\.\.\. |\$ |In \[)")
ENTRY = re.compile(r"\s*[*\w][\w.*, ]* : ")                      # NumPy's "name : type"
DIRECTIVE = re.compile(r"\s*\.\. ")
KEPT_DIRECTIVE = re.compile(r"\s*\.\. (note|warning|tip|important|seealso|deprecated)::")
BULLET = re.compile(r"^\s*([-*\u2022+]|\(?(\d{1,2}|[a-z])[.)])\s+")
DROPPED_SECTIONS = {"see also", "references"}

MARKUP = [(re.compile(pattern), replacement) for pattern, replacement in [
    (r"\s?\[\d+\]_?", ""),                                       # footnotes
    (r":[\w:+-]+:`~?([^`<]*?)\s*(?:<[^`>]*>)?`", r"\1"),         # :func:`x`  :ref:`words <target>`
    (r"``([^`]*)``", r"\1"),
    (r"`([^`']*)['`]_{0,2}", r"\1"),                             # `x`  `x'
    (r"\*\*([^*\s][^*]*)\*\*", r"\1"),
    (r"(?<![\w*])\*([^*\s](?:[^*]*[^*\s])?)\*(?![\w*])", r"\1"),
    (r"\"([\w.]+(?:\(\))?)\"", r"\1"),                           # the topics put code in quotes: "with"
    (r"~(?=\w)|(?:Changed|New|Added|Deprecated since) (?:in )?version [\d.]+:\s*", ""),
    (r"::(?=\s|$)", ":"),
    (r"\\(?=[*_`|])", ""),
]]
PLAIN = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2026": "...",
                       "\u2013": "-", "\u2014": "-", "\u00a0": " ", "\t": " "})
CODE = re.compile(r"[_=<>{}\[\]|\\@#$%^~/*`+]|\w[.(]\w|\(\)|\d\.\d|--|::|^\W+$|^[-.]\w")
BEGIN = re.compile(r"[\"'(]?[A-Z]")
END = re.compile(r"\w\W?[.!?][\"')]{0,2}$")


def pydocs(characters: int | None = None) -> list[str]:
    """One to two million characters of English from the Python that runs this; a topic or module is a document.

    The order mixes all sources and depends only on their names, so that a corpus cut short after `characters`
    is the beginning of the whole and holds a bit of everything.  A sentence that occurs again is dropped
    (NumPy repeats its docstrings).  Raises InputError where an installation carries almost no documentation.
    """
    documents, seen, total = [], set(), 0
    for _, read in sorted(_sources(), key=lambda source: (zlib.crc32(source[0].encode()), source[0])):
        paragraphs = []
        for text in read():
            for paragraph in clean(text):
                fresh = [sentence for sentence in paragraph if sentence not in seen]
                seen.update(fresh)
                if fresh:
                    paragraphs.append(" ".join(fresh))
        if paragraphs:
            documents.append("\n\n".join(paragraphs) + "\n")
            total += len(documents[-1])
        if characters is not None and total >= characters:
            return documents
    if total < min(LEAST, characters or LEAST):
        raise InputError(
            f"pydocs: found {total:,} characters of documentation in {sysconfig.get_path('stdlib')} and NumPy; "
            "this Python was installed without its sources, so give a text file or folder as the corpus instead")
    return documents


def clean(text: str) -> list[list[str]]:
    """The paragraphs of a docstring or topic, each a list of its sentences, without everything that is no prose."""
    paragraphs = []
    for block in _blocks(text.translate(PLAIN).expandtabs()):
        block = BULLET.sub("", block)
        for markup, replacement in MARKUP:
            block = markup.sub(replacement, block)
        kept = [sentence for sentence in sentences(block) if _is_prose(sentence)]
        if kept:
            paragraphs.append(kept)
    return paragraphs


def _is_prose(sentence: str) -> bool:
    """Whether this begins and ends like an English sentence and is made of words, not of code."""
    words = sentence.split()
    if len(words) < 4 or not sentence.isascii() or not BEGIN.match(sentence) or not END.search(sentence):
        return False
    code = sum(1 for word in words if CODE.search(word))
    return 8 * code <= len(words)


def _blocks(text: str) -> Iterator[str]:
    """Runs of prose lines; a blank line, a bullet, a change of indentation or a line of code ends a run."""
    block: list[str] = []
    first = depth = 0                            # indentation of the block's first line, and of its later ones
    for line in [*_prose_lines(text.splitlines()), ""]:
        indent = len(line) - len(line.lstrip())
        bullet = BULLET.match(line)
        belongs = indent == depth or (len(block) == 1 and indent == first)
        if block and (not line or bullet or not belongs):
            yield "\n".join(block)
            block = []
        if line:
            if not block:
                first, depth = indent, bullet.end() if bullet else indent
            block.append(line)


def _prose_lines(lines: list[str]) -> Iterator[str]:
    """The lines that may be prose, and an empty one in place of each other line."""
    dropping = doctest = False                   # inside a section without prose; inside an interpreter session
    code = None                                  # lines indented deeper than this are a code block
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        indent = len(line) - len(line.lstrip())
        if not line.strip():
            doctest = False
            yield ""
            continue
        heading = UNDERLINE.fullmatch(following)
        if heading:
            dropping = line.strip().lower() in DROPPED_SECTIONS
        if code is not None and indent <= code:
            code = None
        doctest = doctest or bool(DOCTEST.match(line))
        directive = DIRECTIVE.match(line)
        no_prose = (heading or dropping or doctest or directive or code is not None
                    or UNDERLINE.fullmatch(line) or TABLE.match(line) or ENTRY.match(line))
        if (line.rstrip().endswith("::") or directive and not KEPT_DIRECTIVE.match(line)) and code is None:
            code = indent
        yield "" if no_prose else line


def _sources() -> Iterator[tuple[str, Callable[[], list[str]]]]:
    """(name, function that reads its texts) of every topic, standard library module and NumPy module."""
    try:
        from pydoc_data.topics import topics
    except ImportError:                          # some distributions put it in a package of its own
        topics = {}
    for name, text in topics.items():
        yield f"topic {name}", lambda text=text: [text]
    numpy = importlib.util.find_spec("numpy").submodule_search_locations[0]
    for package, root in [("python", sysconfig.get_path("stdlib")), ("numpy", numpy)]:
        for folder, folders, names in os.walk(root):
            folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
            for name in names:
                if name.endswith(".py"):
                    path = os.path.join(folder, name)
                    label = os.path.relpath(path, root).replace(os.sep, "/")
                    yield f"{package} {label}", lambda path=path: _docstrings(path)


def _docstrings(path: str) -> list[str]:
    """Every docstring of one source file in its order, and the texts that NumPy attaches with add_newdoc."""
    try:
        with open(path, "rb") as file:
            source = file.read()
        if b'"""' not in source and b"'''" not in source:
            return []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")      # old escapes in other people's strings
            tree = ast.parse(source)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return []
    return list(_docstrings_below(tree))


def _docstrings_below(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        text = ast.get_docstring(node)
        if text:
            yield text
    for child in getattr(node, "body", ()):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Call):
            call = child.value
            if isinstance(call.func, ast.Name) and call.func.id == "add_newdoc":
                yield from _newdoc(call)
        elif isinstance(child, ast.stmt):
            yield from _docstrings_below(child)


def _newdoc(call: ast.Call) -> Iterator[str]:
    """The texts among the arguments of add_newdoc(place, name, text or (method, text))."""
    for argument in call.args[2:]:
        for part in argument.elts if isinstance(argument, ast.Tuple) else [argument]:
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and "\n" in part.value:
                yield part.value
