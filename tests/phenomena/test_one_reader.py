"""Is the BERT of a seed always the same, is it looked at when it should be, and what do shuffled texts keep?"""

import numpy as np
import pytest

from tinyformer.data.sentences import sentences
from tinyformer.phenomena.kit import Sizes
from tinyformer.phenomena.parts.one_reader import LAYERS, read, reader, shuffled, texts, watched

SIZES = Sizes(steps=3, documents=100)


def same(one, other) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one.model.state().values(), other.model.state().values(),
                                                    strict=True))


def test_the_same_seed_gives_the_same_model_and_looks_change_nothing():
    def look(model, tokenizer) -> dict:
        return {"norm": float(np.linalg.norm(model.bert.words.weight.data)), "tokens": len(tokenizer)}

    alone, seen = reader(SIZES, 3, "muon"), reader(SIZES, 3, "muon")
    assert len(alone.model.bert.layers) == LAYERS and alone.model.pair is None
    start, reached = look(seen.model, seen.tokenizer), read(alone)
    curve, again = watched(seen, [0, 1], look)
    assert 0 <= reached == again <= 100 and same(alone, seen)
    assert [row["step"] for row in curve] == [0, 1, 3] and curve[0] == {"step": 0, **start}
    assert len({row["norm"] for row in curve}) == 3 and curve[-1] == {"step": 3, **look(alone.model, alone.tokenizer)}


def test_shuffled_words_are_read_by_a_model_of_about_the_same_size():
    plain, other = reader(SIZES, 3, "muon"), reader(SIZES, 3, "muon", shuffle=True)
    assert plain.model.count() == pytest.approx(other.model.count(), rel=0.05)
    assert plain.batches.batch(0).ids.tolist() != other.batches.batch(0).ids.tolist()
    assert texts(SIZES, 3) != texts(SIZES, 4)


def test_shuffled_sentences_keep_their_words_and_their_places():
    def words(text: str) -> list[str]:
        return sorted(text.lower().rstrip(".?!").split())

    told = texts(SIZES, 3)
    pairs = [pair for number, text in enumerate(told)
             for pair in zip(sentences(text), sentences(shuffled(text, number)), strict=True)]
    assert all(words(one) == words(two) and one[-1] == two[-1] for one, two in pairs)
    assert sum(one != two for one, two in pairs) > 0.9 * len(pairs) > 100
    assert shuffled(told[0], 3) == shuffled(told[0], 3) != shuffled(told[0], 4)
