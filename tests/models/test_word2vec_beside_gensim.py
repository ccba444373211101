"""Does gensim read our vectors and do we read its own, and does it find on the same text what we find?"""

import numpy as np
import pytest

from tinyformer import tinyland
from tinyformer.data.encode import text_ids
from tinyformer.data.word_vectors import read_vectors, write_vectors
from tinyformer.data.word_windows import WordWindows
from tinyformer.models import WordVectors, WordVectorsConfig
from tinyformer.text.whole_words import whole_words
from tinyformer.train import Settings, train

gensim = pytest.importorskip("gensim", reason="gensim, an outside oracle, is not installed "
                                              "(pip install 'tinyformer[parity]')")
WINDOW, DRAWS, WIDTH, COMMON = 4, 5, 32, 120


def test_each_reads_the_file_of_the_other(tmp_path):
    from gensim.models import KeyedVectors
    words, vectors = ["the", "cat", "naïve"], np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    write_vectors(tmp_path / "ours.txt", words, vectors)
    theirs = KeyedVectors.load_word2vec_format(tmp_path / "ours.txt")
    assert theirs.index_to_key == words and np.array_equal(theirs.vectors, vectors)
    theirs.save_word2vec_format(tmp_path / "theirs.txt")
    again, numbers = read_vectors(tmp_path / "theirs.txt")
    assert again == words and np.array_equal(numbers, vectors)


def cosines(vectors: np.ndarray) -> np.ndarray:
    """Of all pairs of the commonest words, one number each, their mean direction taken away."""
    unit = vectors[:COMMON] - vectors[:COMMON].mean(0)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    return (unit @ unit.T)[np.triu_indices(COMMON, 1)]


@pytest.mark.parametrize("kind", ["cbow", "skip-gram"])
def test_both_find_the_same_words_alike(kind):
    """The cosines of all pairs of common words agree, as they do between two runs of gensim, if not as well."""
    from gensim.models import Word2Vec
    texts = list(tinyland.World(0).documents(700))
    tokenizer = whole_words(texts, 2000, min_count=5)
    sentences = [[tokenizer.tokens[id] for id in tokenizer.encode(text) if id not in tokenizer.special_ids]
                 for text in texts]
    theirs = [Word2Vec(sentences, vector_size=WIDTH, window=WINDOW, negative=DRAWS, sample=0, min_count=5, epochs=12,
                       sg=int(kind == "skip-gram"), workers=1, seed=seed) for seed in (1, 2)]
    text = WordWindows(text_ids(texts, tokenizer), len(tokenizer), batch_size=16, length=64, window=WINDOW,
                       negative=DRAWS, sample=0.0, seed=0, passed_over=tuple(tokenizer.special_ids))
    sizes = WordVectorsConfig(vocabulary=len(tokenizer), width=WIDTH, kind=kind)
    model = WordVectors(sizes, np.random.default_rng(0))
    train(model, text, Settings(steps=300, learning_rate=0.05, weight_decay=0.0), progress=False)
    words = theirs[0].wv.index_to_key[:COMMON]
    ours = cosines(model.words.weight.data[[tokenizer.vocab[word] for word in words]])
    first, second = (cosines(each.wv[words]) for each in theirs)
    apart, alike = np.corrcoef(first, second)[0, 1], np.corrcoef(ours, first)[0, 1]
    assert apart > 0.9 and alike > 0.7, (apart, alike)
