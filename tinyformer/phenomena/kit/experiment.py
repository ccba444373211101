"""How large is an experiment, what is compared in it, and what did its jobs find?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from tinyformer.phenomena.kit.brought import NOTHING, TAKEN, Files

Arm = str | int | None


class Sizes(SimpleNamespace):
    """The numbers that make an experiment large or small, by name: `Sizes(steps=800, rows=40).steps`.

    `arms` are what is compared, texts or whole numbers: each is a job of its own for every seed.
    """

    arms: Sequence[Arm] = (None,)

    def but(self, **changes) -> "Sizes":
        """The same sizes with some changed; TypeError for a name that they do not have."""
        unknown = sorted({*changes} - {*vars(self)})
        if unknown:
            raise TypeError(f"Sizes.but: {', '.join(unknown)} is not among the sizes {', '.join(vars(self))}")
        return Sizes(**{**vars(self), **changes})

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"Sizes.{name}: sizes do not change; but({name}=...) gives others")

    def __hash__(self) -> int:
        return hash(tuple(sorted(vars(self).items())))


@dataclass(frozen=True)
class Experiment:
    """What stands at the head of an experiment's file."""

    chapter: str
    minutes: float                            # with three seeds, on two cores
    full: Sizes
    quick: Sizes                              # one seed in about ten seconds
    control: str                              # beside what the figures are held, in a sentence or two
    optimizer: str = ""                       # of every training in it
    not_found: str = ""                       # what was looked for and is not there, or cannot be told
    saves: bool = False                       # one() leaves models, and takes `folder`, where they go
    takes: Mapping[str, str] = field(default_factory=dict)     # files of the user: "model" and "data", and what each is

    def __post_init__(self):
        unknown = sorted({*self.takes} - {*TAKEN})
        if unknown:
            raise ValueError(f"Experiment: it takes {', '.join(unknown)}; a user can bring {' and '.join(TAKEN)}")
        differ = sorted({*vars(self.full)} ^ {*vars(self.quick)})
        if differ:
            raise ValueError(f"Experiment: {', '.join(differ)} stands in one of full and quick; give it in both")


@dataclass(frozen=True)
class Found:
    """What came of every job: a dict each, with its "seed" and "arm", and how many "seconds" of a processor it took."""

    sizes: Sizes
    seeds: Sequence[int]
    outcomes: Sequence[dict]
    files: Files = NOTHING                    # what the user brought,
    given: Sequence[dict] = ()                # and what came of it, seed by seed

    def __getitem__(self, arm: Arm) -> list[dict]:
        """The outcomes of one arm, seed by seed; KeyError where there is no such arm."""
        if arm not in self.sizes.arms:
            raise KeyError(f"{arm!r} is no arm of this run; there are {', '.join(map(repr, self.sizes.arms))}")
        return [each for each in self.outcomes if each["arm"] == arm]

    def values(self, name: str, arm: Arm = None, scale: float = 1.0) -> list[float]:
        """One figure of an arm, seed by seed."""
        return [scale * each[name] for each in self[arm]]

    def curves(self, name: str, arm: Arm = None, scale: float = 1.0) -> list[list[tuple[int, float]]]:
        """One figure of an arm over the steps, a run (step, value), ... for each seed, from the "curve" of `watch`."""
        return [[(row["step"], scale * row[name]) for row in each["curve"]] for each in self[arm]]
