"""How does text become a model?  Tokenizer, batches, model, training, and an honest look at the result.

Whatever differs from one objective to the next stands with the objective; here is the order of things.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from tinyformer.backend import choose_device
from tinyformer.errors import InputError
from tinyformer.options import read_config
from tinyformer.places import say, show
from tinyformer.pretraining import OBJECTIVES
from tinyformer.pretraining.objective import Objective
from tinyformer.pretraining.pair_figures import PAIRS
from tinyformer.pretraining.pretraining_settings import every_option, fill_in, resolve
from tinyformer.train import History, Settings
from tinyformer.train import train as run_loop
from tinyformer.train.circumstances import data_settings
from tinyformer.train.log import write_metrics
from tinyformer.train.run import check_out, saved_tokenizer

SETTINGS = "settings.json"
SAMPLE = 20                                   # batches of the evaluations on the way; the last one takes all


def run(model: str, given: dict, config: str | None = None, resume: bool | str = False,
        overwrite: bool = False) -> int:
    """Train as the settings say, and leave in --out the model, settings.json, metrics.json, logs and a picture."""
    own = Path(given.get("out") or ".") / SETTINGS
    goes_on = bool(resume and config is None and given.get("out") and own.is_file())
    config = str(own) if goes_on else config                   # the run to be resumed knows its settings
    saved = read_config(config, every_option()) if config else {}
    if goes_on:
        refuse_another(model, given, saved)
    settings = resolve(model, given, saved)
    out = check_out(settings.out, resume, overwrite, (SETTINGS,))
    device, why = choose_device(settings.device)
    say(f"device {device}: {why}")
    training, held_out = settings.read()
    prepared = prepare(settings, training, held_out, say, saved_tokenizer(out, resume))
    history = train(prepared, out=out, resume=resume, overwrite=overwrite,
                    files={SETTINGS: prepared.settings.to_dict()})
    say(f"measuring on the held-out {settings.reads}" if prepared.held_out is not None
        else f"no {settings.reads} was held out: nothing to measure on")
    found = measure(prepared)
    write_metrics(out, {**prepared.facts, **history.final, **found})
    draw(prepared, history, out / "loss.png", found)
    prepared.settings.leave(prepared, out)
    show(final_line(prepared, history, found))
    return 0


def refuse_another(model: str, given: dict, saved: dict) -> None:
    """InputError where a run that is to go on would learn in another way, or should have begun in another."""
    for name in (OBJECTIVES[model].switch, *OBJECTIVES[model].at_first):
        began, now = saved.get(name), given.get(name)
        if None not in (began, now) and began != now:
            raise InputError(f"--{name.replace('_', '-')} is {now}, and the run in {given['out']} began with {began}; "
                             "leave it out, or begin anew in another folder (--out)")


# ---- the stages, which the tour goes through as well -----------------------------------------------------------------


@dataclass
class Prepared:
    """Everything that a run needs, ready to begin: the objective without gaps, and what its settings stand for."""

    settings: Objective
    tokenizer: Any                            # None where nothing is turned into ids
    model: Any
    batches: Any                              # over the examples to learn from
    held_out: Any                             # over those that were held out, or None
    facts: dict[str, Any]
    data: dict[str, Any]                      # what is read, and how: see train/circumstances.py

    def held_out_batches(self):
        """All that was held out, always in the same batches."""
        return self.held_out.in_order(max(32, self.settings.batch_size))


def prepare(settings: Objective, training: Sequence, held_out: Sequence,
            say: Callable = lambda line: None, tokenizer: Any = None) -> Prepared:
    """Train or read the tokenizer unless it is given, turn the examples into batches, and make the model."""
    if tokenizer is None:
        tokenizer = settings.make_tokenizer(training, held_out)
    batches = settings.make_batches(training, tokenizer)
    settings = fill_in(settings, batches.steps_per_epoch)
    validation = None
    if len(held_out):
        try:
            validation = settings.make_batches(held_out, tokenizer)
        except InputError as error:
            raise InputError(f"held-out {settings.reads}: {error}; or train without one: --validation 0") from None
    model = settings.make_model(tokenizer)
    model.to(choose_device(settings.device)[0], settings.dtype)
    amounts = settings.facts(training)
    facts = {"model": settings.model, "parameters": model.count(),
             **({"vocabulary": len(tokenizer)} if hasattr(tokenizer, "__len__") else {}), **amounts}
    parts = [", ".join(f"{amount:,} {name}" for name, amount in amounts.items()) + " for training",
             *([str(tokenizer)] if tokenizer is not None else []), f"{facts['parameters']:,} parameters",
             f"{settings.steps:,} steps of {settings.batch_size} x {settings.max_length} {settings.unit}, "
             f"{batches.steps_per_epoch:,} steps an epoch"]
    say("; ".join(parts))
    data = {**data_settings(settings.to_dict(), model), **settings.sources(training, held_out)}
    return Prepared(settings, tokenizer, model, batches, validation, facts, data)


def train(prepared: Prepared, title: str | None = None, out: Path | None = None, **options) -> History:
    """Run the training loop; on the way it is evaluated on a sample of what was held out."""
    s, sample = prepared.settings, None
    if prepared.held_out is not None:
        count = sum(1 for _ in prepared.held_out_batches())    # which all together may be more than memory holds
        sample = list(islice(prepared.held_out_batches(), 0, None, -(-count // SAMPLE)))
    settings = Settings(steps=s.steps, learning_rate=s.learning_rate, schedule=s.schedule, warmup=s.warmup,
                        floor=s.final_rate, optimizer=s.optimizer, matrix_rate=s.matrix_rate, momentum=s.momentum,
                        weight_decay=s.weight_decay, betas=(0.9, s.beta2), clip=s.clip,
                        accumulate=s.accumulate, recompute=s.recompute, seed=s.seed, workers=s.workers,
                        precision=s.precision,
                        evaluate_every=s.evaluate_every, save_every=s.save_every,
                        log_every=max(1, min(10, s.steps // 100)))
    return run_loop(prepared.model, prepared.batches, settings, out=out, tokenizer=prepared.tokenizer,
                    validation=sample, title=title or s.model, facts=prepared.facts, data=prepared.data,
                    loss=s.lesson(), measure=s.measuring(), **options)


def measure(prepared: Prepared, pairs: int = PAIRS) -> dict[str, float]:
    """Has it learned more than simple baselines?  The figures of both; empty where nothing was held out."""
    return {} if prepared.held_out is None else prepared.settings.measure(prepared, pairs)


def draw(prepared: Prepared, history: History, path: Path, found: dict) -> None:
    """The loss curve, with the levels that knowing little would reach."""
    from tinyformer import plot
    parts = prepared.settings.loss_parts()
    plot.loss_curve([(row["step"], row["loss"]) for row in history.rows], path,
                    validation=[(row["step"], sum(row[part] for part in parts)) for row in history.evaluations],
                    **prepared.settings.picture(prepared, found))


def final_line(prepared: Prepared, history: History, found: dict) -> str:
    """The one line a run ends with."""
    if not found:
        return f"train loss {history.final['loss']:.4f} after {history.final['steps']:,} steps"
    return ", ".join([*prepared.settings.said(found), f"{history.final['seconds']:.0f} s"])
