"""At what does a head look?  How much of its weight goes to the word before, the next, the same word, and so on.

Clark et al. 2019, "What Does BERT Look At?", section 3.  A kind says of every place which places it means; the score of
a head is the weight that it gives them, on average over the places that mean any.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tinyformer.inside import Look
from tinyformer.models import Bert
from tinyformer.phenomena.parts.marked import Marked, padded, row
from tinyformer.text import Tokenizer
from tinyformer.tinyland import Chance
from tinyformer.tinyland.events import FORMS, draw_event, tell
from tinyformer.tinyland.grammar import grammar

BEFORE, NEXT, SAME, SEPARATORS, SUBJECT = "word before", "next word", "same word", "separators", "subject of the verb"
KINDS = (BEFORE, NEXT, SAME, SEPARATORS, SUBJECT)
BATCH = 32


@dataclass(frozen=True)
class Clause:
    """A text, a verb in it and its subject; `apart` where other words stand between the two."""

    verb: Marked
    subject: Marked
    apart: bool


def clauses(count: int, chance: Chance) -> list[Clause]:
    """Events, half of them in the passive voice: The dog chased the cat; the cat was chased by the dog."""
    found, rules = [], grammar()
    while len(found) < count:
        event, form = draw_event(rules, chance, reversible=True), len(found) % len(FORMS)
        sentence, passive = tell(rules, event, chance, form), form >= len(FORMS) // 2
        words = [word.text.lower() for word in sentence.words]
        subject = (event.patient if passive else event.agent).word.lower()
        verbs = [at for at, word in enumerate(sentence.words) if word.tag == "VERB"]
        if words.count(subject) == 1 and len(verbs) == 1:
            verb, subject = (Marked(sentence.text, sentence.starts[at], words[at], "")
                             for at in (verbs[0], words.index(subject)))
            found.append(Clause(verb, subject, passive))
    return found


def weights(encoder: Bert, ids: np.ndarray, segments: np.ndarray | None = None,
            keep: np.ndarray | None = None) -> Iterator[np.ndarray]:
    """The attention weights of each layer, (B, H, T, T)."""
    look = Look(encoder, lambda model: model(ids, segments, keep))
    return (look.attention("layers.attend", layer) for layer in range(len(encoder.layers)))


def scores(encoder: Bert, tokenizer: Tokenizer, pairs: Sequence[tuple[str, str]],
           told: Sequence[Clause]) -> dict[str, np.ndarray]:
    """{kind: (L, H)} from neighbouring sentences and from clauses.

    The subject counts where it stands just before its verb or where words stand between them, whichever the head finds
    worse: a fixed distance finds none.
    """
    found = dict(zip(KINDS, _of_pairs(encoder, tokenizer, pairs), strict=False))
    both = [_of_clauses(encoder, tokenizer, [one for one in told if one.apart == apart]) for apart in (False, True)]
    return {**found, SUBJECT: np.minimum(*both)}


def _of_pairs(encoder: Bert, tokenizer: Tokenizer, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
    """The scores of the first four kinds, (4, L, H)."""
    added, asked = 0.0, 0.0
    for first in range(0, len(pairs), BATCH):
        rows, segments = zip(*(_pair(tokenizer, *pair) for pair in pairs[first:first + BATCH]), strict=True)
        (ids, keep), (segments, _) = padded(rows, tokenizer.pad_id), padded(segments, 0)
        wanted = meant(ids, keep, (tokenizer.cls_id, tokenizer.sep_id))                        # (4, B, T, S)
        each = [np.einsum("bhts,kbts->kh", layer, wanted) for layer in weights(encoder, ids, segments, keep)]
        added, asked = added + np.stack(each, 1), asked + wanted.any(-1).sum((1, 2))           # (4, L, H), (4,)
    return added / np.maximum(asked, 1)[:, None, None]


def meant(ids: np.ndarray, keep: np.ndarray, separators: Sequence[int]) -> np.ndarray:
    """Which places (S) each kind but the last means, seen from each word (T) of the rows (B, T): (4, B, T, S)."""
    T = ids.shape[1]
    special = np.isin(ids, separators)
    word = keep & ~special                                     # (B, T)
    words = word[:, :, None] & word[:, None, :]                # (B, T, S)
    same = (ids[:, :, None] == ids[:, None, :]) & ~np.eye(T, dtype=bool)
    return np.stack([np.eye(T, k=-1, dtype=bool) & words, np.eye(T, k=1, dtype=bool) & words, same & words,
                     word[:, :, None] & special[:, None, :]])


def _of_clauses(encoder: Bert, tokenizer: Tokenizer, told: Sequence[Clause]) -> np.ndarray:
    """The weight from the verb to its subject, (L, H)."""
    added = 0.0
    for first in range(0, len(told), BATCH):
        some = told[first:first + BATCH]
        rows, verbs = zip(*(row(tokenizer, one.verb) for one in some), strict=True)
        subjects = [row(tokenizer, one.subject)[1] for one in some]
        ids, keep = padded(rows, tokenizer.pad_id)
        added = added + np.stack([layer[np.arange(len(ids)), :, verbs, subjects].sum(0)
                                  for layer in weights(encoder, ids, keep=keep)])
    return added / len(told)


def _pair(tokenizer: Tokenizer, a: str, b: str) -> tuple[list[int], list[int]]:
    """(ids, segments) of [CLS] a [SEP] b [SEP]."""
    first, second = tokenizer.encode(a), tokenizer.encode(b)
    return ([tokenizer.cls_id, *first, tokenizer.sep_id, *second, tokenizer.sep_id],
            [0] * (len(first) + 2) + [1] * (len(second) + 1))
