"""What does a run leave in its folder, and where does it go on when it is resumed?

    out/   config.json, model.safetensors, vocabulary    the trained model, once the run is done
           log.jsonl, log.csv, metrics.json              how it went
           checkpoint-00000120/ ...                      where it can go on
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tinyformer import places
from tinyformer.errors import CheckpointError, InputError, NumericError
from tinyformer.nn.module import Module
from tinyformer.text import Tokenizer
from tinyformer.train import adapters, checkpoints, durable
from tinyformer.train.best import best_step, is_enough
from tinyformer.train.circumstances import circumstances, differences
from tinyformer.train.lock import only_run, refuse_locked
from tinyformer.train.log import CSV, JSONL, METRICS, RunLog, write_metrics
from tinyformer.train.loop_settings import Settings
from tinyformer.train.optimizers import Optimizer

FILES = (checkpoints.CONFIG, checkpoints.WEIGHTS, *adapters.FILES, JSONL, CSV, METRICS, durable.MANIFEST,
         *checkpoints.TOKENIZER_FILES)                        # all that a run writes beside its checkpoints


def refuse_used(out: Path, more: tuple[str, ...] = ()) -> None:
    """InputError where a run, or anything that a run would write, stands in the folder `out` already."""
    names = [path.name for path in checkpoints.checkpoints(out)]
    places.refuse_used(out, [*names, *FILES, *more], "a run", "go on with it (resume=True, --resume), ")


def check_out(out: str | None, resume: bool | str, overwrite: bool, more: tuple[str, ...] = ()) -> Path:
    """The folder of a run, refused before any work is done if the run cannot begin there, or go on."""
    if not out:
        raise InputError("no folder was named; give --out DIR, for example --out runs/mine")
    folder = places.check_folder(out)
    if resume is True and not folder.is_dir():
        raise InputError(f"{out}: there is no such folder, and so no run to resume; leave --resume out to begin one")
    refuse_locked(folder)
    if not resume and not overwrite:
        refuse_used(folder, more)
    return folder


def to_resume(out: Path, resume: bool | str | Path) -> tuple[Path | None, list[str]]:
    """The checkpoint to go on from, and what is wrong with those that are newer; None where "auto" finds none.

    resume=True takes the newest whole checkpoint and is an error where there is none, "auto" starts afresh then, and a
    path is that checkpoint and no other.
    """
    if resume is True or resume == "auto":
        path, skipped = checkpoints.newest(out)
        skipped = [f"passed over {line}" for line in skipped]
        if path is None and resume == "auto" and (out / checkpoints.CONFIG).exists():
            refuse_used(out)
        if path is None and resume is True:
            raise CheckpointError("\n  ".join([f"{out}: no checkpoint to resume from", *skipped, "start afresh without "
                                               'resume, or with resume="auto" (--resume auto)']))
        return path, skipped
    path = Path(resume)
    all_names = [p.name for p in checkpoints.checkpoints(out)]
    later = all_names[all_names.index(path.name) + 1:] if path.name in all_names else []
    later = [name for name in later if not durable.faults(out / name)]
    if path.resolve().parent != out.resolve() or later:
        reason = f"the run has gone on to {later[-1]}" if later else f"it is no checkpoint in {out}"
        raise InputError(f"resume: {path} cannot be gone on from, since {reason}; resume the newest one, or load the "
                         "model in it and train that into another folder")
    return path, []


def saved_tokenizer(out: Path, resume: bool | str | Path) -> Tokenizer | None:
    """The vocabulary of the checkpoint to go on from: a run has one, which is never trained again."""
    path = to_resume(out, resume)[0] if resume else None
    return None if path is None else checkpoints.tokenizer_in(path)


class Run:
    """The folder `out` of one run; with out=None every method does its work without a file.

    `step`, `tokens` and `seconds` say how far the run has come; `notes` holds what a user should know about the start.
    """

    def __init__(self, out: str | Path | None, model: Module, optimizer: Optimizer, settings: Settings,
                 tokenizer=None, facts: dict | None = None, files: dict[str, dict] | None = None,
                 data: dict | None = None, figure: str | None = None):
        self.out = None if out is None else Path(out)
        self.model, self.optimizer, self.settings, self.tokenizer = model, optimizer, settings, tokenizer
        self.facts, self.files, self.data = dict(facts or {}), dict(files or {}), dict(data or {})
        durable.check_finite(self.facts, "facts")              # now, and not when the run is done
        json.dumps(self.facts)
        self.step, self.tokens, self.seconds = 0, 0, 0.0
        self.notes: list[str] = []
        self.figure = figure                                   # of the evaluations, that should rise
        self.latest: Path | None = None                        # the newest checkpoint
        self.result: Path | None = None                        # the best one, where it was gone back to
        self.place: tuple[int, int] | None = None              # which folder `out` is
        self.workers = 1                                       # that share each step
        self.recorded_workers: int | None = None               # that did before the run was resumed

    @contextmanager
    def begin(self, resume: bool | str | Path = False, overwrite: bool = False) -> Iterator[RunLog]:
        """Be the only run in the folder until the end of the block, in the state of the checkpoint to go on from."""
        if self.out is None:
            if resume:
                raise InputError("resume: there is no folder to resume from; name it with out (--out)")
            yield RunLog(None)
            return
        places.make_folder(self.out)
        self.place = _identity(self.out)
        with only_run(self.out) as said:
            self.notes += [said] if said else []
            durable.sweep(self.out)
            if resume:
                self._resume(resume)
            elif overwrite:
                self._clear()
            else:
                refuse_used(self.out)
            self._write_files()                                # only now is it sure that the folder is ours
            log = RunLog(self.out, until=self.step)
            try:
                yield log
            finally:
                log.close()

    def shared_by(self, workers: int, said: str = "") -> None:
        """Say how many share each step, which decides the order of the sums, and what there is to say about it."""
        self.workers = workers
        if said:
            self.notes.append(said)
        if self.recorded_workers not in (None, workers):
            self.notes.append(f"not bit for bit the run that was saved; workers: {self.recorded_workers} then, "
                              f"{workers} now")

    def count(self, step: int, tokens: int, seconds: float) -> None:
        """One more step is done, in which the model read so many tokens."""
        self.step = step
        self.tokens += tokens
        self.seconds += seconds

    def check_there(self, log: RunLog, collect: Callable[[], None]) -> None:
        """InputError where the folder was removed or moved; if it can be made anew, nothing that was learned is lost.

        Files that are open hide this: what is written to them goes to where nobody will find it.  `collect` makes the
        state of the optimizer whole.
        """
        if self.out is None or (now := _identity(self.out)) == self.place:
            return
        left = "another folder stands there now, in which nothing was written"
        if now is None:
            try:
                self.place = _identity(places.make_folder(self.out))
                self._write_files()
                log.open()
                collect()
                left = f"all of it was saved anew in {self.save(log)}; go on from there with resume (--resume)"
            except (OSError, InputError) as error:
                left = f"nothing can be saved there any more ({error})"
        raise InputError(f"{self.out}: the folder has vanished in the middle of the run, after step {self.step:,}; "
                         f"{left}")

    def save(self, log: RunLog) -> Path | None:
        """Write a checkpoint of where the run stands; its folder, or None without `out`.

        NumericError where weights are not finite any more: what is written then is no checkpoint.
        """
        if self.out is None:
            return None
        log.sync()
        state = {"step": self.step, "tokens": self.tokens, "seconds": self.seconds, "workers": self.workers,
                 **self._circumstances()}
        saved = checkpoints.save_checkpoint(self.out, self.model, self.optimizer, state, self.tokenizer,
                                            self.settings.keep, lambda steps: self.best(log, steps))
        self.check_weights(f"; to be looked at, they are in {saved}")
        self.latest = saved
        return saved

    def is_over(self, log: RunLog) -> bool:
        """Whether all steps are done, or the figure has not risen for as long as the settings have patience."""
        return self.step >= self.settings.steps or is_enough(log.evaluations, self.figure, self.settings.patience)

    def best(self, log: RunLog, among: list[int] | None = None) -> int | None:
        """The step of the best evaluation; None where nobody judges."""
        return None if self.figure is None else best_step(log.evaluations, self.figure, among)

    def take_best(self, log: RunLog) -> None:
        """Go back to the best checkpoint, where the run was to stop when it no longer gets better."""
        step = self.best(log)
        if self.out is not None and self.settings.patience is not None and step is not None:
            best = self.out / f"checkpoint-{step:08d}"
            if best != self.latest:
                checkpoints.load_checkpoint(best, self.model, self.optimizer)
            self.result = best

    def check_weights(self, more: str = "") -> None:
        """NumericError that names the first parameter with a number that is not finite."""
        if wrong := checkpoints.first_not_finite(self.model):
            raise NumericError(f"step {self.step:,}: {wrong} is not finite any more; lower the learning rate, lengthen "
                               f"the warm-up or clip lower{more}.  {self.rescue()}")

    def rescue(self) -> str:
        """What is left of a run that ended before its time."""
        return f"{self.latest} is untouched" if self.latest else "no checkpoint was written yet"

    def is_finished(self) -> bool:
        """Whether what the run led to was written, the model of the last checkpoint or of the best, and its figures.

        A run that was killed behind its last step, or had no more room on the disk, has still to be finished.
        """
        result = self.result or self.latest
        return result is not None and (self.out / METRICS).exists() and checkpoints.has_model_of(self.out, result)

    def final_figures(self, log: RunLog) -> dict:
        """The figures that the run ends with: the last training line, and the last evaluation under "val <name>".

        Or the evaluation of the best step, where the run has gone back there.
        """
        final = {"steps": self.step, "tokens": self.tokens, "seconds": round(self.seconds, 4)}
        if log.rows:
            final["loss"] = log.rows[-1]["loss"]
        if self.settings.patience is not None and (best := self.best(log)) is not None:
            final["best step"] = best
        if log.evaluations:
            line = next((line for line in log.evaluations if line["step"] == final.get("best step")),
                        log.evaluations[-1])
            final |= {f"val {name}": value for name, value in line.items() if name != "step"}
        return final

    def finish(self, final: dict) -> None:
        """Write the trained model and metrics.json: the facts the caller gave, then the final figures."""
        self.check_weights()
        if self.out is not None:
            checkpoints.save_model(self.out, self.model, self.tokenizer, overwrite=True)
            write_metrics(self.out, {**self.facts, **final})

    def _write_files(self) -> None:
        for name, value in self.files.items():
            durable.write_json(self.out / name, value)

    def _clear(self) -> None:
        for path in [*checkpoints.checkpoints(self.out), *self.out.glob("nonfinite-checkpoint-*"),
                     *adapters.merged_in(self.out)]:
            durable.remove_folder(path)
        for name in (JSONL, CSV, METRICS):
            (self.out / name).unlink(missing_ok=True)

    def _resume(self, resume: bool | str | Path) -> None:
        path, skipped = to_resume(self.out, resume)
        self.notes += skipped
        if path is None:
            self.notes.append(f"{self.out} holds no checkpoint: a fresh start")
            return
        state = checkpoints.load_checkpoint(path, self.model, self.optimizer)
        notes = differences(state, self._circumstances(), path)
        self.step, self.tokens, self.seconds, self.latest = state["step"], state["tokens"], state["seconds"], path
        self.recorded_workers = state.get("workers", 1)
        self.notes += [f"resumed from {path} at step {self.step:,}", *notes]

    def _circumstances(self) -> dict[str, dict]:
        return circumstances(self.model, self.settings, self.facts, self.data)


def _identity(folder: Path) -> tuple[int, int] | None:
    """By what a folder is known to the system, whatever it is called; None where there is none."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
