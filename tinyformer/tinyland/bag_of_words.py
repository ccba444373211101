"""How far do single words get?  The line that a reader of sentences has to stay above.

A bag of words knows which words a text has and nothing of their order: softmax regression on presence (texts and
pairs), least squares (scores), the commonest tag of each word, and for questions the word most often an answer.
"""

from collections import Counter

import numpy as np

from tinyformer.tinyland.sets import TASKS, ceiling, find, on_scale, task

STEPS, RATE, DECAY = 100, 0.2, 1e-3


def bag_of_words(train: list, test: list) -> tuple[list, list]:
    """(truth, prediction) of a bag of words fitted to `train`, on the examples of `test`."""
    kind = type(train[0]).__name__
    if kind == "TaggedSentence":
        return _commonest_tags(train, test)
    if kind == "Question":
        return _commonest_answers(train, test)
    columns = {name: at for at, name in enumerate(sorted({name for one in train for name in _features(one)}))}
    x, y = _matrix(train, columns), [example.label for example in train]
    truth = [example.label for example in test]
    if isinstance(y[0], float):
        weights = x.T @ np.linalg.solve(x @ x.T + np.eye(len(x)), np.array(y) - np.mean(y))
        return truth, (_matrix(test, columns) @ weights + np.mean(y)).tolist()
    labels = sorted(set(y))
    weights = softmax_regression(x, np.array([labels.index(label) for label in y]), len(labels))
    return truth, [labels[at] for at in (_matrix(test, columns) @ weights).argmax(-1)]


def table(n_train: int = 1000, n_test: int = 500, names=tuple(TASKS), seed: int = 0) -> list[dict]:
    """For each task its first figure for majority, bag of words and perfect reader, and the bag on the scale to 100."""
    rows = []
    for name in names:
        test = task(name, "test", n_test, seed)
        train = task("mnli" if name == "mnli-mm" else name, "train", n_train, seed)
        top = ceiling(name, "test", n_test, seed)
        bag = figure(name, *bag_of_words(train, test))
        rows.append({"task": name, "kind": find(name).kind, "metric": find(name).metrics[0],
                     "majority": find(name).majority, "bag of words": bag, "ceiling": top,
                     "on scale": on_scale(name, bag, top)})
    return rows


def figure(name: str, truth: list, predicted: list) -> float:
    """The task's first official figure, as a fraction."""
    from tinyformer.metrics.classification import accuracy, matthews
    from tinyformer.metrics.correlation import pearson
    metric = find(name).metrics[0]
    if metric == "entity_f1":
        from tinyformer.metrics.entities import entity_scores
        return entity_scores(truth, predicted).f1
    if metric in ("exact_match", "accuracy"):
        if isinstance(truth[0], tuple):
            truth, predicted = [sum(rows, ()) for rows in (truth, predicted)]
        return accuracy(truth, predicted)
    return {"matthews": matthews, "pearson": pearson}[metric](truth, predicted)


def _features(example) -> list[str]:
    if hasattr(example, "text"):
        return example.text.lower().replace(".", " ").replace(",", " ").split()
    first, second = (set(text.lower().replace(".", " ").replace(",", " ").replace("?", " ").split())
                     for text in (example.first, example.second))
    share = len(first & second) / len(first | second)
    return ([f"first {word}" for word in first] + [f"second {word}" for word in second]
            + [f"both {word}" for word in first & second] + [f"share above {tenth}" for tenth in range(10)
                                                             if share > tenth / 10])


def _matrix(examples: list, columns: dict[str, int]) -> np.ndarray:
    """Which features each example has, (N, F), and a column of ones at the end."""
    x = np.zeros((len(examples), len(columns) + 1), dtype=np.float32)
    x[:, -1] = 1
    for row, example in enumerate(examples):
        x[row, [columns[name] for name in _features(example) if name in columns]] = 1
    return x


def softmax_regression(x: np.ndarray, y: np.ndarray, classes: int) -> np.ndarray:
    """Weights (F, classes) by gradient descent with momentum on the mean cross-entropy and a little decay."""
    weights = np.zeros((x.shape[1], classes), dtype=np.float32)
    velocity, hot = np.zeros_like(weights), np.eye(classes, dtype=np.float32)[y]
    for _ in range(STEPS):
        logits = x @ weights                                     # (N, classes)
        p = np.exp(logits - logits.max(-1, keepdims=True))
        p /= p.sum(-1, keepdims=True)
        velocity = 0.9 * velocity - RATE * (x.T @ (p - hot) / len(x) + DECAY * weights)
        weights += velocity
    return weights


def _commonest_tags(train: list, test: list) -> tuple[list, list]:
    counts: dict[str, Counter] = {}
    for sentence in train:
        for word, tag in zip(sentence.words, sentence.tags, strict=True):
            counts.setdefault(word.lower(), Counter())[tag] += 1
    default = sum(counts.values(), Counter()).most_common(1)[0][0]
    best = {word: tags.most_common(1)[0][0] for word, tags in counts.items()}
    return [one.tags for one in test], [tuple(best.get(word.lower(), default) for word in one.words) for one in test]


def _commonest_answers(train: list, test: list) -> tuple[list, list]:
    """The word of the document that was most often the answer to questions that begin alike."""
    counts: Counter = Counter()
    for one in train:
        counts.update((one.question.split()[0], word.lower()) for word in one.answers[0].text.split())
    chosen = [max(one.document.replace(".", "").replace(",", "").split(),
                  key=lambda word, one=one: counts[one.question.split()[0], word.lower()]) for one in test]
    return [one.answers[0].text.lower() for one in test], [word.lower() for word in chosen]
