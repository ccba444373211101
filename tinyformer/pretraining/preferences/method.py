"""What must be said of a way to learn from choices, so that it can be trained, judged and drawn?  And its run.

A method is a frozen dataclass.  Its fields are the settings of a run: each is an option of `prefer`, a line of --help
and a key of settings.json.  `prepare` says what is learned, from which batches, with which loss.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from tinyformer.backend import choose_device
from tinyformer.data.preferences import PreferenceBatches, preference_rows
from tinyformer.data.readers import read_preferences
from tinyformer.errors import InputError
from tinyformer.merged_options import merged, owners
from tinyformer.models.gpt import GPT
from tinyformer.models.parts.encoders import with_dropout
from tinyformer.nn import Module
from tinyformer.options import check_values, option, read_config
from tinyformer.places import say, show
from tinyformer.pretraining.preferences import METHODS
from tinyformer.text import Tokenizer
from tinyformer.text.chat import Chat
from tinyformer.train import History, Settings
from tinyformer.train import train as run_loop
from tinyformer.train.checkpoints import load_model
from tinyformer.train.circumstances import LEARNED_FROM, data_settings, fingerprint
from tinyformer.train.log import write_metrics
from tinyformer.train.run import check_out
from tinyformer.train.schedules import SCHEDULES

SETTINGS = "settings.json"
NARROW = 256                                  # below this width the usual learning rate moves too little


@dataclass
class Prepared:
    """Everything that a run needs: what learns, from which batches, and how it is judged."""

    model: Module
    batches: Any
    loss: Callable
    measure: Callable
    validation: Callable[[], Iterable] | Sequence | None
    examples: Sequence                        # what is learned from, for its hash
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Method:
    """The settings that all methods share."""

    method: str = ""                          # the name that is typed
    model: str | None = option(None, "folder of a GPT or Llama that has learned to answer, by finetune follow")
    out: str | None = option(None, "folder for the model, the logs, the picture and metrics.json")
    steps: int = option(300, "steps of the optimizer", least=1)
    batch_size: int = option(32, "pairs in a batch", least=1)
    learning_rate: float | None = option(None, "the highest learning rate (default 1e-5; 3e-4 for models narrower than "
                                         "256)", least=0)
    schedule: str = option("cosine", "how the rate falls after the warm-up", tuple(SCHEDULES))
    warmup: int | None = option(None, "steps over which the rate rises (default a tenth, at most 20)", least=0)
    weight_decay: float = option(0.0, "the pull of all matrices towards zero", least=0)
    clip: float = option(1.0, "largest norm of the whole gradient", above=0)
    max_length: int | None = option(None, "tokens of a question with its answer (default: the context of the model)",
                                    least=8)
    seed: int = option(0, "the one number all chance comes from", least=0)
    device: str = option("auto", "where to compute", ("auto", "cpu", "cuda"))
    evaluate_every: int | None = option(None, "steps between evaluations (default a tenth of all)", least=1)
    save_every: int | None = option(None, "steps between saved checkpoints (default: at the end alone)", least=1)

    unit: ClassVar[str] = "nats per pair"     # of the loss, for its picture
    figure: ClassVar[str | None] = None       # of the evaluations, that the picture shows beside the training loss

    def __post_init__(self):
        check_values(self)
        if self.warmup is not None and self.warmup > self.steps:
            raise InputError(f"--warmup is {self.warmup} and --steps is {self.steps}; the warm-up must end before the "
                             "training does")

    def to_dict(self) -> dict:
        """All settings by name, as settings.json holds them."""
        return asdict(self)

    def prepare(self, model: GPT, tokenizer: Tokenizer) -> Prepared:
        """What is to be learned by this model."""
        raise NotImplementedError(f"{type(self).__name__} must say what is learned: define prepare")

    def said(self, final: dict[str, Any]) -> list[str]:
        """The parts of the final line."""
        raise NotImplementedError(f"{type(self).__name__} must say what came of it: define said")

    def warned(self, final: dict[str, Any]) -> str:
        """What a user should beware of, if anything."""
        return ""

    def peak(self, width: int) -> float:
        """The highest learning rate for a model of this width."""
        if self.learning_rate is not None:
            return self.learning_rate
        return 1e-5 if width >= NARROW else 3e-4

    def room(self, model: GPT) -> int:
        """The tokens of a question with its answer; InputError where the model has no room for so many."""
        most = model.config.context
        if self.max_length is not None and self.max_length > most:
            raise InputError(f"--max-length is {self.max_length}, and this model has room for {most} tokens; ask for "
                             "no more")
        return self.max_length or most


@dataclass(frozen=True)
class FromPairs(Method):
    """The settings of a method that learns from a file of choices."""

    pairs: str | None = option(None, "JSONL file with two answers to each question, chosen and rejected")
    held_out: str | None = option(None, "another such file to be judged by, instead of the last part of --pairs")
    validation: float = option(0.1, "share of --pairs, at its end, that is kept to be judged by", least=0, most=0.9)
    skip_bad_rows: int = option(0, "rows with faults that may be left out of a file", least=0)

    def read(self, chat: Chat, room: int) -> tuple[PreferenceBatches, PreferenceBatches, Sequence, list[str]]:
        """(batches to learn from, those held out, the examples, notes); InputError where one of the two is empty."""
        if self.pairs is None:
            raise InputError(f"--pairs is missing; prefer {self.method} learns from a JSONL file of choices: "
                             '{"prompt": ..., "chosen": ..., "rejected": ...} in each line')
        examples = read_preferences(self.pairs, skip_bad_rows=self.skip_bad_rows)
        notes = examples.report()
        if self.held_out is not None:
            held = read_preferences(self.held_out, skip_bad_rows=self.skip_bad_rows)
            notes += held.report()
            learned = list(examples)
        else:
            count = max(1, round(self.validation * len(examples)))
            learned, held = list(examples[:-count]), examples[-count:]
        if not learned:
            raise InputError(f"{self.pairs}: {len(examples)} pair is not enough to learn from and to be judged by; "
                             "give more, or --held-out FILE")
        found = []
        for name, these in (("", learned), ("held-out ", held)):
            rows = preference_rows(these, chat, room)
            if rows.cut:
                notes.append(f"{rows.cut:,} of {len(these):,} {name}pairs are longer than {room} tokens and were left "
                             "out")
            found.append(PreferenceBatches(rows, batch_size=self.batch_size, seed=self.seed))
        return found[0], found[1], learned, notes


# ---- the run ---------------------------------------------------------------------------------------------------------


def run(method: str, given: dict, config: str | None = None, resume: bool | str = False,
        overwrite: bool = False) -> int:
    """Learn as the settings say, and leave in --out the model, settings.json, metrics.json, logs and a picture."""
    settings = resolve(method, given, config, resume)
    out = check_out(settings.out, resume, overwrite, (SETTINGS,))
    device, why = choose_device(settings.device)
    say(f"device {device}: {why}")
    model, tokenizer = answering_model("--model", settings.model)
    model.to(device)
    prepared = settings.prepare(model, tokenizer)
    prepared.model.to(device)
    for note in prepared.notes:
        say(note)
    history = train(settings, prepared, out, tokenizer, resume, overwrite)
    final = history.final
    write_metrics(out, {**facts_of(settings, prepared), **final})
    draw(settings, history, out / "loss.png")
    if warning := settings.warned(final):
        say(f"warning: {warning}")
    show(", ".join([*settings.said(final), f"{final['seconds']:.0f} s"]))
    return 0


def facts_of(settings: Method, prepared: Prepared) -> dict[str, Any]:
    """Figures of the run beside those that it finds."""
    return {"method": settings.method, "model": settings.model, "parameters": prepared.model.count(),
            "examples": len(prepared.examples), "seed": settings.seed}


def train(settings: Method, prepared: Prepared, out: Path | None = None, tokenizer: Tokenizer | None = None,
          resume: bool | str = False, overwrite: bool = False, progress: bool = True) -> History:
    """Run the training loop, evaluated on the way by the method's own measure."""
    s = settings
    warmup = min(20, s.steps // 10) if s.warmup is None else s.warmup
    loop = Settings(steps=s.steps, learning_rate=s.peak(prepared.model.config.width),
                    schedule=s.schedule, warmup=warmup, weight_decay=s.weight_decay, betas=(0.9, 0.98), clip=s.clip,
                    seed=s.seed, log_every=max(1, min(10, s.steps // 20)), save_every=s.save_every,
                    evaluate_every=s.evaluate_every or max(1, s.steps // 10))
    data = {**data_settings(s.to_dict(), prepared.model), LEARNED_FROM: fingerprint(prepared.examples)}
    return run_loop(prepared.model, prepared.batches, loop, loss=prepared.loss, measure=prepared.measure, out=out,
                    tokenizer=tokenizer, validation=prepared.validation, resume=resume, overwrite=overwrite,
                    title=f"prefer {s.method}", facts=facts_of(s, prepared), data=data, progress=progress,
                    files={SETTINGS: s.to_dict()} if out else None)


def draw(settings: Method, history: History, path: Path) -> None:
    """The losses over the steps."""
    from tinyformer import plot
    figure = settings.figure
    plot.loss_curve([(row["step"], row["loss"]) for row in history.rows], path,
                    validation=[(row["step"], row[figure]) for row in history.evaluations] if figure else [],
                    title=f"prefer {settings.method}: the loss", unit=settings.unit)


def answering_model(option: str, folder: str | None) -> tuple[GPT, Tokenizer]:
    """A GPT or Llama that has learned to answer, and its vocabulary; InputError for all else."""
    if folder is None:
        raise InputError(f"{option} is missing; give the folder of a model that has learned to answer, by finetune "
                         "follow")
    model, tokenizer = load_model(folder)
    if not isinstance(model, GPT):
        raise InputError(f"{option} {folder}: holds a {type(model).__name__}, and a GPT or Llama is needed, which goes "
                         "on writing; pretrain gpt and finetune follow make one")
    if tokenizer is None or not tokenizer.chat_template:
        raise InputError(f"{option} {folder}: the model goes on writing and has not learned to answer; teach it first, "
                         f"by finetune follow --model {folder}")
    return model, tokenizer


def copy_of(model: GPT) -> Any:
    """The same numbers once more, to stay as they are while the others learn, or to learn without noise."""
    return with_dropout(model, 0.0)


# ---- the options of all methods together -----------------------------------------------------------------------------


@cache
def every_option() -> type:
    """A dataclass with each option of each method once: what the command line and a --config file may say."""
    return merged("EveryPreference", Method, METHODS, before="steps")


def resolve(method: str, given: dict, config: str | None = None, resume: bool | str = False) -> Any:
    """The settings of a run: the command line over the --config file.  A run that is resumed knows its own."""
    own = Path(given.get("out") or ".") / SETTINGS
    if resume and config is None and given.get("out") and own.is_file():
        config = str(own)
    kind = METHODS[method]
    mine = {item.name for item in fields(kind)}
    saved = read_config(config, every_option()) if config else {}
    if saved.get("method", method) != method:
        raise InputError(f"{config} belongs to `prefer {saved['method']}`, and this is `prefer {method}`; use the "
                         "command it was written by")
    for name in given:
        if name not in mine:
            raise InputError(f"--{name.replace('_', '-')} is a setting of {', '.join(owners(name, METHODS))}, and this "
                             f"is prefer {method}; leave it out")
    kept = {name: value for name, value in saved.items() if name in mine and value is not None}
    return replace(kind(method=method), **{**kept, **given, "method": method})
