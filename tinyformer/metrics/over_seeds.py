"""How much of a figure is luck?  Mean, spread and interval over several seeds."""

import math
import statistics
from collections.abc import Sequence

STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}


def summary(found: Sequence[dict], names: Sequence[str]) -> dict:
    """Mean, standard deviation (n - 1) and every value of each figure over the seeds, and which runs collapsed."""
    values = {name: [metrics[name] for metrics in found if name in metrics] for name in names}
    figures = {name: {"mean": statistics.mean(each), "sd": statistics.stdev(each), "runs": each}
               for name, each in values.items() if len(each) > 1}
    return {"seeds": [metrics["seed"] for metrics in found], **figures,
            "collapsed": [metrics["seed"] for metrics in found if metrics.get("collapsed")]}


def line(found: Sequence[dict], name: str) -> str:
    """One line on several runs: mean and standard deviation, every figure, and the runs that collapsed."""
    values = [metrics[name] for metrics in found]
    text = (f"{name} of {len(values)} seeds: {statistics.mean(values):.4f} ± {statistics.stdev(values):.4f} "
            f"({', '.join(f'{value:.4f}' for value in values)})")
    gone = [metrics for metrics in found if metrics.get("collapsed")]
    if not gone:
        return text + "; no run collapsed"
    text += "; collapsed: " + ", ".join(f"seed {metrics['seed']} says {metrics['collapsed']} of everything"
                                        for metrics in gone)
    healthy = [metrics[name] for metrics in found if not metrics.get("collapsed")]
    return text + (f"; the others have a mean of {statistics.mean(healthy):.4f}" if healthy else "")


def spread(values: Sequence[float], digits: int = 1) -> str:
    """Mean and standard deviation over seeds, "97.3 ± 0.4"; one value stands alone."""
    mean, more = statistics.mean(values), len(values) > 1
    return f"{mean:.{digits}f}" + (f" ± {statistics.stdev(values):.{digits}f}" if more else "")


def interval(values: Sequence[float]) -> str:
    """Mean and 95 % interval by Student's t, "+12.3 (8.1 to 16.5)"; one value has no interval."""
    mean = statistics.mean(values)
    if len(values) < 2:
        return f"{mean:+.1f}"
    low, high = bounds(values)
    return f"{mean:+.1f} ({low:.1f} to {high:.1f})"


def bounds(values: Sequence[float]) -> tuple[float, float]:
    """Both ends of the 95 % interval of the mean by Student's t; of one value it is without end."""
    if len(values) < 2:
        return -math.inf, math.inf
    mean = statistics.mean(values)
    half = student(len(values)) * statistics.stdev(values) / math.sqrt(len(values))
    return mean - half, mean + half


def student(n: int) -> float:
    """Student's t for a 95 % interval of n values: from the table, or for many by powers of 1 / (n - 1).

    Abramowitz and Stegun 1964, 26.7.5, at 1.959964, which is the normal distribution's.
    """
    return STUDENT.get(n) or 1.959964 + 2.372271 / (n - 1) + 2.822499 / (n - 1) ** 2 + 2.555850 / (n - 1) ** 3
