"""What is asked of a task, so that the same command can teach it, judge it and use it?"""

import math
from collections.abc import Sequence

from tinyformer.data.labelled import EncodedRows, LabelledBatches
from tinyformer.data.readers import KINDS, Examples, label_names, parse_columns
from tinyformer.errors import InputError
from tinyformer.models import BertConfig
from tinyformer.models.bert import Bert
from tinyformer.models.heads import Head, encoder_of, with_dropout
from tinyformer.models.parts.depth import freeze
from tinyformer.nn import Module
from tinyformer.rng import stream
from tinyformer.text import Tokenizer

BATCH = 64                                    # rows in a batch where nothing is learned


class Task:
    """A way to read examples, to encode and to predict them, and the figures; `options` is a `Finetuning`.

    What is written here suits a head on an encoder; a task that trains another model says so.
    """

    name: str                                 # as it is typed
    head: type[Module]                        # the model that carries it
    metrics: tuple[str, ...]                  # figures shown, the one that counts first
    blind = ("constant", "reading nothing")   # whose figures stand beside the model's: in metrics.json, in words

    # ---- examples ----------------------------------------------------------------------------------------------------

    def read(self, path: str, options, training: bool = False, labelled: bool = True) -> Examples:
        """The examples of a file in a published format; `labelled=False` where the labels may be missing."""
        raise NotImplementedError

    def labels(self, examples: Sequence) -> list[str]:
        """The names of the classes, in order."""
        return label_names(examples)

    def rows(self, examples: Sequence, tokenizer: Tokenizer, labels: Sequence[str], options) -> EncodedRows:
        """The examples as rows of numbers."""
        raise NotImplementedError

    def notes(self, examples: Sequence, tokenizer: Tokenizer) -> list[str]:
        """What of these examples this vocabulary loses, as lines to be said before the training."""
        return []

    def batches(self, rows: EncodedRows, tokenizer: Tokenizer, options):
        """The rows in batches, as the training loop takes them."""
        return LabelledBatches(rows, batch_size=options.batch_size, seed=options.seed, pad_id=tokenizer.pad_id)

    def in_order(self, rows: EncodedRows, tokenizer: Tokenizer, options):
        """The rows once, always in the same batches, to be measured on."""
        return LabelledBatches(rows, batch_size=BATCH, seed=0, pad_id=tokenizer.pad_id).in_order()

    # ---- the model ---------------------------------------------------------------------------------------------------

    def part_of(self, model: Module, seed: int) -> Module:
        """What of a pre-trained model is fine-tuned."""
        return encoder_of(model, stream(seed, "pooler"))

    def fresh(self, tokenizer: Tokenizer, options) -> Module:
        """The same with weights that know nothing."""
        return Bert(BertConfig(vocabulary=len(tokenizer), **sizes(options)), stream(options.seed, "weights"))

    def build(self, part: Module, tokenizer: Tokenizer, labels: Sequence[str], options) -> Head:
        """The model to be trained: a new head on a copy of `part`."""
        dropout = part.config.dropout if options.dropout is None else options.dropout
        model = self.head(with_dropout(part, dropout), labels, stream(options.seed, "head"))
        freeze(model, options.frozen_layers)
        return model

    # ---- predictions -------------------------------------------------------------------------------------------------

    def predict(self, model: Module, examples: Sequence, rows: EncodedRows, tokenizer: Tokenizer,
                options) -> list[dict]:
        """What the model says of each example, ready for JSON."""
        raise NotImplementedError

    def scores(self, examples: Sequence, predictions: Sequence[dict]) -> dict[str, float]:
        """The official figures, as fractions."""
        raise NotImplementedError

    def constant(self, train: Sequence, examples: Sequence) -> list[dict]:
        """The predictions of somebody who has seen the labels of training but reads nothing."""
        raise NotImplementedError

    @staticmethod
    def outputs(model: Head, rows: EncodedRows) -> list:
        """What the head predicts for each row, in order."""
        batches = LabelledBatches(rows, batch_size=BATCH, seed=0, pad_id=0)
        return [row for batch in batches.in_order(BATCH) for row in model.predict(batch)]


def sizes(options) -> dict:
    """The sizes of a model from scratch, as a configuration takes them."""
    return dict(layers=options.layers, heads=options.heads, width=options.width, context=options.max_length,
                init_std=0.02 * math.sqrt(768 / options.width))


def columns(written: str | None, kind: str, labelled: bool) -> dict | None:
    """What --columns says, held to the parts this task reads; where labels may be missing, theirs is not looked at."""
    if not written:
        return None
    found, parts = dict(parse_columns(written)), KINDS[kind]
    if not labelled:
        found.pop(parts[-1], None)
        parts = parts[:-1]
    if set(found) != set(parts):
        raise InputError(f"--columns is {written!r}, and {kind} reads {', '.join(parts)}; name each of them and no "
                         "others, as in --columns " + ",".join(f"{part}={n}" for n, part in enumerate(parts, 1)))
    return found
