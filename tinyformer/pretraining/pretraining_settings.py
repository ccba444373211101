"""Which numbers make a pre-training run?  All of them, with their defaults, and the sets that go by a name.

A value is looked for on the command line, then in the --config file, then in the --preset, then among the defaults
of the kind of model.  `resolve` puts the four together; the result is written to settings.json and repeats the run.
"""

import math
from dataclasses import asdict, dataclass, fields, replace

from tinyformer.data.noise import NOISES, RATES
from tinyformer.errors import InputError
from tinyformer.models.config import BertConfig, GPTConfig, Seq2SeqConfig
from tinyformer.options import check_values, option, suggestion
from tinyformer.tinyland.world_texts import DOCUMENTS

CONFIGS = {"bert": BertConfig, "gpt": GPTConfig, "seq2seq": Seq2SeqConfig}


@dataclass(frozen=True)
class Pretraining:
    """Every setting of a pre-training run; None is filled in from the preset or the kind of model."""

    model: str = "bert"
    corpus: str | None = option(None, "text to learn from: a plain-text file, a folder of them, pydocs, the English "
                                "documentation that every Python carries, or tinyland, the small generated world")
    out: str | None = option(None, "folder for the model, the logs, the pictures and metrics.json")
    documents: str = option("file", "what is one document of the corpus", ("file", "blank-lines"))
    world_documents: int | None = option(None, "tinyland: documents that are told (default 20000)", least=2)
    world_seed: int | None = option(None, "tinyland: the world that tells them (default 0)", least=0)
    held_out: str | None = option(None, "text to evaluate on, instead of the last part of the corpus")
    validation: float = option(0.1, "share of the corpus, at its end, that is kept for evaluation", least=0, most=0.9)
    preset: str | None = option(None, "a set of sizes by name, among them: tiny, mini, small, base; gpt2-small; "
                                "shakespeare-cpu (which brings its training settings too); bart-base")

    tokenizer: str | None = option(None, "characters, wordpiece or bpe, trained on the corpus; or a folder with a "
                                   "vocabulary (default wordpiece; gpt: bpe)")
    vocabulary: int | None = option(None, "size of the vocabulary that is trained (default 4000; gpt: 1000; "
                                    "characters: all)", least=1)
    layers: int | None = option(None, "layers (default 2; gpt: 4); seq2seq: of the encoder, and as many of the decoder",
                                least=1)
    heads: int | None = option(None, "attention heads of each layer (default 2; gpt: 4)", least=1)
    width: int | None = option(None, "numbers in the vector of one token (default 128)", least=1)
    max_length: int | None = option(None, "tokens in one row (default 64)", least=2)
    init_std: float | None = option(None, "standard deviation of the initial weights (default gpt: 0.02; others: "
                                    "0.02 at width 768 and larger for narrow models, as 1/sqrt(width))", above=0)
    dropout: float | None = option(None, "share of the activations that is dropped in training (default 0)", least=0)

    objective: str | None = option(None, "bert: what the second sentence is tested on: is it the next (nsp), are the "
                                   "two in order (sop), or nothing (default nsp)", ("nsp", "sop", "none"))
    noise: str | None = option(None, "seq2seq: how the text is damaged that is to be repaired (default infill)",
                               tuple(NOISES))
    mask_rate: float | None = option(None, "bert, seq2seq: share of the tokens to be guessed (default bert: 0.15; "
                                     "seq2seq: 0.3, mass: 0.5, spans: 0.15)", above=0, most=1)
    proportions: tuple[float, ...] = option((0.8, 0.1, 0.1), "bert: shares of these that become [MASK], become a "
                                            "random token, stay", least=0)
    whole_word: bool = option(False, "bert: hide whole words, not pieces of them")
    word_list: str | None = option(None, "bert: a file with one word a line, so that --whole-word finds the words of "
                                   "Chinese, which have no spaces between them")
    masking: str = option("dynamic", "bert: new masks at each visit, or the same ones", ("dynamic", "static"))

    steps: int | None = option(None, "steps of the optimizer (default 2000)", least=1)
    epochs: float | None = option(None, "passes over the corpus, instead of --steps", above=0)
    batch_size: int | None = option(None, "rows in a batch (default 32)", least=1)
    accumulate: int = option(1, "parts in which a batch is computed, where memory is short", least=1)
    learning_rate: float | None = option(None, "the highest learning rate (default 1e-3)", least=0)
    final_rate: float | None = option(None, "the learning rate at the end (default 0)", least=0)
    schedule: str | None = option(None, "how the rate falls after the warm-up (default linear; gpt: cosine)",
                                  ("linear", "cosine", "constant"))
    warmup: int | None = option(None, "steps over which the rate rises (default a tenth, at most 100)", least=0)
    weight_decay: float | None = option(None, "AdamW's pull towards zero (default 0.01; gpt: 0.1)", least=0)
    beta2: float | None = option(None, "AdamW's memory of squared gradients (default 0.999; gpt: 0.99)",
                                 least=0, most=0.999999)
    clip: float = option(1.0, "largest norm of the whole gradient", above=0)

    seed: int = option(0, "the one number all chance comes from", least=0)
    device: str = option("auto", "where to compute", ("auto", "cpu", "cuda"))
    dtype: str = option("float32", "precision", ("float32", "float64"))
    evaluate_every: int | None = option(None, "steps between evaluations (default a tenth of all)", least=1)
    save_every: int | None = option(None, "steps between saved checkpoints (default: at the end alone)", least=1)

    def __post_init__(self):
        check_values(self)
        if self.model not in CONFIGS:
            raise InputError(f"model is {self.model!r}; choose one of: {', '.join(CONFIGS)}"
                             + suggestion(self.model, CONFIGS))
        if len(self.proportions) != 3 or abs(sum(self.proportions) - 1) > 1e-6:
            raise InputError(f"--proportions is {','.join(map(str, self.proportions))}; it must be three shares that "
                             "add up to 1: masked, random, kept (for example 0.8,0.1,0.1)")
        if self.corpus != "tinyland" and (self.world_documents, self.world_seed) != (None, None):
            raise InputError("--world-documents and --world-seed are settings of --corpus tinyland, and the corpus is "
                             f"{self.corpus}; leave them out")
        if self.word_list is not None and not self.whole_word:
            raise InputError("--word-list says which characters make a word, and only --whole-word asks; give both")
        if self.model == "seq2seq" and self.noise not in RATES and self.mask_rate is not None:
            raise InputError(f"--mask-rate is {self.mask_rate}, and --noise {self.noise} hides no tokens; leave one "
                             "of the two out")
        if self.steps is not None and self.warmup is not None and self.warmup > self.steps:
            raise InputError(f"--warmup is {self.warmup} and --steps is {self.steps}; the warm-up must end before "
                             "the training does")
        if self.learning_rate is not None and (self.final_rate or 0) > self.learning_rate:
            raise InputError(f"--final-rate is {self.final_rate} and --learning-rate is {self.learning_rate}; "
                             "the rate falls, so the final one must not be larger")

    def to_dict(self) -> dict:
        """All settings by name, as settings.json holds them."""
        return asdict(self)

    def config(self, vocabulary: int):
        """The configuration of the model, for a tokenizer of this size."""
        sizes = dict(vocabulary=vocabulary, layers=self.layers, heads=self.heads, width=self.width,
                     dropout=self.dropout, init_std=self.init_std)
        if self.model == "bert":
            sizes["pair_objective"] = self.objective
        if self.model == "seq2seq":
            sizes["decoder_layers"] = self.layers
        if self.preset is None:
            return CONFIGS[self.model](context=self.max_length, **sizes)
        preset = CONFIGS[self.model].preset(self.preset)
        if self.width != preset.width:
            sizes["inner"] = 0                                 # 4 * width again
        return preset.but(context=max(self.max_length, preset.context), **sizes)


COMMON = dict(width=128, max_length=64, dropout=0.0, batch_size=32, learning_rate=1e-3, final_rate=0.0)
READING = dict(tokenizer="wordpiece", vocabulary=4000, layers=2, heads=2, schedule="linear", weight_decay=0.01,
               beta2=0.999, **COMMON)
DEFAULTS = {
    "bert": dict(objective="nsp", mask_rate=0.15, **READING),
    "seq2seq": dict(objective="none", noise="infill", **READING),
    "gpt": dict(tokenizer="bpe", vocabulary=1000, layers=4, heads=4, objective="none", schedule="cosine",
                weight_decay=0.1, beta2=0.99, **COMMON),
}
TRAINING_PRESETS = {                                           # what a preset says beyond the sizes of the model
    ("gpt", "shakespeare-cpu"): dict(tokenizer="characters", batch_size=12, steps=2000, learning_rate=1e-3,
                                     final_rate=1e-4, warmup=100, weight_decay=0.1, beta2=0.99, schedule="cosine"),
}


def resolve(model: str, given: dict, from_file: dict | None = None) -> Pretraining:
    """One complete set of settings: command line over file over preset over defaults."""
    chosen = {key: value for key, value in {**(from_file or {}), **given}.items() if value is not None}
    if chosen.get("model", model) != model:
        raise InputError(f"the --config file belongs to `pretrain {chosen['model']}`, and this is `pretrain {model}`; "
                         "use the command it was written by")
    for item in fields(Pretraining):
        owners = item.metadata.get("help", "").partition(":")[0].split(", ")         # "bert: ..." is for bert alone
        if set(owners) <= set(CONFIGS) and model not in owners and given.get(item.name) is not None:
            commands = " and ".join(f"`pretrain {owner}`" for owner in owners)
            raise InputError(f"--{item.name.replace('_', '-')} is a setting of {commands}, and this is "
                             f"`pretrain {model}`; leave it out")
    preset = chosen.get("preset")
    known = {}
    if preset is not None:
        sizes = CONFIGS[model].preset(preset).to_dict()
        known = {name: sizes[name] for name in ("layers", "heads", "width", "dropout", "init_std")}
        known["objective"] = sizes.get("pair_objective", "none")
        known["max_length"] = min(sizes["context"], 128)
        known |= TRAINING_PRESETS.get((model, preset), {})
    length = _length(given, from_file or {}, known)
    if known.get("warmup", 0) > (length["steps"] or math.inf):
        known.pop("warmup")                                    # a preset's warm-up is no wish of the user's
    settings = {**DEFAULTS[model], **known, **chosen, "model": model, **length}
    if settings.get("init_std") is None:                       # the published 0.02 belongs to the published widths
        settings["init_std"] = 0.02 * math.sqrt(768 / settings["width"]) if model != "gpt" else 0.02
    if model == "seq2seq" and "mask_rate" not in settings:
        settings["mask_rate"] = RATES.get(settings["noise"])
    if settings.get("corpus") == "tinyland":
        settings = {"world_documents": DOCUMENTS, "world_seed": 0, **settings}
    if settings["tokenizer"] == "characters" and "vocabulary" not in chosen:
        settings["vocabulary"] = None                          # all there are
    return fill_in(Pretraining(**settings))


def fill_in(settings: Pretraining, steps_per_epoch: int | None = None) -> Pretraining:
    """Settle what depends on the number of steps, which --epochs leaves open until the corpus has been counted."""
    steps = settings.steps
    if steps is None and steps_per_epoch is not None:
        steps = max(1, round(settings.epochs * steps_per_epoch))
    if steps is None:
        return settings
    found = dict(steps=steps, warmup=min(100, steps // 10), evaluate_every=max(1, steps // 10))
    return replace(settings, **{name: value for name, value in found.items() if getattr(settings, name) is None})


def _length(*layers: dict) -> dict:
    """How long to train: what the first layer says that says anything, in steps or in epochs."""
    for number, layer in enumerate(layers):
        said = {name: layer[name] for name in ("steps", "epochs") if layer.get(name) is not None}
        if len(said) == 2 and number == 0:
            raise InputError(f"--steps is {said['steps']} and --epochs is {said['epochs']}; give one of the two")
        if said:
            return {"steps": said.get("steps"), "epochs": None if "steps" in said else said["epochs"]}
    return {"steps": 2000, "epochs": None}
