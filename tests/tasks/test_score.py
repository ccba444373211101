"""Are scores shown and held against a constant as they should be?"""

from tinyformer.data.readers import PairExample
from tinyformer.tasks import TASKS
from tinyformer.tasks.score import wrong_scores


def test_one_score_for_everything():
    truth = [PairExample("a", "b", float(n % 6), "f", 1) for n in range(60)]
    assert TASKS["score"].collapsed(truth, [{"score": 2.5 + 0.01 * (n % 2)} for n in range(60)]) == "a score near 2.50"
    assert TASKS["score"].collapsed(truth, [{"score": 2.5 + 0.1 * (n % 6)} for n in range(60)]) is None
    for apart, gone in ((0.16, True), (0.18, False)):          # the true scores have a deviation of 1.708
        near = [{"score": 2.5 + apart * (n % 2)} for n in range(60)]
        assert bool(TASKS["score"].collapsed(truth, near)) == gone, "5 % of it is the limit"
    assert TASKS["score"].collapsed([PairExample("a", "b", 2.0, "f", 1)] * 60, [{"score": 2.0}] * 60) is None


def test_wrong_scores_are_sorted_by_error():
    text = wrong_scores([("a", "b", 1.0, 1.5), ("c", "d", 4.0, 1.0), ("e", "f", 0, 0)], most=2, width=80)
    assert text.startswith("the 2 largest errors of 3 pairs:\n\n  true: 4.00, predicted: 1.00, error: -3.00\n    1: c")
    assert "+0.50" in text and "1: e" not in text
    assert wrong_scores([]) == "there are no pairs"
