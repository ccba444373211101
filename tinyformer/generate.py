"""How does a model write?  It gives every token a probability; choose one, put it at the end, and ask again.

Choosing is one question (`Sampling`), asking the model another (`next_logits`), stopping a third (`write`).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tinyformer.backend import to_host
from tinyformer.engine import no_grad
from tinyformer.errors import CheckpointError, InputError
from tinyformer.models import GPT
from tinyformer.ops import affine
from tinyformer.rng import stream
from tinyformer.text import Tokenizer


@dataclass(frozen=True)
class Sampling:
    """How boldly to choose.  `temperature` 0 always takes the most probable token (greedy).

    Below 1 a temperature sharpens the distribution, above 1 it flattens it.  `top_k` keeps the k most probable
    tokens, `top_p` the fewest that reach p together (nucleus sampling, Holtzman et al. 2020, section 3.1); 0 and 1.0
    keep all.  Raises InputError for a setting outside its range.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0

    def __post_init__(self):
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise InputError(f"temperature is {self.temperature}; it must be a number of 0 (greedy) or more")
        if self.top_k < 0:
            raise InputError(f"top-k is {self.top_k}; it must be 0 (keep all tokens) or the number of tokens to keep")
        if not 0 < self.top_p <= 1:
            raise InputError(f"top-p is {self.top_p}; it must be above 0 and at most 1 (keep all tokens)")

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Logits (V,) -> the probabilities (V,) to draw from: softmax(logits / temperature), cut and scaled to 1."""
        logits = np.asarray(logits, np.float64)
        if np.isnan(logits).any():
            raise CheckpointError(f"probabilities: {np.isnan(logits).sum()} of {len(logits)} logits are NaN; "
                                  "the model's weights are damaged, or its training diverged")
        if self.temperature == 0:
            chosen = np.zeros(len(logits))
            chosen[logits.argmax()] = 1
            return chosen
        with np.errstate(over="ignore"):                                 # a tiny temperature leaves the largest alone
            powers = np.exp((logits - logits.max()) / self.temperature)  # (V,), the largest is 1
        order = np.argsort(-powers, kind="stable")                       # most probable first; ties: lower id first
        if self.top_k:
            powers[order[self.top_k:]] = 0
        if self.top_p < 1:
            reached = np.cumsum(powers[order]) / powers.sum()
            powers[order[np.searchsorted(reached, self.top_p) + 1:]] = 0
        return powers / powers.sum()

    def choose(self, logits: np.ndarray, rng: np.random.Generator) -> int:
        """Draw one id: the first whose cumulative probability exceeds a uniform number."""
        total = np.cumsum(self.probabilities(logits))                    # (V,)
        return int(np.searchsorted(total, rng.random() * total[-1], side="right"))


GREEDY = Sampling(temperature=0)


def next_logits(model: GPT, ids: list[int]) -> np.ndarray:
    """What the model expects after `ids`: logits (V,) on the host.

    The model sees the last T ids, as many as it has positions: its context slides along the text.
    """
    window = np.array([ids[-model.config.context:]])                     # (1, T)
    with no_grad():
        last = model.hidden(window)[:, -1]                               # (1, C); no other row is asked
        return to_host(affine(last, model.words.weight).data)[0]


def write(model: GPT, ids: list[int], length: int, sampling: Sampling = GREEDY, seed: int = 0,
          stop_id: int | None = None, ask=next_logits) -> Iterator[int]:
    """Continue `ids` by up to `length` ids, one by one; `stop_id` ends the text and is not given out.

    The same seed writes the same text: the draw of token t comes from stream (seed, "generate", t).
    """
    if not ids:
        raise InputError("generate: nothing to continue; the prompt must have at least one token")
    ids = list(ids)
    for place in range(length):
        chosen = sampling.choose(ask(model, ids), stream(seed, "generate", place))
        if chosen == stop_id:
            return
        yield chosen
        ids.append(chosen)


def write_text(model: GPT, tokenizer: Tokenizer, prompt: str, length: int = 200, sampling: Sampling = GREEDY,
               seed: int = 0) -> Iterator[str]:
    """Continue a text, piece by piece; joined, the pieces are all that follows the prompt.

    A character that is spread over several tokens waits until it is whole.  An empty prompt begins where documents
    begin: after the end-of-text token, or at a new line.  Writing ends at the end-of-text token.
    """
    ids = tokenizer.encode(prompt) or beginning(tokenizer)
    pieces = tokenizer.stream()
    for id in write(model, ids, length, sampling, seed, tokenizer.eos_id):
        yield pieces.feed(id)
    yield pieces.finish()


def beginning(tokenizer: Tokenizer) -> list[int]:
    """The ids after which a document begins; InputError where this vocabulary has nothing that says so."""
    if tokenizer.eos_id is not None:
        return [tokenizer.eos_id]
    if "\n" in tokenizer.vocab:
        return [tokenizer.vocab["\n"]]
    raise InputError("generate: the prompt is empty, and this vocabulary has neither an end-of-text token nor a "
                     "new line to begin after; give a few words with --prompt")
