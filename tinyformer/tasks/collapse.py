"""Did the run learn nothing?  A look for models that say the same of everything.

Fine-tuning on few examples, or at too high a rate, sometimes ends so (Devlin et al. 2019, section 4.1; Mosbach et al.
2021).  The figure of such a run says nothing about the method, and hides in a mean.
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
