"""What does a fine-tuned model leave behind?  Its figures, its predictions, a picture that suits, and its mistakes.

    metrics.json  predictions.jsonl  confusion.png | tagged.png | answers.png | scores.png  loss.png

A model that rewrites has no picture of its predictions, which are there to be read.
"""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tinyformer.tasks import show
from tinyformer.tasks.collapse import collapsed
from tinyformer.tasks.task import Task
from tinyformer.train.log import write_metrics

PREDICTIONS = "predictions.jsonl"
PICTURES = {"classify": "confusion.png", "pair": "confusion.png", "tag": "tagged.png", "answer": "answers.png",
            "score": "scores.png"}
SHOWN = 5                                     # mistakes that are printed


def finish(prepared, history, out: Path) -> dict:
    """Predict the development file, write everything to `out`, print mistakes and figures; returns the figures."""
    task, examples = prepared.task, prepared.dev
    predictions = prepared.predictions()
    found = judge(task, predictions, examples, prepared.train)
    found = {**history.final, **found, "seed": prepared.settings.seed}
    write_metrics(out, {"task": task.name, "model": prepared.settings.model, "parameters": prepared.model.count(),
                        "train": len(prepared.train), "dev": len(examples), **found,
                        **({"fresh": True} if prepared.settings.fresh else {})})         # the model's sizes alone
    write_lines(out / PREDICTIONS, predictions)
    draw(task, examples, predictions, found, labels_of(prepared.model), out)
    draw_loss(history, task, out / "loss.png")
    print(mistakes(task, examples, predictions))
    print(final_line(task, found, len(examples)))
    return found


def judge(task: Task, predictions: Sequence[dict], examples: Sequence, train: Sequence = ()) -> dict:
    """The official figures, what somebody reaches who reads nothing or copies (`task.blind`), and a collapse."""
    found = task.scores(examples, predictions)
    if train:
        blind = task.scores(examples, task.constant(train, examples))
        found |= {f"{task.blind[0]} {name}": blind[name] for name in task.metrics if name in blind}
    gone = collapsed(task, predictions, examples)
    if gone:
        found["collapsed"] = gone
        print(f"warning: the model says {gone} of everything, it has collapsed; try another --seed, a lower "
              "--learning-rate or more --epochs", file=sys.stderr, flush=True)
    return found


def final_line(task: Task, found: dict, count: int) -> str:
    """The one line a run ends with."""
    key, words = task.blind
    parts = [f"{name.replace('_', ' ')} {found[name]:.4f}" + (
        f" ({words} {found[f'{key} {name}']:.4f})" if f"{key} {name}" in found and not place else "")
        for place, name in enumerate(name for name in task.metrics if name in found)]
    seconds = [f"{found['seconds']:.0f} s of training"] if "seconds" in found else []
    return ", ".join([*parts, f"{count:,} examples", *seconds])


def mistakes(task: Task, examples: Sequence, predictions: Sequence[dict], most: int = SHOWN) -> str:
    """Examples that the model got wrong, as text."""
    both = list(zip(examples, predictions, strict=True))
    if task.name == "tag":
        return show.wrong_tags([(e.words, e.tags, p["tags"]) for e, p in both], most=most)
    if task.name == "answer":
        return show.wrong_answers(_spans(both), most=most)
    if task.name == "score":
        return show.wrong_scores([(e.first, e.second, e.label, p["score"]) for e, p in both], most=most)
    if task.name == "rewrite":
        return show.wrong_texts([(e.source, e.target, p["text"]) for e, p in both], most=most)
    return show.wrong_labels([(e.text if task.name == "classify" else (e.first, e.second), e.label, p["label"],
                               p["probability"]) for e, p in both], most=most)


def draw(task: Task, examples: Sequence, predictions: Sequence[dict], found: dict, labels: Sequence[str],
         folder: Path) -> None:
    """The picture that suits the task, if one does."""
    if task.name not in PICTURES:
        return
    from tinyformer import plot
    path = folder / PICTURES[task.name]
    both = list(zip(examples, predictions, strict=True))
    if task.name == "tag":
        plot.tagged_sentences([(e.words, e.tags, p["tags"]) for e, p in both], path)
    elif task.name == "answer":
        plot.marked_answers(_spans(both), path)
    elif task.name == "score":
        plot.score_scatter([e.label for e in examples], [p["score"] for p in predictions], path,
                           pearson=found["pearson"], spearman=found["spearman"])
    else:
        names = list(dict.fromkeys([*labels, *(e.label for e in examples)]))
        counts = Counter((e.label, p["label"]) for e, p in both)
        plot.confusion(names, np.array([[counts[true, said] for said in names] for true in names]), path)


def draw_loss(history, task: Task, path: Path) -> None:
    """The losses of training and of the development file over the steps."""
    from tinyformer import plot
    name = {"answer": "span loss", "score": "score loss", "rewrite": "seq2seq loss"}.get(task.name, "label loss")
    unit = {"answer": "nats per end of an answer", "tag": "nats per tag", "score": "squared error",
            "rewrite": "nats per token"}
    plot.loss_curve([(row["step"], row["loss"]) for row in history.rows], path,
                    validation=[(row["step"], row[name]) for row in history.evaluations],
                    title=f"Fine-tuning: {task.name}", unit=unit.get(task.name, "nats per label"))


def labels_of(model) -> tuple[str, ...]:
    """The names of the classes that a model tells apart; a model that writes has none."""
    return getattr(model, "labels", ())


def write_lines(path: Path, rows: Sequence[dict]) -> None:
    """JSONL: one object a line."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _spans(both) -> list[tuple]:
    """(document, question, predicted span or None, gold spans) of each question."""
    return [(e.document, e.question, None if p["start"] is None else (p["start"], p["end"]),
             [(a.start, a.start + len(a.text)) for a in e.answers if a.start is not None]) for e, p in both]
