"""What answers questions about animals, and what scores the answers?  A small GPT in the steps that RLHF goes through.

    read       what is true: "the dog eats meat ."
    follow     what people answer, of whom a quarter knows                                   (SFT)
    choose     which of two of the model's own answers a judge prefers: a reward model       (Bradley and Terry)

Whole words are the tokens; a question stands between two marks, and an answer ends with a third.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from tinyformer.data.conversations import ConversationBatches, Row
from tinyformer.data.preferences import PreferenceBatches
from tinyformer.generate.many_answers import drawn
from tinyformer.models import GPT, GPTConfig
from tinyformer.models.heads import PairScorer
from tinyformer.models.parts.encoders import with_dropout
from tinyformer.phenomena.kit import Sizes
from tinyformer.pretraining.preferences.bradley_terry import reward_loss, reward_measure
from tinyformer.pretraining.preferences.drawn_batches import Asking, Examination, Judge, ScoredBy
from tinyformer.rng import stream
from tinyformer.tinyland.asked import UNSURE, chosen, people_say, questions
from tinyformer.tinyland.word_tables import Chance
from tinyformer.train import Settings, evaluate, train
from tinyformer.train.loop_settings import OPTIMIZERS
from tinyformer.train.step import clip_gradients

QUESTION, ANSWER, END = range(3)              # the marks
LONGEST = 16                                  # tokens of an answer
ENOUGH, LOOK = 0.88, 10                       # share of choices that a nearly right judge is right on; steps to a look


class Words:
    """The questions of tinyland as numbers: their ids, what answers mean, and what the judge says of them."""

    def __init__(self):
        self.questions = questions()
        texts = [UNSURE, "it", *(f"{each.words} {each.sentence(each.truth)}" for each in self.questions)]
        self.names = ["[Q]", "[A]", "[END]", *sorted({word for text in texts for word in text.split()})]
        self.vocab = {word: id for id, word in enumerate(self.names)}
        self.prompts = [[QUESTION, *self.ids(each.words), ANSWER] for each in self.questions]
        self.asking = Asking(self.prompts, frozenset({END}), LONGEST)

    def ids(self, text: str) -> list[int]:
        """The ids of the words of a text."""
        return [self.vocab[word] for word in text.split()]

    def text(self, ids: Sequence[int]) -> str:
        """The words of an answer, without the mark at its end."""
        return " ".join(self.names[id] for id in ids if id != END)

    def row(self, number: int, answer: Sequence[int]) -> Row:
        """A question with an answer."""
        prompt = self.prompts[number]
        return Row([*prompt, *answer], [False] * len(prompt) + [True] * len(answer))

    def gold(self, numbers: Sequence[int], said: Sequence[Sequence[int]]) -> np.ndarray:
        """What each answer is worth; one that does not end is worth nothing."""
        return np.array([self.questions[number].gold(self.text(ids)) if ids[-1] == END else 0.0
                         for number, ids in zip(numbers, said, strict=True)])


@dataclass
class Lineage:
    """What one seed comes to before it is tuned."""

    words: Words
    base: GPT                                 # has learned to answer
    choices: list[tuple[Row, Row]]            # what the judge chose, and what not
    reward: PairScorer
    right: float                              # share of held-out choices that the reward model agrees with

    @property
    def judge(self) -> Judge:
        """The reward model, as a judge of answers."""
        return ScoredBy(self.reward, self.words.prompts)

    def examination(self, times: int, seed: int) -> Examination:
        """All questions, so many times each."""
        return Examination(self.base, self.words.asking, self.judge, self.words.gold, times, seed)

    def everyone(self) -> list[int]:
        """The numbers of all questions."""
        return list(range(len(self.words.prompts)))

    def heard(self, model: GPT, seed: int, times: int = 24) -> dict:
        """What a model says, asked so many times: which share is true, and which says that it does not know; and what
        it says most often to the first question, each with its share."""
        words, asked = self.words, np.repeat(self.everyone(), times)
        said = drawn(model, [words.prompts[one] for one in asked], LONGEST, {END}, stream(seed, "heard"),
                     len(words.names))
        texts = [words.text(ids) + " ..." * (ids[-1] != END) for ids in said]
        first = Counter(texts[:times])
        return {"true": float(np.mean(words.gold(asked, said) == 1)), "unsure": texts.count(UNSURE) / len(texts),
                "first": [[text, count / times] for text, count in first.most_common(3)]}


def settings(steps: int, rate: float, seed: int, schedule: str = "cosine", look: int | None = None,
             optimizer: str = "adamw") -> Settings:
    """How everything here is trained."""
    return Settings(steps=steps, learning_rate=rate, warmup=min(20, steps), betas=(0.9, 0.98), schedule=schedule,
                    weight_decay=0.0, seed=seed, log_every=steps, evaluate_every=look, optimizer=optimizer)


def lineage(sizes: Sizes, seed: int, optimizer: str = "adamw") -> Lineage:
    """Read, follow, choose."""
    how = partial(settings, seed=seed, optimizer=optimizer)
    words = Words()
    config = GPTConfig(vocabulary=len(words.names), layers=sizes.layers, heads=2, width=sizes.width, context=48,
                       dropout=0.0, init_std=0.08)
    model, chance = GPT(config, stream(seed, "weights")), Chance(stream(seed, "people"))
    facts = [words.ids(each.sentence(each.truth)) for each in words.questions]
    read = [Row([END, *ids, END], [True] * (len(ids) + 2)) for ids in facts]
    train(model, ConversationBatches(read, batch_size=32, seed=seed), how(sizes.read, 3e-3), progress=False)
    numbers = [chance.below(len(words.questions)) for _ in range(sizes.shown)]
    shown = [words.row(number, [*words.ids(people_say(words.questions[number], words.questions, chance)), END])
             for number in numbers]
    train(model, ConversationBatches(shown, batch_size=32, seed=seed), how(sizes.follow, 2e-3), progress=False)
    choices = choose(model, words, sizes.choices + sizes.held, seed)
    learned, held = choices[:sizes.choices], choices[sizes.choices:]
    reward = PairScorer(with_dropout(model, 0.0), (), stream(seed, "head"))
    right = learn_to_choose(reward, learned, held, how(sizes.reward, 1e-3, schedule="constant", look=LOOK))
    return Lineage(words, model, learned, reward, right)


def learn_to_choose(model: PairScorer, choices: Sequence, held: Sequence, how: Settings) -> float:
    """Teach a model choices until it is nearly right: which share of those held out it agrees with in the end.

    It is looked at on the way, and ends where the share has reached ENOUGH, or after all steps.
    """
    optimizer = OPTIMIZERS[how.optimizer].of(model, how)
    learned = PreferenceBatches(choices, batch_size=32, seed=how.seed)
    asked = list(PreferenceBatches(held, batch_size=100, seed=0).in_order())
    right = 0.0
    for step in range(how.steps):
        reward_loss(model, learned.batch(step)).backward()
        clip_gradients(model.parameters(), how.clip)
        optimizer.step(how.rate(step))
        optimizer.zero_grad()
        if how.due(step + 1, how.evaluate_every):
            right = evaluate(model, asked, reward_measure)["choice accuracy"]
            if right >= ENOUGH:
                break
    return right


def choose(model: GPT, words: Words, count: int, seed: int) -> list[tuple[Row, Row]]:
    """Pairs of answers of the model to one question, the one that the judge prefers first; ties are left out.

    A model that has learned so little that the judge prefers hardly anything gets people's answers to learn from.
    """
    found: list[tuple[Row, Row]] = []
    size = min(256, count)
    for number in range(1000):
        rng = stream(seed, "choices", number)
        asked = np.repeat(rng.integers(0, len(words.prompts), size), 2)
        said = drawn(model, [words.prompts[one] for one in asked], LONGEST, {END}, rng, len(words.names))
        worth = words.gold(asked, said)
        for first in np.flatnonzero(worth[::2] != worth[1::2]) * 2:
            pair = [words.row(asked[first], said[place]) for place in (first, first + 1)]
            found.append((pair[0], pair[1]) if worth[first] > worth[first + 1] else (pair[1], pair[0]))
        if len(found) >= count or number == 2 and 20 * len(found) < size:
            break
    numbers = {each.words: number for number, each in enumerate(words.questions)}
    for row in chosen(max(0, count - len(found)), Chance(stream(seed, "people's choices"))):
        better, worse = (words.row(numbers[row["prompt"]], [*words.ids(row[which]), END])
                         for which in ("chosen", "rejected"))
        found.append((better, worse))
    return found[:count]
