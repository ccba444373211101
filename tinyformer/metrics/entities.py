"""How many names were found, whole and of the right type?  Precision, recall and F1 of pieces, not of words.

A piece counts as right when its first word, its last word and its type are all right.  Pieces are read from tags as
the evaluation of CoNLL-2003 reads them, forgivingly: an I- that continues nothing begins a piece.
Tjong Kim Sang & De Meulder 2003, section 2.4.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

NO_KIND = "_"                                              # a bare B or I, without a type


@dataclass(frozen=True)
class Score:
    """`right` pieces of `predicted` ones and `gold` ones; a share of nothing is 0."""

    right: int
    predicted: int
    gold: int

    @property
    def precision(self) -> float:
        """The share of the predicted pieces that are right."""
        return self.right / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """The share of the gold pieces that were found."""
        return self.right / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """2 P R / (P + R)."""
        return 2 * self.right / (self.predicted + self.gold) if self.right else 0.0


@dataclass(frozen=True)
class EntityScores(Score):
    """The score over all pieces (micro), and that of each type."""

    by_kind: dict[str, Score] = field(default_factory=dict)

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the types; 0 where there are none."""
        return sum(score.f1 for score in self.by_kind.values()) / len(self.by_kind) if self.by_kind else 0.0


def entities(tags: Sequence[str]) -> list[tuple[str, int, int]]:
    """The pieces in a sentence's BIO tags as (type, first word, behind the last word), in order.

    A piece begins at B-, at I- behind O, and at I- of another type than the word before; it ends before the next
    begins, at O, and with the sentence.  ValueError for a tag that is none of O, B, I, B-TYPE, I-TYPE.
    """
    found = []
    kind, first = None, 0                                  # of the piece we are in
    for place, tag in enumerate([*tags, "O"]):
        prefix, new = tag[:1], tag[1:].removeprefix("-") or NO_KIND
        if tag != "O" and (prefix not in ("B", "I") or tag[1:2] not in ("", "-")):
            raise ValueError(f"entities: tag {tag!r} at word {place}; it must be O, B-TYPE or I-TYPE")
        goes_on = prefix == "I" and new == kind
        if kind is not None and not goes_on:
            found.append((kind, first, place))
        if prefix == "O":
            kind = None
        elif not goes_on:
            kind, first = new, place
    return found


def entity_scores(gold: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]]) -> EntityScores:
    """Scores over sentences of tags; ValueError names the first sentence whose lists differ in length."""
    gold, predicted = list(gold), list(predicted)
    if len(gold) != len(predicted):
        raise ValueError(f"entity_scores: {len(gold)} gold sentences and {len(predicted)} predicted; "
                         "there must be as many")
    counts = {"right": Counter(), "predicted": Counter(), "gold": Counter()}
    for number, (truth, guess) in enumerate(zip(gold, predicted, strict=True)):
        if len(truth) != len(guess):
            raise ValueError(f"entity_scores: sentence {number} has {len(truth)} gold tags and {len(guess)} "
                             "predicted; every word needs one of each")
        truth, guess = set(entities(truth)), set(entities(guess))
        for name, pieces in (("right", truth & guess), ("predicted", guess), ("gold", truth)):
            counts[name].update(kind for kind, _, _ in pieces)
    kinds = sorted(counts["gold"] | counts["predicted"])
    by_kind = {kind: Score(**{name: counter[kind] for name, counter in counts.items()}) for kind in kinds}
    return EntityScores(**{name: counter.total() for name, counter in counts.items()}, by_kind=by_kind)
