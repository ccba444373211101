"""At which layer does a model know, and which word would have to change?  A look inside one that has learned to pick.

It reads two letters and a word, "p q first", and says the letter that is meant.  The last position cannot know the
letters before a layer has fetched them; and of the two letters only one can change the answer.
"""

import numpy as np

from tinyformer.inside import Look
from tinyformer.models import GPT, GPTConfig
from tinyformer.ops import cross_entropy
from tinyformer.rng import stream
from tinyformer.train import AdamW

words = [*"abcdefgh", "first", "second"]
letters, FIRST = 8, 8


def examples(rng, count):
    ids = np.concatenate([rng.integers(0, letters, (count, 2)), rng.integers(FIRST, FIRST + 2, (count, 1))], axis=1)
    return ids, ids[np.arange(count), ids[:, 2] - FIRST]       # (N, 3), and what is meant


model = GPT(GPTConfig(vocabulary=len(words), layers=2, heads=2, width=32, context=3, dropout=0.0), stream(0, "weights"))
optimizer = AdamW(model.parameters(), lr=3e-3)
for step in range(150):
    ids, meant = examples(stream(0, "batch", step), 64)
    cross_entropy(model(ids)[:, -1], target=meant).backward()
    optimizer.step()
    optimizer.zero_grad()

ids, meant = examples(stream(1, "test"), 500)
look = Look(model, lambda model: model(ids)[:, -1])            # the model as it is, its layers leave notes
right = [float(np.mean(said.argmax(-1) == meant)) for said in look.lens("layers")]
for layer, share in enumerate(right):
    print(f"{'after layer ' + str(layer) if layer else 'before layer 1':<15} {share:6.1%} right")
assert np.array_equal(list(look.lens("layers"))[-1], look.scores), "behind the last layer it is what the model says"

_, gradients = look.gradients(lambda scores: cross_entropy(scores, target=meant))
pull = np.linalg.norm(gradients["words"], axis=-1)             # (N, 3): how much the loss asks of each word
rows, place = np.arange(len(ids)), ids[:, 2] - FIRST
counts, other = pull[rows, place].mean(), pull[rows, 1 - place].mean()
print(f"the loss asks {counts / other:.1f} times as much of the letter that is meant as of the other one")
assert right[0] < 0.3 and right[-1] > 0.98 and counts > 2 * other
