"""How can a model do what it was never taught?  It is shown a few examples in the prompt, and no weight changes.

In each list that this GPT reads, all outputs end in one secret letter; which one, only the lines before can tell.  So
the way to foretell the next output is to look it up there, and that also works for letters that were never the secret.
"""

import numpy as np

from tinyformer.data.batches import TextBatch
from tinyformer.generate.in_context import Look, answers, fingerprint, question
from tinyformer.models import GPT, GPTConfig
from tinyformer.text import CharTokenizer
from tinyformer.train.optimizers import AdamW

LETTERS, SECRETS, NEW = "abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrst", "uvwxyz"
rng, tokenizer = np.random.default_rng(0), CharTokenizer(list(LETTERS + ">;"))
look = Look("{input}>{output};", between="")


def worked(secret, n=5):                                       # n pairs such as ("d", "dq")
    return [(letter, letter + secret) for letter in rng.permutation(list(LETTERS))[:n]]


model = GPT(GPTConfig(vocabulary=28, layers=2, heads=2, width=32, context=25, dropout=0.0, init_std=0.1), rng)
optimizer = AdamW(model)
for step in range(400):
    lists = [worked(rng.choice(list(SECRETS))) for _ in range(24)]
    ids = np.array([tokenizer.encode(look.prompt(pairs, "").removesuffix(">")) for pairs in lists])    # (24, 25)
    optimizer.zero_grad()
    model.loss(TextBatch(ids[:, :-1], ids[:, 1:])).backward()
    optimizer.step(5e-3 * (1 - step / 400))

before, right = fingerprint(model), {}
unseen = [worked(rng.choice(list(NEW))) for _ in range(100)]   # the secret was never one of these
for shots in (0, 1, 4):
    questions = [question(pairs[4], pairs[:4], shots) for pairs in unseen]
    found = answers(model, tokenizer, questions, look, "generation")
    right[shots] = np.mean([row["right"] for row in found])
    print(f"{shots} examples: {found[0]['prompt']:22s} -> {found[0]['answer']:3s} right: {right[shots]:4.0%}")
print(f"weights before {before[:16]}, and after {fingerprint(model)[:16]}")
assert fingerprint(model) == before and right[0] < 0.2 and right[4] > 0.8
