"""How does text become a model?  Corpus, tokenizer, batches, model, training, and an honest look at the result."""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from tinyformer.backend import choose_device
from tinyformer.data.batches import MaskedBatches, TextWindows
from tinyformer.data.corpus import read_documents, read_text, split_documents
from tinyformer.data.encode import sentence_ids, text_ids
from tinyformer.data.noise import RATES, sentinels_needed
from tinyformer.data.seq2seq import DenoisingBatches
from tinyformer.errors import InputError
from tinyformer.models import GPT, BertForPretraining, Seq2Seq
from tinyformer.options import read_config
from tinyformer.pretraining.measure import measure
from tinyformer.pretraining.pretraining_settings import Pretraining, fill_in, resolve
from tinyformer.rng import stream
from tinyformer.text import ByteLevelBPE, CharTokenizer, Tokenizer, WordPieceTokenizer, load_tokenizer
from tinyformer.text.base import sentinel_names
from tinyformer.text.bpe import BART_ROLES
from tinyformer.tinyland.world_texts import WorldTexts, read_world
from tinyformer.train import History, Settings
from tinyformer.train import train as run_loop
from tinyformer.train.log import write_metrics
from tinyformer.train.run import refuse_used

SETTINGS = "settings.json"
SAMPLE = 20                                   # batches of the evaluations on the way; the last one takes all


def run(model: str, given: dict, config: str | None = None, resume: bool | str = False,
        overwrite: bool = False) -> int:
    """Train as the settings say, and leave in --out the model, settings.json, metrics.json, logs and a picture."""
    out = given.get("out")
    if resume and config is None and out and (Path(out) / SETTINGS).is_file():
        config = str(Path(out) / SETTINGS)                     # the run to be resumed knows its settings
    settings = resolve(model, given, read_config(config, Pretraining) if config else None)
    out = check_out(settings, resume, overwrite)
    device, why = choose_device(settings.device)
    say(f"device {device}: {why}")
    training, held_out = read_texts(settings)
    prepared = prepare(settings, training, held_out, say)
    history = train(prepared, out=out, resume=resume, overwrite=overwrite,
                    files={SETTINGS: prepared.settings.to_dict()})
    say("measuring on the held-out text" if prepared.held_out else "no text was held out: nothing to measure on")
    found = measure(prepared)
    write_metrics(out, {**prepared.facts, **history.final, **found})
    draw(prepared, history, out / "loss.png", found)
    print(final_line(prepared, history, found))
    return 0


# ---- the stages, which the tour goes through as well -----------------------------------------------------------------


@dataclass
class Prepared:
    """Everything that a run needs, ready to begin: settings without gaps, and what they stand for."""

    settings: Pretraining
    tokenizer: Tokenizer
    model: Any                                # BertForPretraining, GPT or Seq2Seq
    batches: Any                              # MaskedBatches, TextWindows or DenoisingBatches over the training text
    held_out: Any                             # the same over the held-out text, or None
    facts: dict[str, Any]

    def held_out_batches(self):
        """All of the held-out text, always in the same batches."""
        return self.held_out.in_order(max(32, self.settings.batch_size))


def prepare(settings: Pretraining, training: list[str], held_out: list[str],
            say: Callable = lambda line: None) -> Prepared:
    """Train or read the tokenizer, turn the documents into batches, and make the model."""
    tokenizer = make_tokenizer(settings, training, held_out)
    batches = make_batches(settings, training, tokenizer)
    settings = fill_in(settings, batches.steps_per_epoch)
    validation = None
    if held_out:
        try:
            validation = make_batches(settings, held_out, tokenizer)
        except InputError as error:
            raise InputError(f"held-out text: {error}; or train without one: --validation 0") from None
    model = make_model(settings, tokenizer)
    model.to(choose_device(settings.device)[0], settings.dtype)
    facts = {"model": settings.model, "parameters": model.count(), "vocabulary": len(tokenizer),
             "documents": len(training), "characters": sum(map(len, training))}
    say(f"{facts['documents']:,} documents, {facts['characters']:,} characters for training; "
        f"{tokenizer}; {facts['parameters']:,} parameters; {settings.steps:,} steps of "
        f"{settings.batch_size} x {settings.max_length} tokens, {batches.steps_per_epoch:,} steps an epoch")
    return Prepared(settings, tokenizer, model, batches, validation, facts)


def train(prepared: Prepared, title: str | None = None, out: Path | None = None, **options) -> History:
    """Run the training loop; on the way it is evaluated on a sample of the held-out text."""
    s, sample = prepared.settings, None
    if prepared.held_out:
        batches = list(prepared.held_out_batches())
        sample = list(islice(batches, 0, None, -(-len(batches) // SAMPLE)))
    settings = Settings(steps=s.steps, learning_rate=s.learning_rate, schedule=s.schedule, warmup=s.warmup,
                        floor=s.final_rate, weight_decay=s.weight_decay, betas=(0.9, s.beta2), clip=s.clip,
                        accumulate=s.accumulate, seed=s.seed, evaluate_every=s.evaluate_every,
                        save_every=s.save_every, log_every=max(1, min(10, s.steps // 100)))
    return run_loop(prepared.model, prepared.batches, settings, out=out, tokenizer=prepared.tokenizer,
                    validation=sample and (lambda: sample), title=title or s.model, facts=prepared.facts, **options)


def draw(prepared: Prepared, history: History, path: Path, found: dict) -> None:
    """The loss curve, with the levels that knowing nothing and knowing only frequencies would reach."""
    from tinyformer import plot
    s = prepared.settings
    pairs = s.model == "bert" and s.objective != "none"
    parts = {"bert": ["mlm loss", "pair loss"][:1 + pairs], "gpt": ["lm loss"], "seq2seq": ["seq2seq loss"]}[s.model]
    title = {"bert": "BERT: guessing masked tokens" + " and judging pairs" * pairs,
             "gpt": "GPT: guessing the next token",
             "seq2seq": f"Encoder and decoder: repairing a text (noise: {s.noise})"}[s.model]
    plot.loss_curve([(row["step"], row["loss"]) for row in history.rows], path,
                    validation=[(row["step"], sum(row[part] for part in parts)) for row in history.evaluations],
                    entropy=found.get("unigram entropy"), start=math.log(prepared.facts["vocabulary"]), pairs=pairs,
                    title=title)


def final_line(prepared: Prepared, history: History, found: dict) -> str:
    """The one line a run ends with."""
    if "val loss" not in found:
        return f"train loss {history.final['loss']:.4f} after {history.final['steps']:,} steps"
    parts = [f"val loss {found['val loss']:.4f}", f"unigram entropy {found['unigram entropy']:.4f}",
             f"val accuracy {found['val accuracy']:.4f}"]
    if prepared.settings.model == "bert":
        parts[-1] += (f" (constant guess {found['constant accuracy']:.4f}, "
                      f"neighbour counts {found['neighbour accuracy']:.4f})")
    if "share in source" in found:
        parts[-1] += f" ({found['share in source']:.4f} of the targets could be copied from the source)"
    for kind, source in (("topic", "another topic"), ("other", "other documents"), ("same", "the same document")):
        if f"pair accuracy, {kind}" in found:
            parts.append(f"pairs with negatives from {source} "
                         f"{found[f'pair accuracy, {kind}']:.4f} ± {found[f'pair error, {kind}']:.4f}")
    if "pair accuracy, order" in found:
        parts.append(f"sentence order {found['pair accuracy, order']:.4f} ± {found['pair error, order']:.4f}")
    return ", ".join([*parts, f"{history.final['seconds']:.0f} s"])


def read_texts(settings: Pretraining) -> tuple[list[str], list[str]]:
    """(training, held out): the documents to learn from, and those to be evaluated on."""
    if settings.corpus is None:
        raise InputError("no corpus was named; give --corpus PATH, or --corpus pydocs for the English documentation "
                         "that this Python carries, or --corpus tinyland for the small generated world")
    if settings.corpus == "tinyland":
        if settings.held_out is None:
            return read_world(settings.world_documents, settings.world_seed, settings.validation)
        training, _ = read_world(settings.world_documents, settings.world_seed, 0.0)
        return training, read_documents(settings.held_out, settings.documents)
    documents = read_documents(settings.corpus, settings.documents)
    if settings.held_out is not None:
        return documents, read_documents(settings.held_out, settings.documents)
    return split_documents(documents, settings.validation)


def make_tokenizer(settings: Pretraining, training: list[str], held_out: list[str]) -> Tokenizer:
    """Train the kind of tokenizer that the settings name, or read one from a folder.

    Characters are collected from the held-out text too (the set of them, not how often they occur).  A seq2seq's
    vocabulary has sentinels for rows of this length, whatever the noise, so that runs with other noises can share it,
    and it keeps accents, which would be missing from whatever the model writes.
    """
    kind, size = settings.tokenizer, settings.vocabulary
    roles = tuple(Tokenizer.roles.values()) if settings.model != "gpt" else ()
    if settings.model == "seq2seq":
        rate = settings.mask_rate if settings.noise == "spans" else RATES["spans"]
        roles += tuple(sentinel_names(sentinels_needed(settings.max_length, rate)))
    if kind == "characters":
        return CharTokenizer.train([*training, *held_out], size, specials=roles or (("[UNK]",) if size else ()))
    if kind == "wordpiece":
        strip = False if settings.model == "seq2seq" else None
        return WordPieceTokenizer.train(training, size, strip_accents=strip, **({"specials": roles} if roles else {}))
    if kind == "bpe":
        if settings.model == "bert":
            raise InputError("--tokenizer is bpe, which has no [MASK]; for bert take wordpiece or characters")
        if settings.model == "seq2seq":
            specials = (*BART_ROLES.values(), *roles[len(Tokenizer.roles):])
            return ByteLevelBPE.train(training, size, end_of_text=False, specials=specials)
        return ByteLevelBPE.train(training, size)
    if Path(kind).is_dir():
        return load_tokenizer(kind)
    raise InputError(f"--tokenizer is {kind!r}; it must be characters, wordpiece, bpe or a folder with a vocabulary")


def make_model(settings: Pretraining, tokenizer: Tokenizer):
    """A model that knows nothing yet.  What the decoder of a seq2seq begins and ends with are [CLS] and [SEP]."""
    kind = {"bert": BertForPretraining, "gpt": GPT, "seq2seq": Seq2Seq}[settings.model]
    config = settings.config(len(tokenizer))
    if kind is Seq2Seq:
        config = config.but(pad_id=tokenizer.pad_id, start_id=tokenizer.cls_id, end_id=tokenizer.sep_id)
    return kind(config, stream(settings.seed, "weights"))


def make_batches(settings: Pretraining, documents: list[str], tokenizer: Tokenizer):
    """Batches of these documents for this kind of model."""
    s = settings
    if s.model == "gpt":
        return TextWindows(text_ids(documents, tokenizer), batch_size=s.batch_size, block=s.max_length, seed=s.seed)
    if s.model == "seq2seq":
        spaced = not isinstance(tokenizer, WordPieceTokenizer)
        return DenoisingBatches(sentence_ids(documents, tokenizer, spaced), tokenizer, batch_size=s.batch_size,
                                max_length=s.max_length, seed=s.seed, noise=s.noise, rate=s.mask_rate)
    twins = documents.twins() if s.objective == "nsp" and isinstance(documents, WorldTexts) else []
    return MaskedBatches(sentence_ids(documents, tokenizer), tokenizer, batch_size=s.batch_size,
                         max_length=s.max_length, seed=s.seed, objective=s.objective, rate=s.mask_rate,
                         proportions=s.proportions, whole_word=s.whole_word,
                         word_list=s.word_list and read_text(Path(s.word_list)).split(), static=s.masking == "static",
                         twins=sentence_ids(twins, tokenizer))


def check_out(settings: Pretraining, resume, overwrite: bool) -> Path:
    """The folder of the run, refused before any work is done if it cannot be used."""
    if not settings.out:
        raise InputError(f"no folder was named; give --out DIR, for example --out runs/{settings.model}")
    out = Path(settings.out)
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file, and a run needs a folder; choose another --out")
    if resume is True and not out.is_dir():
        raise InputError(f"{out}: there is no such folder, and so no run to resume; leave --resume out to begin one")
    if not resume and not overwrite:
        refuse_used(out, (SETTINGS,))
    return out


def say(line: str) -> None:
    """A remark on the way: on the standard error, so that the final line stands alone on the output."""
    print(line, file=sys.stderr, flush=True)
