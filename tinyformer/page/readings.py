"""How does a typed text enter a model, whichever kind it is, and what are the things called that it then scores?

A GPT scores words for what comes next, a BERT for what stands in each place, a head its labels, and an encoder alone
nothing.  Here each becomes the same: rows that are asked, answers that are scored in each, and a loss of some of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np

from tinyformer import ops
from tinyformer.backend import to_device
from tinyformer.data.frame import frame_of
from tinyformer.data.labelled import LabelledBatches
from tinyformer.data.windows import between
from tinyformer.engine import Tensor
from tinyformer.errors import InputError
from tinyformer.generate import rewrite
from tinyformer.generate.mask_filling import BLANK
from tinyformer.models import GPT, Bert, BertForPretraining, MultiLabelClassifier, PairScorer, Seq2Seq, SpanFinder
from tinyformer.models.heads import Head
from tinyformer.models.seq2seq import Encoder
from tinyformer.page.served import Served
from tinyformer.tasks.task import labels_of
from tinyformer.text import Tokenizer

MOST, WRITTEN = 96, 32                        # tokens that can be looked into at once; that a decoder writes by itself
ONE, ANY, NUMBER, NOTHING = "one of", "any of", "a number", "nothing"

SIGNS = {code: chr(0x2400 + code) for code in range(32)} | {ord(" "): "␣", ord("\n"): "⏎", ord("\t"): "⇥", 127: "␡"}

Ids = dict[str, np.ndarray]                   # "" or "encoder" and "decoder" -> (1, T)


@dataclass(frozen=True)
class Reading:
    """What a model reads: ids by whose they are, and `of(ids)`, a function of the model that gives its scores (R, K).

    `rows` are the names of the R rows, `answers` those of the K answers; `how` says how they are meant: ONE of them is
    right, ANY of them may be, the one is a NUMBER, or what comes out means NOTHING to people.  `truth` is the answer
    that stands in the text for each row, or None.  `lacks` says in a sentence what this model cannot show.
    """

    ids: Ids
    of: Callable[[Ids], Callable[[Any], Tensor]]
    rows: list[str]
    answers: Sequence[str]
    how: str
    truth: list[int | None]
    lacks: str = ""

    def loss(self, scores: Tensor, row: int | None, answer: int | None) -> Tensor:
        """The loss of one row, or the mean of those that have a truth, in nats; of a number, the number itself."""
        if self.how == NUMBER:
            return scores.sum()
        if self.how == ANY:
            return ops.binary_cross_entropy_with_logits(scores[:, answer], target=np.ones(1))
        asked = [r for r, true in enumerate(self.truth) if true is not None] if row is None else [row]
        targets = [self.truth[r] if answer is None else answer for r in asked]
        return ops.cross_entropy(scores[np.array(asked)], target=np.array(targets))

    def shares(self, scores: np.ndarray) -> np.ndarray:
        """Scores (R, K) as probabilities; numbers stay as they are."""
        if self.how not in (ONE, ANY):
            return scores
        scores = scores.astype(np.float64)
        if self.how == ANY:
            return 0.5 * (1 + np.tanh(scores / 2))
        powers = np.exp(scores - scores.max(-1, keepdims=True))
        return powers / powers.sum(-1, keepdims=True)


def reading(served: Served, text: str, second: str = "") -> Reading:
    """A typed text, with a second one where the model takes two, as this model reads it; InputError where it cannot."""
    if not text.strip():
        raise InputError("there is nothing to read; type a text")
    found = _read(served.model, served, text, second)
    for whose, ids in found.ids.items():
        most = min(MOST, served.model.config.context)
        if ids.shape[1] > most:
            raise InputError(f"the {whose or 'text'} has {ids.shape[1]:,} tokens, with those at its ends, and at most "
                             f"{most} can be looked into; shorten it")
    return found


def readable(served: Served) -> bool:
    """Whether a text can be read into this kind of model here."""
    return _read.dispatch(type(served.model)) is not _read.dispatch(object)


@singledispatch
def _read(model: Any, served: Served, text: str, second: str) -> Reading:
    raise InputError(f"{served.name} is a {type(model).__name__}, and no text can be read into it here; take a GPT, a "
                     "BERT, an encoder and decoder, or one of them with a head")


@_read.register
def _(model: GPT, served: Served, text: str, second: str) -> Reading:
    tokenizer = served.tokenizer
    ids = [*tokenizer.starting_ids, *_encoded(tokenizer, text)]
    return Reading({"": np.array([ids])}, lambda ids: lambda model: _words(model(ids[""])[0], tokenizer),
                   [f"after {name}" for name in names_of(tokenizer, ids)], tokenizer.tokens, ONE, [*ids[1:], None])


@_read.register
def _(model: BertForPretraining, served: Served, text: str, second: str) -> Reading:
    tokenizer = served.tokenizer
    ids = _framed(tokenizer, text, second)
    segments = _segments(model, tokenizer, ids)
    return Reading({"": np.array([ids])},
                   lambda ids: lambda model: _words(model.word_logits(model(ids[""], segments)), tokenizer),
                   names_of(tokenizer, ids), tokenizer.tokens, ONE, list(ids))


@_read.register(Bert | Encoder)
def _(model: Bert | Encoder, served: Served, text: str, second: str) -> Reading:
    tokenizer = served.tokenizer
    ids = _framed(tokenizer, text, second)
    segments = _segments(model, tokenizer, ids)
    return Reading({"": np.array([ids])}, lambda ids: lambda model: model(ids[""], segments)[0],
                   names_of(tokenizer, ids), (), NOTHING, [None] * len(ids),
                   "This is an encoder alone: nothing in it says words or labels, so that there is no best guess in "
                   "any layer, and no loss whose gradient could be shown.  A BERT with its masked-word head, or with "
                   "one of the heads of finetune, has both.")


@_read.register
def _(model: Seq2Seq, served: Served, text: str, second: str) -> Reading:
    tokenizer, c = served.tokenizer, model.config
    source = frame_of(tokenizer).source(_encoded(tokenizer, _blanked(tokenizer, text)))
    if len(source) > c.context:
        raise InputError(f"the text has {len(source):,} tokens with those at its ends, and this model reads "
                         f"{c.context}; shorten it")
    if second.strip():
        target = _encoded(tokenizer, second)
    else:
        target = rewrite(model, [source], min(WRITTEN, c.context - 1), known=len(tokenizer))[0]
    seen, asked = [c.start_id, *target], [*target, c.end_id]
    return Reading({"encoder": np.array([source]), "decoder": np.array([seen])},
                   lambda ids: lambda model: _words(model(ids["encoder"], ids["decoder"])[0], tokenizer),
                   [f"after {name}" for name in names_of(tokenizer, seen)], tokenizer.tokens, ONE, list(asked))


@_read.register
def _(model: Head, served: Served, text: str, second: str) -> Reading:
    task, tokenizer, settings = served.task, served.tokenizer, served.settings
    if task is None or settings is None:
        raise InputError(f"{served.name}: nothing is known of how its head was trained, and so of how it reads a text")
    two = task.takes[0] == 2
    if two and not second.strip():
        raise InputError(f"this model takes {task.takes[1]}; type the second text too")
    if not two and second.strip():
        raise InputError(f"this model takes {task.takes[1]}; leave the second text empty")
    example = task.typed([text, second][:task.takes[0]], 1)
    rows = task.rows([example], tokenizer, labels_of(model), settings)
    if rows.cut:
        raise InputError(f"the text is longer than the {settings.max_length} tokens that this model reads; shorten it")
    batch: Any = next(LabelledBatches(rows, batch_size=1, seed=0, pad_id=tokenizer.pad_id).in_order(1))
    ids = {"": batch.ids}

    def scores(ids: Ids) -> Callable[[Any], Any]:
        return lambda model: model(ids[""], batch.segments, batch.keep)

    if isinstance(model, SpanFinder):
        places = [f"{place + 1} {name}" for place, name in enumerate(names_of(tokenizer, batch.ids[0]))]
        return Reading(ids, lambda ids: lambda model: _spans(batch.answerable[0], *scores(ids)(model)),
                       ["the answer begins", "the answer ends"], places, ONE, [None, None])
    if isinstance(model, PairScorer):
        return Reading(ids, lambda ids: lambda model: scores(ids)(model).reshape(1, 1), ["the texts"], ["the score"],
                       NUMBER, [None])
    if isinstance(model, MultiLabelClassifier):
        return Reading(ids, scores, ["the text"], model.labels, ANY, [None])
    if rows[0].firsts is None:
        return Reading(ids, scores, ["the text"], model.labels, ONE, [None])
    firsts = rows[0].firsts
    words = [names_of(tokenizer, batch.ids[0])[first] for first in firsts]
    return Reading(ids, lambda ids: lambda model: scores(ids)(model)[0][firsts], words, model.labels, ONE,
                   [None] * len(firsts))


def _spans(allowed: np.ndarray, starts: Tensor, ends: Tensor) -> Tensor:
    """Scores (1, T) of the first and of the last token as two rows, minus infinity where no answer may stand."""
    both = ops.stack(starts[0], ends[0])                       # (2, T)
    never = to_device(np.full((), -np.inf, both.dtype), both.device)
    return ops.where(both, never, keep=to_device(allowed, both.device))


# ---- tokens ----------------------------------------------------------------------------------------------------------


def names_of(tokenizer: Tokenizer, ids: Sequence[int]) -> list[str]:
    """What the tokens of these ids are called; the bytes of a byte-level vocabulary as text, with visible spaces."""
    return [name_of(tokenizer, int(id)) for id in ids]


def name_of(tokenizer: Tokenizer, id: int) -> str:
    if id >= len(tokenizer):
        return f"(no token: {id})"
    text = tokenizer.surface(id, first=True).decode("utf-8", "replace")
    return text.translate(SIGNS)


def answer_id(found: Reading, tokenizer: Tokenizer, typed: str) -> int:
    """The number of an answer that somebody typed: a label, or a word that is one token; InputError otherwise."""
    if typed in found.answers:
        return list(found.answers).index(typed)
    if found.answers is not tokenizer.tokens:
        raise InputError(f"{typed[:40]!r} is none of the answers here; choose one of: "
                         + ", ".join(map(str, found.answers[:12])))
    ids = tokenizer.encode(typed)
    if len(ids) != 1:
        pieces = ", ".join(repr(tokenizer.tokens[id]) for id in ids[:8])
        raise InputError(f"{typed[:40]!r} is {len(ids)} tokens of this vocabulary ({pieces}); type one that is a "
                         "single token")
    return ids[0]


def _words(scores: Tensor, tokenizer: Tokenizer) -> Tensor:
    """The scores of ids that have a token: a vocabulary may have been filled up to a round number."""
    return scores if scores.shape[-1] == len(tokenizer) else scores[:, :len(tokenizer)]


def _encoded(tokenizer: Tokenizer, text: str) -> list[int]:
    ids = tokenizer.encode(text)
    if not ids:
        raise InputError(f"the text {text[:40]!r} has no tokens in this vocabulary; type another one")
    return ids


def _blanked(tokenizer: Tokenizer, text: str) -> str:
    """The text with its [MASK] as the vocabulary calls it."""
    return text if tokenizer.mask_id is None else text.replace(BLANK, tokenizer.tokens[tokenizer.mask_id])


def _framed(tokenizer: Tokenizer, text: str, second: str = "") -> list[int]:
    if tokenizer.cls_id is None or tokenizer.sep_id is None:
        raise InputError("this vocabulary has no [CLS] or no [SEP], between which an encoder reads a text")
    text, second = _blanked(tokenizer, text), _blanked(tokenizer, second)
    ids = [tokenizer.cls_id, *_encoded(tokenizer, text)]
    return [*ids, *between(tokenizer), *_encoded(tokenizer, second), tokenizer.sep_id] if second.strip() else [
        *ids, tokenizer.sep_id]


def _segments(model: Any, tokenizer: Tokenizer, ids: Sequence[int]) -> np.ndarray:
    """1 behind the first [SEP], as in pre-training, (1, T); 0 everywhere for a model that tells no two texts apart."""
    row = np.array([ids])
    behind = np.cumsum(row == tokenizer.sep_id, axis=1) - (row == tokenizer.sep_id) > 0
    return np.minimum(behind.astype(np.int64), getattr(model.config, "segments", 1) - 1)
