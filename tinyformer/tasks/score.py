"""How much, as a number, do two texts have in common?

Judged by the correlation with what people say, as STS-B is (Cer et al. 2017): Pearson's for the numbers, Spearman's for
their order.
"""

import statistics
from collections.abc import Iterable

import numpy as np

from tinyformer.metrics.correlation import pearson, spearman
from tinyformer.models import PairScorer
from tinyformer.tasks.collapse import hardly_differ
from tinyformer.tasks.pair import Pair
from tinyformer.tasks.terminal_lines import many, terminal_width, texts


class Score(Pair):
    """One number for two texts."""

    name, picture, loss, unit = "score", "scores.png", "score loss", "squared error"
    head = PairScorer
    figures = ("pearson", "spearman", "squared_error")
    parts = ("first", "second", "score")

    def labels(self, examples):
        return []

    def predict(self, model, examples, rows, tokenizer, options):
        return [{"score": float(score)} for score in self.outputs(model, rows)]

    def scores(self, examples, predictions):
        truth, said = [e.label for e in examples], [p["score"] for p in predictions]
        errors = np.subtract(truth, said)
        found = {"squared_error": float(errors @ errors) / len(errors)}
        if len(set(said)) > 1 and len(set(truth)) > 1:         # a constant has no direction
            found |= {"pearson": pearson(truth, said), "spearman": spearman(truth, said)}
        return {name: found.get(name, 0.0) for name in self.figures}

    def constant(self, train, examples):
        """The mean score."""
        return [{"score": float(np.mean([e.label for e in train]))}] * len(examples)

    def collapsed(self, examples, predictions):
        said = [p["score"] for p in predictions]
        flat = hardly_differ(said, [e.label for e in examples])
        return f"a score near {statistics.mean(said):.2f}" if flat else None

    def mistakes(self, examples, predictions, most=5):
        return wrong_scores([(e.first, e.second, e.label, p["score"])
                             for e, p in zip(examples, predictions, strict=True)], most=most)

    def draw(self, examples, predictions, path):
        from tinyformer import plot
        found = self.scores(examples, predictions)
        plot.score_scatter([e.label for e in examples], [p["score"] for p in predictions], path,
                           pearson=found["pearson"], spearman=found["spearman"])


def wrong_scores(items: Iterable[tuple[str, str, float, float]], *, most: int = 5, width: int | None = None) -> str:
    """Pairs with their scores, (first text, second text, true score, predicted score), the largest errors first."""
    items, width = list(items), terminal_width(width)
    furthest = sorted(items, key=lambda item: -abs(item[3] - item[2]))[:most]
    out = [f"the {len(furthest)} largest errors of {many(len(items), 'pair')}:" if items else "there are no pairs"]
    for first, second, true, predicted in furthest:
        out += ["", f"  true: {true:.2f}, predicted: {predicted:.2f}, error: {predicted - true:+.2f}",
                *texts((first, second), width)]
    return "\n".join(out)
