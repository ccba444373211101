"""What does attention do?  Every word asks a question, every word offers an answer, and the best matches are mixed.

Here questions and answers are written by hand, so that one can see why the numbers come out as they do.
A trained model finds its own, in many more dimensions.
"""

import numpy as np

from tinyformer import ops

words = ["the", "cat", "drank", "milk"]

#                 article  animal  action  drink
key = np.array([[    3.0,    0.0,    0.0,    0.0],    # the:   what each word is
                [    0.0,    3.0,    0.0,    0.0],    # cat
                [    0.0,    0.0,    3.0,    0.0],    # drank
                [    0.0,    0.0,    0.0,    3.0]])   # milk

query = np.array([[  0.0,    2.0,    0.0,    2.0],    # the:   which thing do I belong to?
                  [  0.0,    0.0,    3.0,    0.0],    # cat:   what do I do?
                  [  0.0,    2.0,    0.0,    2.0],    # drank: who drank, and what?
                  [  0.0,    0.0,    3.0,    0.0]])   # milk:  what is done with me?

# What is mixed are the values.  With the identity for values, the mixture shows its own recipe: the weights.
everywhere = ops.attention(query, key, np.eye(4)).data
backwards = ops.attention(query, key, np.eye(4), causal=True).data

for title, weights in ("BERT looks everywhere", everywhere), ("GPT looks back only", backwards):
    print(f"{title:24s}" + "".join(f"{word:>8s}" for word in words))
    for word, row in zip(words, weights, strict=True):
        print(f"{word:>23s} " + "".join(f"{share:8.2f}" for share in row))

drank = everywhere[2]
print(f"drank gives {drank[1] + drank[3]:.1%} of its attention to cat and milk")
assert np.allclose(everywhere.sum(-1), 1) and drank[1] + drank[3] > 0.9 and backwards[2, 3] == 0
