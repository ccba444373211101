"""What is asked of a task, so that the same command can teach it, judge it and use it?"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tinyformer.data.labelled import EncodedRows, LabelledBatches
from tinyformer.data.readers import Examples, label_names, parse_columns, read_examples
from tinyformer.errors import InputError
from tinyformer.models import BertConfig
from tinyformer.models.bert import Bert
from tinyformer.models.parts.depth import freeze
from tinyformer.models.parts.encoders import encoder_of, with_dropout
from tinyformer.models.parts.size import that_fits
from tinyformer.nn import Module
from tinyformer.nn.first_numbers import deviation_at
from tinyformer.rng import stream
from tinyformer.tasks.finetuning_settings import Finetuning, TableSettings
from tinyformer.text import Tokenizer

BATCH = 64                                    # rows in a batch where nothing is learned
TYPED = "typed text"                          # stands for the file's name in examples that came from no file


class Task:
    """Everything about one head; the class of each is in a file of its own.  `options` are its `settings`.

    What is written here suits a head that reads one text from a table and stands on an encoder; another says so.
    """

    name: str                                 # as it is typed
    head: Any                                 # the class of the model that carries it
    figures: tuple[str, ...]                  # that are shown, the one that counts first
    settings: type[Finetuning] = TableSettings           # what a run can be told; a head adds what is its own
    blind = ("constant", "reading nothing")   # whose figures stand beside the model's: in metrics.json, in words
    beside = 1                                # how many of the figures are shown with those of the blind

    parts: tuple[str, ...] = ()               # of a table's row, the label last; () where no table is read
    texts: tuple[str, ...] = ("text",)        # what of an example is text
    shown: tuple[str, ...] = ("text",)        # what of an example stands in front of its prediction
    takes = (1, "one text")                   # how many parts are typed for a prediction, and how that is said
    unseen = False                            # whether only the development file may have a label, which then is wrong
    windows = False                           # whether long texts are read piece by piece instead of being cut
    strip_accents: bool | None = None         # of a vocabulary that is trained for it; None: as small letters have it

    loss, unit = "label loss", "nats per label"          # as the head measures it; the unit of its picture
    picture: str | None = None                # file name of what `draw` draws, if anything

    @property
    def both_sides(self) -> bool:
        """Whether a position's right side must be read too, which a GPT never does."""
        return not self.head.pooled

    def carried_by(self, model: Module) -> bool:
        """Whether this is the head that a model carries."""
        return type(model) is self.head

    # ---- settings ----------------------------------------------------------------------------------------------------

    def options(self, **given) -> Finetuning:
        """The settings of a run, those that are given and defaults for the others."""
        return self.settings(**{**given, "task": self.name})

    def under(self, options: Finetuning) -> "Task":
        """The task that these settings ask for: this one, unless they make several of it."""
        return self

    def settled(self, options: Finetuning, train: Sequence = ()) -> Finetuning:
        """The settings with those filled in that the training examples decide."""
        return options

    def check_folder(self, folder: Path) -> None:
        """InputError where the model in this folder carries the head and has not learned the task yet."""

    # ---- examples ----------------------------------------------------------------------------------------------------

    def read(self, path: str, options, training: bool = False, labelled: bool = True) -> Examples:
        """The examples of a file in a published format; `labelled=False` where the labels may be missing."""
        return read_examples(path, self.parts, self.columns(options.columns, labelled), labelled=labelled,
                             skip_bad_rows=options.skip_bad_rows)

    def files(self, path: str, options) -> Sequence[Path]:
        """Which files `path` stands for."""
        return [Path(path)]

    def columns(self, written: str | None, labelled: bool) -> dict | None:
        """What --columns says, held to the parts of a row; where labels may be missing, theirs is not looked at."""
        if not written:
            return None
        found, parts = dict(parse_columns(written)), self.parts
        if not labelled:
            found.pop(parts[-1], None)
            parts = parts[:-1]
        if set(found) != set(parts):
            raise InputError(f"--columns is {written!r}, and {self.name} reads {', '.join(parts)}; name each of them "
                             "and no others, as in --columns "
                             + ",".join(f"{part}={found.get(part, 'COLUMN')}" for part in parts))
        return found

    def typed(self, parts: Sequence[str], number: int) -> Any:
        """The example that somebody typed, the `number`-th; InputError for too many parts, too few or empty ones."""
        count, wanted = self.takes
        if len(parts) != count:
            raise InputError(f"{TYPED} {number}: {len(parts)} parts were given, and this model takes {wanted}; put "
                             "each part in quotes, or a tab between them in a line of the standard input")
        if not all(part.strip() for part in parts):
            raise InputError(f"{TYPED} {number}: it is empty; this model takes {wanted}")
        return self.example(*parts, number=number)

    def example(self, *parts: str, number: int) -> Any:
        """An example without a label, made of what was typed."""
        raise NotImplementedError(f"{type(self).__name__} must say what an example is: define example")

    def texts_of(self, example) -> list[str]:
        """Every text of an example, to train a vocabulary on."""
        return [getattr(example, name) for name in self.texts]

    def vocabulary(self, tokenizer: Tokenizer) -> Tokenizer:
        """The vocabulary with the tokens that the task needs beside those of the model."""
        return tokenizer

    def labels(self, examples: Sequence) -> list[str]:
        """The names of the classes, in order."""
        return label_names(examples)

    def rows(self, examples: Sequence, tokenizer: Tokenizer, labels: Sequence[str], options) -> EncodedRows:
        """The examples as rows of numbers."""
        raise NotImplementedError(f"{type(self).__name__} must say how examples become numbers: define rows")

    def notes(self, examples: Sequence, tokenizer: Tokenizer) -> list[str]:
        """What of these examples this vocabulary loses, as lines to be said before the training."""
        return []

    def batches(self, rows: EncodedRows, tokenizer: Tokenizer, options) -> Any:
        """The rows in batches, as the training loop takes them."""
        return LabelledBatches(rows, batch_size=options.batch_size, seed=options.seed, pad_id=tokenizer.pad_id)

    def in_order(self, rows: EncodedRows, tokenizer: Tokenizer, options) -> Iterable:
        """The rows once, always in the same batches, to be measured on."""
        return LabelledBatches(rows, batch_size=BATCH, seed=0, pad_id=tokenizer.pad_id).in_order()

    # ---- the model ---------------------------------------------------------------------------------------------------

    def part_of(self, model: Module, seed: int) -> Module:
        """What of a pre-trained model is fine-tuned."""
        return encoder_of(model, stream(seed, "pooler"))

    def fresh(self, tokenizer: Tokenizer, options) -> Module:
        """The same with weights that know nothing."""
        return Bert(that_fits(BertConfig(vocabulary=len(tokenizer), **sizes(options))), stream(options.seed, "weights"))

    def build(self, part: Any, tokenizer: Tokenizer, labels: Sequence[str], options) -> Module:
        """The model to be trained: a new head on a copy of `part`."""
        dropout = part.config.dropout if options.dropout is None else options.dropout
        model = self.head(with_dropout(part, dropout), labels, stream(options.seed, "head"))
        freeze(model, options.frozen_layers)
        return model

    # ---- predictions, which are dicts that are ready for JSON --------------------------------------------------------

    def predict(self, model: Module, examples: Sequence, rows: EncodedRows, tokenizer: Tokenizer,
                options) -> list[dict]:
        """What the model says of each example."""
        raise NotImplementedError(f"{type(self).__name__} must say what its head predicts: define predict")

    def scores(self, examples: Sequence, predictions: Sequence[dict]) -> dict[str, float]:
        """The official figures, as fractions."""
        raise NotImplementedError(f"{type(self).__name__} must say its figures: define scores")

    def named(self, found: dict) -> list[str]:
        """Which of the figures that were found are shown, the one that counts first in front."""
        return [name for name in self.figures if name in found]

    def constant(self, train: Sequence, examples: Sequence) -> list[dict]:
        """The predictions of somebody who has seen the labels of training but reads nothing."""
        raise NotImplementedError(f"{type(self).__name__} must say what reading nothing gives: define constant")

    def collapsed(self, examples: Sequence, predictions: Sequence[dict]) -> str | None:
        """What a run that says the same of everything says, in words, or None; see collapse.py."""
        raise NotImplementedError(f"{type(self).__name__} must say how a collapse looks: define collapsed")

    def mistakes(self, examples: Sequence, predictions: Sequence[dict], most: int = 5) -> str:
        """How many examples the model got wrong, and at most so many of them as text."""
        raise NotImplementedError(f"{type(self).__name__} must say how mistakes are shown: define mistakes")

    def draw(self, examples: Sequence, predictions: Sequence[dict], path: Path) -> None:
        """The picture that suits the task."""
        raise NotImplementedError(f"{type(self).__name__} must say its picture: define draw")

    @staticmethod
    def outputs(model: Any, rows: EncodedRows) -> list:
        """What the head predicts for each row, in order."""
        batches = LabelledBatches(rows, batch_size=BATCH, seed=0, pad_id=0)
        return [row for batch in batches.in_order(BATCH) for row in model.predict(batch)]


def sizes(options) -> dict:
    """The sizes of a model from scratch, as a configuration takes them."""
    return dict(layers=options.layers, heads=options.heads, width=options.width, context=options.max_length,
                init_std=deviation_at(options.width))


def labels_of(model: Module) -> tuple[str, ...]:
    """The names of the classes that a model tells apart; a model that writes, or gives numbers, has none."""
    return getattr(model, "labels", ())
