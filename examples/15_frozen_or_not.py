"""What does freezing spare, and what may still learn?  Three ways to fine-tune one model, and how far it moves.

Frozen, the encoder gets no gradient at all.  With a decay each layer learns at a share of the rate of the one above.
"""

import numpy as np

from tinyformer import tinyland
from tinyformer.data.labelled import LabelledBatches, text_rows
from tinyformer.models import Bert, BertConfig, TextClassifier
from tinyformer.models.parts.depth import depths, freeze, layer_rates
from tinyformer.text import WordPieceTokenizer
from tinyformer.train import Settings, train

examples = tinyland.task("cola", "train", 64)
tokenizer = WordPieceTokenizer.train([example.text for example in examples], 300)
rows = text_rows(examples, tokenizer, ("0", "1"), max_length=24)
sizes = BertConfig(vocabulary=len(tokenizer), layers=2, heads=2, width=32, context=24, dropout=0.0)


def moved(layers: int | str, decay: float) -> list[float]:
    """How far the parameters of each depth move in 20 steps, on average: embeddings, layers, head."""
    head = TextClassifier(Bert(sizes, np.random.default_rng(0)), ("0", "1"), np.random.default_rng(1))
    freeze(head, layers)
    before = {name: p.data.copy() for name, p in head.named_parameters().items()}
    train(head, LabelledBatches(rows, batch_size=16, seed=0), Settings(steps=20, learning_rate=1e-3),
          rates=layer_rates(head, decay), progress=False)
    ways = {level: [] for level in range(4)}
    for name, level in depths(head).items():
        ways[level].append(np.abs(head.named_parameters()[name].data - before[name]).mean())
    return [float(np.mean(ways[level])) for level in range(4)]


print("                    embeddings   layer 0   layer 1      head")
found = {"everything learns": moved(0, 1.0), "decay 0.5": moved(0, 0.5), "layer 0 frozen": moved(1, 1.0),
         "encoder frozen": moved("all", 1.0)}
for name, ways in found.items():
    print(f"{name:18}", *(f"{way:11.6f}" for way in ways))
assert found["layer 0 frozen"][:2] == [0, 0] and found["decay 0.5"][1] < 0.4 * found["everything learns"][1]
