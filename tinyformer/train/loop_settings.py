"""With which numbers is a model trained?  One frozen dataclass, which refuses what cannot be meant."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tinyformer.errors import InputError
from tinyformer.opening import Table
from tinyformer.options import number_or_auto
from tinyformer.train.schedules import SCHEDULES

OPTIMIZERS = Table({
    "adamw": "tinyformer.train.optimizers:AdamW",
    "muon": "tinyformer.train.muon:Muon",
})
PRECISIONS = "float32", "tf32", "float16", "bfloat16"          # of products on a GPU: see cuda/precision.py
OWN = {"matrix_rate": "muon", "momentum": "muon"}              # settings of one optimizer alone


@dataclass(frozen=True)
class Settings:
    """How long, how fast, and how often to look; InputError names a value that cannot be used, and the remedy.

    Dropout belongs to the model's config.  An interval of None means never; at the end a run is evaluated and saved
    in any case.
    """

    steps: int = 1000
    learning_rate: float = 1e-3               # the peak of the schedule
    schedule: str = "linear"                  # constant, linear, cosine or constant-then-down
    warmup: int = 0                           # steps of climbing to the peak
    floor: float = 0.0                        # the learning rate at the end
    optimizer: str = "adamw"                  # adamw or muon
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    matrix_rate: float = 0.01                 # muon: the peak for the matrices between hidden vectors
    momentum: float = 0.95                    # muon: how much of the average of their gradients stays
    clip: float | None = 1.0                  # the largest norm of all gradients together; None: no limit
    accumulate: int = 1                       # into how many parts a batch is cut, to save memory
    recompute: bool = False                   # compute activations again in backward, to save memory
    seed: int = 0                             # of the dropout; the batches have their own
    log_every: int = 10
    evaluate_every: int | None = None
    save_every: int | None = None
    keep: int = 2                             # checkpoints that stay
    patience: int | None = None               # evaluations without a rise of the judge's figure, after which it stops
    keep_memory: bool = True                  # hold on to freed memory: see train/memory.py
    precision: str = "float32"                # of the products, on a GPU
    workers: int | str = 1                    # processes that share each step, or "auto": see train/choice.py

    def __post_init__(self):
        object.__setattr__(self, "betas", tuple(self.betas))
        for name in ("steps", "accumulate", "log_every", "evaluate_every", "save_every", "patience"):
            value = getattr(self, name)
            optional = name in ("evaluate_every", "save_every", "patience")
            if not (_whole(value) and value >= 1 or optional and value is None):
                _refuse(name, value, "a whole number of at least 1" + (", or None for never" if optional else ""))
        for name, least in (("warmup", 0), ("seed", 0), ("keep", 2)):
            if not (_whole(getattr(self, name)) and getattr(self, name) >= least):
                _refuse(name, getattr(self, name), f"a whole number of at least {least}")
        for name in ("learning_rate", "floor", "weight_decay", "matrix_rate"):
            if not (_finite(getattr(self, name)) and getattr(self, name) >= 0):
                _refuse(name, getattr(self, name), "a finite number of at least 0")
        if not (_finite(self.eps) and self.eps > 0):
            _refuse("eps", self.eps, "a finite number above 0, such as 1e-8")
        if self.clip is not None and not (_finite(self.clip) and self.clip > 0):
            _refuse("clip", self.clip, "a finite number above 0, or None for no limit")
        if len(self.betas) != 2 or not all(_finite(beta) and 0 <= beta < 1 for beta in self.betas):
            _refuse("betas", self.betas, "two numbers of at least 0 and below 1, such as (0.9, 0.999)")
        if not (_finite(self.momentum) and 0 <= self.momentum < 1):
            _refuse("momentum", self.momentum, "a number of at least 0 and below 1, such as 0.95")
        for name, known in (("schedule", SCHEDULES), ("optimizer", OPTIMIZERS), ("precision", PRECISIONS)):
            if getattr(self, name) not in known:
                _refuse(name, getattr(self, name), f"one of: {', '.join(known)}")
        object.__setattr__(self, "workers", number_or_auto("settings: workers", self.workers))
        if self.warmup > self.steps:
            raise InputError(f"settings: warmup is {self.warmup} but steps is {self.steps}; the climb must end before "
                             "the run does: lower warmup or raise steps")
        if self.floor > self.learning_rate:
            raise InputError(f"settings: floor is {self.floor} but learning_rate is {self.learning_rate}; the floor "
                             "is where the learning rate ends: lower it")

    def rate(self, step: int) -> float:
        """The learning rate of step 0, 1, ..."""
        return SCHEDULES[self.schedule](step, self.steps, self.learning_rate, self.warmup, self.floor)

    def due(self, done: int, every: int | None) -> bool:
        """Is something that happens every so many steps, and at the end, to happen after step `done`?"""
        return done == self.steps or every is not None and done % every == 0


def refuse_idle(given: Mapping[str, object], optimizer: str) -> None:
    """InputError where the command line gives a setting that belongs to another optimizer."""
    for name, owner in OWN.items():
        if given.get(name) is not None and owner != optimizer:
            raise InputError(f"--{name.replace('_', '-')} is a setting of {owner}, and the optimizer is {optimizer}; "
                             f"leave it out, or take --optimizer {owner}")


def _refuse(name: str, value, rule: str) -> None:
    raise InputError(f"settings: {name} is {value!r}; it must be {rule}")


def _whole(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _finite(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
