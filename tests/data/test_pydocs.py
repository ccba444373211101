import inspect
import subprocess
import sys

import pytest

from tinyformer.data import pydocs as module
from tinyformer.data.corpus import read_documents, sentences
from tinyformer.data.pydocs import clean, pydocs
from tinyformer.errors import InputError


@pytest.fixture(scope="module")
def corpus():
    return pydocs(characters=800_000)


def test_there_is_plenty_of_english(corpus):
    text = "".join(corpus)
    assert len(text) > 700_000
    assert len(corpus) > 200
    words = text.lower().split()
    for common in ("the", "of", "is", "a", "to"):                # what English is mostly made of
        assert words.count(common) > 0.012 * len(words)
    assert text.isascii()
    letters = sum(c.isalpha() or c.isspace() for c in text)
    assert letters > 0.94 * len(text)


def test_no_code_and_no_markup_is_left(corpus):
    text = "\n".join(corpus)
    for rest in (">>>", ":func:", ":class:", "----", "====", "Parameters\n", "array([", "\t"):
        assert rest not in text, rest
    assert text.count("``") < 20


def test_no_sentence_comes_twice(corpus):
    kept = [s for document in corpus for s in sentences(document)]
    assert len(set(kept)) > 0.99 * len(kept)


def test_a_short_corpus_is_the_beginning_of_the_whole(corpus):
    short = pydocs(characters=150_000)
    assert short == corpus[:len(short)]
    assert 150_000 <= sum(map(len, short)) < 400_000


def test_nothing_is_imported_or_written_and_the_order_is_fixed():
    code = ("import sys, hashlib; sys.dont_write_bytecode = True\n"
            "from tinyformer.data.pydocs import pydocs\n"
            "documents = pydocs(characters=100_000)\n"
            "assert not {'antigravity', 'this', 'turtle', 'tkinter', 'matplotlib'} & set(sys.modules)\n"
            "print(hashlib.sha256(''.join(documents).encode()).hexdigest())")
    seen = {subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                           env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)}).stdout
            for seed in ("1", "2")}
    assert len(seen) == 1


def test_cleaning_keeps_prose_alone():
    text = '''
    frobnicate(x, mode="a", *, axis=0) -> array

    Turn the *given* :class:`~a.b.Thing` into ``y`` and return `z`, as in [1]_.  It is
    a wrapped sentence that goes on.

    Parameters
    ----------
    x : array_like, optional
        The values that are to be turned. They may be empty.

    * The first of the points that are made here.
    * Here comes a second point which goes over
      more than one line.

    Do it like this::

        result = frobnicate(x)
        It looks like prose. But this is a code block.

    ====  =====
    name  value
    ====  =====

    See Also
    --------
    other : This sentence is about another function entirely.

    Notes
    -----
    The notes are kept, "with" quotes around names removed.

    Examples
    --------
    >>> frobnicate(1)
    This is output and no prose at all.

    .. versionadded:: 1.9
    .. plot::

        This is a plot that nobody can read here.
    '''
    assert clean(inspect.cleandoc(text)) == [
        ["Turn the given a.b.Thing into y and return z, as in.", "It is a wrapped sentence that goes on."],
        ["The values that are to be turned.", "They may be empty."],
        ["The first of the points that are made here."],
        ["Here comes a second point which goes over more than one line."],
        ["The notes are kept, with quotes around names removed."],
    ]


def test_an_installation_without_documentation_is_an_error(monkeypatch):
    monkeypatch.setattr(module, "_sources", lambda: iter([("topic a", lambda: ["Only this sentence is here."])]))
    with pytest.raises(InputError, match="give a text file or folder"):
        read_documents("pydocs")
    assert pydocs(characters=20) == ["Only this sentence is here.\n"]
