"""What every campaign is given: its size, its seed, and a random generator for each of its trials."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


def pytest_addoption(parser):
    parser.addoption("--size", type=int, help="trials of each campaign (default: its short form)")
    parser.addoption("--seed", type=int, default=0, help="of the campaigns")


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("campaign")


@dataclass
class Campaign:
    """So many trials, each with a chance of its own: the same seed and number are the same trial."""

    name: str
    seed: int
    asked: int | None

    def trials(self, short: int) -> Iterator[tuple[str, random.Random]]:
        """(how to call it, its generator) of each trial; `short` of them where no --size is given."""
        for number in range(self.asked or short):
            yield f"trial {number} of seed {self.seed}", random.Random(f"{self.name} {self.seed} {number}")

    def report(self, line: str) -> None:
        """What the campaign did, for whoever looks at the output (-s)."""
        print(f"\n{self.name}, seed {self.seed}: {line}")


@pytest.fixture
def campaign(request) -> Campaign:
    option = request.config.getoption
    return Campaign(request.node.name, option("--seed", 0), option("--size", None))
