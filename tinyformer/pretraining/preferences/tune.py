"""How does a model learn to give answers that score high, and not to cheat?  By its own answers, held near its start.

Each step it answers some questions several times over; a reward model scores the answers; those that are better than
others to the same question become more probable (group.py), not too far at once (clipped.py), and the further a token
moves from what the model said in the beginning, the more it costs (or the whole answer: --priced reward).  Without that
cost the score climbs for ever, and what is found are the errors of the reward model.

Ouyang et al. 2022, section 3.5 (its third step), with a group's mean in place of a value network.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyformer.data.readers import read_conversations
from tinyformer.errors import InputError
from tinyformer.generate.dialogue import ends_of
from tinyformer.models.heads import PairScorer
from tinyformer.options import option
from tinyformer.pretraining.preferences.drawn_batches import Asking, DrawnBatches, Examination, Judge, Lesson, ScoredBy
from tinyformer.pretraining.preferences.method import Method, Prepared, copy_of
from tinyformer.text import Tokenizer
from tinyformer.text.chat import Chat
from tinyformer.train.checkpoints import load_model

ANSWER_TOKENS = 64                            # of an answer, where there is room for so many
EXAMINED = 32                                 # questions that are asked on the way, at most
GOLD = ("tinyland",)
PRICED = ("loss", "reward")


@dataclass(frozen=True)
class Tune(Method):
    """Give better answers more often."""

    method: str = "tune"
    reward: str | None = option(None, "folder of a reward model, made by prefer reward from the same --model")
    prompts: str | None = option(None, "JSONL file with the questions, in any form that finetune follow reads; answers "
                                 "in it are passed over")
    gold: str | None = option(None, "a judge who knows the truth, to be printed beside the reward", GOLD)
    beta: float = option(0.3, "what a nat of KL to the beginning costs; 0: nothing holds the model", least=0)
    priced: str = option("loss", "where it costs: in the loss, token by token (GRPO), or in the reward of an answer "
                         "(InstructGPT), which holds the firmer the further an answer has gone; there a beta of 0.5 "
                         "to 1 suits", PRICED)
    questions: int = option(8, "questions in a batch", least=1)
    group: int = option(8, "answers to each of them", least=2)
    passes: int = option(1, "steps that are made of the same answers (PPO)", least=1)
    ratio_clip: float = option(0.2, "how far a token's probability may leave that with which it was drawn, as a share",
                               above=0, most=1)
    scaled: bool = option(True, "--no-scaled takes how much better an answer is than its group as it is, and not in "
                          "deviations of the group")
    answer_tokens: int | None = option(None, "tokens of an answer at most (default: 64, or as many as there is room "
                                       "for behind the longest question)", least=1)
    skip_bad_rows: int = option(0, "rows with faults that may be left out of a file", least=0)

    unit = "gain, turned round"

    def prepare(self, model, tokenizer):
        for name, what in (("reward", "the folder of a reward model, from prefer reward"),
                           ("prompts", "a JSONL file with questions")):
            if getattr(self, name) is None:
                raise InputError(f"--{name} is missing; prefer tune takes {what}")
        chat, examples = Chat(tokenizer), read_conversations(self.prompts, labelled=False,
                                                             skip_bad_rows=self.skip_bad_rows)
        asked = list({each.asked: each for each in examples}.values())                 # each question once
        prompts = [chat.prompt(each.asked) for each in asked]
        length = self.answer_room(max(map(len, prompts)), self.room(model))
        base, learner = copy_of(model), copy_of(model)
        asking = Asking(prompts, frozenset(ends_of(chat)), length, self.questions, self.group, len(tokenizer))
        judge = ScoredBy(reward_model(str(self.reward), tokenizer), prompts)
        gold = gold_of_tinyland(asked, tokenizer) if self.gold else None
        examination = Examination(base, asking, judge, gold, seed=self.seed)
        in_loss, in_reward = (self.beta if self.priced == place else 0.0 for place in PRICED)
        batches = DrawnBatches(learner, base, asking, judge, self.seed, self.passes, self.scaled, in_reward)
        some = sorted({int(number) for number in np.linspace(0, len(asked) - 1, EXAMINED)})
        began = {name: amount / count for name, (amount, count) in examination(learner, some).items()}
        notes = [*examples.report(), f"{len(asked):,} questions; in the beginning " + figures(began)]
        return Prepared(learner, batches, Lesson(in_loss, self.ratio_clip), examination, [some], asked, notes)

    def answer_room(self, longest: int, room: int) -> int:
        """The tokens of an answer to a question of `longest` tokens; InputError where there is no room for so many."""
        length = min(ANSWER_TOKENS, room - longest) if self.answer_tokens is None else self.answer_tokens
        if length < 1 or longest + length > room:
            asked = "" if self.answer_tokens is None else f"--answer-tokens is {length}, "
            raise InputError(f"{asked}the longest question has {longest} tokens, and there is room for {room} with its "
                             f"answer; {'lower it, or ' * bool(asked)}leave out the longest questions")
        return length

    def said(self, final: dict[str, Any]) -> list[str]:
        return [figures({name.removeprefix("val "): value for name, value in final.items()
                         if name.startswith("val ")})]


def figures(found: dict[str, float]) -> str:
    """What an examination found, in words."""
    words = {"gold": "gold {:.3f}", "reward": "reward {:+.3f}", "kl": "KL {:.2f} nats an answer",
             "distinct": "{:.0%} distinct answers", "length": "{:.1f} tokens an answer"}
    return ", ".join(form.format(found[name]) for name, form in words.items() if name in found)


def reward_model(folder: str, tokenizer: Tokenizer) -> PairScorer:
    """The reward model in a folder; InputError for another kind of model, or another vocabulary."""
    model, own = load_model(folder)
    if not isinstance(model, PairScorer) or not hasattr(model.encoder, "word_logits"):
        raise InputError(f"--reward {folder}: holds a {type(model).__name__}, and a GPT that scores answers is needed; "
                         "prefer reward makes one")
    if own is None or own.tokens != tokenizer.tokens or own.chat_template != tokenizer.chat_template:
        raise InputError(f"--reward {folder}: its vocabulary or chat template is another than that of --model, so that "
                         "it would score other tokens; train it from the same model (prefer reward --model)")
    return model


def gold_of_tinyland(asked, tokenizer: Tokenizer) -> Judge:
    """What each answer is worth to a judge who knows tinyland; InputError for a question that he does not know."""
    from tinyformer.tinyland.asked import questions
    known = {each.words: each for each in questions()}
    strange = next((each for each in asked if each.prompt not in known), None)
    if strange is not None:
        raise InputError(f"{strange.file}:{strange.line}: the judge of tinyland does not know the question "
                         f"{strange.prompt[:60]!r}; give its own (tinyland --out), or leave --gold out")

    def judge(numbers, said):
        return np.array([known[asked[number].prompt].gold(tokenizer.decode(ids, skip_special=True))
                         for number, ids in zip(numbers, said, strict=True)])

    return judge
