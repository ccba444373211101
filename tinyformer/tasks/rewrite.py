"""Which text answers another: its translation, a summary, a correction?

An encoder and decoder learns to write it.  All of it is trained, on the loss of the target's tokens.  It is judged by
what it then writes by itself: BLEU, the share of texts that are right as a whole, and beside them the share of tokens
that it would have found had everything before been right.  Copying the source is what it has to surpass.  BLEU is
counted over words and marks in small letters, so it compares runs here, and not with published figures; a language
without spaces has no words for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from tinyformer.data import readers
from tinyformer.data.frame import frame_of
from tinyformer.data.labelled import EncodedRows
from tinyformer.data.seq2seq import FRAME, PairBatches, seq2seq_batch
from tinyformer.errors import InputError
from tinyformer.generate import rewrite, rewrite_beams
from tinyformer.metrics.bleu import bleu, words_of
from tinyformer.models import Seq2Seq, Seq2SeqConfig
from tinyformer.models.parts.size import that_fits
from tinyformer.models.t5 import writer
from tinyformer.options import option, read_object
from tinyformer.rng import stream
from tinyformer.tasks.as_text import names_of
from tinyformer.tasks.collapse import same_of_everything
from tinyformer.tasks.finetuning_settings import SETTINGS, TableSettings
from tinyformer.tasks.task import BATCH, TYPED, Task, sizes
from tinyformer.tasks.terminal_lines import heading, terminal_width, wrapped


@dataclass(frozen=True)
class RewriteSettings(TableSettings):
    """Where the texts stand, and how one is written."""

    endings: str | None = option(None, "the texts stand in two files, line by line beside each other: with --endings "
                                 "en,fr and --train news/train those are news/train.en and news/train.fr, or the same "
                                 "with .gz behind")
    as_text: str | None = option(None, "learn these of GLUE's tasks at once, each as a text behind its name (T5): "
                                 "--as-text cola,stsb with --train and --dev the folder of GLUE, or tinyland",
                                 metavar="NAME,NAME")
    mixing_limit: int | None = option(None, "with --as-text: a task of more than K examples comes as often as one of K "
                                      "(T5's limit; default: as often as it has examples)", least=1, metavar="K")
    beams: int | None = option(None, "search for the most probable text, following so many at once (default: take the "
                               "most probable token each time)", least=1)
    length_penalty: float = option(1.0, "with --beams: compare log p / tokens**PENALTY")

    def __post_init__(self):
        super().__post_init__()
        if self.as_text is None and self.mixing_limit is not None:
            raise InputError("--mixing-limit says how often each task of --as-text comes; give --as-text, too, or "
                             "leave it out")
        if self.as_text is not None:
            names_of(self.as_text)
            if self.endings is not None or self.columns is not None:
                raise InputError("--as-text reads GLUE's own columns; leave out --endings and --columns")
        if self.freeze not in (None, "0") or self.layer_decay != 1:
            raise InputError("--freeze and --layer-decay are for a new head on an encoder that has learned already; "
                             "rewrite trains encoder and decoder as one, so leave them out")


class Rewrite(Task):
    """A text for a text."""

    name, head, figures, settings = "rewrite", Seq2Seq, ("bleu", "exact", "token_accuracy"), RewriteSettings
    blind = ("copy", "copying the source")
    parts, texts, shown = ("source", "target"), ("source", "target"), ("source",)
    both_sides = True
    strip_accents = False                     # or they would be missing from every text that is written
    loss, unit = "seq2seq loss", "nats per token"

    def carried_by(self, model):
        return isinstance(model, Seq2Seq)                      # BART's or T5's: there is no head

    def check_folder(self, folder):
        path = folder / SETTINGS
        if path.is_file() and "noise" in read_object(str(path)):
            raise InputError(f"{folder}: the model has learned to repair texts and nothing else yet; teach it first, "
                             f"by finetune rewrite --model {folder}, or try generate")

    def under(self, options):
        """With --as-text several tasks at once."""
        from tinyformer.tasks.several import Several  # this task and more, so not at the top
        return self if options.as_text is None else Several(options.as_text)

    def read(self, path, options, training=False, labelled=True):
        if options.endings is None:
            return super().read(path, options, training, labelled)
        if options.columns is not None:
            raise InputError("--columns names the parts of one file, and --endings two files; give one of the two")
        source, target = self.files(path, options)
        if not labelled:
            return readers.read_sources(source)
        return readers.read_aligned(source, target)

    def files(self, path, options):
        return super().files(path, options) if options.endings is None else _both(path, options.endings)

    def example(self, text, *, number):
        return readers.Rewriting(text, None, TYPED, number)

    def labels(self, examples):
        return []

    def rows(self, examples, tokenizer, labels, options):
        """(source, target) of each example as ids, both cut to `max_length` less two."""
        room, rows = options.max_length - FRAME, EncodedRows()
        for example in examples:
            source, target = tokenizer.encode(example.source), tokenizer.encode(example.target or "")
            if not source:
                raise InputError(f"{example.file}:{example.line}: the source {example.source[:40]!r} has no tokens; "
                                 "remove the row")
            rows.cut += len(source) > room or len(target) > room
            rows.append((source[:room], target[:room]))
        return rows

    def notes(self, examples, tokenizer):
        texts = [(words_of(e.target), words_of(tokenizer.decode(tokenizer.encode(e.target)))) for e in examples]
        lost = [next((a, b) for a, b in zip_longest(wanted, found, fillvalue="nothing") if a != b)
                for wanted, found in texts if wanted != found]
        if not lost:
            return []
        return [f"{len(lost):,} of {len(examples):,} targets cannot be written with this vocabulary, which makes "
                f"{lost[0][1]!r} of {lost[0][0]!r}: they will never be right as a whole"]

    def batches(self, rows, tokenizer, options):
        return PairBatches(rows, tokenizer, batch_size=options.batch_size, max_length=options.max_length,
                           seed=options.seed)

    def in_order(self, rows, tokenizer, options):
        return PairBatches(rows, tokenizer, batch_size=BATCH, max_length=options.max_length,
                           seed=0).in_order()

    def part_of(self, model, seed):
        if not isinstance(model, Seq2Seq):
            raise InputError(f"the model is a {type(model).__name__}, and rewrite needs an encoder with a decoder; "
                             "pretrain seq2seq makes one, and --model scratch takes a fresh one")
        return model

    def fresh(self, tokenizer, options):
        config = that_fits(Seq2SeqConfig(vocabulary=len(tokenizer), **sizes(options), **frame_of(tokenizer).of_config))
        return Seq2Seq(config, stream(options.seed, "weights"))

    def build(self, part, tokenizer, labels, options):
        """A copy of the whole model, which begins and ends a text with the special tokens of this vocabulary."""
        dropout = part.config.dropout if options.dropout is None else options.dropout
        model = writer(part.config.but(dropout=dropout, **frame_of(tokenizer).of_config), None)
        return model.to(dtype=part.words.weight.dtype).load(part.state())

    def predict(self, model, examples, rows, tokenizer, options):
        """What the model writes; of examples with a target also how many of its tokens were right, given those before.

        Sources of about the same length are read side by side.
        """
        found: list[dict] = [{} for _ in rows]
        order = sorted(range(len(rows)), key=lambda number: len(rows[number][0]))
        for first in range(0, len(order), BATCH):
            numbers = order[first:first + BATCH]
            for number, ids in zip(numbers, self._written(model, [rows[n] for n in numbers], options, tokenizer),
                                   strict=True):
                found[number]["text"] = tokenizer.decode([id for id in ids if id != model.config.end_id])
        for one, example, row in zip(found, examples, rows, strict=True):
            if example.target is not None:
                right, asked = model.measure(seq2seq_batch([row], tokenizer))["seq2seq accuracy"]
                one |= {"right": int(right), "tokens": int(asked)}
        return found

    def scores(self, examples, predictions):
        wanted, said = [words_of(e.target) for e in examples], [words_of(p["text"]) for p in predictions]
        found = {"bleu": bleu([[words] for words in wanted], said),
                 "exact": sum(a == b for a, b in zip(wanted, said, strict=True)) / len(wanted)}
        if all("tokens" in p for p in predictions):
            found["token_accuracy"] = sum(p["right"] for p in predictions) / sum(p["tokens"] for p in predictions)
        return found

    def constant(self, train, examples):
        """The source as it is."""
        return [{"text": example.source} for example in examples]

    def collapsed(self, examples, predictions):
        same = same_of_everything((p["text"] for p in predictions), (e.target for e in examples))
        return None if same is None else repr(same) if same else "nothing"

    def mistakes(self, examples, predictions, most=5):
        return wrong_texts([(e.source, e.target, p["text"]) for e, p in zip(examples, predictions, strict=True)],
                           most=most)

    @staticmethod
    def _written(model: Seq2Seq, rows, options, tokenizer) -> list[list[int]]:
        """The ids that the decoder writes for each source, greedily or by beam search."""
        room, known = options.max_length, len(tokenizer)
        sources = [frame_of(tokenizer).source(source) for source, _ in rows]
        if options.beams is None:
            return rewrite(model, sources, room, known=known)
        best = [rewrite_beams(model, source, room, options.beams, options.length_penalty, known=known)[0]
                for source in sources]
        return [list(beam.ids) for beam in best]


def wrong_texts(items: Iterable[tuple[str, str, str]], *, most: int = 5, width: int | None = None) -> str:
    """Texts that were rewritten otherwise than they should: (source, true target, what was written)."""
    items, width = list(items), terminal_width(width)
    wrong = [item for item in items if words_of(item[1]) != words_of(item[2])]
    out = [heading(len(wrong), len(items), "text", most, "")]
    for source, true, said in wrong[:most]:
        out += ["", *wrapped(source, width, 2), *wrapped(f"true: {true}", width, 4),
                *wrapped(f"said: {said}", width, 4)]
    return "\n".join(out)


def _both(path: str, endings: str) -> tuple[Path, Path]:
    """The two files that `path` and "en,fr" name: path.en and path.fr, or the same packed, path.en.gz."""
    parts = [part.strip().removeprefix(".") for part in endings.split(",")]
    if len(parts) != 2 or not all(parts) or parts[0] == parts[1]:
        raise InputError(f"--endings is {endings!r}; it takes two, that of the source first, such as en,fr")
    plain = [Path(f"{path}.{part}") for part in parts]
    packed = [Path(f"{path}.{part}.gz") for part in parts]
    source, target = (p if p.exists() or not z.exists() else z for p, z in zip(plain, packed, strict=True))
    return source, target
