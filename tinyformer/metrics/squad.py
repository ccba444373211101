"""How close is an answer to one of those people gave?  Exact match and F1 of SQuAD 1.1 and 2.0, as fractions.

Answers are compared without case, punctuation (ASCII's), the articles a, an, the, and extra spaces.  F1 is that of
their words, counted with repetition.  A question is worth its best score over its gold answers.
Rajpurkar et al. 2016, section 6.1 (1.1), and 2018, section 5 (2.0), with the rules of the published scoring programs.
"""

import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence

ARTICLES = re.compile(r"\b(?:a|an|the)\b")
NO_PUNCTUATION = str.maketrans("", "", string.punctuation)

Gold = Mapping[str, Sequence[str]]                         # question id -> the answers people gave, [] for none


def normalise(answer: str) -> str:
    """The answer in the form in which it is compared."""
    return " ".join(ARTICLES.sub(" ", answer.lower().translate(NO_PUNCTUATION)).split())


def exact_match(gold: str, predicted: str) -> float:
    """1 where both are the same once normalised, otherwise 0."""
    return float(normalise(gold) == normalise(predicted))


def word_f1(gold: str, predicted: str, version: int = 1) -> float:
    """2 P R / (P + R) over the words that both have; 0 where they share none.

    Where one of them has no words at all 1.1 says 0, and 2.0 says 1 if both have none.
    """
    truth, guess = normalise(gold).split(), normalise(predicted).split()
    if version == 2 and not (truth and guess):
        return float(truth == guess)
    shared = (Counter(truth) & Counter(guess)).total()
    if not shared:
        return 0.0
    precision, recall = shared / len(guess), shared / len(truth)
    return 2 * precision * recall / (precision + recall)


def squad1_scores(gold: Gold, predicted: Mapping[str, str]) -> dict[str, float]:
    """{"exact", "f1", "total", "missing"} by the rules of 1.1, where a question without prediction is worth 0."""
    if not gold or not all(gold.values()):
        empty = next((id for id, answers in gold.items() if not answers), None)
        raise ValueError("squad1_scores: " + ("no questions; give at least one" if not gold else
                         f"question {empty!r} has no gold answer; score sets with impossible questions as 2.0"))
    answered = [id for id in gold if id in predicted]
    exact = sum(max(exact_match(answer, predicted[id]) for answer in gold[id]) for id in answered)
    f1 = sum(max(word_f1(answer, predicted[id]) for answer in gold[id]) for id in answered)
    return {"exact": exact / len(gold), "f1": f1 / len(gold), "total": len(gold),
            "missing": len(gold) - len(answered)}


def squad2_scores(gold: Gold, predicted: Mapping[str, str], no_answer: Mapping[str, float] | None = None,
                  threshold: float = 1.0) -> dict[str, float]:
    """Exact match and F1 by the rules of 2.0, where "" says that there is no answer.

    `no_answer` scores, for each question, how sure the model is that there is none (a probability, or the score of
    no answer minus that of the best answer); above `threshold` the prediction counts as "".  A question without
    prediction is left out, as by the published program; "missing" counts those.

    Besides "exact", "f1", "total": "answerable_exact", ... and "impossible_exact", ... on the questions of each kind,
    where there are any; and with `no_answer` "best_exact", "best_exact_threshold", "best_f1", "best_f1_threshold":
    what the best threshold would give, chosen on these very questions.
    """
    known = [id for id in gold if id in predicted]
    if not known:
        raise ValueError(f"squad2_scores: {len(gold)} questions, none of them among the {len(predicted)} predictions; "
                         "do the two belong together?")
    lost = [id for id in known if no_answer is not None and id not in no_answer]
    if lost:
        raise ValueError(f"squad2_scores: no_answer lacks question {lost[0]!r}; give it for every prediction")

    truths = {id: [answer for answer in gold[id] if normalise(answer)] or [""] for id in known}
    raw = {"exact": {id: max(exact_match(answer, predicted[id]) for answer in truths[id]) for id in known},
           "f1": {id: max(word_f1(answer, predicted[id], 2) for answer in truths[id]) for id in known}}
    silent = {id for id in known if no_answer is not None and no_answer[id] > threshold}
    groups = {"": known, "answerable_": [id for id in known if gold[id]],
              "impossible_": [id for id in known if not gold[id]]}
    scores: dict[str, float] = {}
    for group, ids in groups.items():
        for name, each in raw.items():
            if ids:
                scores[group + name] = sum(float(not gold[id]) if id in silent else each[id] for id in ids) / len(ids)
        if ids:
            scores[group + "total"] = len(ids)
    scores["missing"] = len(gold) - len(known)
    if no_answer is not None:
        for name, each in raw.items():
            scores[f"best_{name}"], scores[f"best_{name}_threshold"] = best_threshold(gold, predicted, each, no_answer)
    return scores


def best_threshold(gold: Gold, predicted: Mapping[str, str], scores: Mapping[str, float],
                   no_answer: Mapping[str, float]) -> tuple[float, float]:
    """(best mean score, the threshold on `no_answer` that reaches it), over all questions.

    Start with every question unanswered, which is right for the impossible ones, and let the model answer, the
    surest first: a question with an answer wins its score, an impossible one loses its point if the prediction
    is not "".  The threshold is the `no_answer` of the last question answered at the best moment, and 0 where no
    answering is best.  Equal values are taken one after the other, as by the published program, although
    one threshold could not part them; the order is that of `no_answer`.
    """
    total = sum(not answers for answers in gold.values())
    best, threshold = total, 0.0
    for id in sorted(no_answer, key=no_answer.get):
        if id not in scores:
            continue
        total += scores[id] if gold[id] else -bool(predicted[id])
        if total > best:
            best, threshold = total, no_answer[id]
    return best / len(scores), threshold
