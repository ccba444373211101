"""What does a model expect next?  A GPT after its text; a decoder after what it has written, beside a source.

Both are `Writing`: ids that are given, ids that were written behind them, and the logits of what may follow.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.frame import frame_of
from tinyformer.engine import no_grad
from tinyformer.errors import InputError
from tinyformer.generate import Remember, Sampling, beginning
from tinyformer.models import Seq2Seq
from tinyformer.page.asked import LONGEST
from tinyformer.page.served import Served


class Writing:
    """A text on its way: `given` ids, which the prompt says, and `written` ones."""

    given: list[int]

    def __init__(self, served: Served, prompt: str, written: Sequence[float]):
        self.served, self.prompt = served, prompt
        self.written = [self._known(id) for id in written]

    @property
    def ids(self) -> list[int]:
        """All of them, in order."""
        return [*self.given, *self.written]

    @property
    def room(self) -> int:
        """How many more may be written behind it."""
        return LONGEST - len(self.written)

    @property
    def ends(self) -> int | None:
        """The id that ends a text."""
        return self.served.tokenizer.eos_id

    def ask(self, ids: list[int]) -> np.ndarray:
        """The logits (V,) of what follows these ids; asked again about one more, only that one is read."""
        raise NotImplementedError(f"{type(self).__name__} must say what follows: define ask")

    def shown(self) -> list[str]:
        """The text of each id; joined, the text of all, but for special tokens in front, which nobody has typed."""
        tokenizer, ids = self.served.tokenizer, self.ids
        stream, behind = tokenizer.stream(), len(self.given)
        return ["" if number < behind and id in tokenizer.special_ids else stream.feed(id)
                for number, id in enumerate(ids)]

    def _known(self, id: float) -> int:
        if id != int(id) or not 0 <= id < len(self.served.tokenizer):
            raise InputError(f"written has {id:g}, and the ids of this model are whole numbers below "
                             f"{len(self.served.tokenizer):,}")
        return int(id)


class GoingOn(Writing):
    """A GPT goes on with the prompt."""

    def __init__(self, served: Served, prompt: str, written: Sequence[float]):
        super().__init__(served, prompt, written)
        self.given = beginning(served.tokenizer, prompt)
        self.remember = Remember()

    def ask(self, ids: list[int]) -> np.ndarray:
        return self.remember(self.served.model, ids)


class Rewriting(Writing):
    """An encoder reads the prompt, and a decoder writes beside it."""

    def __init__(self, served: Served, prompt: str, written: Sequence[float]):
        super().__init__(served, prompt, written)
        tokenizer, c = served.tokenizer, served.model.config
        self.source = frame_of(tokenizer).source(tokenizer.encode(prompt))
        if max(len(self.source), len(self.written) + 1) > c.context:
            raise InputError(f"the source has {len(self.source)} tokens with its ends and the answer "
                             f"{len(self.written)}, and this model has room for {c.context}; shorten it")
        self.given, self.read, self.cache = [c.start_id], list[int](), None

    @property
    def room(self) -> int:
        return self.served.model.config.context - len(self.ids)

    @property
    def ends(self) -> int | None:
        return self.served.model.config.end_id

    def ask(self, ids: list[int]) -> np.ndarray:
        model: Any = self.served.model
        if self.cache is None or ids[:len(self.read)] != self.read or len(ids) == len(self.read):
            self.cache, self.read = model.start(np.array([self.source])), []
        logits = model.step(np.array([ids[len(self.read):]]), self.cache)      # (1, t, V)
        self.read = list(ids)
        return to_host(logits.data)[0, -1]

    def alignment(self, layer: int) -> np.ndarray:
        """Where each written token looked in the source, the mean over the heads of a layer (T, S)."""
        model: Any = self.served.model
        ids = np.array([[*self.given, *self.written[:-1]]])
        with no_grad():
            memory = model.encode(np.array([self.source]))
            weights = model.decoder.alignments(ids, memory)[layer]             # (1, H, T, S)
        return to_host(weights.data)[0].mean(0)


def writing(served: Served, prompt: str, written: Sequence[float] = ()) -> Writing:
    """How this model writes."""
    kind = Rewriting if isinstance(served.model, Seq2Seq) else GoingOn
    return kind(served, prompt, written)


@lru_cache(maxsize=8)
def logits_after(served: Served, prompt: str, written: tuple[float, ...], place: int) -> np.ndarray:
    """The logits (V,) of what follows the first `place` ids; the last few are remembered while a knob is moved."""
    text = writing(served, prompt, written)
    return text.ask(text.ids[:place])[:len(served.tokenizer)]


def choices(served: Served, logits: np.ndarray, sampling: Sampling, before: Sequence[int], top: int) -> list[dict]:
    """The most probable tokens, with their share as the model has it and as `sampling` makes it."""
    plain = Sampling().probabilities(logits)
    shares = sampling.probabilities(logits, before)
    top = min(top, len(logits))
    best = np.union1d(np.argpartition(-shares, top - 1)[:top], np.argpartition(-plain, top - 1)[:top])
    order = best[np.lexsort((-plain[best], -shares[best]))][:top]
    return [{"id": int(id), "token": served.tokenizer.decode([int(id)]) or served.tokenizer.token(int(id)),
             "share": float(shares[id]), "plain": float(plain[id])} for id in order]
