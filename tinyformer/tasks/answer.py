"""Which piece of a document is the answer to a question?  Or has it none?

A document that is longer than the model reads is read in windows that overlap.  Judged as SQuAD is: the words that the
answer shares with one that people gave, and whether it is the same (Rajpurkar et al. 2016 and 2018).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from tinyformer.data.answers import predict_answer
from tinyformer.data.labelled import LabelledBatches, question_rows
from tinyformer.data.readers import Question, read_squad
from tinyformer.metrics.squad import exact_match, squad1_scores, squad2_scores
from tinyformer.models import SpanFinder
from tinyformer.options import option
from tinyformer.tasks.collapse import same_of_everything
from tinyformer.tasks.finetuning_settings import Finetuning
from tinyformer.tasks.task import BATCH, TYPED, Task
from tinyformer.tasks.terminal_lines import LINES, heading, terminal_width, wrapped

Span = tuple[int, int]
AROUND, WORD = 160, 20                        # characters shown beside an answer; characters of a longish word


@dataclass(frozen=True)
class AnswerSettings(Finetuning):
    """How documents are read, and which answer is given."""

    stride: int = option(64, "tokens between the beginnings of two windows of a long document", least=1)
    max_question: int = option(64, "tokens of a question that are read", least=1)
    n_best: int = option(20, "answers kept for each question", least=1)
    max_answer_length: int = option(30, "tokens of the longest answer", least=1)
    may_be_impossible: bool | None = option(None, "a question may have no answer (default: as in the training file)")
    threshold: float = option(0.0, "how much better no answer must be than the best one")


class Answer(Task):
    """A span of a document as the answer to a question."""

    name, head, figures, settings = "answer", SpanFinder, ("f1", "exact"), AnswerSettings
    texts, shown, takes = ("question", "document"), ("question",), (2, "a question and then its document")
    windows, picture = True, "answers.png"
    loss, unit = "span loss", "nats per end of an answer"

    def settled(self, options, train=()):
        if options.may_be_impossible is not None:
            return options
        return options.but(may_be_impossible=any(example.impossible for example in train))

    def read(self, path, options, training=False, labelled=True):
        return read_squad(path, training, labelled, skip_bad_rows=options.skip_bad_rows)

    def example(self, question, document, *, number):
        return Question(str(number), question, document, (), False, "", TYPED, number)

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

    def collapsed(self, examples, predictions):
        same = same_of_everything((p["answer"] for p in predictions),
                                  ("" if e.impossible else e.answers[0].text for e in examples))
        return None if same is None else repr(same) if same else "no answer"

    def mistakes(self, examples, predictions, most=5):
        return wrong_answers(_spans(examples, predictions), most=most)

    def draw(self, examples, predictions, path):
        from tinyformer import plot
        plot.marked_answers(_spans(examples, predictions), path)


def wrong_answers(items: Iterable[tuple[str, str, Span | None, Sequence[Span]]], *, most: int = 5,
                  width: int | None = None) -> str:
    """Questions with a wrong answer, (document, question, predicted span or None, gold spans), marked in the passage.

    A span is (start, end) in characters, the end exclusive; None, and no gold spans, say that there is no answer.
    An answer is right that exactly matches a gold one by the rules of SQuAD: case, punctuation and articles aside.
    """
    items, width = list(items), terminal_width(width)
    wrong = [item for item in items if not _answered(item[0], item[2], item[3])]
    out = [heading(len(wrong), len(items), "answer", most, ", «gold» and [predicted]")]
    for document, question, predicted, gold in wrong[:most]:
        said = "no answer" if predicted is None else document[slice(*predicted)]
        true = " / ".join(dict.fromkeys(document[slice(*span)] for span in gold)) or "no answer"
        out += ["", *wrapped(question, width, 2), *wrapped(f"gold: {true}; predicted: {said}", width, 4),
                *wrapped(marked(document, predicted, gold), width, 4, lines=3 * LINES)]
    return "\n".join(out)


def marked(document: str, predicted: Span | None, gold: Sequence[Span], around: int = AROUND) -> str:
    """The passage with «gold» and [predicted] answers, cut between words where it is far from both.

    Of gold answers that overlap the first is marked.
    """
    spans: list[Span] = []
    for start, end in gold:
        if all(end <= first or last <= start for first, last in spans):
            spans.append((start, end))
    marks = [(*span, "«", "»") for span in spans] + ([(*predicted, "[", "]")] if predicted else [])
    # At one place a mark closes before another opens, and the longer of two spans, or the gold one, stands outside.
    placed = sorted([(start, 1, -end, rank, mark) for rank, (start, end, mark, _) in enumerate(marks)]
                    + [(end, 0, -start, -rank, mark) for rank, (start, end, _, mark) in enumerate(marks)])
    kept = np.zeros(len(document), bool)
    for start, end, *_ in marks or [(0, 0, "", "")]:
        first, last = max(0, start - around), min(len(document), end + around)
        before = document.rfind(" ", max(0, first - WORD), first) + 1          # 0 where no word begins so near
        after = document.find(" ", last, last + WORD)                          # -1 where none ends
        kept[before or (0 if first < WORD else first):last if after < 0 else after] = True
    pieces, place = [], 0
    for at, *_, mark in [*placed, (len(document), 2, 0, 0, "")]:
        for shown, group in groupby(range(place, at), key=kept.__getitem__):
            run = list(group)
            pieces.append(document[run[0]:run[-1] + 1] if shown else " … ")
        pieces.append(mark)
        place = at
    return "".join(pieces).strip()


def _answered(document: str, predicted: Span | None, gold: Sequence[Span]) -> bool:
    if predicted is None or not gold:
        return predicted is None and not gold
    return any(exact_match(document[slice(*span)], document[slice(*predicted)]) for span in gold)


def _spans(examples, predictions) -> list[tuple[str, str, Span | None, list[Span]]]:
    """(document, question, predicted span or None, gold spans) of each question."""
    return [(e.document, e.question, None if p["start"] is None else (p["start"], p["end"]),
             [(a.start, a.start + len(a.text)) for a in e.answers if a.start is not None])
            for e, p in zip(examples, predictions, strict=True)]
