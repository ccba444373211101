"""What can be learned from a damaged text?  How to repair it.  One text, word by word, damaged in eight ways.

The encoder reads what stands on the left, the decoder is to write what stands on the right.  What hides words asks
for their meaning; what only moves them asks for their order.
"""

import numpy as np

from tinyformer.data.masking import IGNORED
from tinyformer.data.noise import NOISES, reassemble
from tinyformer.rng import stream

text = "the otter woke . she swam to the far bank . there she ate two red crabs ."
words = ["_", "<0>", "<1>", "<2>", *dict.fromkeys(text.split())]        # _ is [MASK], <n> are the sentinels
ids = np.array([words.index(word) for word in text.split()])
starts = [0, *(np.flatnonzero(ids == words.index("."))[:-1] + 1)]       # where a sentence begins

settings = {"infill": {"mask_id": 0}, "mask": {"mask_id": 0}, "mass": {"mask_id": 0}, "permute": {"starts": starts},
            "spans": {"sentinels": [1, 2, 3], "rate": 0.3}}


def spell(ids) -> str:
    return " ".join("." * 3 if i == IGNORED else words[i] for i in ids)


print(f"the text   {text}\n")
pairs = {}
for name, noise in NOISES.items():
    source, target = pairs[name] = noise(ids, stream(7, name), **settings.get(name, {}))
    whole = "the text" if np.array_equal(target, ids) else spell(target)
    print(f"{name:10s} {spell(source)}\n        -> {whole}")

put_together = reassemble(*pairs["spans"], sentinels=[1, 2, 3])
lost = {name: len(ids) - np.isin(source, ids).sum() for name, (source, _) in pairs.items()}
print("words that are gone:", *(f"{name} {count}" for name, count in lost.items()))
assert put_together == ids.tolist() and lost["permute"] == lost["rotate"] == lost["deshuffle"] == 0 < lost["infill"]
