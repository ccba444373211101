"""Real sentences with a word taken out: what would counting put there, and what does the model?"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.counts import NeighbourTable
from tinyformer.data.sentences import sentences
from tinyformer.engine import no_grad
from tinyformer.generate.mask_filling import Guesses, fill, row
from tinyformer.rng import stream

WORD = re.compile(r"(?<![\w'-])[a-z]{2,}(?![\w'-])")


@dataclass
class Blank:
    """A sentence with [MASK] in it, the word that stood there, and the guesses of whoever was asked, by name."""

    text: str
    word: str
    guesses: dict[str, Guesses] = field(default_factory=dict)


def choose_blanks(documents: Iterable[str], tokenizer, count: int, room: int, seed: int = 0) -> list[Blank]:
    """`count` sentences from different documents, each with one word hidden that is a single token.

    They have 6 to 16 words and at most `room` tokens.
    """
    rng = stream(seed, "blanks")
    found = []
    documents = list(documents)
    for number in rng.permutation(len(documents)):
        candidates = [blank for sentence in sentences(documents[number]) if 6 <= len(sentence.split()) <= 16
                      if len(tokenizer.encode(sentence)) <= room for blank in _blanks_of(sentence, tokenizer)]
        if candidates:
            found.append(candidates[int(rng.integers(len(candidates)))])
        if len(found) == count:
            break
    return found


def ask_model(blanks: list[Blank], name: str, model, tokenizer, top: int = 3) -> None:
    """Add the guesses of a BERT under this name."""
    for blank in blanks:
        blank.guesses[name] = fill(model, tokenizer, blank.text, top)[0]


def ask_counts(blanks: list[Blank], name: str, table: NeighbourTable, tokenizer, top: int = 3) -> None:
    """Add the guesses of a table that has counted which word stands between which neighbours."""
    for blank in blanks:
        ids = [table.vocab_size, *tokenizer.encode(blank.text), table.vocab_size]
        place = ids.index(tokenizer.mask_id)
        blank.guesses[name] = [(tokenizer.tokens[id], share)
                               for id, share in table.ranked(ids[place - 1], ids[place + 1], top)]


def lines(blanks: list[Blank]) -> Iterator[str]:
    """The blanks as text: each sentence, the word that stood there, and a line for each who was asked."""
    for blank in blanks:
        yield f"  {blank.text}    ({blank.word})"
        for name, guesses in blank.guesses.items():
            yield f"    {name:<15}" + "   ".join(f"{token} {share:.2f}" for token, share in guesses)


def attention_of(model, tokenizer, text: str) -> tuple[np.ndarray, list[str], list[str]]:
    """The attention weights of all layers and heads on [CLS] text [SEP]: (L * H, T, T), tokens, names of the heads."""
    ids = row(tokenizer, text)
    found, names = [], []
    with no_grad():
        x = model.bert.embed(np.array([ids]))                            # (1, T, C)
        for number, layer in enumerate(model.bert.layers, 1):
            weights = to_host(layer.attend.weights(x).data)[0]           # (H, T, T)
            found.append(weights)
            names += [f"layer {number}, head {head}" for head in range(1, len(weights) + 1)]
            x = layer(x)
    return np.concatenate(found), [tokenizer.tokens[id] for id in ids], names


def _blanks_of(sentence: str, tokenizer) -> Iterator[Blank]:
    for match in WORD.finditer(sentence):
        if len(tokenizer.encode(match.group())) == 1 and len(match.group()) > 3:
            yield Blank(sentence[:match.start()] + "[MASK]" + sentence[match.end():], match.group())
