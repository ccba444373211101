"""Do the words of two languages lie at the same place?  A BERT reads both, and a word is sought by its mean vector.

The vector of a word is the mean of its vectors in many sentences, less the mean of its whole language; the word of the
other language whose vector has the largest cosine with it should have its part of speech, its topic, and be the word
itself.  Chance is right in one of 6, of 30 and of 120.
"""

import copy
from collections.abc import Callable, Sequence

import numpy as np

from tinyformer.backend import to_host
from tinyformer.engine import no_grad
from tinyformer.models import BertConfig, BertForPretraining
from tinyformer.models.heads import Head, SpanFinder, TokenTagger
from tinyformer.phenomena.parts.two_languages import (
    LONGEST,
    NONE,
    PAD,
    PARTS,
    VOCABULARY,
    WORDS,
    Asked,
    BothLanguages,
    Languages,
    Tagged,
    part_of,
    topic_of,
)
from tinyformer.rng import stream
from tinyformer.train import Settings, evaluate, train

HEADS = 2
ROWS = 256                                    # at a time, while words are looked at
TASKS: dict[str, tuple[Callable, type[Tagged]]] = {
    "tag": (lambda encoder, rng: TokenTagger(encoder, PARTS, rng), Tagged),
    "answer": (lambda encoder, rng: SpanFinder(encoder, (), rng), Asked),
}


def fresh(languages: Languages, layers: int, width: int) -> BertForPretraining:
    """A BERT that has read nothing."""
    config = BertConfig(vocabulary=VOCABULARY, layers=layers, heads=HEADS, width=width, context=languages.context,
                        dropout=0.0, init_std=0.1, pair_objective="none")
    return BertForPretraining(config, stream(languages.seed, "weights"))


def read(languages: Languages, steps: int, batch_size: int, layers: int, width: int,
         optimizer: str) -> BertForPretraining:
    """One that has read both languages."""
    model = fresh(languages, layers, width)
    settings = Settings(steps=steps, learning_rate=3e-3, warmup=min(50, steps), betas=(0.9, 0.98), seed=languages.seed,
                        schedule="constant-then-down", optimizer=optimizer, log_every=steps)
    train(model, BothLanguages(languages, batch_size), settings, progress=False)
    return model


def word_vectors(model: BertForPretraining, languages: Languages, rows: int) -> np.ndarray:
    """The mean last hidden vector of every word of both languages in `rows` new sentences each, (2, 120, C)."""
    sums = np.zeros((2, WORDS, model.config.width))
    counts = np.zeros((2, WORDS, 1))
    for language in (0, 1):
        rng = stream(languages.seed, f"looked at {language}")
        for first in range(0, rows, ROWS):
            words, _ = languages.told(rng, language, min(ROWS, rows - first))
            ids, begins = languages.rows(words, language)
            with no_grad():
                hidden = to_host(model.bert(ids, keep=ids != PAD).data)[:, begins:begins + LONGEST]
            here = words != NONE
            np.add.at(sums[language], words[here], hidden[here])
            np.add.at(counts[language], words[here], 1)
    return sums / np.maximum(counts, 1)


def retrieval(vectors: np.ndarray, asked: np.ndarray | None = None) -> dict[str, float]:
    """How often the nearest word of the other language is right, the mean of both ways, from (2, 120, C).

    Of the words for which `asked` (2, 120) is true, or of all.
    """
    centred = vectors - vectors.mean(1, keepdims=True)
    unit = centred / np.maximum(np.linalg.norm(centred, axis=-1, keepdims=True), 1e-12)
    cosines, found = unit[0] @ unit[1].T, {"part": [], "topic": [], "word": []}            # (120, 120)
    for language in (0, 1):
        words = np.arange(WORDS) if asked is None else np.flatnonzero(asked[language])
        nearest = cosines.argmax(1 - language)[words]
        part = part_of(nearest) == part_of(words)
        found["part"].append(part.mean())
        found["topic"].append((part & (topic_of(nearest) == topic_of(words))).mean())
        found["word"].append((nearest == words).mean())
    return {name: float(np.mean(each)) for name, each in found.items()}


def tuned(model: BertForPretraining, head_of, batches: type[Tagged], languages: Languages, language: int,
          steps: int) -> Head:
    """A head on a copy of the encoder that has learned from labels in this language."""
    head = head_of(copy.deepcopy(model.bert), stream(languages.seed, "head"))
    settings = Settings(steps=steps, learning_rate=1e-3, warmup=min(20, steps), seed=languages.seed, log_every=steps)
    train(head, batches(languages, language, 32), settings, progress=False)
    return head


def right(head: Head, batches: type[Tagged], languages: Languages, language: int) -> float:
    """The share that a head gets right in this language."""
    found = evaluate(head, batches(languages, language, 128).in_order())
    return next(value for name, value in found.items() if name.endswith("accuracy"))


def crossed(model: BertForPretraining, languages: Languages, steps: int,
            tasks: Sequence[str] = tuple(TASKS)) -> dict[str, float]:
    """The share right in language 1 of heads that learned in language 0, and of heads that learned in 1 itself.

    A figure "TASK 0 to 1" and one "TASK 1 to 1" for each task, and "TASK 0 to 0" beside them.
    """
    found = {}
    for task in tasks:
        head_of, batches = TASKS[task]
        for taught, asked in (0, (0, 1)), (1, (1,)):
            head = tuned(model, head_of, batches, languages, taught, steps)
            found |= {f"{task} {taught} to {language}": right(head, batches, languages, language)
                      for language in asked}
    return found
