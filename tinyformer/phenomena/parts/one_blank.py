"""Which word stood at the blank?  Sentences in which its left tells it, or its right, or only the two together.

    left     "in the desert it is [sunny] for anna ."
    right    "anna says it is [rainy] and takes an umbrella ."
    both     "anna sows in spring , waits [two] seasons and reaps in autumn ."

Each blank has four words that fit, all equally frequent.  Of the two seasons and the time between them any two tell the
third, and one alone tells nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tinyformer.data.batches import PretrainingBatch, TextBatch
from tinyformer.data.masking import IGNORED, mask_tokens
from tinyformer.rng import stream

SIDES = ("left", "right", "both")
NAMES = "anna ben clara david emma felix grace hugo ida jonas".split()
PLACES = ["in the desert", "in the hills", "by the sea", "at the pole"]
WEATHER = "sunny rainy windy snowy".split()
THINGS = ["a hat", "an umbrella", "a kite", "a sledge"]
SEASONS = "spring summer autumn winter".split()
WAITS = "one two three four".split()
SHARES = (0.15, 0.15, 0.7)                    # of the sides: what takes both has more to be learned
FITTING = {"left": WEATHER, "right": WEATHER, "both": WAITS}
SPECIAL = ("[PAD]", "[MASK]", "[CLS]", "[SEP]")
UNSEEN = 1_000_000                            # steps from here on are for evaluation


def sentence(rng: np.random.Generator, side: str) -> tuple[list[str], int]:
    """The words of a sentence, and the place of its blank among them."""
    name = str(rng.choice(NAMES))
    one, other = (int(number) for number in rng.integers(4, size=2))
    if side == "left":
        before, word, after = f"{PLACES[one]} it is", WEATHER[one], f"for {name} ."
    elif side == "right":
        before, word, after = f"{name} says it is", WEATHER[one], f"and takes {THINGS[one]} ."
    else:
        before, word = f"{name} sows in {SEASONS[one]} , waits", WAITS[other]
        after = f"seasons and reaps in {SEASONS[(one + other + 1) % 4]} ."
    words = before.split()
    return [*words, word, *after.split()], len(words)


def vocabulary() -> dict[str, int]:
    """Every word that a sentence can have, and the special tokens, with its id."""
    rng = stream(0, "vocabulary")
    words = sorted({word for side in SIDES for _ in range(500) for word in sentence(rng, side)[0]})
    return {word: id for id, word in enumerate([*SPECIAL, *words])}


@dataclass(frozen=True)
class Asked:
    """Rows of ids with one blank each, the ids that fit, and which of these stood there."""

    ids: np.ndarray                           # (B, T) the sentences whole, [CLS] in front, padding behind
    keep: np.ndarray                          # (B, T)
    places: np.ndarray                        # (B,)
    fitting: np.ndarray                       # (4,)
    right: np.ndarray                         # (B,) 0 to 3


class OneBlank:
    """Batches of sentences of all three sorts, in the form that a model learns from: `batch(step)`.

    `masked` hides three of ten words, for BERT; otherwise each word is to be guessed from those before it.
    """

    length = 15

    def __init__(self, batch_size: int, seed: int, masked: bool):
        self.batch_size, self.seed, self.masked, self.vocab = batch_size, seed, masked, vocabulary()

    def rows(self, rng: np.random.Generator, sides: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """(ids (B, T), the places of the blanks (B,)) of a new sentence for each of these sides."""
        ids, places = np.full((len(sides), self.length), self.vocab["[PAD]"]), []
        for row, side in enumerate(sides):
            words, place = sentence(rng, side)
            whole = [self.vocab[word] for word in ["[CLS]", *words, "[SEP]"]]
            ids[row, :len(whole)] = whole
            places.append(place + 1)
        return ids, np.array(places)

    def batch(self, step: int) -> TextBatch | PretrainingBatch:
        """Sentences of all sorts, by their shares."""
        rng = stream(self.seed, "blanks", step)
        ids, _ = self.rows(rng, [str(side) for side in rng.choice(SIDES, size=self.batch_size, p=SHARES)])
        keep = ids != self.vocab["[PAD]"]
        if not self.masked:
            return TextBatch(ids[:, :-1], np.where(keep[:, 1:], ids[:, 1:], IGNORED))
        noisy, targets = mask_tokens(ids, rng=rng, rate=0.3, mask_id=self.vocab["[MASK]"], vocab_size=len(self.vocab),
                                     special_ids=range(len(SPECIAL)))
        places = np.flatnonzero(targets != IGNORED)
        return PretrainingBatch(noisy, np.zeros_like(ids), keep, places, targets.reshape(-1)[places])

    def asked(self, side: str, count: int) -> Iterator[Asked]:
        """`count` new sentences of one sort, to be asked for."""
        fitting = np.array([self.vocab[word] for word in FITTING[side]])
        for number, first in enumerate(range(0, count, 100)):
            rng = stream(self.seed, f"asked {side}", UNSEEN + number)
            ids, places = self.rows(rng, [side] * min(100, count - first))
            stood = ids[np.arange(len(ids)), places]
            yield Asked(ids, ids != self.vocab["[PAD]"], places, fitting,
                        (stood[:, None] == fitting).argmax(-1))
