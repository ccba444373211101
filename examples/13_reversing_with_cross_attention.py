"""How does a decoder know where to look?  It learns to write letters backwards, and shows where it looked for each.

Cross-attention gives every letter that is written a weight for every letter that was read.  Nobody says which belongs
to which: that the weights come to lie on the other diagonal is what the model found out.
With a file name behind it (reversed.png) this also draws the picture.
"""

import sys

import numpy as np

from tinyformer.data.seq2seq import Seq2SeqBatch
from tinyformer.generate import rewrite
from tinyformer.models import Seq2Seq, Seq2SeqConfig
from tinyformer.train.optimizers import AdamW

START, END, LETTERS, LENGTH = 0, 1, "..abcdefghijklmnopqrstuvwxyz", 8
rng = np.random.default_rng(0)
model = Seq2Seq(Seq2SeqConfig(vocabulary=28, layers=1, heads=1, width=32, context=10, dropout=0.0, init_std=0.1,
                              start_id=START, end_id=END), rng)
optimizer = AdamW(model)
for _ in range(350):
    ids = rng.integers(2, 28, (32, LENGTH))                    # letters, new ones every time
    targets = np.pad(ids[:, ::-1], ((0, 0), (0, 1)), constant_values=END)
    seen = np.pad(targets[:, :-1], ((0, 0), (1, 0)), constant_values=START)      # shifted right: what is there so far
    optimizer.zero_grad()
    model.loss(Seq2SeqBatch(ids, np.ones(ids.shape, bool), seen, targets)).backward()
    optimizer.step(5e-3)

unseen = rng.integers(2, 28, (200, LENGTH))
written = rewrite(model, unseen, LENGTH + 1)
right = np.mean([ids == row[::-1].tolist() for ids, row in zip(written, unseen, strict=True)])

source, target = [LETTERS[i] for i in unseen[0]], [LETTERS[i] for i in written[0]]
(weights,) = model.decoder.alignments(np.array([[START, *written[0][:-1]]]), model.encode(unseen[:1]))
print("read:    ", *(f"{letter:>4s}" for letter in source))
for letter, row in zip(target, weights.data[0, 0], strict=True):       # weights (1, 1, T, S)
    print(f"write {letter}:  ", *(f"{share:4.0%}" if share >= 0.1 else "   ." for share in row))
if sys.argv[1:]:
    from tinyformer.plot import attention_map
    attention_map(weights.data[0], target, sys.argv[1], sources=source, title="Where each letter comes from")
found = (weights.data[0, 0].argmax(-1) == np.arange(LENGTH)[::-1]).mean()
print(f"{right:.0%} of 200 words never seen are reversed; {found:.0%} of the letters look where they come from")
assert right > 0.9 and found == 1
