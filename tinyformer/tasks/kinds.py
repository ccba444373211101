"""What makes a task of a head?  A way to read examples, to encode them, to predict, and the figures it is judged by.

The four stand side by side, as their heads do in models/heads.py; what trains a whole encoder and decoder stands in
rewrite.py.  A prediction is a dict that is ready for JSON; `scores` compares predictions with examples, and its first
figure is the one that counts.
"""

from collections import Counter, defaultdict
from collections.abc import Collection
from itertools import chain
from pathlib import Path

import numpy as np

from tinyformer.data import readers
from tinyformer.data.answers import predict_answer
from tinyformer.data.labelled import LabelledBatches, pair_rows, question_rows, tagged_rows, text_rows
from tinyformer.errors import InputError
from tinyformer.metrics.classification import accuracy, f1, matthews
from tinyformer.metrics.correlation import pearson, spearman
from tinyformer.metrics.entities import entity_scores
from tinyformer.metrics.squad import squad1_scores, squad2_scores
from tinyformer.models import PairClassifier, PairScorer, SpanFinder, TextClassifier, TokenTagger
from tinyformer.nn import Module
from tinyformer.tasks.rewrite import Rewrite
from tinyformer.tasks.task import BATCH, Task, columns


class Classify(Task):
    """One class for a text."""

    name, head, metrics = "classify", TextClassifier, ("accuracy", "f1", "f1_macro", "matthews")

    def read(self, path, options, training=False, labelled=True):
        return readers.read_examples(path, self.name, columns(options.columns, self.name, labelled),
                                     labelled=labelled, skip_bad_rows=options.skip_bad_rows)

    def rows(self, examples, tokenizer, labels, options):
        return text_rows(examples, tokenizer, labels, options.max_length)

    def predict(self, model, examples, rows, tokenizer, options):
        found = []
        for p in self.outputs(model, rows):
            best = int(p.argmax())
            found.append({"label": model.labels[best], "probability": float(p[best]),
                          "probabilities": dict(zip(model.labels, p.tolist(), strict=True))})
        return found

    def scores(self, examples, predictions):
        truth, said = [e.label for e in examples], [p["label"] for p in predictions]
        classes = readers.label_names(examples)
        found = {"accuracy": accuracy(truth, said), "f1_macro": f1(truth, said, "macro"),
                 "matthews": matthews(truth, said)}
        if len(classes) == 2:                                  # of the second of two, as 1 of 0 and 1
            found["f1"] = f1(truth, said, "binary", positive=classes[1])
        return found

    def constant(self, train, examples):
        commonest = Counter(e.label for e in train).most_common(1)[0][0]
        return [{"label": commonest}] * len(examples)


class Pair(Classify):
    """One class for two texts."""

    name, head = "pair", PairClassifier

    def rows(self, examples, tokenizer, labels, options):
        return pair_rows(examples, tokenizer, labels, options.max_length)


class Score(Pair):
    """One number for two texts."""

    name, head, metrics = "score", PairScorer, ("pearson", "spearman", "squared_error")

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
        return {name: found.get(name, 0.0) for name in self.metrics}

    def constant(self, train, examples):
        return [{"score": float(np.mean([e.label for e in train]))}] * len(examples)


class Tag(Task):
    """One tag for each word of a sentence."""

    name, head, metrics = "tag", TokenTagger, ("accuracy", "precision", "recall", "f1")

    def read(self, path, options, training=False, labelled=True):
        if _looks_like_conllu(path):
            return readers.read_conllu(path, options.tags or "upos", labelled, options.skip_bad_rows)
        column = options.tags or "ner"
        return readers.read_conll2003(path, int(column) if column.lstrip("-").isdigit() else column,
                                      labelled=labelled, skip_bad_rows=options.skip_bad_rows)

    def rows(self, examples, tokenizer, labels, options):
        return tagged_rows(examples, tokenizer, labels, options.max_length)

    def predict(self, model, examples, rows, tokenizer, options):
        found = []
        for example, row, tags in zip(examples, rows, self.outputs(model, rows), strict=True):
            said = [model.labels[tag] for tag in tags[row.firsts]]
            unread = len(example.words) - len(said)            # words cut off behind max_length get no tag
            found.append({"words": list(example.words), "tags": said + [None] * unread})
        return found

    def scores(self, examples, predictions):
        truth, said = [list(e.tags) for e in examples], [p["tags"] for p in predictions]
        right = [a == b for a, b in zip(chain(*truth), chain(*said), strict=True)]
        found = {"accuracy": sum(right) / len(right)}
        said = [[tag or "O" for tag in tags] for tags in said]
        if is_bio({*chain(*truth), *chain(*said)}):
            pieces = entity_scores(truth, said)
            found |= {"precision": pieces.precision, "recall": pieces.recall, "f1": pieces.f1}
        return found

    def constant(self, train, examples):
        """The commonest tag that training shows for the word, or the commonest of all for a new word."""
        seen, overall = defaultdict(Counter), Counter()
        for example in train:
            overall.update(example.tags)
            for word, tag in zip(example.words, example.tags, strict=True):
                seen[word.lower()][tag] += 1
        return [{"words": list(e.words), "tags": [(seen.get(word.lower()) or overall).most_common(1)[0][0]
                                                  for word in e.words]} for e in examples]


class FindAnswer(Task):
    """A span of a document as the answer to a question."""

    name, head, metrics = "answer", SpanFinder, ("f1", "exact")

    def read(self, path, options, training=False, labelled=True):
        return readers.read_squad(path, training, labelled, skip_bad_rows=options.skip_bad_rows)

    def labels(self, examples):
        return []

    def rows(self, examples, tokenizer, labels, options):
        return question_rows(examples, tokenizer, options.max_length, options.stride, options.max_question)

    @staticmethod
    def outputs(model, rows):
        batches = LabelledBatches(rows, batch_size=BATCH // 4, seed=0, pad_id=0)
        return [pair for batch in batches.in_order(BATCH // 4) for pair in zip(*model.predict(batch), strict=True)]

    def predict(self, model, examples, rows, tokenizer, options):
        """The best answer over all windows of each document, with its place in characters and the n best."""
        of_question = defaultdict(list)
        for row, scores in zip(rows, self.outputs(model, rows), strict=True):
            of_question[row.question].append((row.window, *scores))
        found = []
        for number, example in enumerate(examples):
            best = predict_answer(example.document, *zip(*of_question[number], strict=True), n_best=options.n_best,
                                  max_answer_length=options.max_answer_length,
                                  may_be_impossible=options.may_be_impossible, threshold=options.threshold)
            first = best.candidates[0] if best.candidates else None
            answered = bool(best.text) and first is not None
            found.append({"id": example.id, "answer": best.text,
                          "best": first.text if first else "",
                          "start": first.start if answered else None, "end": first.end if answered else None,
                          "probability": first.probability if first else 0.0, "no_answer": float(best.no_answer),
                          "candidates": [{"answer": c.text, "start": c.start, "probability": c.probability}
                                         for c in best.candidates]})
        return found

    def scores(self, examples, predictions):
        gold = {e.id: [a.text for a in e.answers] for e in examples}
        said = {p["id"]: p["answer"] for p in predictions}
        if all(gold.values()):
            return squad1_scores(gold, said)
        best = {p["id"]: p["best"] for p in predictions}       # what would be said if it had to answer
        nothing = {p["id"]: p["no_answer"] for p in predictions}
        return squad2_scores(gold, best, nothing, float("inf")) | squad2_scores(gold, said)

    def constant(self, train, examples):
        """The first words of the document, as many as answers have on average."""
        lengths = [len(a.text.split()) for e in train for a in e.answers[:1]]
        many = max(1, round(sum(lengths) / max(1, len(lengths))))
        return [{"id": e.id, "answer": " ".join(e.document.split()[:many]), "best": "", "no_answer": 0.0}
                for e in examples]


TASKS = {task.name: task for task in (Classify(), Tag(), Pair(), Score(), FindAnswer(), Rewrite())}


def is_bio(tags: Collection[str]) -> bool:
    """Whether these tags mark pieces of several words (B-PER, I-PER, O) and are not of another kind (NOUN, VERB)."""
    return any(tag.startswith(("B-", "I-")) for tag in tags) and all(
        tag == "O" or tag.startswith(("B-", "I-")) for tag in tags)


def task_of(model: Module) -> Task:
    """The task that a head was made for, rewriting for an encoder and decoder; InputError for a model without one."""
    for task in TASKS.values():
        if type(model) is task.head:
            return task
    raise InputError(f"the model is a {type(model).__name__} and carries none of the four heads; "
                     "finetune makes one that does")


def _looks_like_conllu(path: str) -> bool:
    """By its name, or else because a line has ten columns."""
    if str(path).lower().endswith((".conllu", ".conllu.gz")):
        return True
    if Path(path).is_file() and not str(path).endswith(".gz"):
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.strip() and not line.startswith("#"):
                    return line.count("\t") == 9
    return False
