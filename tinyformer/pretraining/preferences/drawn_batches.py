"""From what does a model learn that learns from its own answers?  It is asked, the answers are judged: a batch.

A batch depends on the seed, on the step, and on the model as it stands at that step; so a run that is resumed draws the
answers again that the unbroken one drew.  With several passes over the same answers that holds where a run stops
between two rounds; one that stops within a round draws the answers of that round anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tinyformer.data.batches import Rows
from tinyformer.data.conversations import Row
from tinyformer.data.order import EpochOrder
from tinyformer.data.preferences import padded
from tinyformer.engine import Tensor
from tinyformer.generate.many_answers import drawn
from tinyformer.models.gpt import GPT
from tinyformer.pretraining.preferences.answer_log_probs import answer_log_probs, beside, known_log_probs
from tinyformer.pretraining.preferences.clipped import EPS, clipped_gain
from tinyformer.pretraining.preferences.group import advantages, apart
from tinyformer.rng import stream

Judge = Callable[[Sequence[int], Sequence[Sequence[int]]], np.ndarray]         # (questions, answers) -> a score each


@dataclass(frozen=True, eq=False)
class AnswerBatch(Rows):
    """Answers that the model gave, and what is to be known of them."""

    ids: np.ndarray                              # (N, T) question and answer, padded at the right
    answers: np.ndarray                          # (N, T) bool, True at the tokens of the answer
    drawn: np.ndarray                            # (N, T - 1) log p of each token when it was drawn, 0 elsewhere
    base: np.ndarray                             # (N, T - 1) log p of each where the model began
    advantages: np.ndarray                       # (N,) how much better than the others of its group

    @property
    def counts(self) -> dict[str, int]:
        """What the loss is divided by."""
        return {"answers": len(self)}


@dataclass(frozen=True)
class Asking:
    """How answers are drawn: to which prompts, how long, what ends one, and how many at once."""

    prompts: Sequence[Sequence[int]]             # ids, each up to where the answer begins
    ends: frozenset[int]                         # ids that end an answer
    length: int                                  # tokens of an answer at most
    at_once: int = 8                             # questions of one round
    group: int = 8                               # answers to each
    known: int | None = None                     # ids from here on have no token


def answered(asking: Asking, model: GPT, numbers: Sequence[int], rng) -> tuple[np.ndarray, np.ndarray, list[list[int]]]:
    """(ids (N, T), answers (N, T), the answers alone) to the questions with these numbers, one each."""
    said = drawn(model, [asking.prompts[number] for number in numbers], asking.length, asking.ends, rng, asking.known)
    rows = [Row([*asking.prompts[number], *answer], [False] * len(asking.prompts[number]) + [True] * len(answer))
            for number, answer in zip(numbers, said, strict=True)]
    return *padded(rows), said


class DrawnBatches:
    """`batch(step)`: groups of answers that `model` gives, with their advantages by the judge.

    `passes` steps in a row get the same answers.  `price` is what a nat of KL to `base` costs in the reward of an
    answer y, r(y) - price log p(y)/base(y)  (Ouyang et al. 2022, equation 2).  Nothing is to be gained any more where
    this is the same for all answers to a question: there p(y) = base(y) exp(r(y)/price) / Z.
    """

    def __init__(self, model: GPT, base: GPT, asking: Asking, judge: Judge, seed: int, passes: int = 1,
                 scaled: bool = True, price: float = 0.0):
        self.model, self.base, self.asking, self.judge = model, base, asking, judge
        self.seed, self.passes, self.scaled, self.price = seed, passes, scaled, price
        self.order = EpochOrder(len(asking.prompts), seed)
        self.held: tuple[int, AnswerBatch | None] = (-1, None)

    def batch(self, step: int) -> AnswerBatch:
        """The answers of the round that this step belongs to."""
        number = step // self.passes
        if self.held[0] != number:
            self.held = number, self._round(number)
        return self.held[1]

    def _round(self, number: int) -> AnswerBatch:
        asked = np.repeat(self.order.batch(number, self.asking.at_once), self.asking.group)
        ids, answers, said = answered(self.asking, self.model, asked, stream(self.seed, "answers", number))
        was, began = (known_log_probs(model, ids, answers) for model in (self.model, self.base))
        rewards = self.judge(asked, said) - self.price * (was - began).sum(-1)
        return AnswerBatch(ids, answers, was, began, advantages(rewards, self.asking.group, self.scaled))


class Lesson:
    """The loss of a batch of answers, (model, batch, counts, rng) -> a number: what is gained, less `beta` times KL.

    Both are added up over the tokens of an answer, and their mean is taken over the answers.
    """

    def __init__(self, beta: float, eps: float = EPS):
        self.beta, self.eps = beta, eps

    def __call__(self, model: GPT, batch: AnswerBatch, counts: dict | None = None, rng=None) -> Tensor:
        log_p = answer_log_probs(model, batch.ids, batch.answers)                      # (N, T - 1)
        was, base, real = beside(log_p, batch.drawn, batch.base, batch.answers[:, 1:])
        advantage, = beside(log_p, batch.advantages[:, None])
        gain = clipped_gain(log_p, was, advantage, self.eps)
        if self.beta:
            gain = gain - apart(log_p, base) * self.beta
        return (gain * real).sum() * (-1 / (counts or batch.counts)["answers"])


class Examination:
    """What is to be seen of a model that answers: its reward, the gold judge's opinion, its distance, its variety.

    Every question is asked `times`, always with the same chances; as a `measure` for the loop, whose batches are lists
    of the numbers of questions.  kl is in nats an answer, the mean of log p - log base; distinct is the share of
    different ones among the answers, question by question.
    """

    def __init__(self, base: GPT, asking: Asking, judge: Judge | None, gold: Judge | None = None, times: int = 8,
                 seed: int = 0):
        self.base, self.asking, self.judge, self.gold, self.times, self.seed = base, asking, judge, gold, times, seed

    def __call__(self, model: GPT, numbers: Sequence[int]) -> dict[str, tuple[float, int]]:
        asked = np.repeat(np.asarray(numbers), self.times)
        ids, answers, said = answered(self.asking, model, asked, stream(self.seed, "examination", int(asked[0])))
        count = len(asked)
        gone = float((known_log_probs(model, ids, answers) - known_log_probs(self.base, ids, answers)).sum())
        different = len({(int(number), *answer) for number, answer in zip(asked, said, strict=True)})
        found = {"kl": (gone, count), "distinct": (different, count),
                 "length": (sum(map(len, said)), count)}
        for name, judge in (("reward", self.judge), ("gold", self.gold)):
            if judge is not None:
                found = {name: (float(np.sum(judge(asked, said))), count), **found}
        return found


class ScoredBy:
    """A judge that asks a reward model; all questions and answers in its own vocabulary."""

    def __init__(self, model, prompts: Sequence[Sequence[int]]):
        self.model, self.prompts = model, prompts

    def __call__(self, numbers: Sequence[int], said: Sequence[Sequence[int]]) -> np.ndarray:
        from tinyformer.backend import to_host
        from tinyformer.engine import no_grad
        from tinyformer.pretraining.preferences.bradley_terry import scores
        rows = [Row([*self.prompts[number], *answer], [False] * len(self.prompts[number]) + [True] * len(answer))
                for number, answer in zip(numbers, said, strict=True)]
        with no_grad():
            return to_host(scores(self.model, *padded(rows)).data)
