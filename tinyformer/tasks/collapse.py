"""Did the run learn nothing?  A look for models that say the same of everything.

Fine-tuning on few examples, or at too high a rate, sometimes ends so (Devlin et al. 2019, section 4.1; Mosbach et al.
2021).  The figure of such a run says nothing about the method, and hides in a mean.
"""

import statistics
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

SAME = 0.99                                   # share of one and the same answer from which a run counts as collapsed
FLAT = 0.05                                   # ... or, of numbers, their spread as a share of the true one


def same_of_everything(said: Iterable[Hashable], truth: Iterable[Hashable]) -> Hashable | None:
    """The one answer that a run gives to everything, or None; also None where the truth is as one-sided itself."""
    said, truth = Counter(said), Counter(truth)
    (answer, times), (_, real) = said.most_common(1)[0], truth.most_common(1)[0]
    return answer if times >= SAME * said.total() and real < SAME * truth.total() else None


def hardly_differ(said: Sequence[float], truth: Sequence[float]) -> bool:
    """Whether numbers that should differ as the true ones do are all about the same."""
    return statistics.pstdev(said) < FLAT * statistics.pstdev(truth)
