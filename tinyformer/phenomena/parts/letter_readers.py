"""How well does a GPT of this size guess the letters of a text of this length?  Read, and look at both ends of it."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from tinyformer.data.batches import TextWindows
from tinyformer.data.corpus import read_text
from tinyformer.errors import InputError
from tinyformer.models import GPT, GPTConfig
from tinyformer.nn.first_numbers import deviation_at
from tinyformer.phenomena.kit import Files
from tinyformer.rng import stream
from tinyformer.text import CharTokenizer
from tinyformer.tinyland import World
from tinyformer.train import Settings, evaluate, train

LENGTH = 64                                   # letters of a row


@dataclass(frozen=True, eq=False)
class Letters:
    """A text as ids, cut in two: what can be read, and what is held out."""

    vocabulary: int
    training: np.ndarray
    held_out: np.ndarray

    @classmethod
    def of(cls, text: str, held_out: int) -> "Letters":
        """The last `held_out` letters of the text are not read; letters that only they have count as unknown."""
        tokenizer = CharTokenizer.train([text[:-held_out]], specials=["[UNK]"])
        return cls(len(tokenizer), *(np.array(tokenizer.encode(part)) for part in (text[:-held_out], text[-held_out:])))


@lru_cache(maxsize=1)
def told(seed: int, training: int, held_out: int) -> Letters:
    """Stories of the world with this seed, so many letters to read and so many that are held out."""
    parts, size = [], 0
    for document in World(seed).documents(10_000_000):
        parts.append(document)
        size += len(document)
        if size >= training + held_out:
            break
    return Letters.of("".join(parts)[:training + held_out], held_out)


@lru_cache(maxsize=1)
def brought(files: Files, training: int, held_out: int) -> Letters:
    """The letters of the user's files, from the front; InputError where they are too few."""
    text = "".join(read_text(Path(path)) for path in files.data)
    if len(text) < training + held_out:
        raise InputError(f"{', '.join(files.data)}: {len(text):,} letters, and {training + held_out:,} are wanted; "
                         "give more text (--data again)")
    return Letters.of(text[:training + held_out], held_out)


def learned(text: Letters, amount: int, width: int, layers: int, steps: int, rows: int, seed: int,
            optimizer: str) -> dict:
    """A GPT that has read the first `amount` letters: its parameters, and its loss there and on what is held out."""
    config = GPTConfig(vocabulary=text.vocabulary, layers=layers, heads=max(1, width // 32), width=width,
                       context=LENGTH, dropout=0.0, init_std=deviation_at(width))
    model, read = GPT(config, stream(seed, "weights")), text.training[:amount]
    settings = Settings(steps=steps, learning_rate=3e-3, warmup=min(50, steps), seed=seed, optimizer=optimizer,
                        log_every=steps)
    train(model, TextWindows(read, batch_size=rows, block=LENGTH, seed=seed), settings, progress=False)
    seen, new = (evaluate(model, TextWindows(ids, batch_size=64, block=LENGTH, seed=0).in_order())["lm loss"]
                 for ids in (read[:len(text.held_out)], text.held_out))
    return {"parameters": model.count(), "train": seen, "test": new}
