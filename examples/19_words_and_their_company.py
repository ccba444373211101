"""Which words keep the same company?  CBOW gives each a vector from those around it, and like ones come to lie near.

Cats and dogs are never named in one sentence here, nor are tea and milk; but animals sleep alike, and drinks are drunk.
"""

import numpy as np

from tinyformer.data.word_windows import WordWindows
from tinyformer.models import WordVectors, WordVectorsConfig
from tinyformer.tasks.neighbours import Neighbours
from tinyformer.train.optimizers import AdamW

animals, drinks, colours = "cat dog horse".split(), "tea milk juice".split(), "red blue green".split()
rng = np.random.default_rng(0)
text = []
for _ in range(1500):
    animal, drink, colour = (str(rng.choice(group)) for group in (animals, drinks, colours))
    text += str(rng.choice([f"the {animal} sleeps and then the {animal} runs home",
                            f"she drinks a cup of hot {drink} with sugar",
                            f"he paints his old door {colour} again"])).split()
words = sorted({*text})
ids = np.array([words.index(word) for word in text])

windows = WordWindows(ids, len(words), batch_size=16, length=40, window=3, negative=5, sample=0.0, seed=0)
model = WordVectors(WordVectorsConfig(vocabulary=len(words), width=16, kind="cbow"), rng)
optimizer = AdamW(model)
for step in range(200):
    loss = model.loss(windows.batch(step))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step(0.02)
print(f"loss {loss.item():.2f}; {6 * np.log(2):.2f} for who knows nothing")

found = Neighbours(words, model.words.weight.data)
right = 0
for group in (animals, drinks, colours):
    for word in group:
        near = [name for name, _ in found.nearest(word, 2)]
        right += {*near} < {*group}
        print(f"{word:<6} -> {', '.join(near)}")
print(f"{right} of 9 words have the two others of their kind as nearest neighbours")
assert right == 9
