"""Are blanks chosen from held-out text, asked of counts, and is attention shown as it is?"""

import numpy as np

from tinyformer.phenomena.parts.blanks import ask_counts, attention_of, choose_blanks, lines
from tinyformer.train import load_model


def test_blanks_of_held_out_text(bert, corpus):
    model, tokenizer = load_model(bert)
    texts = ["The red cat sees that the house is near the tree. " * 3] * 2
    tokenizer.vocab.setdefault("house", 0)
    blanks = choose_blanks(texts, tokenizer, 2, room=30)
    for blank in blanks:
        assert blank.text.count("[MASK]") == 1 and blank.text.replace("[MASK]", blank.word) in texts[0]
    from tinyformer.data.counts import NeighbourTable
    table = NeighbourTable([np.array(tokenizer.encode(text)) for text in texts], len(tokenizer))
    ask_counts(blanks, "word counts", table, tokenizer)
    for blank in blanks:
        assert blank.guesses["word counts"][0][0] == blank.word
    assert sum("word counts" in line for line in lines(blanks)) == len(blanks)


def test_attention_of_every_head_sums_to_one(bert):
    model, tokenizer = load_model(bert)
    weights, tokens, names = attention_of(model, tokenizer, "the [MASK] cat")
    assert weights.shape == (2, len(tokens), len(tokens)) and tokens[0] == "[CLS]" and "[MASK]" in tokens
    assert names == ["layer 1, head 1", "layer 1, head 2"]
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-5)
