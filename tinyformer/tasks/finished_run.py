"""What does a fine-tuned model leave behind?  Its figures, its predictions, a picture that suits, and its mistakes.

    metrics.json  predictions.jsonl  loss.png, and the picture of the head, such as confusion.png
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tinyformer.errors import NumericError
from tinyformer.places import room_for, say, show
from tinyformer.tasks.task import Task
from tinyformer.tasks.tuned_a_little import part_that_learns, save_whole
from tinyformer.train.durable import check_finite
from tinyformer.train.log import write_metrics

PREDICTIONS = "predictions.jsonl"


def finish(prepared, history, out: Path) -> dict:
    """Predict the development file, write everything to `out`, print mistakes and figures; returns the figures."""
    task, examples = prepared.task, prepared.dev
    predictions = prepared.predictions()
    found = judge(task, predictions, examples, prepared.train)
    found = {**history.final, **found, "seed": prepared.settings.seed}
    write_metrics(out, {"task": task.name, "model": prepared.settings.model, "parameters": prepared.model.count(),
                        "train": len(prepared.train), "dev": len(examples), **found,
                        **({"fresh": True} if prepared.settings.fresh else {}),          # the model's sizes alone
                        **part_that_learns(prepared.model)})
    write_lines(out / PREDICTIONS, predictions)
    draw(task, examples, predictions, out)
    draw_loss(history, task, out / "loss.png")
    show(task.mistakes(examples, predictions))
    show(final_line(task, found, len(examples)))
    if prepared.settings.merge:
        save_whole(out, prepared)
    return found


def finite(predictions: list[dict]) -> list[dict]:
    """The predictions; NumericError where a number in them is infinite or NaN, which is no answer."""
    try:
        check_finite(predictions, "predictions")
    except ValueError as error:
        raise NumericError(f"{error}; the model computes numbers that are not finite: take an earlier checkpoint, or "
                           "train it anew at a lower learning rate") from None
    return predictions


def judge(task: Task, predictions: Sequence[dict], examples: Sequence, train: Sequence = ()) -> dict:
    """The official figures, what somebody reaches who reads nothing or copies (`task.blind`), and a collapse."""
    found: dict[str, Any] = task.scores(examples, predictions)
    if train:
        blind = task.scores(examples, task.constant(train, examples))
        found |= {f"{task.blind[0]} {name}": blind[name] for name in task.named(blind)}
    gone = task.collapsed(examples, predictions)
    if gone:
        found["collapsed"] = gone
        say(f"warning: the model says {gone} of everything, it has collapsed; try another --seed, a lower "
            "--learning-rate or more --epochs")
    return found


def final_line(task: Task, found: dict, count: int) -> str:
    """The one line a run ends with."""
    key, words = task.blind
    parts = [f"{name.replace('_', ' ')} {found[name]:.4f}" + (
        f" ({words} {found[f'{key} {name}']:.4f})" if f"{key} {name}" in found and place < task.beside else "")
        for place, name in enumerate(task.named(found))]
    seconds = [f"{found['seconds']:.0f} s of training"] if "seconds" in found else []
    return ", ".join([*parts, f"{count:,} examples", *seconds])


def draw(task: Task, examples: Sequence, predictions: Sequence[dict], folder: Path) -> None:
    """The picture that suits the task, if one does."""
    if task.picture:
        task.draw(examples, predictions, folder / task.picture)


def draw_loss(history, task: Task, path: Path) -> None:
    """The losses of training and of the development file over the steps."""
    from tinyformer import plot
    plot.loss_curve([(row["step"], row["loss"]) for row in history.rows], path,
                    validation=[(row["step"], row[task.loss]) for row in history.evaluations],
                    title=f"Fine-tuning: {task.name}", unit=task.unit)


def write_lines(path: Path, rows: Sequence[dict]) -> None:
    """JSONL: one object a line."""
    data = "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows).encode()
    with room_for(path, len(data)):
        path.write_bytes(data)
