"""Which numbers make a fine-tuning run?  All of them, as options of the commands and as lines of settings.json."""

import math
import re
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from tinyformer.errors import InputError
from tinyformer.merged_options import merged, owners
from tinyformer.options import check_values, number_or_auto, option, read_config, switch
from tinyformer.tasks import TASKS
from tinyformer.train.loop_settings import OPTIMIZERS, PRECISIONS, refuse_idle
from tinyformer.train.schedules import SCHEDULES

SETTINGS = "settings.json"
SCRATCH = "scratch"
SIZES = ("tokenizer", "vocabulary", "layers", "heads", "width")      # of a model from scratch
TRAINING = ("epochs", "steps", "batch_size", "accumulate", "recompute", "max_length", "learning_rate", "schedule",
            "warmup", "optimizer", "matrix_rate", "momentum", "weight_decay", "clip", "dropout", "freeze",
            "layer_decay", "lora", "lora_alpha", "lora_on", "seed", "seeds", "workers", "device", "precision",
            "skip_bad_rows")
FASTER = 20                                   # times the learning rate where little learns
NARROW = 256                                  # below this width the published learning rate moves too little


@dataclass(frozen=True)
class Finetuning:
    """The settings that all heads share; None is filled in from the model.  What a head adds stands in its own file."""

    task: str = ""                            # the name of the head
    model: str | None = option(None, "folder of a pre-trained model, ours or from the model hub; scratch: a fresh one, "
                               "to compare with")
    fresh: bool = option(False, "take kind, sizes and vocabulary from --model, and no weights: to compare with what "
                         "it has learned")
    train: str | None = option(None, "file with labelled examples to learn from")
    dev: str | None = option(None, "file with labelled examples to be judged by")
    out: str | None = option(None, "folder for the model, metrics.json, predictions.jsonl and the pictures")
    labels: str | None = option(None, "how much of the training file is used: a share such as 10%% or a number of "
                                "examples (default all)")

    epochs: float | None = option(None, "passes over the training examples (default 3)", above=0)
    steps: int | None = option(None, "steps of the optimizer, instead of --epochs", least=1)
    batch_size: int = option(32, "rows in a batch", least=1)
    accumulate: int = option(1, "parts in which a batch is computed, where memory is short", least=1)
    recompute: bool = option(False, "keep of each layer what enters it alone, and compute the rest again in backward: "
                             "the same numbers in less memory, for about a third more time")
    max_length: int = option(128, "tokens in one row; longer texts are cut, long documents read in windows", least=8)
    learning_rate: float | None = option(None, "the highest learning rate (default 5e-5; 5e-4 for models narrower than "
                                         "256; with --lora twenty times as much; 1e-2 where the encoder is frozen)",
                                         least=0)
    schedule: str = option("linear", "how the rate falls after the warm-up; constant-then-down: in the last third of "
                           "the steps", tuple(SCHEDULES))
    warmup: float = option(0.1, "share of the steps over which the rate rises", least=0, most=1)
    optimizer: str = option("adamw", "who turns gradients into steps: adamw, or muon, which moves the matrices between "
                            "hidden vectors and leaves the rest to adamw", tuple(OPTIMIZERS))
    matrix_rate: float = option(1e-3, "muon: the highest learning rate of those matrices", least=0)
    momentum: float = option(0.95, "muon: how much of the average of their gradients stays at each step", least=0,
                             most=0.999999)
    weight_decay: float = option(0.01, "the pull of all matrices towards zero", least=0)
    clip: float = option(1.0, "largest norm of the whole gradient", above=0)
    dropout: float | None = option(None, "share of the activations that is dropped (default: the model's own)", least=0,
                                   most=0.99)
    freeze: str | None = option(None, "all: only the head learns; or a number: the embeddings and so many layers from "
                                "below stay as they are")
    layer_decay: float = option(1.0, "each layer learns at this share of the rate of the one above it", above=0, most=1)
    lora: int | None = option(None, "the model stays as it is, and beside its products learn small ones of this rank; "
                              "they and the head are saved alone, as an adapter folder (PEFT's layout)", metavar="RANK")
    lora_alpha: float | None = option(None, "with --lora: what is added is multiplied by ALPHA / RANK (default: twice "
                                      "the rank)", above=0, metavar="ALPHA")
    lora_on: str = option("query,value", "with --lora: beside which products: query, key, value, out, gate, widen, "
                          "narrow, or all", metavar="NAME,NAME")
    merge: bool = switch("with --lora: write the whole model, too, with what was added in its weights, to merged/ in "
                         "the folder of the run")

    tokenizer: str | None = option(None, "scratch: folder with the vocabulary to use (default: a WordPiece vocabulary "
                                   "trained on the training file)")
    vocabulary: int = option(4000, "scratch: size of the vocabulary that is trained", least=8)
    layers: int = option(2, "scratch: layers", least=1)
    heads: int = option(2, "scratch: attention heads of each layer", least=1)
    width: int = option(128, "scratch: numbers in the vector of one token", least=1)

    seed: int = option(0, "the one number all chance comes from", least=0)
    seeds: int = option(1, "runs, with this seed and the ones after it; their mean and spread are printed", least=1)
    workers: str = option("auto", "processes that share each step, each on a core or a GPU of its own: a number, or "
                          "auto, by a rule of the shape and of the cores")
    save_every: int | None = option(None, "steps between saved checkpoints, each judged by the development file "
                                    "(default: at the end alone)", least=1)
    keep: int = option(2, "checkpoints that stay, beside the best one", least=2)
    patience: int | None = option(None, "stop when the first figure has not risen for so many evaluations, and keep "
                                  "the best model", least=1)
    device: str = option("auto", "where to compute", ("auto", "cpu", "cuda"))
    precision: str = option("float32", "on a GPU: in what the factors of products are rounded", PRECISIONS)
    skip_bad_rows: int = option(0, "rows with faults that may be left out of a file", least=0)

    def __post_init__(self):
        check_values(self)
        number_or_auto("--workers", self.workers)
        if self.steps is not None and self.epochs is not None:
            raise InputError(f"--steps is {self.steps} and --epochs is {self.epochs}; give one of the two")
        if self.freeze is not None and not re.fullmatch("all|[0-9]{1,9}", self.freeze):
            raise InputError(f"--freeze is {self.freeze!r}; it must be all or a number of layers")
        if self.fresh and self.model == SCRATCH:
            raise InputError("--fresh takes the sizes of a folder without its weights, and --model scratch names no "
                             "folder; leave --fresh out")
        if self.lora is not None:
            self._check_lora()
        elif self.merge or self.lora_alpha is not None:
            raise InputError("--merge and --lora-alpha are settings of --lora; give --lora RANK, such as 8, too")
        if self.freeze == "all" and self.layer_decay != 1:
            raise InputError("--layer-decay slows layers that learn, and with --freeze all none does; give one of "
                             "the two")
        chosen(self.labels, 100)

    def _check_lora(self) -> None:
        if self.lora is not None and self.lora < 1:
            raise InputError(f"--lora is {self.lora}; a rank must be at least 1: 8 is usual")
        if self.freeze not in (None, "0"):
            raise InputError(f"--lora keeps the whole model as it is, and --freeze {self.freeze} a part of it; give "
                             "one of the two")
        if self.fresh or self.model == SCRATCH:
            raise InputError("--lora keeps what a model has learned, and a fresh one has learned nothing; leave --lora "
                             "out, or give --model the folder of a pre-trained one")

    def to_dict(self) -> dict:
        """All settings by name, as settings.json holds them."""
        return asdict(self)

    def but(self, **changes) -> "Finetuning":
        """The same settings with some changed."""
        return replace(self, **changes)

    @property
    def frozen_layers(self) -> int | str:
        """What `models.depth.freeze` takes."""
        return "all" if self.freeze == "all" else int(self.freeze or 0)

    def peak(self, width: int) -> float:
        """The highest learning rate for a model of this width."""
        if self.learning_rate is not None:
            return self.learning_rate
        if self.freeze == "all":
            return 1e-2
        return (5e-5 if width >= NARROW else 5e-4) * (1 if self.lora is None else FASTER)


@dataclass(frozen=True)
class TableSettings(Finetuning):
    """The settings of a head whose examples stand in a table."""

    columns: str | None = option(None, "where the parts of a row stand, for example text=sentence,label=gold, or by "
                                 "number: first=1,second=2,label=3; source=1,target=2 (default: told by the header)")


# ---- the options of all heads together -------------------------------------------------------------------------------


@cache
def every_option() -> type:
    """A dataclass with each option of each head once: what the command line and a --config file may say."""
    return merged("EveryFinetuning", Finetuning, _kinds(), before=SIZES[0])


def reading() -> tuple[str, ...]:
    """The options of who reads files and chooses predictions and trains nothing."""
    shared = {item.name for item in fields(Finetuning)}
    return ("model", "out", "max_length", "device", "skip_bad_rows",
            *(item.name for item in fields(every_option()) if item.name not in shared))


def _kinds() -> dict[str, type]:
    return {name: task.settings for name, task in TASKS.items()}


# ---- where the settings of a run come from ---------------------------------------------------------------------------


def resolve(task: str, given: dict, config: str | None = None, resume: bool | str = False) -> Finetuning:
    """The settings of a run: the command line over the --config file.  A run that is resumed knows its own."""
    own = Path(given.get("out") or ".") / SETTINGS
    if resume and config is None and given.get("out") and own.is_file():
        config = str(own)
    saved = saved_settings(config, task) if config else {}
    if saved.get("task", task) != task:
        raise InputError(f"{config} belongs to `finetune {saved['task']}`, and this is `finetune {task}`; use the "
                         "command it was written by")
    for name in ("model", "fresh") if saved and config == str(own) and resume else ():
        if given.get(name, saved.get(name)) != saved.get(name):
            raise InputError(f"--{name} says where a run begins, and the run in {given['out']} began with {name} "
                             f"{saved.get(name)}; leave it out to go on, or take another --out")
    if "steps" in given or "epochs" in given:                  # one of them on the command line replaces the other
        saved = {name: value for name, value in saved.items() if name not in ("steps", "epochs")}
    refuse_sizes(given, given.get("model", saved.get("model")))
    refuse_others(given, task)
    settings = TASKS[task].options(**{**saved, **given})
    refuse_idle(given, settings.optimizer)
    return settings


def saved_settings(path: str, task: str) -> dict[str, Any]:
    """What a settings.json says of the settings that this task has, those of other tasks passed over."""
    mine = {item.name for item in fields(TASKS[task].settings)}
    return {name: value for name, value in read_config(path, every_option()).items()
            if name in mine and value is not None}


def refuse_others(given: dict, task: str) -> None:
    """InputError for an option of another task."""
    for name in given:
        whose = owners(name, _kinds())
        if task not in whose:
            raise InputError(f"--{name.replace('_', '-')} is a setting of {', '.join(whose)}, and the task is {task}; "
                             "leave it out")


def refuse_sizes(given: dict, model: str | None) -> None:
    """InputError for the sizes of a model from scratch where a folder is given."""
    for name in SIZES:
        if name in given and model not in (SCRATCH, None):
            raise InputError(f"--{name} is a setting of --model {SCRATCH}, and the model is {model}; leave it out")


def chosen(labels: str | None, count: int) -> int:
    """How many of `count` examples "10%" or "200" means; InputError for anything else."""
    if labels is None:
        return count
    number = labels.removesuffix("%")
    try:
        amount = float(number) if number != labels else int(number)
    except ValueError:
        amount = math.nan
    if not 0 < amount < math.inf or number != labels and amount > 100:
        raise InputError(f"--labels is {labels!r}; it must be a share such as 10% or a number of examples such as 200")
    return max(1, round(count * amount / 100)) if number != labels else min(count, int(amount))
