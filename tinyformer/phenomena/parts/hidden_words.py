"""Which words can a BERT guess, and is it only that they are common?  Hidden words by kind, as common or as they come.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from tinyformer.backend import to_host
from tinyformer.engine import no_grad
from tinyformer.models import BertForPretraining
from tinyformer.phenomena.parts.marked import Marked, rows_of
from tinyformer.text import Tokenizer
from tinyformer.tinyland import Chance, World

FUNCTION, CONTENT = "function words", "content words"
KINDS = {**dict.fromkeys(("DET", "PRON", "ADP", "AUX", "CCONJ", "SCONJ", "PART"), FUNCTION),
         **dict.fromkeys(("NOUN", "VERB", "ADJ", "ADV", "PROPN"), CONTENT)}


def frequencies(texts: Iterable[str], tokenizer: Tokenizer) -> Counter:
    """How often each token stands in the texts."""
    return Counter(id for text in texts for id in tokenizer.encode(text))


def whole_words(world: World, documents: int, tokenizer: Tokenizer) -> list[Marked]:
    """Every word of these documents that is one token, with its part of speech; no place twice."""
    found = (Marked(sentence.text, start, word.text.lower(), word.tag) for index in range(documents)
             for sentence in world.document(index).sentences
             for word, start in zip(sentence.words, sentence.starts, strict=True) if word.tag in KINDS)
    return [one for one in dict.fromkeys(found) if len(tokenizer.encode(one.word)) == 1]


def grouped(marked: Sequence[Marked], of: Callable[[Marked], str], most: int,
            chance: Chance) -> dict[str, list[Marked]]:
    """At most so many places of each group, drawn at random; the groups as they stand in `KINDS`."""
    groups: dict[str, list[Marked]] = {of(Marked("", 0, "", tag)): [] for tag in KINDS}
    for one in chance.shuffled(marked):
        if len(groups[of(one)]) < most:
            groups[of(one)].append(one)
    return {name: places for name, places in groups.items() if places}


def tag_of(one: Marked) -> str:
    """Its part of speech."""
    return one.label


def kind_of(one: Marked) -> str:
    """Whether it is a function word or a content word."""
    return KINDS[one.label]


def matched(marked: Sequence[Marked], counts: Counter, tokenizer: Tokenizer, most: int,
            chance: Chance) -> dict[str, list[Marked]]:
    """As many places of function words as of content words, and in each octave of frequency as many, too."""
    octaves: dict[int, dict[str, list[Marked]]] = defaultdict(lambda: {FUNCTION: [], CONTENT: []})
    for one in chance.shuffled(marked):
        count = counts[tokenizer.encode(one.word)[0]]
        if count:
            octaves[int(math.log2(count))][kind_of(one)].append(one)
    found: dict[str, list[Marked]] = {FUNCTION: [], CONTENT: []}
    for octave in octaves.values():
        n = min(map(len, octave.values()))
        for kind in found:
            found[kind] += octave[kind][:n]
    order = chance.shuffled(range(len(found[FUNCTION])))[:most]        # the same octaves on both sides
    return {kind: [places[at] for at in order] for kind, places in found.items()}


def guessed(model: BertForPretraining, tokenizer: Tokenizer, marked: Sequence[Marked]) -> float:
    """The share, in percent, of these words that the model puts first where each of them is hidden alone."""
    right = 0
    with no_grad():
        for ids, keep, places in rows_of(tokenizer, marked):
            rows = np.arange(len(ids))
            hidden, ids[rows, places] = ids[rows, places], tokenizer.mask_id
            scores = model.word_logits(model(ids, keep=keep), rows * ids.shape[1] + places)            # (B, V)
            right += int((to_host(scores.data).argmax(-1) == hidden).sum())
    return 100 * right / len(marked)
