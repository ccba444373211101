"""How does a pre-trained model learn a task?  Put a head on it, show it labelled examples, and see what it gets wrong.

    examples -> rows -> head on the encoder -> train -> predictions on the development file -> figures and mistakes

The same stages serve `finetune`, `glue` and the tour; from scratch differs in the encoder alone.  To rewrite, the
decoder is trained as well, and there is no head.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinyformer.backend import choose_device
from tinyformer.data.labelled import EncodedRows
from tinyformer.data.readers import check_labels
from tinyformer.errors import InputError
from tinyformer.metrics import over_seeds
from tinyformer.models import GPT
from tinyformer.models.parts.depth import layer_rates
from tinyformer.models.parts.encoders import like
from tinyformer.nn import Module
from tinyformer.places import say, show
from tinyformer.rng import stream
from tinyformer.tasks import TASKS
from tinyformer.tasks.finetuning_settings import SCRATCH, SETTINGS, Finetuning, chosen
from tinyformer.tasks.finished_run import finish, finite
from tinyformer.tasks.folders import open_folder
from tinyformer.tasks.task import Task
from tinyformer.tasks.tuned_a_little import learning, of_the_base, part_that_learns, tune_a_little
from tinyformer.text import Tokenizer, WordPieceTokenizer, load_tokenizer
from tinyformer.train import History, Settings
from tinyformer.train import train as run_loop
from tinyformer.train.circumstances import LEARNED_FROM, data_settings, fingerprint
from tinyformer.train.durable import write_json
from tinyformer.train.run import check_out, saved_tokenizer


def run(settings: Finetuning, resume: bool | str = False, overwrite: bool = False) -> int:
    """Fine-tune as the settings say; with several seeds once for each, in folders of their own below --out."""
    task, several = task_under(settings), settings.seeds > 1
    if several and resume not in (True, False, "auto"):
        raise InputError(f"--resume names the checkpoint of one run, {resume}, and --seeds {settings.seeds} asks for "
                         "several; give --resume alone, which takes the newest of each")
    out = check_out(settings.out, resume, overwrite, (SETTINGS,))
    for name in ("model", "train", "dev"):
        if getattr(settings, name) is None:
            raise InputError(f"--{name} is missing; " + (
                "give the folder of a pre-trained model, or scratch" if name == "model" else
                "give a file with labelled examples, in the format it was published in"))
    device, why = choose_device(settings.device)
    say(f"device {device}: {why}")
    found = []
    for seed in range(settings.seed, settings.seed + settings.seeds):
        folder = out / f"seed-{seed}" if several else out
        one = settings.but(seed=seed, seeds=1, out=str(folder))
        again = "auto" if several and resume else resume
        prepared = prepare(one, saved_tokenizer(folder, again))
        history = train(prepared, out=folder, resume=again, overwrite=overwrite)
        found.append(finish(prepared, history, folder))
    if several:
        for name in task.figures[:task.beside]:
            show(over_seeds.line(found, name))
        write_json(out / "metrics.json", over_seeds.summary(found, task.figures))
        write_json(out / SETTINGS, settings.to_dict())
    return 0


# ---- the stages ------------------------------------------------------------------------------------------------------


@dataclass
class Prepared:
    """Everything that a run needs: the examples and their rows, the model, and what the user should know."""

    settings: Finetuning
    task: Task
    tokenizer: Tokenizer
    model: Any
    train: Sequence
    dev: Sequence
    train_rows: EncodedRows
    dev_rows: EncodedRows
    notes: list[str] = field(default_factory=list)

    @property
    def batches(self) -> Any:
        """The training rows in batches."""
        return self.task.batches(self.train_rows, self.tokenizer, self.settings)

    def dev_batches(self) -> Iterable:
        """The development rows, always in the same batches."""
        return self.task.in_order(self.dev_rows, self.tokenizer, self.settings)

    def predictions(self) -> list[dict]:
        """What the model says of the development examples."""
        return finite(self.task.predict(self.model, self.dev, self.dev_rows, self.tokenizer, self.settings))

    def figures(self) -> dict[str, float]:
        """The figures of the development examples that are told at an evaluation, the one that counts first in front.

        That is the first one; where several tasks are learned at once, those of each, too.
        """
        found = self.task.scores(self.dev, self.predictions())
        return {name: found[name] for name in self.task.figures[:self.task.beside]}


def task_under(settings: Finetuning) -> Any:
    """The task that these settings name, as they ask for it."""
    return TASKS[settings.task].under(settings)


def prepare(settings: Finetuning, tokenizer: Tokenizer | None = None) -> Prepared:
    """Read the files and the model, and put the head of the task on it; a run that is resumed has its tokenizer."""
    task = task_under(settings)
    train = task.read(settings.train, settings, training=True)
    dev = task.read(settings.dev, settings)
    for line in [*train.report(), *dev.report()]:
        say(line)
    if settings.model == SCRATCH:
        tokenizer, encoder = scratch(settings, train, tokenizer)
    else:
        model, published = open_folder(str(settings.model))
        tokenizer = tokenizer or published
        encoder = task.part_of(model, settings.seed)
        if settings.fresh:
            encoder = like(encoder, encoder.config, stream(settings.seed, "weights"))
    return assemble(settings, encoder, tokenizer, train, dev)


def assemble(settings: Finetuning, encoder: Any, tokenizer: Tokenizer, train: Sequence, dev: Sequence) -> Prepared:
    """Put a fresh head on a copy of the encoder, take as many labels as are wanted, and turn examples into rows.

    To rewrite, `encoder` is a Seq2Seq, which is copied and needs no head.
    """
    task = task_under(settings)
    tokenizer = task.vocabulary(tokenizer)
    if isinstance(encoder, GPT) and task.both_sides:
        able = ", ".join(name for name, each in TASKS.items() if not each.both_sides)
        raise InputError(f"the model is a GPT, which never sees what stands at the right of a word, and {task.name} "
                         f"needs both sides; give a BERT (a GPT can learn {able})")
    labels = task.labels(train)
    notes = check_labels(train, dev, allow_unseen=task.unseen) if labels else []
    count = chosen(settings.labels, len(train))
    if count < len(train):
        order = stream(settings.seed, "labels").permutation(len(train))[:count]
        train = [train[number] for number in sorted(order)]
        notes += check_labels(train) if labels else []         # fewer examples may show a single class
    settings = task.settled(settings, train)
    room = min(settings.max_length, encoder.config.context)
    if room < settings.max_length:
        notes.append(f"the model has room for {room} tokens, so --max-length {settings.max_length} becomes {room}")
        settings = settings.but(max_length=room)
    train_rows, dev_rows = (task.rows(examples, tokenizer, labels, settings) for examples in (train, dev))
    for name, these, examples in (("training", train_rows, train), ("development", dev_rows, dev)):
        if these.cut:
            how = "read in several windows" if task.windows else f"cut to {room} tokens"
            notes.append(f"{these.cut:,} of {len(examples):,} {name} examples are longer than the model reads at once "
                         f"and were {how}")
    notes += task.notes(train, tokenizer)
    model = task.build(encoder, tokenizer, labels, settings)
    if settings.lora is not None:
        tune_a_little(model, encoder.config.vocabulary, settings)
        notes.append(f"lora: {learning(model)}")
    model.to(choose_device(settings.device)[0])
    return Prepared(settings, task, tokenizer, model, train, dev, train_rows, dev_rows, notes)


def scratch(settings: Finetuning, train: Sequence, tokenizer: Tokenizer | None = None) -> tuple[Tokenizer, Module]:
    """A vocabulary and a model that knows nothing.

    The vocabulary is the one that is given, or read from a folder, or trained on the texts of the training examples.
    """
    task = task_under(settings)
    if tokenizer is None and settings.tokenizer is not None:
        tokenizer = load_tokenizer(settings.tokenizer)
    elif tokenizer is None:
        tokenizer = WordPieceTokenizer.train((text for example in train for text in task.texts_of(example)),
                                             settings.vocabulary, strip_accents=task.strip_accents)
    return tokenizer, task.fresh(tokenizer, settings)


def train(prepared: Prepared, out: Path | None = None, title: str | None = None, evaluations: int = 10,
          **options) -> History:
    """Run the training loop; on the way the model is evaluated on the development rows, `evaluations` times."""
    s, batches = prepared.settings, prepared.batches
    for note in prepared.notes if options.get("progress", True) else ():
        say(note)
    steps = s.steps or max(1, round((s.epochs or 3) * batches.steps_per_epoch))
    settings = Settings(steps=steps, learning_rate=s.peak(prepared.model.config.width), schedule=s.schedule,
                        warmup=int(s.warmup * steps), optimizer=s.optimizer, matrix_rate=s.matrix_rate,
                        momentum=s.momentum, weight_decay=s.weight_decay, clip=s.clip, accumulate=s.accumulate,
                        recompute=s.recompute, seed=s.seed, workers=s.workers, log_every=max(1, min(10, steps // 20)),
                        evaluate_every=s.save_every or max(1, steps // evaluations), save_every=s.save_every,
                        keep=s.keep, patience=s.patience, precision=s.precision)
    judge = (prepared.task.figures[0], prepared.figures) if s.save_every or s.patience else None
    rates = layer_rates(prepared.model, s.layer_decay) if s.layer_decay != 1 else None
    facts = {"task": s.task, "model": s.model, "parameters": prepared.model.count(), "train": len(prepared.train),
             "dev": len(prepared.dev), "seed": s.seed} | ({"fresh": True} if s.fresh else {})
    facts |= part_that_learns(prepared.model)
    data = {**data_settings(s.to_dict(), prepared.model), LEARNED_FROM: fingerprint(prepared.train),
            "development examples": fingerprint(prepared.dev), **of_the_base(prepared.model)}
    return run_loop(prepared.model, batches, settings, out=out, tokenizer=prepared.tokenizer, data=data,
                    validation=prepared.dev_batches, title=title or s.task, facts=facts, rates=rates, judge=judge,
                    files={SETTINGS: s.to_dict()} if out else None, **options)
