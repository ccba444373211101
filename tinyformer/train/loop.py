"""How does a model learn?  Take a batch, see how wrong the model is and which way is better, go a little that way.

The heart is the middle of the `for` in `train`, from the batch to zero_grad.  Around it stand the questions of every
long run: how is it going, how good is it on text it has not seen, where does it go on after a crash, when must it stop?
"""

import math
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tinyformer.engine import Tensor, no_grad
from tinyformer.errors import NumericError, WorkerError
from tinyformer.nn.module import Module
from tinyformer.train.any_batches import batch_of, tokens_in
from tinyformer.train.drivers import Alone, Team, driver
from tinyformer.train.log import Progress
from tinyformer.train.loop_settings import OPTIMIZERS, Settings
from tinyformer.train.memory import keep_freed_memory
from tinyformer.train.run import Run
from tinyformer.train.step import number

Loss = Callable[[Any, Any, dict | None, np.random.Generator | None], Tensor | tuple[Tensor, dict]]
Measure = Callable[[Any, Any], Mapping[str, tuple[float, int]]]


@dataclass
class History:
    """How a run went: training lines, evaluations, final figures, and the seconds that this call took."""

    rows: list[dict] = field(default_factory=list)             # step, loss, learning_rate, grad_norm, seconds, tokens
    evaluations: list[dict] = field(default_factory=list)      # step, and every figure of the evaluation by name
    final: dict = field(default_factory=dict)                  # steps, loss, tokens, seconds, "val <name>" ...
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)             # what was said about resuming


class Interrupted(KeyboardInterrupt):
    """The run was asked to stop and did, between two steps; `path` is the checkpoint to go on from, or None."""

    def __init__(self, step: int, path: Path | None, signal_number: int):
        self.step, self.path, self.signal_number = step, path, signal_number
        saved = (f"go on from {path} with resume (--resume)" if path
                 else "nothing was saved, since the run has no folder")
        super().__init__(f"stopped after step {step:,}; {saved}")


def train(model: Module, batches, settings: Settings, *, loss: Loss | None = None, measure: Measure | None = None,
          out: str | Path | None = None, tokenizer=None, validation: Callable[[], Iterable] | Sequence | None = None,
          resume: bool | str | Path = False, overwrite: bool = False, title: str = "training",
          facts: dict | None = None, files: dict[str, dict] | None = None, data: dict | None = None,
          rates: dict[str, float] | None = None, judge: tuple[str, Callable[[], float | dict]] | None = None,
          progress: bool = True) -> History:
    """Train `model` in place on the batches of step 0, 1, ... and keep in `out` what is worth keeping.

        train(net, [(x, y)], Settings(steps=100),
              loss=lambda net, batch, counts, rng: mean_squared_error(net(batch[0]), target=batch[1]))

    `batches` is an object with batch(step), a function of the step, or a list; `loss` and `measure` stand for
    `model.loss` and `model.measure` where the model has none, or another is wanted: see `gradients` and `evaluate`.
    `validation` is a list of batches to evaluate on, or a function that gives them; `facts` are figures of the
    caller's for metrics.json, `files` JSON files of the caller's by name, written as soon as the folder has been
    accepted; `data` says what the batches are made of, and is compared when the run is resumed; `rates` gives
    parameters by name a share of the learning rate other than 1; `judge` is the name of a figure that should rise and a
    function that gives it, or it among others by name, called at each evaluation: the best checkpoint is kept, and with
    `patience` the run stops when the figure no longer rises, and goes back to the best.

    Every number is a function of the settings' seed and the step, so that a resumed run is bit for bit the unbroken one
    (on one machine, with one NumPy).  NumericError where loss or gradient is not finite: the last checkpoint is
    untouched.  Ctrl-C and SIGTERM end the step, save, and raise Interrupted; a second Ctrl-C stops at once.

    With settings.workers above 1, or "auto", several processes share each step, and a script that calls this begins
    its work below `if __name__ == "__main__":`.  WorkerError where one of them is ended from outside.
    """
    began = time.perf_counter()
    _require(model, "loss", loss)
    if validation is not None:
        _require(model, "measure", measure)
    at = batch_of(batches)
    if settings.keep_memory:
        keep_freed_memory()
    optimizer = OPTIMIZERS[settings.optimizer].of(model, settings, rates)
    run = Run(out, model, optimizer, settings, tokenizer, facts, files, data, judge[0] if judge else None)
    try:
        with (run.begin(resume, overwrite) as log, Progress(title, run.step, settings.steps, progress) as bar,
              stop_requests() as stop, _quiet(),
              driver(model, optimizer, settings, None if run.is_over(log) else lambda: at(run.step),
                     run.recorded_workers, loss, measure) as (work, said)):
            start, over = run.step, run.is_over(log)
            if not over:
                run.shared_by(work.size, said)
            for note in run.notes:
                bar.say(note)
            for step in range(start, start if over else settings.steps):
                clock, done = time.perf_counter(), step + 1
                logs, evaluates, saves = (settings.due(done, every) for every in (
                    settings.log_every, settings.evaluate_every, settings.save_every))

                batch, rate = at(step), settings.rate(step)
                cost, norm, buffers = work.gradients(batch, step)
                stopping = bool(stop)                          # asked for since the last look
                looks = optimizer.xp is np or logs or saves or stopping            # to look is to wait for a GPU
                if looks:
                    cost, norm = number(cost), number(norm)
                    check_finite(done, cost, norm, work, run)
                work.move(rate)
                if buffers:
                    model.put(buffers)

                run.count(done, tokens_in(batch), time.perf_counter() - clock)
                if logs:
                    log.train(step=done, loss=cost, learning_rate=rate, grad_norm=norm, seconds=round(run.seconds, 4),
                              tokens=run.tokens)
                bar.advance(cost if looks else None, rate, run.tokens / run.seconds)
                if evaluates and validation is not None:
                    values = averaged(work.figures(validation() if callable(validation) else validation))
                    if judge:
                        values |= judged if isinstance(judged := judge[1](), dict) else {judge[0]: judged}
                    log.evaluation(done, values)
                    bar.say(f"{title}: step {done:,}, validation {figures(values)}")
                    saves = saves or run.is_over(log) or settings.patience is not None and run.best(log) == done
                if logs or evaluates or saves or stopping:
                    run.check_there(log, work.collect)
                if saves or stopping:
                    work.collect()
                    run.save(log)
                if stopping and done < settings.steps:
                    raise Interrupted(done, run.latest, stop[0])
                if run.is_over(log) and done < settings.steps:
                    bar.say(f"{title}: {run.figure} has not risen since step {run.best(log):,}, so the run ends here")
                    break
            history = History(log.rows, log.evaluations, notes=run.notes)
            run.take_best(log)
            history.final = run.final_figures(log)
            finished = over and run.is_finished()
            if over:
                before = f"all {start:,} steps were done before"
                bar.say(f"{title}: the run is complete, {before}" if finished else
                        f"{title}: {before}, and the trained model is written now")
            if not finished:
                run.finish(history.final)
    except WorkerError as error:
        raise WorkerError(f"{error}; {run.rescue()}") from error
    history.seconds = time.perf_counter() - began
    return history


def evaluate(model: Any, batches: Iterable, measure: Measure | None = None) -> dict[str, float]:
    """Every figure over all batches: sums added up, then divided by what they count.

    `measure(model, batch)` gives {"a figure": (its sum, what it is divided by), ...}; by default it is `model.measure`.
    ValueError where there is no batch, NumericError where a figure is not finite.
    """
    _require(model, "measure", measure)
    with no_grad(), _quiet():
        return averaged(measure(model, batch) if measure else model.measure(batch) for batch in batches)


def averaged(figures: Iterable[Mapping[str, tuple[float, int]]]) -> dict[str, float]:
    """The sums of several batches added up and divided by their counts: see `evaluate`."""
    sums: dict[str, float] = {}
    counts: dict[str, int] = {}
    for found in figures:
        for name, (amount, count) in found.items():
            sums[name] = sums.get(name, 0.0) + amount
            counts[name] = counts.get(name, 0) + count
    if not sums:
        raise ValueError("evaluate: there was no batch to evaluate on; a validation callable must return a fresh "
                         "iterable each time, and not one that has been used up")
    values = {name: sums[name] / counts[name] for name in sums if counts[name]}
    for name, value in values.items():
        if not math.isfinite(value):
            raise NumericError(f"evaluation: {name} is {value}; the model gives numbers that are not finite, go back "
                               "to an earlier checkpoint and lower the learning rate")
    return values


def _require(model: Module, name: str, given: Callable | None) -> None:
    """TypeError where neither the model has a method of this name nor a function was given for it."""
    if given is None and not callable(getattr(model, name, None)):
        signature = {"loss": "(model, batch, counts, rng) -> a Tensor of one number",
                     "measure": "(model, batch) -> {figure: (its sum, what it is divided by)}"}[name]
        raise TypeError(f"{type(model).__name__} has no {name}; give {name}=..., a function {signature}")


def _quiet():
    """No warnings of NumPy's where numbers overflow: the loop looks at loss and gradient itself, and says more."""
    return np.errstate(over="ignore", invalid="ignore", divide="ignore")


def figures(values: dict[str, float]) -> str:
    """Figures as one readable line: "lm loss 1.8990, lm accuracy 0.4410"."""
    return ", ".join(f"{name} {value:.4f}" for name, value in values.items())


def check_finite(step: int, loss: float, norm: float, work: Alone | Team, run: Run) -> None:
    """NumericError that names the step and the parameter where the loss or a gradient is infinite or NaN."""
    if math.isfinite(loss) and math.isfinite(norm):
        return
    step, name = work.culprit(step)
    culprit = f", and the gradient of {name} is not finite" if name else ""
    raise NumericError(f"step {step:,}: the loss is {loss}, the norm of the gradients is {norm}{culprit}; lower the "
                       f"learning rate, lengthen the warm-up or clip lower.  {run.rescue()}")


@contextmanager
def stop_requests() -> Iterator[list[int]]:
    """Inside this block Ctrl-C and SIGTERM do not strike at once: their number is put into the list that is yielded.

    A second Ctrl-C raises KeyboardInterrupt on the spot.  Outside the main thread Python allows no handlers, and the
    list stays empty.
    """
    asked: list[int] = []

    def ask(number, frame):
        if asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
