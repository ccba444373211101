"""How much of a figure is luck?  The same run with several seeds, and a look for those that learned nothing.

Fine-tuning on few examples, or at too high a rate, sometimes ends in a model that says the same of everything
(Devlin et al. 2019, section 4.1; Mosbach et al. 2021).  Its figure says nothing about the method, and hides in a mean.
"""

import statistics
from collections import Counter
from collections.abc import Sequence

from tinyformer.tasks.task import Task

SAME = 0.99                                   # share of one and the same answer from which a run counts as collapsed
FLAT = 0.05                                   # ... or, of scores, their spread as a share of the true one


def collapsed(task: Task, predictions: Sequence[dict], examples: Sequence) -> str | None:
    """What a run that says the same of everything says, or None; also None where the truth is as one-sided itself."""
    if task.name == "score":
        said = [p["score"] for p in predictions]
        flat = statistics.pstdev(said) < FLAT * statistics.pstdev([e.label for e in examples])
        return f"a score near {statistics.mean(said):.2f}" if flat else None
    said, truth = Counter(), Counter()
    for prediction, example in zip(predictions, examples, strict=True):
        if task.name == "tag":
            said.update(prediction["tags"])
            truth.update(example.tags)
        elif task.name == "answer":
            said[prediction["answer"]] += 1
            truth["" if example.impossible else example.answers[0].text] += 1
        elif task.name == "rewrite":
            said[prediction["text"]] += 1
            truth[example.target] += 1
        else:
            said[prediction["label"]] += 1
            truth[example.label] += 1
    (answer, times), (_, real) = said.most_common(1)[0], truth.most_common(1)[0]
    one_sided = times >= SAME * said.total() and real < SAME * truth.total()
    nothing = "nothing" if task.name == "rewrite" else "no answer"
    return (repr(answer) if answer else nothing) if one_sided else None


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
