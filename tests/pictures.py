"""What do the graphs on the pages look like today?  The README's first example, one layer of BERT, and all twelve.

    python tests/pictures.py               draws them again into examples/pictures/
"""

import os
import re
import tempfile
from pathlib import Path

import numpy as np

from tinyformer.engine import Tensor
from tinyformer.models import BertConfig, BertForPretraining
from tinyformer.nn import PostNormBlock
from tinyformer.ops import cross_entropy
from tinyformer.rng import stream

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "examples" / "pictures"


def readme() -> str:
    """The picture that the first Python of the README saves."""
    source = re.search(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)[1]
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            exec(compile(source, "README.md", "exec"), {"__name__": "readme"})
            return Path("graph.svg").read_text(encoding="utf-8")
        finally:
            os.chdir(before)


def bert_layer() -> str:
    """One layer of BERT-base on a batch of 2 x 128, with dropout."""
    layer = PostNormBlock(768, 12, 3072, None)
    x = Tensor(np.zeros((2, 128, 768), np.float32))
    return layer(x, rng=stream(0, "dropout")).graph().svg


def bert() -> str:
    """The whole of BERT-base with both losses, on a batch that is quickly computed."""
    model = BertForPretraining(BertConfig.preset("base"), None)
    ids, segments, keep = np.zeros((2, 8), int), np.zeros((2, 8), int), np.ones((2, 8), bool)
    hidden = model(ids, segments, keep)
    positions, targets, order = np.array([3, 12]), np.array([5, 7]), np.array([0, 1])
    loss = cross_entropy(model.word_logits(hidden, positions), target=targets)
    loss = loss + cross_entropy(model.pair_logits(hidden), target=order)
    return loss.graph().svg


PICTURES = {"graph.svg": readme, "bert-layer.svg": bert_layer, "bert.svg": bert}

if __name__ == "__main__":
    for name, draw in PICTURES.items():
        (FOLDER / name).write_text(draw(), encoding="utf-8")
