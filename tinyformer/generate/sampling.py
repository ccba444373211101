"""Which token comes next?  The model gives every token a probability, and these settings say how boldly to choose.

They work in this order: the repetition penalty, the temperature, top-k, top-p, and a draw among what is left.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tinyformer.errors import CheckpointError, InputError


@dataclass(frozen=True)
class Sampling:
    """How boldly to choose.  `temperature` 0 always takes the most probable token (greedy).

    Below 1 a temperature sharpens the distribution, above 1 it flattens it.  `top_k` keeps the k most probable
    tokens, `top_p` the fewest that reach p together (nucleus sampling, Holtzman et al. 2020, section 3.1); 0 and 1.0
    keep all.  `repetition_penalty` above 1 makes less probable what stands in the text already; 1.0 does nothing.
    Raises InputError for a setting outside its range.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    repetition_penalty: float = 1.0

    def __post_init__(self):
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise InputError(f"temperature is {self.temperature}; it must be a number of 0 (greedy) or more")
        if self.top_k < 0:
            raise InputError(f"top-k is {self.top_k}; it must be 0 (keep all tokens) or the number of tokens to keep")
        if not 0 < self.top_p <= 1:
            raise InputError(f"top-p is {self.top_p}; it must be above 0 and at most 1 (keep all tokens)")
        check_penalty(self.repetition_penalty)

    def probabilities(self, logits: np.ndarray, text: Iterable[int] = ()) -> np.ndarray:
        """Logits (V,) -> the probabilities (V,) to draw from: softmax(logits / temperature), cut and scaled to 1.

        `text` holds the ids so far, prompt included, for the repetition penalty.
        """
        logits = self._checked(logits, text)
        if self.temperature == 0:
            chosen = np.zeros(len(logits))
            chosen[logits.argmax()] = 1
            return chosen
        with np.errstate(over="ignore"):                                 # a tiny temperature leaves the largest alone
            powers = np.exp((logits - logits.max()) / self.temperature)  # (V,), the largest is 1
        if self.top_k or self.top_p < 1:
            kept = self._nucleus(powers)
            powers, whole = np.zeros(len(logits)), powers
            powers[kept] = whole[kept]
        return powers / powers.sum()

    def choose(self, logits: np.ndarray, rng: np.random.Generator, text: Iterable[int] = ()) -> int:
        """Draw one id: the first whose cumulative probability exceeds a uniform number."""
        if self.temperature == 0:
            return int(self._checked(logits, text).argmax())
        total = np.cumsum(self.probabilities(logits, text))              # (V,)
        return int(np.searchsorted(total, rng.random() * total[-1], side="right"))

    def _nucleus(self, powers: np.ndarray) -> np.ndarray:
        """The ids that top-k and top-p keep of `powers` (V,), most probable first; of equal ones the lower id."""
        kept = np.arange(len(powers))
        if 0 < self.top_k < len(powers):
            least = np.partition(powers, -self.top_k)[-self.top_k]       # much faster than sorting them all
            kept = np.flatnonzero(powers >= least)                       # (K,), or more where several are equal
        kept = kept[np.argsort(-powers[kept], kind="stable")][:self.top_k or None]
        if self.top_p < 1:
            reached = np.cumsum(powers[kept]) / powers[kept].sum()
            kept = kept[:np.searchsorted(reached, self.top_p) + 1]
        return kept

    def _checked(self, logits: np.ndarray, text: Iterable[int]) -> np.ndarray:
        logits = np.asarray(logits, np.float64)
        if not -np.inf < logits.max() < np.inf:                          # a NaN compares with nothing
            raise CheckpointError(f"probabilities: {np.isnan(logits).sum()} of {len(logits)} logits are NaN, the "
                                  f"highest is {logits.max()}; the weights are damaged, or their training diverged")
        return penalised(logits, text, self.repetition_penalty)


def penalised(scores: np.ndarray, text: Iterable[int], penalty: float) -> np.ndarray:
    """Scores (V,) with those of the ids in `text` lowered (Keskar et al. 2019, section 4.1).

    The paper divides a logit by the penalty.  That would raise a negative one, so that it is multiplied instead.
    """
    if penalty == 1:
        return scores
    seen = np.unique(np.fromiter(text, int))
    scores = scores.copy()
    scores[seen] = np.where(scores[seen] > 0, scores[seen] / penalty, scores[seen] * penalty)
    return scores


def check_penalty(penalty: float) -> None:
    """InputError for a repetition penalty that is no positive number."""
    if not (math.isfinite(penalty) and penalty > 0):
        raise InputError(f"repetition-penalty is {penalty}; it must be a positive number: 1 does nothing, "
                         "above 1 avoids repetition")


GREEDY = Sampling(temperature=0)
