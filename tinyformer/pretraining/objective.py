"""What must be said of a way to learn without labels, so that it can be trained, judged and drawn?

An objective is a frozen dataclass.  Its fields are the settings of a run, those that all share and its own: each is an
option of `pretrain`, a line of --help and a key of settings.json.  Its methods say what differs from one to the next:
what is read, in which batches, by which model, what that is held against, and how it is shown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from tinyformer import train
from tinyformer.errors import InputError
from tinyformer.models.config import Config
from tinyformer.models.parts.size import that_fits
from tinyformer.nn.first_numbers import deviation_at
from tinyformer.options import check_values, number_or_auto, option
from tinyformer.train.circumstances import LEARNED_FROM, fingerprint
from tinyformer.train.loop_settings import OPTIMIZERS, PRECISIONS
from tinyformer.train.schedules import SCHEDULES


@dataclass(frozen=True)
class Objective:
    """The settings that all objectives share, and what each may say otherwise; None is filled in by `resolve`."""

    model: str = ""                           # the name that is typed
    corpus: str | None = option(None, "text to learn from: a plain-text file, a folder of them, pydocs, the English "
                                "documentation that every Python carries, or tinyland, the small generated world")
    out: str | None = option(None, "folder for the model, the logs, the pictures and metrics.json")
    held_out: str | None = option(None, "text to evaluate on, instead of the last part of the corpus")
    validation: float = option(0.1, "share of the corpus, at its end, that is kept for evaluation", least=0, most=0.9)
    preset: str | None = option(None, "a set of sizes by name, among them: tiny, mini, small, base; gpt2-small; "
                                "shakespeare-cpu (which brings its training settings too); bart-base")
    layers: int | None = option(None, "layers, in an encoder and decoder as many of each", least=1)
    heads: int | None = option(None, "attention heads of each layer", least=1)
    width: int | None = option(None, "numbers in the vector of one token", least=1)
    max_length: int | None = option(None, "tokens in one row", least=2)
    init_std: float | None = option(None, "standard deviation of the initial weights", above=0)
    dropout: float | None = option(None, "share of the activations that is dropped in training", least=0)

    steps: int | None = option(None, "steps of the optimizer (default 2000)", least=1)
    epochs: float | None = option(None, "passes over the corpus, instead of --steps", above=0)
    batch_size: int | None = option(None, "rows in a batch", least=1)
    accumulate: int = option(1, "parts in which a batch is computed, where memory is short", least=1)
    recompute: bool = option(False, "keep of each layer what enters it alone, and compute the rest again in backward: "
                             "the same numbers in less memory, for about a third more time")
    learning_rate: float | None = option(None, "the highest learning rate", least=0)
    final_rate: float | None = option(None, "the learning rate at the end", least=0)
    schedule: str | None = option(None, "how the rate falls after the warm-up; constant-then-down: in the last third "
                                  "of the steps", tuple(SCHEDULES))
    warmup: int | None = option(None, "steps over which the rate rises (default a tenth, at most 100)", least=0)
    optimizer: str | None = option(None, "who turns gradients into steps: adamw, or muon, which moves the matrices "
                                   "between hidden vectors and leaves the rest to adamw", tuple(OPTIMIZERS))
    matrix_rate: float | None = option(None, "muon: the highest learning rate of those matrices", least=0)
    momentum: float | None = option(None, "muon: how much of the average of their gradients stays at each step",
                                    least=0, most=0.999999)
    weight_decay: float | None = option(None, "the pull of all matrices towards zero", least=0)
    beta2: float | None = option(None, "AdamW's memory of squared gradients", least=0, most=0.999999)
    clip: float = option(1.0, "largest norm of the whole gradient", above=0)
    seed: int = option(0, "the one number all chance comes from", least=0)
    device: str = option("auto", "where to compute", ("auto", "cpu", "cuda"))
    workers: str = option("auto", "processes that share each step, each on a core or a GPU of its own: a number, or "
                          "auto, by a rule of the shape and of the cores")
    dtype: str = option("float32", "precision", ("float32", "float64"))
    precision: str = option("float32", "on a GPU: in what the factors of products are rounded", PRECISIONS)
    evaluate_every: int | None = option(None, "steps between evaluations (default a tenth of all)", least=1)
    save_every: int | None = option(None, "steps between saved checkpoints (default: at the end alone)", least=1)

    does: ClassVar[str] = ""                  # what the model does, for --help: "fills in blanks"
    reads: ClassVar[str] = "text"
    unit: ClassVar[str] = "tokens"            # what a row is made of
    figure: ClassVar[str] = ""                # "mlm": the loss is called "mlm loss" in evaluations
    config_class: ClassVar[type[Config]]      # the sizes of the model, and its presets
    switch: ClassVar[str] = ""                # the setting that others hang on: a run that goes on cannot change it
    at_first: ClassVar[tuple[str, ...]] = ()  # settings that say how a run begins, and nothing of how it goes on
    defaults: ClassVar[Mapping[str, Any]] = dict(
        layers=2, heads=2, width=128, max_length=64, dropout=0.0, batch_size=32, learning_rate=1e-3, final_rate=0.0,
        schedule="linear", optimizer="adamw", matrix_rate=0.01, momentum=0.95, weight_decay=0.01, beta2=0.999)
    computed: ClassVar[Mapping[str, str]] = {            # what --help says of defaults that hang on other settings
        "init_std": "0.02 at width 768 and larger for narrow models, as 1/sqrt(width)"}
    training_presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}     # what a preset says beyond the model's sizes

    def __post_init__(self):
        check_values(self)
        number_or_auto("--workers", self.workers)
        if self.steps is not None and self.warmup is not None and self.warmup > self.steps:
            raise InputError(f"--warmup is {self.warmup} and --steps is {self.steps}; the warm-up must end before "
                             "the training does")
        if self.learning_rate is not None and (self.final_rate or 0) > self.learning_rate:
            raise InputError(f"--final-rate is {self.final_rate} and --learning-rate is {self.learning_rate}; "
                             "the rate falls, so the final one must not be larger")

    def to_dict(self) -> dict:
        """All settings by name, as settings.json holds them."""
        return asdict(self)

    # ---- settings that hang on others --------------------------------------------------------------------------------

    @classmethod
    def from_preset(cls, name: str) -> dict[str, Any]:
        """The settings that a preset stands for."""
        sizes = cls.config_class.preset(name).to_dict()
        known = {field: sizes[field] for field in ("layers", "heads", "width", "dropout", "init_std")}
        return {**known, "max_length": min(sizes["context"], 128), **cls.training_presets.get(name, {})}

    @classmethod
    def passed_over(cls, saved: Mapping[str, Any], switched: str) -> set[str]:
        """The settings of a file that say nothing where somebody gives its `switch` another value."""
        return set()

    @classmethod
    def settled(cls, settings: dict, asked: dict) -> dict:
        """The settings with those filled in that hang on others; `asked` are those that somebody asked for."""
        if settings.get("init_std") is None:
            settings["init_std"] = deviation_at(settings["width"])
        return settings

    def sized(self, **more) -> Config:
        """The configuration of the model: the preset's, where there is one, with the sizes that the settings name."""
        sizes = dict(layers=self.layers, heads=self.heads, width=self.width, dropout=self.dropout,
                     init_std=self.init_std, **more)
        if self.preset is None:
            return that_fits(self.config_class(context=self.max_length, **sizes))
        preset = self.config_class.preset(self.preset)
        if self.width != preset.width:
            sizes["inner"] = 0                                 # 4 * width again
        return that_fits(preset.but(context=max(self.max_length, preset.context), **sizes))

    # ---- the stages: what an objective must say ----------------------------------------------------------------------

    def read(self) -> tuple[Sequence, Sequence]:
        """(training, held out): the examples to learn from, and those to be evaluated on."""
        raise NotImplementedError(f"{type(self).__name__} must say what it learns from: define read")

    def make_tokenizer(self, training: Iterable, held_out: Iterable) -> Any:
        """What turns the examples into ids, trained on them or read from a folder; None where nothing does."""
        return None

    def make_batches(self, examples: Sequence, tokenizer) -> Any:
        """An object with batch(step), in_order(batch_size) and steps_per_epoch over these examples."""
        raise NotImplementedError(f"{type(self).__name__} must say what a batch is: define make_batches")

    def make_model(self, tokenizer) -> Any:
        """A model that knows nothing yet, with `loss` and `measure` for these batches."""
        raise NotImplementedError(f"{type(self).__name__} must say which model learns: define make_model")

    def lesson(self) -> Any:
        """What is to be learned instead of `model.loss`, (model, batch, counts, rng) -> a number; None for nothing."""
        return None

    def measuring(self) -> Any:
        """What looks at the model while it trains instead of `model.measure`: (model, batch) -> figures; or None."""
        return None

    def sources(self, training: Sequence, held_out: Sequence) -> dict[str, str]:
        """Hashes of what is read: a run that is resumed is held to them."""
        return {LEARNED_FROM: fingerprint(training), "held-out examples": fingerprint(held_out)}

    # ---- the result --------------------------------------------------------------------------------------------------

    def facts(self, training: Sequence) -> dict[str, int]:
        """How much there is to learn from, by name, for metrics.json and the line before the run."""
        return {"examples": len(training)}

    def measure(self, prepared, pairs: int) -> dict[str, float]:
        """The figures on what was held out, and those of simple baselines; `pairs` of each kind where there are any."""
        values = train.evaluate(prepared.model, prepared.held_out_batches())
        return {f"val {what}": values[f"{self.figure} {what}"] for what in ("loss", "accuracy")
                if f"{self.figure} {what}" in values}

    def leave(self, prepared, out: Path) -> None:
        """Write into the folder of a run what it leaves beside its model, if anything."""

    def said(self, found: dict[str, float]) -> list[str]:
        """The parts of the final line."""
        return [f"{name} {value:.4f}" for name, value in found.items()]

    def loss_parts(self) -> list[str]:
        """The figures of an evaluation that add up to the training loss."""
        return [f"{self.figure} loss"]

    def picture(self, prepared, found: dict[str, float]) -> dict[str, Any]:
        """What `plot.loss_curve` is told beside the points: title, unit, levels."""
        return {"title": f"{self.model}: the loss"}
