"""What happens in a model between the first layer and the last, and which word would have to change?

The tokens; attention of every layer and head; what the model would say if it ended after each layer (the logit lens);
and for a chosen loss its exact gradient at every token, with the words that would lower it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyformer.engine import no_grad
from tinyformer.errors import InputError
from tinyformer.inside.changed_words import best_changes
from tinyformer.inside.head_figures import head_figures
from tinyformer.inside.look_inside import Look
from tinyformer.page.asked import OfModel, asked
from tinyformer.page.readings import NOTHING, NUMBER, Reading, answer_id, name_of, names_of, readable, reading
from tinyformer.page.served import Served
from tinyformer.page.view import View

GUESSES, CHANGES, DIGITS = 5, 5, 4            # shown for each row; for each token; of a weight or a probability

VIEW = View("Look inside", serves=readable)


@dataclass(frozen=True, kw_only=True)
class Text(OfModel):
    text: str = asked("the text that is read", longest=2000)
    second: str = asked("the second text where the model takes two; what an encoder and decoder is to have written, or "
                        "nothing, for what it writes by itself", "", longest=2000)


@dataclass(frozen=True, kw_only=True)
class Part(Text):
    attention: str = asked("the name of an attention", longest=100)
    layer: int = asked("the number of the layer, from 1", 1, least=1, most=1000)


@dataclass(frozen=True, kw_only=True)
class Stack(Text):
    stack: str = asked("the name of a stack of layers", longest=100)


@dataclass(frozen=True, kw_only=True)
class Loss(Text):
    row: int = asked("which row is asked, from 1; 0 means all of the text", 0, least=0, most=1000)
    answer: str = asked("the answer that should have been given; nothing: what stands there, or the best guess", "",
                        longest=100)
    whose: str = asked("encoder or decoder, where there are two", "", longest=20)
    token: int = asked("the token for which other words are tried, from 1; 0 means none", 0, least=0, most=1000)


@VIEW.function
def read(served: Served, request: Text) -> dict:
    """The tokens, what the model says, and a few figures of every head."""
    found, look = _looked(served, request)
    texts = {whose: names_of(served.tokenizer, ids[0]) for whose, ids in found.ids.items()}
    attentions = []
    for name, layers in look.attentions.items():
        asking = _whose(name, found)
        seen = "encoder" if name.endswith(".cross") else asking
        says = ("each token at the others" if not asking else f"the {asking}, at its own text" if seen == asking
                else f"the {asking}, at what the {seen} read")
        figures = [head_figures(look.attention(name, layer)[0], asking == seen) for layer in range(layers)]
        attentions.append({"name": name, "says": says, "layers": layers, "heads": len(figures[0]["focus"]),
                           "asking": asking, "seen": seen,
                           "figures": {key: [_short(row[key]) for row in figures] for key in figures[0]}})
    return {"texts": texts, "attentions": attentions,
            "stacks": [{"name": path, "layers": len(states) - 1, "says": _said(_whose(path, found))}
                       for path, states in look.states.items()] if found.how != NOTHING else [],
            "rows": _rows(served, found, look.scores), "how": found.how, "answers": _few_answers(served, found),
            "lacks": found.lacks}


@VIEW.function
def attention(served: Served, request: Part) -> dict:
    """The weights of all heads of one layer, (H, T, S)."""
    _, look = _looked(served, request)
    layers = look.attentions.get(request.attention)
    if layers is None or request.layer > layers:
        raise InputError(f"there is no layer {request.layer} of {request.attention[:40]!r}; this model has "
                         + ", ".join(f"{name} with {count} layers" for name, count in look.attentions.items()))
    weights = look.attention(request.attention, request.layer - 1)[0]
    return {"weights": [[_short(row) for row in head] for head in weights]}


@VIEW.function
def lens(served: Served, request: Stack) -> Iterator[dict]:
    """What the model would say if it ended after each layer, one after the other: the rows as in `read`."""
    found, look = _looked(served, request)
    if found.how == NOTHING:
        raise InputError(found.lacks)
    if request.stack not in look.states:
        raise InputError(f"there is no stack {request.stack[:40]!r}; this model has {', '.join(look.states)}")
    for layer, scores in enumerate(look.lens(request.stack)):
        yield {"layer": layer, "rows": _rows(served, found, scores)}


@VIEW.function
def gradient(served: Served, request: Loss) -> dict:
    """A loss, and how it pulls at every token; for one token, which words would lower it, and by how much they do."""
    found, look = _looked(served, request)
    if found.how == NOTHING:
        raise InputError(found.lacks)
    row, answer, says = _asked(served, found, look.scores, request)
    value, gradients = look.gradients(lambda scores: found.loss(scores, row, answer))
    if not math.isfinite(value):
        raise InputError(f"{says} is {value}: the model rules this answer out here; choose another one")
    told: dict[str, Any] = {"loss": value, "says": says, "number": found.how == NUMBER, "pulls": {}, "changes": []}
    for path, gradient in gradients.items():
        vectors = look.table(path)[look.words[path][0]]        # (T, C)
        told["pulls"][_whose(path, found)] = {"strength": _short(np.linalg.norm(gradient[0], axis=-1), 6),
                                       "along": _short((gradient[0] * vectors).sum(-1), 6)}
    if request.token:
        told["changes"] = _changes(served, found, look, gradients, request, (row, answer, value))
    return told


# ---- what the functions share ----------------------------------------------------------------------------------------

_last: dict[str, Any] = {}                    # the last text that was read, and its look: one view asks several times


def _looked(served: Served, request: Text) -> tuple[Reading, Look]:
    key = (served.model, request.text, request.second)
    if _last.get("key") != key:
        found = reading(served, request.text, request.second)
        try:
            look = Look(served.model, found.of(found.ids))
        except ValueError as error:                            # an LSTM below a head, for example
            raise InputError(f"{served.name} cannot be looked into ({error}); take a model of transformer "
                             "layers") from None
        _last.update(key=key, found=(found, look))
    return _last["found"]


def _rows(served: Served, found: Reading, scores: np.ndarray) -> list[dict]:
    """For each row its best answers with their shares, and the share of what stands in the text."""
    if found.how == NOTHING:
        return []
    shares, rows = found.shares(scores), []
    for name, share, true in zip(found.rows, shares, found.truth, strict=True):
        best = np.argpartition(-share, min(GUESSES, len(share)) - 1)[:GUESSES]
        best = best[np.argsort(-share[best], kind="stable")]
        rows.append({"name": name, "best": [[_called(served, found, int(id)), round(float(share[id]), DIGITS)]
                                            for id in best if np.isfinite(share[id])],
                     "truth": None if true is None else [_called(served, found, true),
                                                         round(float(share[true]), DIGITS)]})
    return rows


def _called(served: Served, found: Reading, answer: int) -> str:
    words = found.answers is served.tokenizer.tokens
    return name_of(served.tokenizer, answer) if words else str(found.answers[answer])


def _few_answers(served: Served, found: Reading) -> list[str]:
    """The answers where they are few enough to choose from; a vocabulary is typed."""
    return [] if found.answers is served.tokenizer.tokens else [str(answer) for answer in found.answers]


def _asked(served: Served, found: Reading, scores: np.ndarray, request: Loss) -> tuple[int | None, int | None, str]:
    """Which row and which answer a loss is of, and that in words."""
    if found.how == NUMBER:
        return None, None, "the score itself"
    if request.row > len(found.rows):
        raise InputError(f"row is {request.row}, and there are {len(found.rows)}; choose one of them, or 0 for all")
    row = request.row - 1 if request.row else None
    if row is None and len(found.rows) == 1:
        row = 0
    whole = row is None and any(true is not None for true in found.truth)
    if whole and not request.answer:
        return None, None, "-log p of every word that stands there, the mean of them"
    row = len(found.rows) - 1 if row is None else row
    best = int(np.argmax(scores[row]))
    answer = answer_id(found, served.tokenizer, request.answer) if request.answer else (
        best if found.truth[row] is None else found.truth[row])
    return row, answer, f"-log p of {_called(served, found, int(answer))!r}, {found.rows[row]}"     # type: ignore[arg-type]


def _changes(served: Served, found: Reading, look: Look, gradients: dict, request: Loss, asked: tuple) -> list[dict]:
    """The words that promise most in the place of one token, and what the loss is when they stand there."""
    path = next((path for path in gradients if _whose(path, found) == request.whose), None)
    if path is None or request.token > gradients[path].shape[1]:
        raise InputError(f"there is no token {request.token} of {request.whose!r}; choose one of the tokens shown")
    place, tokenizer = request.token - 1, served.tokenizer
    row, answer, before = asked
    ids = found.ids[request.whose]
    best, promised = best_changes(gradients[path][0, place:place + 1], look.table(path)[:len(tokenizer)],
                                  ids[0, place:place + 1], CHANGES, tokenizer.special_ids)
    changes = []
    for id, change in zip(best[0].tolist(), promised[0].tolist(), strict=True):
        other = ids.copy()
        other[0, place] = id
        with no_grad():
            loss = found.loss(found.of({**found.ids, request.whose: other})(served.model), row, answer).item()
        changes.append({"word": name_of(tokenizer, id), "promised": change, "change": loss - before})
    return changes


def _whose(path: str, found: Reading) -> str:
    """Whose words or layers these are: encoder, decoder, or "" where there is one text alone."""
    return next((whose for whose in found.ids if whose and path.startswith(f"{whose}.")), "")


def _said(whose: str) -> str:
    return f"the {whose}" if whose else "the model"


def _short(numbers: np.ndarray, digits: int = DIGITS) -> list:
    return np.round(np.asarray(numbers, float), digits).tolist()
