"""Which of its meanings has a word in this text?  Sixteen to be told, by a BERT that has read, or by the words around.

Eight words of tinyland with two senses each, in 30 tokens of text that stand anywhere around them (see
`ambiguous_words.py`).  The BERT learns by Muon, with which 400 steps are enough; with AdamW they are not.
"""

from collections.abc import Sequence

import numpy as np

from tinyformer.engine import Tensor
from tinyformer.models import Bert
from tinyformer.ops import embedding
from tinyformer.phenomena.kit import Sizes
from tinyformer.phenomena.parts.ambiguous_words import ROOM, in_tinyland, shown
from tinyformer.phenomena.parts.few_to_all import Material
from tinyformer.phenomena.parts.small_berts import fresh, read, told
from tinyformer.rng import stream

OTHER_WORLD = 3_000_000                       # worlds from here on tell the sentences that are asked about
LENGTH, OPTIMIZER = 2 + ROOM, "muon"
PIECES = 4000                                 # of the text that was read, for its components


def senses(sizes: Sizes, seed: int) -> Material:
    """A BERT that has read a world of tinyland, and uses of words in another."""
    text = told(seed, sizes.documents, sizes.vocabulary, (("story", 1), ("facts", 1)))
    known = {tuple(each) for document in text.documents for each in document}
    words = shown(in_tinyland(sizes.least, sizes.most, OTHER_WORLD + seed, text.tokenizer,
                              lambda sentence: tuple(text.tokenizer.encode(sentence)) in known), seed)
    uses = [(f"{word}: {use.sense}", use) for word, of_word in words.items() for use in of_word]
    uses = [uses[place] for place in stream(seed, "uses").permutation(len(uses))]
    ids = np.array([[text.tokenizer.cls_id, *use.ids, text.tokenizer.sep_id] for _, use in uses])          # (N, T)
    places, labels = np.array([1 + use.place for _, use in uses]), np.array([sense for sense, _ in uses])
    counted = counts(ids[:, 1:-1], len(text.tokenizer))
    model, untrained = (fresh(text.tokenizer, seed, sizes.layers, sizes.width, LENGTH) for _ in range(2))
    read(model, text.batches(LENGTH, sizes.rows, seed, rate=0.2), sizes.steps_of_text, seed, optimizer=OPTIMIZER)
    half = len(uses) // 2
    everything = np.array([id for document in text.documents for sentence in document for id in sentence])
    pieces = everything[:len(everything) // ROOM * ROOM].reshape(-1, ROOM)[:PIECES]
    return Material(((ids[:half], places[:half]), (ids[half:], places[half:])), (labels[:half], labels[half:]),
                    (counted[:half], counted[half:]), counts(pieces, len(text.tokenizer)), model.bert, untrained.bert,
                    sizes.lessons_of_text, at_the_word)


def counts(ids: np.ndarray, vocabulary: int) -> np.ndarray:
    """How often each token stands in each row: ids (N, T) -> (N, V)."""
    found = np.zeros((len(ids), vocabulary))
    np.add.at(found, (np.arange(len(ids))[:, None], ids), 1)
    return found


def at_the_word(encoder: Bert, inputs: Sequence[np.ndarray], rng) -> Tensor:
    """What the last layer says of the word itself, (B, C), of ids (B, T) and its places (B,)."""
    ids, places = inputs
    rows = np.arange(len(ids)) * ids.shape[1] + places
    return embedding(encoder(ids).reshape(-1, encoder.config.width), ids=rows)
