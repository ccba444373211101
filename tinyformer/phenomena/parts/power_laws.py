"""What do five sizes say of a sixth?  A line through their logarithms, which is a power law, and its interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import linear_regression, mean
from typing import Self

from tinyformer.metrics.over_seeds import student


@dataclass(frozen=True)
class PowerLaw:
    """loss = factor * size ^ -exponent (Kaplan et al. 2020, section 1.2), and how far the points lie from it.

    `spread` is the standard deviation of the logarithms around the line, with n - 2 in the denominator; `count`,
    `middle` and `width` are n, the mean and the sum of squares of the logarithms of the sizes.
    """

    exponent: float
    factor: float
    spread: float
    count: int
    middle: float
    width: float

    @classmethod
    def of(cls, sizes: Sequence[float], losses: Sequence[float]) -> Self:
        """The law with the least squares between the logarithms; ValueError for fewer than three sizes."""
        if len(sizes) < 3:
            raise ValueError(f"PowerLaw.of: {len(sizes)} sizes; a line with an interval takes three or more")
        x, y = ([math.log(each) for each in values] for values in (sizes, losses))
        middle = mean(x)
        width = sum((each - middle) ** 2 for each in x)
        slope, start = linear_regression(x, y)
        left = sum((other - start - slope * one) ** 2 for one, other in zip(x, y, strict=True))
        return cls(-slope, math.exp(start), math.sqrt(left / (len(x) - 2)), len(x), middle, width)

    def __call__(self, size: float) -> float:
        """The loss at this size."""
        return self.factor * size ** -self.exponent

    def between(self, size: float) -> tuple[float, float]:
        """The 95 % interval for the loss of one more model of this size, by Student's t with n - 2 degrees of freedom.

        half its width, in logarithms: t spread sqrt(1 + 1 / n + (log size - middle)^2 / width)
        """
        away = (math.log(size) - self.middle) ** 2 / self.width
        half = student(self.count - 1) * self.spread * math.sqrt(1 + 1 / self.count + away)
        return self(size) * math.exp(-half), self(size) * math.exp(half)
