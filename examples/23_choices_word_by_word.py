"""What does a model say otherwise once it was told which of its answers are better?  Its distribution, word by word.

A small GPT has read what is true of sixteen animals, and then how people answer questions about them: one in four
knows.  Now it answers by itself, eight times to each question; a judge says what each answer is worth, and those that
are better than the rest of their group become more probable, while every nat of distance from the beginning costs.
"""

import numpy as np

from tinyformer.data.conversations import ConversationBatches
from tinyformer.engine import no_grad
from tinyformer.models import GPT, GPTConfig
from tinyformer.models.parts.encoders import with_dropout
from tinyformer.phenomena.parts.asked_world import END, Words, settings
from tinyformer.pretraining.preferences.drawn_batches import DrawnBatches, Examination, Lesson
from tinyformer.tinyland.asked import people_say
from tinyformer.tinyland.word_tables import Chance
from tinyformer.train import train

words, rng = Words(), np.random.default_rng(0)
chance, asked = Chance(rng), words.questions
shown = [words.row(n, [*words.ids(people_say(asked[n], asked, chance)), END]) for n in rng.integers(0, 32, 3000)]
model = GPT(GPTConfig(vocabulary=len(words.names), layers=2, heads=2, width=48, context=48, dropout=0.0, init_std=0.1),
            rng)
train(model, ConversationBatches(shown, batch_size=32, seed=0), settings(250, 4e-3, 0), progress=False)
before = with_dropout(model, 0.0)                              # the same numbers, which stay

batches = DrawnBatches(model, before, words.asking, words.gold, seed=0)
examination = Examination(before, words.asking, None, words.gold)
train(model, batches, settings(50, 1e-3, 0, "constant"), loss=Lesson(beta=0.1), progress=False)
worth = [examination(one, range(32))["gold"][0] / 256 for one in (before, model)]
print(f"{asked[0].words}  gold over all questions: before {worth[0]:.2f}, after {worth[1]:.2f}\n")

ids = list(words.prompts[0])
for word in ["the", "dog", "eats", "meat", "."]:
    with no_grad():
        p, q = (np.exp(x - x.max()) / np.exp(x - x.max()).sum()
                for x in (each(np.array([ids])).data[0, -1].astype(float) for each in (before, model)))
    most = np.argsort(-(p + q))[:4]
    changes = "   ".join(f"{words.names[i]} {p[i]:.2f} > {q[i]:.2f}" for i in most)
    print(f"... {words.text(ids[len(words.prompts[0]):]):14}   {changes}")
    ids += words.ids(word)
assert worth[1] > worth[0] + 0.2 and worth[0] < 0.5
