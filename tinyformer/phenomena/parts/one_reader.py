"""Into which BERT do the experiments look?  Into one of four layers that has read tinyland, or into one of the user's.

With the same sizes and seed it is the same model, bit for bit, in whichever experiment, so that what one of them says
of it can be held beside what another says.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from tinyformer.data.sentences import sentences
from tinyformer.errors import InputError
from tinyformer.models import Bert, BertForPretraining, encoder_of
from tinyformer.models.parts.encoders import like
from tinyformer.phenomena.kit import Sizes
from tinyformer.pretraining import stages
from tinyformer.pretraining.pretraining_settings import resolve
from tinyformer.rng import stream
from tinyformer.tasks.folders import open_folder
from tinyformer.text import Tokenizer
from tinyformer.tinyland import Chance, World

LAYERS, LENGTH = 4, 32                        # a row has room for three or four sentences
KINDS = ("story", "facts", "retelling")       # what is read; three documents of a hundred are held out
FULL = dict(steps=3000, documents=6000)       # of reading, the same in every experiment
QUICK = dict(steps=30, documents=150)


def texts(sizes: Sizes, seed: int) -> list[str]:
    """What there is to read: a world that this seed tells, the held-out documents last."""
    return list(World(seed, KINDS).documents(sizes.documents))


def shuffled(text: str, number: int) -> str:
    """The words of each sentence in another order, drawn for this number; the mark that ends it stays where it is.

    Which words there are, and which stand together in a sentence and in a text, remains to be learned; order does not.
    """
    chance, found = Chance(stream(number, "shuffled words")), []
    for sentence in sentences(text):
        said = sentence.rstrip(".?!")
        other = " ".join(chance.shuffled(said.lower().split()))
        found.append(other[:1].upper() + other[1:] + sentence[len(said):])
    return " ".join(found)


def reader(sizes: Sizes, seed: int, optimizer: str, shuffle: bool = False) -> stages.Prepared:
    """The BERT of this seed before its first step, with all that it needs to read its world, or that one `shuffled`.

    It guesses masked words and nothing else (as in Liu et al. 2019).
    """
    settings = resolve("bert", dict(corpus="tinyland", world_documents=sizes.documents, world_seed=seed, seed=seed,
                                    vocabulary=2500, objective="none", mask_rate=0.25, layers=LAYERS, heads=4, width=48,
                                    max_length=LENGTH, batch_size=24, learning_rate=8e-3, matrix_rate=0.02, beta2=0.98,
                                    warmup=min(30, sizes.steps // 4), steps=sizes.steps, optimizer=optimizer,
                                    device="cpu", workers="1"))
    told, kept = texts(sizes, seed), sizes.documents * 97 // 100
    if shuffle:
        told = [shuffled(text, number) for number, text in enumerate(told)]
    return stages.prepare(settings, told[:kept], told[kept:])


def read(prepared: stages.Prepared) -> float:
    """Let it read, in silence: how many of the masked words of held-out text it then guesses, in percent."""
    return 100 * stages.train(prepared, "tinyland", progress=False).evaluations[-1]["mlm accuracy"]


@dataclass
class Looked:
    """Batches of another source; before those of the steps in `at` somebody looks at the model."""

    batches: Any
    at: Collection[int]
    look: Callable[[int], None]

    def batch(self, step: int):
        """The batch of this step."""
        if step in self.at:
            self.look(step)
        return self.batches.batch(step)


def watched(prepared: stages.Prepared, at: Collection[int],
            look: Callable[[BertForPretraining, Tokenizer], dict]) -> tuple[list[dict], float]:
    """Let it read, and look after so many steps and at the end: ({"step": ..., and what was seen} ..., as `read`)."""
    curve = []

    def seen(step: int) -> None:
        curve.append({"step": step, **look(prepared.model, prepared.tokenizer)})

    prepared.batches = Looked(prepared.batches, at, seen)
    reached = read(prepared)
    seen(prepared.settings.steps)
    return curve, reached


def brought(folder: str, seed: int) -> tuple[Bert, Bert, Tokenizer]:
    """A BERT of the user's, one of its sizes with random weights, and its tokenizer; InputError where it is no BERT."""
    model, tokenizer = open_folder(folder)
    encoder = encoder_of(model)
    if not isinstance(encoder, Bert):
        raise InputError(f"{folder}: holds a {type(model).__name__}, and the layers looked into are those of a BERT")
    return encoder, like(encoder, encoder.config, stream(seed, "weights")), tokenizer
