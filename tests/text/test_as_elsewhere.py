"""Does a tokenizer answer to the names of the usual libraries?"""

import pytest

from tinyformer.text import ByteLevelBPE, CharTokenizer, WordPieceTokenizer

TEXTS = ["the cat sat on the mat", "the mat sat"]
TOKENIZERS = [CharTokenizer.train(TEXTS), WordPieceTokenizer.train(TEXTS, 40), ByteLevelBPE.train(TEXTS, 270)]
each = pytest.mark.parametrize("tokenizer", TOKENIZERS, ids=lambda tokenizer: type(tokenizer).__name__)


@each
def test_called_it_gives_the_ids(tokenizer):
    assert tokenizer("the cat") == tokenizer.encode("the cat")
    assert tokenizer(TEXTS) == [tokenizer.encode(text) for text in TEXTS]
    assert [tokenizer.vocab[token] for token in tokenizer.tokenize("the cat")] == tokenizer("the cat")
    assert tokenizer.vocab_size == len(tokenizer)


@each
def test_what_it_lacks_is_told(tokenizer):
    with pytest.raises(TypeError, match="there is no return_tensors, padding; it gives the ids"):
        tokenizer("the cat", return_tensors="pt", padding=True)
    with pytest.raises(AttributeError, match="has no attribute 'pad_token_id'; here: tokenizer.pad_id"):
        _ = tokenizer.pad_token_id
    with pytest.raises(TypeError, match="encode: text is bytes"):
        tokenizer(b"the cat")
