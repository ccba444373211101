"""What comes next in a sound?  A speech GPT foresees it 60 ms on, better than who repeats what he hears.

Nobody tells it which words there are.  The voices are made here; a folder of WAV files does as well (`read_folder`).
"""

import sys

import numpy as np

from tinyformer.data.frames import Sounds, further_on
from tinyformer.models import NextVectors, VectorConfig
from tinyformer.sound import Extractor, Voices
from tinyformer.train import Settings, train

said = list(Voices(seed=0, words=8, speakers=4).utterances(240))
print("heard:", ", ".join(f"{each.word} ({each.speaker}, {each.mood})" for each in said[:3]), "...")
ear = Extractor().fitted([each.samples for each in said])       # log-mel, two frames of 10 ms side by side
vectors = [ear(each.samples) for each in said]                  # (T, 80) each
learned, held_out = vectors[:200], vectors[200:]


def ask(truth, keep, labels, rng):
    """At every place the vector three places further on is asked for, and nothing is hidden."""
    return further_on(truth, keep, 3)


batches = Sounds(learned, ask, batch_size=16, length=40, seed=0)
model = NextVectors(VectorConfig(features=80, layers=2, heads=2, width=48, context=64, dropout=0.0, init_std=0.08,
                                 causal=True), np.random.default_rng(0))
train(model, batches, Settings(steps=120, learning_rate=4e-3, warmup=20), progress=False)

(batch,) = Sounds(held_out, ask, batch_size=40, length=64, seed=0).in_order()
error, count = model.measure(batch)["vector loss"]
repeating = np.abs(batch.truth - batch.vectors)[batch.hidden].mean()
mean = np.abs(batch.truth)[batch.hidden].mean()
if sys.argv[1:]:
    from tinyformer import plot
    guessed = model(batch.vectors, batch.keep).data
    rows = [[each[n][batch.keep[n]].reshape(-1, 40) for n in range(3)]
            for each in (batch.truth, batch.vectors, guessed)]
    plot.heard(*rows, sys.argv[1], seconds=0.01, words=("60 ms later", "what the model has heard", "what it foresees"))
print(f"error: {mean:.3f} of the mean, {repeating:.3f} of repeating, {error / count:.3f} of the speech GPT")
assert error / count < 0.8 * min(mean, repeating)
