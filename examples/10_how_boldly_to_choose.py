"""How boldly should the next word be chosen?  One distribution, and what each knob of sampling makes of it.

A model gives every word a score.  Softmax makes probabilities of them; the knobs decide which of these words may be
drawn, and how often.  Everything here works on the scores alone: no model is needed to see it.
"""

import numpy as np

from tinyformer.generate import Sampling

words = ["mat", "floor", "sofa", "roof", "cat", "moon", "theorem"]      # the cat sat on the ...
logits = np.log([0.40, 0.25, 0.15, 0.10, 0.06, 0.03, 0.01])
text = [4]                                                              # "cat" stands in the text already

knobs = {
    "as the model says": Sampling(),
    "temperature 0 (greedy)": Sampling(temperature=0),
    "temperature 0.5: surer": Sampling(temperature=0.5),
    "temperature 2: bolder": Sampling(temperature=2),
    "top-k 3": Sampling(top_k=3),
    "top-p 0.75": Sampling(top_p=0.75),
    "top-p 0.85": Sampling(top_p=0.85),
    "repetition penalty 1.5": Sampling(repetition_penalty=1.5),
    "all of them": Sampling(temperature=0.7, top_k=5, top_p=0.9, repetition_penalty=1.5),
}

print(f"{'':24s}" + "".join(f"{word:>9s}" for word in words))
found = {}
for name, sampling in knobs.items():
    found[name] = sampling.probabilities(logits, text)
    print(f"{name:24s}" + "".join(f"{share:9.3f}" if share else f"{'-':>9s}" for share in found[name]))

rng = np.random.default_rng(0)
drawn = [words[knobs["top-p 0.85"].choose(logits, rng, text)] for _ in range(12)]
print("drawn with top-p 0.85:", *drawn)

# Top-p keeps the fewest words that reach p together: 0.40 + 0.25 + 0.15 = 0.80 is enough for 0.75, not for 0.85.
kept = {p: int((found[f"top-p {p}"] > 0).sum()) for p in (0.75, 0.85)}
print(f"words that reach 0.75 together: {kept[0.75]}, and 0.85: {kept[0.85]}")
assert kept == {0.75: 3, 0.85: 4} and set(drawn) <= set(words[:4]) and found["repetition penalty 1.5"][4] < 0.06
