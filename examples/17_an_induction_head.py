"""How does a model go on with a text that repeats itself?  An induction head, with weights written by hand.

No weight here was trained.  Layer 1: each position looks at the one before, and notes which letter stands there.
Layer 2: each asks "where was my letter noted?", looks there, and says the letter that it finds.
"""

import numpy as np

from tinyformer import ops

text = ".qzkwbqzkwbqzk"                                        # after five letters it repeats itself
letters = sorted(set(text))
T, V = len(text), len(letters)
letter = np.eye(V)[[letters.index(c) for c in text]]           # (T, V): which letter stands here
place = np.eye(T)                                              # (T, T): where it stands
SURE = 50.0                                                    # large scores make attention sure of itself

# Layer 1, the previous-token head.  The query is "the place before mine", the key "my place", the value "my letter".
before = np.eye(T, k=-1)                                       # row t has its one at t - 1; the first row asks nothing
note = ops.attention(SURE * before, place, letter, causal=True).data              # (T, V): which letter stood before

# Layer 2, the induction head.  The query is "my letter", the key "the letter noted here", the value "my letter".
# With the identity for values the same head shows where it looks.
answer = ops.attention(SURE * letter, note, letter, causal=True).data              # (T, V)
looks = ops.attention(SURE * letter, note, np.eye(T), causal=True).data            # (T, T)

repeated = range(6, T - 1)                                     # letters that were read before, and are followed by one
for t in repeated:
    s = int(looks[t].argmax())
    seen, found = f"{text[:t]}[{text[t]}]", f"{text[:s]}[{text[s]}]"
    print(f"{seen:<18} looks at {found:<10} says {letters[answer[t].argmax()]}")

score = np.mean([sum(looks[t, s] for s in range(1, t + 1) if text[s - 1] == text[t]) for t in repeated])
right = np.mean([letters[answer[t].argmax()] == text[t + 1] for t in repeated])
alone = ops.attention(SURE * letter, letter, letter, causal=True).data             # layer 2 without what layer 1 noted
lone = np.mean([letters[alone[t].argmax()] == text[t + 1] for t in repeated])
print(f"prefix-matching score {score:.3f}, {right:.0%} right; without the first layer {lone:.0%}")
assert score > 0.99 and right == 1 and lone == 0
