"""What does fine-tuning add to a weight, and does it take all of it?  Its singular values, and LoRA beside it.

A model that was taught one task is taught another: its head alone, as a whole, and by additions of rank 2.
"""

import numpy as np

from tinyformer import tinyland
from tinyformer.data.labelled import LabelledBatches, text_rows
from tinyformer.models import Bert, BertConfig, TextClassifier
from tinyformer.models.parts.depth import freeze
from tinyformer.models.parts.encoders import with_dropout
from tinyformer.nn.lora import ALL, add_lora, merge
from tinyformer.text import WordPieceTokenizer
from tinyformer.train import Settings, evaluate, train

first, second = (tinyland.task(name, "train", 256) for name in ("sst2", "cola"))
tokenizer = WordPieceTokenizer.train([example.text for example in (*first, *second)], 300)
sizes = BertConfig(vocabulary=len(tokenizer), layers=2, heads=2, width=32, context=24, dropout=0.0, init_std=0.1)


def taught(encoder, examples, rate, rank=None):
    """(A head on a copy of the encoder, the numbers that learned in 100 steps, the loss on what it was taught)."""
    head = TextClassifier(with_dropout(encoder, 0.0), ("0", "1"), np.random.default_rng(1))
    freeze(head, 0 if rank is None else "all")
    if rank:
        add_lora(head, rank, np.random.default_rng(2), on=ALL)
    batches = LabelledBatches(text_rows(examples, tokenizer, ("0", "1"), 24), batch_size=32, seed=0)
    train(head, batches, Settings(steps=100, learning_rate=rate, warmup=10), progress=False)
    learned = sum(p.size for p in head.parameters() if p.requires_grad)
    return head, learned, evaluate(head, batches.in_order())["label loss"]


base = taught(Bert(sizes, np.random.default_rng(0)), first, 3e-3)[0].encoder
found = {}
for way, rate, rank in (("head", 1e-2, 0), ("LoRA", 2e-2, 2), ("whole model", 3e-3, None)):
    head, learned, loss = taught(base, second, rate, rank)
    merge(head)                                                # a model like any other, with the additions in it
    query, before = (encoder.layers[1].attend.project.weight.data[:32] for encoder in (head.encoder, base))
    squares = np.linalg.svd(query - before, compute_uv=False) ** 2
    found[way] = loss, squares[:2].sum() / max(squares.sum(), 1e-12)
    print(f"{way:12} {learned:7,} numbers learn, loss {loss:.3f}; of what was added to the top layer's query, "
          f"{100 * found[way][1]:.0f} % lie in 2 of 32 directions")
assert found["LoRA"][0] < found["head"][0] - 0.1 and found["LoRA"][1] > 0.999 > found["whole model"][1] > 0.5
