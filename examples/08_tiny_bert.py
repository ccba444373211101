"""How does a model learn to fill a blank?  By hiding one word of a sentence and reading what stands on both sides.

In this small language every animal eats one thing.  Whichever of the two is hidden, the other one tells.
"""

import numpy as np

from tinyformer.models import BertConfig, BertForPretraining
from tinyformer.ops import cross_entropy
from tinyformer.train.optimizers import AdamW

eats = dict(cat="fish", cow="grass", dog="bones", bee="nectar", panda="bamboo", squirrel="nuts")
sentences = [f"the {kind} {animal} {likes} {food}".split() for animal, food in eats.items()
             for kind in ("old", "small", "happy", "hungry") for likes in ("eats", "loves")]
words = ["[MASK]"] + sorted({word for sentence in sentences for word in sentence})
ids = np.array([[words.index(word) for word in sentence] for sentence in sentences])       # (48, 5)
rng = np.random.default_rng(0)
unseen, seen = np.split(rng.permutation(ids), [12])            # twelve sentences are kept for the end

sizes = BertConfig(vocabulary=len(words), layers=2, heads=2, width=32, context=5, dropout=0.0, pair_objective="none")
model = BertForPretraining(sizes, rng)


def scores(ids, places):
    """Hide one word of each sentence, and score all words for it: (B, V)."""
    hidden = ids.copy()
    hidden[np.arange(len(ids)), places] = 0
    return model.word_logits(model(hidden), 5 * np.arange(len(ids)) + places)


optimizer = AdamW(model)
for _ in range(300):
    places = rng.integers(0, 5, len(seen))                     # other words are hidden every time
    optimizer.zero_grad()
    cross_entropy(scores(seen, places), target=seen[np.arange(len(seen)), places]).backward()
    optimizer.step(3e-3)

places = np.tile([2, 4], 6)                                    # the animal, from what it eats; the food, from who eats
guesses = scores(unseen, places).data.argmax(-1)
for row, place, guess in zip(unseen, places, guesses, strict=True):
    print(*[words[i] if t != place else "____" for t, i in enumerate(row)], "->", words[guess])
right = sum(row[place] == guess for row, place, guess in zip(unseen, places, guesses, strict=True))
print(f"{right} of 12 blanks in sentences never seen are filled rightly")
assert right == 12
