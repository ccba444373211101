"""What does the model expect after these texts?  Read each token once, remember, and read on from there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tinyformer.backend import to_host
from tinyformer.engine import no_grad
from tinyformer.errors import InputError
from tinyformer.generate.cache import Cache

if TYPE_CHECKING:
    from tinyformer.models import GPT


def prompt_ids(ids: Sequence[int]) -> list[int]:
    """The ids of one text as whole numbers of Python's; an array (T,) is taken too, and a text is an InputError."""
    if isinstance(ids, str) or np.ndim(ids) != 1:
        what = "a text" if isinstance(ids, str) else f"of shape {np.shape(ids)}"
        raise InputError(f"generate: the ids are {what}; they must be those of one text, a list or (T,): "
                         "tokenizer.encode(prompt), and write_text takes the prompt itself")
    if not len(ids):
        raise InputError("generate: nothing to continue; the prompt must have at least one token")
    return [int(id) for id in ids]


def next_logits(model: GPT, ids: list[int]) -> np.ndarray:
    """What the model expects after `ids`: logits (V,) on the host.  All of them are read, and nothing is remembered.

    The model sees the last T ids, as many as it has positions: its context slides along the text.
    """
    window = np.array([ids[-model.config.context:]])                     # (1, T)
    return _last_logits(model, window)[0]


def _last_logits(model: GPT, ids: np.ndarray, past: Cache | None = None) -> np.ndarray:
    with no_grad():
        last = model.hidden(ids, past=past)[:, -1]                       # (B, C); no other position is asked
        return to_host(model.word_logits(last).data)                      # (B, V)


def _fast_way(model: GPT):
    """For one token more without tensors, to the same numbers; None where only `model.hidden` will do."""
    from tinyformer.generate.next_llama_token import NextLlamaToken, is_plain
    from tinyformer.generate.next_token import NextToken, reads_plainly  # these need the models, and so come late
    return NextToken(model) if reads_plainly(model) else NextLlamaToken(model) if is_plain(model) else None


class Reading:
    """Texts that a model reads side by side: `rows` of ids, and after each of them `logits` (B, V) on the host.

    The logits are those of `next_logits` for each row, to rounding.  With `cached`, what has been read is remembered,
    as long as the text fits the model's context.  Beyond it the window slides: every token moves to another
    position, and since positions are learned vectors added to the words, no key or value stays what it was.  So
    from there on the whole window is read again for each token, at the cost of `next_logits`.
    """

    def __init__(self, model: GPT, rows: Sequence[Sequence[int]], cached: bool = True):
        if not len(rows):
            raise InputError("generate: nothing to continue; there must be a prompt, of at least one token")
        self.model, self.cached, self.rows = model, cached, [prompt_ids(row) for row in rows]
        self.cache: Cache | None = None
        self.next = _fast_way(model) if cached else None
        self.logits = self._read_all()

    def step(self, tokens: Sequence[int], parents: Sequence[int] | None = None) -> np.ndarray:
        """One token more for each row -> the new logits (B, V).

        With `parents`, row i is from now on what row parents[i] was, followed by tokens[i]: rows can be copied,
        dropped and put in another order, as a search wants it.
        """
        parents = range(len(self.rows)) if parents is None else parents
        unmoved = list(parents) == list(range(len(self.rows)))
        self.rows = [[*self.rows[parent], int(token)] for parent, token in zip(parents, tokens, strict=True)]
        if self.cache is None or max(map(len, self.rows)) > self.model.config.context:
            self.logits = self._read_all()
        else:
            if not unmoved:
                self.cache.take(np.asarray(parents))
            ids = np.array([row[-1] for row in self.rows])
            self.logits = (self.next(ids, self.cache) if self.next
                           else _last_logits(self.model, ids[:, None], self.cache))
        return self.logits

    def _read_all(self) -> np.ndarray:
        if not self.cached:
            return np.stack([next_logits(self.model, row) for row in self.rows])
        windows = [row[-self.model.config.context:] for row in self.rows]
        longest = max(map(len, windows))
        ids = np.array([[0] * (longest - len(window)) + window for window in windows])     # (B, T), padded at the left
        self.cache = Cache(len(self.model.layers), longest - np.array([len(window) for window in windows]))
        return _last_logits(self.model, ids, self.cache)


class Remember:
    """`next_logits` with a memory: asked about the text it knows and one token more, it reads that token alone."""

    def __init__(self):
        self.reading = None

    def __call__(self, model: GPT, ids: list[int]) -> np.ndarray:
        """Logits (V,) on the host, what the model expects after `ids`."""
        known = self.reading
        if known is not None and known.model is model and known.rows[0] == ids[:-1]:
            return known.step(ids[-1:])[0]
        self.reading = Reading(model, [ids])
        return self.reading.logits[0]
