"""Which numbers make a fine-tuning run?  All of them, as options of the commands and as lines of settings.json."""

import math
import re
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from tinyformer.errors import InputError
from tinyformer.options import check_values, number_or_auto, option, read_config
from tinyformer.tasks import TASKS
from tinyformer.train.loop_settings import OPTIMIZERS, refuse_idle
from tinyformer.train.schedules import SCHEDULES

SETTINGS = "settings.json"
SCRATCH = "scratch"
READING = ("columns", "endings", "tags", "max_length", "stride", "max_question", "n_best", "max_answer_length",
           "may_be_impossible", "threshold", "beams", "length_penalty", "device", "skip_bad_rows")     # and choosing
TRAINING = ("epochs", "steps", "batch_size", "accumulate", "max_length", "learning_rate", "schedule", "warmup",
            "optimizer", "matrix_rate", "momentum", "weight_decay", "clip", "dropout", "freeze", "layer_decay", "seed",
            "seeds", "workers", "device", "skip_bad_rows")
NARROW = 256                                  # below this width the published learning rate moves too little


@dataclass(frozen=True)
class Finetuning:
    """Every setting of a fine-tuning run; None is filled in from the model."""

    task: str = ""
    model: str | None = option(None, "folder of a pre-trained model, ours or from the model hub; scratch: a fresh one, "
                               "to compare with")
    fresh: bool = option(False, "take kind, sizes and vocabulary from --model, and no weights: to compare with what "
                         "it has learned")
    train: str | None = option(None, "file with labelled examples to learn from")
    dev: str | None = option(None, "file with labelled examples to be judged by")
    columns: str | None = option(None, "tables: where the parts of a row stand, for example text=sentence,label=gold, "
                                 "or by number: first=1,second=2,label=3; source=1,target=2 (default: told by the "
                                 "header)")
    endings: str | None = option(None, "rewrite: the texts stand in two files, line by line beside each other: with "
                                 "--endings en,fr and --train news/train those are news/train.en and news/train.fr, "
                                 "or the same with .gz behind")
    tags: str | None = option(None, "tag: the column with the tags: upos or xpos (CoNLL-U); ner, chunk, pos or a "
                              "number (CoNLL-2003)")
    out: str | None = option(None, "folder for the model, metrics.json, predictions.jsonl and the pictures")
    labels: str | None = option(None, "how much of the training file is used: a share such as 10%% or a number of "
                                "examples (default all)")

    epochs: float | None = option(None, "passes over the training examples (default 3)", above=0)
    steps: int | None = option(None, "steps of the optimizer, instead of --epochs", least=1)
    batch_size: int = option(32, "rows in a batch", least=1)
    accumulate: int = option(1, "parts in which a batch is computed, where memory is short", least=1)
    max_length: int = option(128, "tokens in one row; longer texts are cut, long documents read in windows", least=8)
    learning_rate: float | None = option(None, "the highest learning rate (default 5e-5; 5e-4 for models narrower than "
                                         "256; 1e-2 where the encoder is frozen)", least=0)
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

    stride: int = option(64, "answer: tokens between the beginnings of two windows of a long document", least=1)
    max_question: int = option(64, "answer: tokens of a question that are read", least=1)
    n_best: int = option(20, "answer: answers kept for each question", least=1)
    max_answer_length: int = option(30, "answer: tokens of the longest answer", least=1)
    may_be_impossible: bool | None = option(None, "answer: a question may have no answer (default: as in the "
                                            "training file)")
    threshold: float | None = option(None, "answer, multilabel: of an answer, how much better none must be than the "
                                     "best one (default 0); of a label, from which probability it is given (default "
                                     "0.5)")
    beams: int | None = option(None, "rewrite: search for the most probable text, following so many at once (default: "
                               "take the most probable token each time)", least=1)
    length_penalty: float = option(1.0, "rewrite: with --beams: compare log p / tokens**PENALTY")

    tokenizer: str | None = option(None, "scratch: folder with the vocabulary to use (default: a WordPiece vocabulary "
                                   "trained on the training file)")
    vocabulary: int = option(4000, "scratch: size of the vocabulary that is trained", least=8)
    layers: int = option(2, "scratch: layers", least=1)
    heads: int = option(2, "scratch: attention heads of each layer", least=1)
    width: int = option(128, "scratch: numbers in the vector of one token", least=1)

    seed: int = option(0, "the one number all chance comes from", least=0)
    seeds: int = option(1, "runs, with this seed and the ones after it; their mean and spread are printed", least=1)
    workers: str = option("auto", "processes that share each step, each on a core of its own: a number, or auto, by a "
                          "rule of the shape and of the cores")
    device: str = option("auto", "where to compute", ("auto", "cpu", "cuda"))
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
        if self.freeze == "all" and self.layer_decay != 1:
            raise InputError("--layer-decay slows layers that learn, and with --freeze all none does; give one of "
                             "the two")
        chosen(self.labels, 100)

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
        return 5e-5 if width >= NARROW else 5e-4


def resolve(task: str, given: dict, config: str | None = None, resume: bool | str = False) -> Finetuning:
    """The settings of a run: the command line over the --config file.  A run that is resumed knows its own."""
    own = Path(given.get("out") or ".") / SETTINGS
    if resume and config is None and given.get("out") and own.is_file():
        config = str(own)
    saved = read_config(config, Finetuning) if config else {}
    saved = {name: value for name, value in saved.items() if value is not None}
    if saved.get("task", task) != task:
        raise InputError(f"{config} belongs to `finetune {saved['task']}`, and this is `finetune {task}`; use the "
                         "command it was written by")
    for name in ("model", "fresh") if saved and config == str(own) and resume else ():
        if given.get(name, saved.get(name)) != saved.get(name):
            raise InputError(f"--{name} says where a run begins, and the run in {given['out']} began with {name} "
                             f"{saved.get(name)}; leave it out to go on, or take another --out")
    if "steps" in given or "epochs" in given:                  # one of them on the command line replaces the other
        saved = {name: value for name, value in saved.items() if name not in ("steps", "epochs")}
    refuse_others(given, task, given.get("model", saved.get("model")))
    settings = Finetuning(**{**saved, **given, "task": task})
    refuse_idle(given, settings.optimizer)
    return settings


def refuse_others(given: dict, task: str | None, model: str | None) -> None:
    """InputError for an option of another task (unless none is named), or of scratch where a folder is given."""
    for item in fields(Finetuning):
        owners = item.metadata.get("help", "").partition(":")[0].split(", ")             # as in "answer: tokens ..."
        if not set(owners) <= {*TASKS, SCRATCH} or item.name not in given:
            continue
        flag = f"--{item.name.replace('_', '-')}"
        if owners == [SCRATCH] and model not in (SCRATCH, None):
            raise InputError(f"{flag} is a setting of --model scratch, and the model is {model}; leave it out")
        if owners != [SCRATCH] and task is not None and task not in owners:
            raise InputError(f"{flag} is a setting of {', '.join(owners)}, and the task is {task}; leave it out")


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
