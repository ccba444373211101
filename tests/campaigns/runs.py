"""Runs of a moment, for campaigns that need many."""

import numpy as np
import small

from tinyformer.text import CharTokenizer
from tinyformer.train import Settings, train


class Batches:
    """A small batch for each step."""

    def batch(self, step):
        return small.text_batch(seed=step)


def one_step(out, steps: int, resume=False):
    """A run of so many steps, with a checkpoint behind each."""
    settings = Settings(steps=steps, learning_rate=0.01, log_every=1, save_every=1)
    return train(small.gpt(dtype=np.float32), Batches(), settings, out=out, resume=resume, progress=False,
                 tokenizer=CharTokenizer.train(["abcdefghijkl"]))
