"""Was it seen?  By a rule that stands in the experiment's file, where nobody can bend it to what was found.

A rule is made of claims and of controls, each held to its figures, one for each seed.  What all claims hold to is seen;
where one fails altogether it is not seen; and it is unclear where seeds disagree, where a control does not hold, so
that the figures say nothing, or where there are fewer than three seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tinyformer.metrics.over_seeds import bounds, interval

SEEN, NOT_SEEN, UNCLEAR = "seen", "not seen", "unclear"
HOW = {SEEN: "holds", NOT_SEEN: "does not hold", UNCLEAR: "cannot be told"}
LEAST_SEEDS = 3


@dataclass(frozen=True)
class Check:
    """One claim or control: its figures, what is asked of them, and SEEN, NOT_SEEN or UNCLEAR."""

    claim: str
    values: tuple[float, ...]
    asked: str
    word: str
    control: bool = False

    @property
    def figures(self) -> str:
        """The figure of each seed, with four digits."""
        return ", ".join(f"{value:.4g}" for value in self.values)

    def __str__(self) -> str:
        return f"{'control: ' * self.control}{self.claim}: {self.figures} ({self.asked}: {HOW[self.word]})"


@dataclass(frozen=True)
class Verdict:
    """SEEN, NOT_SEEN or UNCLEAR, and what it rests on."""

    word: str
    checks: tuple[Check, ...]


def judged(*claims: Check, controls: Sequence[Check] = ()) -> Verdict:
    """The verdict of a rule: `claims` say what is to be seen, `controls` what would explain it away if it failed."""
    if not claims:
        raise ValueError("judged: a rule needs at least one claim")
    words = {claim.word for claim in claims}
    if min(len(each.values) for each in claims) < LEAST_SEEDS:
        word = UNCLEAR
    elif NOT_SEEN in words:
        word = NOT_SEEN
    else:
        word = SEEN if {*words, *(each.word for each in controls)} == {SEEN} else UNCLEAR
    return Verdict(word, (*claims, *(replace(each, control=True) for each in controls)))


def at_least(bound: float, claim: str, values: Sequence[float]) -> Check:
    """The figure of every seed is `bound` or more."""
    return _every(claim, values, f"at least {bound:g}", [value >= bound for value in values])


def at_most(bound: float, claim: str, values: Sequence[float]) -> Check:
    """The figure of every seed is `bound` or less."""
    return _every(claim, values, f"at most {bound:g}", [value <= bound for value in values])


def above(bound: float, claim: str, values: Sequence[float]) -> Check:
    """The 95 % interval of the mean over the seeds lies above `bound`; below it the claim is refuted."""
    low, high = bounds(values)
    word = SEEN if low > bound else NOT_SEEN if high < bound else UNCLEAR
    return Check(claim, tuple(values), f"mean {interval(values)}, to lie above {bound:g}", word)


def _every(claim: str, values: Sequence[float], asked: str, holds: Sequence[bool]) -> Check:
    word = SEEN if all(holds) else UNCLEAR if any(holds) else NOT_SEEN
    return Check(claim, tuple(values), f"{asked} in every seed", word)

