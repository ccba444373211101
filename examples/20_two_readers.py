"""How does a word get a vector that knows its sentence?  Two LSTMs read towards it, one from either end (ELMo).

"bank" has one row in the table of words.  What the two models make of it tells the river from the money.
"""

import numpy as np

from tinyformer.data.batches import TextBatch
from tinyformer.models import ELMo, ELMoConfig
from tinyformer.train.optimizers import AdamW

rng = np.random.default_rng(0)
people = "anna ben clara david".split()
verbs = {"river": "fished swam slept".split(), "money": "paid saved worked".split()}


def sentences(sense: str) -> list[list[str]]:
    """Six words, of which the bank is the fifth: before it stands who did what, and behind it when."""
    when = {"river": "barefoot", "money": "monthly"}[sense]
    return [f"{person} {verb} at the bank {when}".split() for person in people for verb in verbs[sense]]


rivers, money = sentences("river"), sentences("money")
words = sorted({word for sentence in rivers + money for word in sentence})
ids = np.array([[words.index(word) for word in sentence] for sentence in rivers + money])          # (24, 6)
model = ELMo(ELMoConfig(vocabulary=len(words), layers=2, width=32, inner=32, context=6, dropout=0.0, init_std=0.2), rng)
optimizer = AdamW(model)
for _ in range(150):
    loss = model.loss(TextBatch(ids[:, :-1], ids[:, 1:]))      # what comes next, and what came before
    optimizer.zero_grad()
    loss.backward()
    optimizer.step(1e-2)

gaps = []
for number, state in enumerate(model.states(ids)):             # the words, and what each layer tells: (24, 6, 32)
    bank = state.data[:, words.index("bank") == ids[0]][:, 0]  # (24, 32)
    bank = bank - bank.mean(0)                                 # what all have in common says nothing of the sense
    unit = bank / np.maximum(np.linalg.norm(bank, axis=1, keepdims=True), 1e-4)
    cosines = unit @ unit.T
    within, across = (cosines[:12, :12].mean() + cosines[12:, 12:].mean()) / 2, cosines[:12, 12:].mean()
    gaps.append(within - across)
    print(f"layer {number}: bank and bank of one sense {within:+.2f}, of two {across:+.2f}")
print(f"the table of words knows nothing of senses ({gaps[0]:.2f}), and the layers above it do ({max(gaps):.2f})")
assert abs(gaps[0]) < 1e-6 and max(gaps) > 0.5
