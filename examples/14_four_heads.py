"""How little do the four ways to fine-tune differ?  One encoder, four heads, and what each of them reads and says.

Nothing is trained here: only the shapes speak, and the number of new weights, which is all that a task adds.
"""

import numpy as np

from tinyformer.models import Bert, BertConfig, PairClassifier, PairScorer, SpanFinder, TextClassifier, TokenTagger
from tinyformer.text import WordPieceTokenizer

text = "the cat sat on the mat . where did the cat sit ?"
tokenizer = WordPieceTokenizer.train([text] * 2, 60)
rng = np.random.default_rng(0)
encoder = Bert(BertConfig(vocabulary=len(tokenizer), layers=2, heads=2, width=16, context=32), rng)


def row(first: str, second: str = "") -> tuple[np.ndarray, np.ndarray]:
    """[CLS] first [SEP] second [SEP] as ids (1, T), and the segments: 1 in the second text."""
    a = [tokenizer.cls_id, *tokenizer.encode(first), tokenizer.sep_id]
    b = [*tokenizer.encode(second), tokenizer.sep_id] if second else []
    return np.array([a + b]), np.array([[0] * len(a) + [1] * len(b)])


heads = {
    "classify a text": (TextClassifier(encoder, ("sad", "happy"), rng), row("the cat sat")),
    "tag its words": (TokenTagger(encoder, ("NOUN", "VERB", "DET"), rng), row("the cat sat")),
    "classify a pair": (PairClassifier(encoder, ("no", "yes"), rng), row("the cat sat", "the cat")),
    "score a pair": (PairScorer(encoder, (), rng), row("the cat sat", "the cat")),
    "find an answer": (SpanFinder(encoder, (), rng), row("where did the cat sit ?", "the cat sat on the mat .")),
}
print(f"the encoder: {encoder.count():,} weights, shared by all")
new = {}
for name, (head, (ids, segments)) in heads.items():
    scores = head(ids, segments)
    shapes = [s.shape for s in scores] if isinstance(scores, tuple) else scores.shape
    new[name] = sum(p.size for p in head.linear.parameters())
    print(f"{name:15}  reads {ids.shape[1]:2} tokens, {segments.sum():2} of them in segment 1; says {shapes}; "
          f"{new[name]} new weights")
assert list(new.values()) == [2 * 17, 3 * 17, 2 * 17, 1 * 17, 2 * 17]
