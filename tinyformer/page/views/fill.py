"""What stood at the blank?  And is a word the same in two sentences, seen from every layer?"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyformer.backend import to_host
from tinyformer.engine import no_grad
from tinyformer.errors import InputError
from tinyformer.generate import mask_filling
from tinyformer.models import BertForPretraining
from tinyformer.page.asked import OfModel, asked
from tinyformer.page.served import Served
from tinyformer.page.view import View

VIEW = View("Fill", serves=lambda served: isinstance(served.model, BertForPretraining))


@dataclass(frozen=True, kw_only=True)
class Blanks(OfModel):
    """A text with blanks in it."""

    text: str = asked("a text with [MASK] in it", longest=4000)
    top: int = asked("guesses shown for each blank", 5, least=1, most=50)


@dataclass(frozen=True, kw_only=True)
class TwoSenses(OfModel):
    """A word that stands in two sentences."""

    word: str = asked("the word", longest=100)
    first: str = asked("a sentence with the word in it", longest=2000)
    second: str = asked("another one", longest=2000)


@VIEW.function
def fill(served: Served, request: Blanks) -> dict:
    """The guesses for every [MASK], and the text with the best of them."""
    blanks = mask_filling.fill(served.model, served.tokenizer, request.text, request.top)
    return {"blanks": [[{**_written(served.tokenizer, token), "share": share} for token, share in guesses]
                       for guesses in blanks],
            "filled": mask_filling.filled(request.text, blanks, served.tokenizer)}


@VIEW.function
def senses(served: Served, request: TwoSenses) -> dict:
    """For what enters the first layer and what leaves each: the cosine of the word's vectors in the two sentences.

    Beside it what two other tokens of these sentences have on average, for all vectors of a layer may lie close
    together.  A word of several pieces has their mean.
    """
    first, second = (_read(served, sentence, request.word) for sentence in (request.first, request.second))
    layers = []
    for (mine, at), (theirs, there) in zip(first, second, strict=True):
        cosines = _units(mine) @ _units(theirs).T              # (T, S)
        others = np.delete(np.delete(cosines, at, axis=0), there, axis=1)
        word = float(_units(mine[at].mean(0)) @ _units(theirs[there].mean(0)))
        layers.append({"word": word, "others": float(others.mean()) if others.size else None})
    return {"layers": layers}


def _written(tokenizer: Any, token: str) -> dict:
    """How a guess is put in the place of its blank; one that `joins` says itself whether a space stands before it."""
    if tokenizer.tokens[tokenizer.mask_id] in tokenizer.takes_space:
        return {"token": tokenizer.surface(tokenizer.vocab[token]).decode("utf-8", "replace"), "joins": True}
    return {"token": token.removeprefix("##"), "joins": token.startswith("##")}


def _read(served: Served, sentence: str, word: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """The vectors (T, C) of a sentence at each depth, without its ends, and the rows of the word."""
    model: Any = served.model
    ids, spans = served.tokenizer.encode_with_offsets(sentence)
    start = sentence.lower().find(word.strip().lower()) if word.strip() else -1
    if start < 0:
        raise InputError(f"{word.strip()[:40]!r} does not stand in {sentence[:60]!r}; write it as it stands in both "
                         "sentences")
    end = start + len(word.strip())
    rows = np.array([i for i, (a, b) in enumerate(spans) if a < end and b > start], int)
    row = mask_filling.row(served.tokenizer, sentence)
    if len(row) > model.config.context:
        raise InputError(f"a sentence has {len(row)} tokens with its ends, and this model reads "
                         f"{model.config.context}; shorten {sentence[:60]!r}")
    if not len(rows):
        raise InputError(f"{word.strip()[:40]!r} has no token of its own in {sentence[:60]!r}; choose another word")
    with no_grad():
        states = [to_host(state.data)[0, 1:-1] for state in model.bert.states(np.array([row]))]
    return [(state.astype(np.float64), rows) for state in states]


def _units(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
