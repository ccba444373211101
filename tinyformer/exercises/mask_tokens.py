"""Which tokens does BERT have to guess, and what does it see in their place?

    ids (B, T)             whole numbers from 0 to vocab_size - 1
    special_ids            those that are never to be guessed, and never drawn: [PAD], [CLS], [SEP], [MASK] and the like

Choose each other token with the chance `rate`, and at least one in each row that has any.  Of those that are chosen,
each for itself, 80 % become mask_id, 10 % become a token drawn from all that are not special, and 10 % stay as they
are.  Return (inputs, targets), both (B, T): inputs are the ids after this, targets are the original id where one was
chosen and -100 elsewhere (Devlin et al. 2019, section 3.1).  `ids` itself stays as it is.  All chance comes from rng, a
NumPy generator: rng.random(shape) gives numbers from 0 to 1, rng.choice(list, shape) draws from a list.
"""

import numpy as np

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="for some months transformers' collator masked padding too (issue 11155); readers take its 10 % "
    "random tokens for 50 %, as the code draws half of what the first draw has left (17377); and short sentences "
    "were left without anything to guess (more of the kind in 15342, 21803 and tokenizers 1193).", hints=(
        "Three questions, one after the other: who may be chosen, who is chosen, and what happens to each of them.",
        "Give every token a random number, and 2 to the special ones: chosen are those below the rate, and in each row "
        "the one with the smallest number. A second random number for each decides among the three.",
        "kind = rng.random(ids.shape): chosen & (kind < 0.8) become mask_id, chosen & (kind >= 0.9) become "
        "rng.choice(ordinary, ids.shape), where ordinary = np.setdiff1d(np.arange(vocab_size), special_ids)."))

SPECIAL, MASK, VOCABULARY = (0, 1, 2, 3), 3, 40


@EXERCISE.solution
def mask_tokens(ids, rng, mask_id: int, vocab_size: int, special_ids, rate: float = 0.15):
    """ids (B, T) -> inputs (B, T) and targets (B, T)."""
    special = np.isin(ids, special_ids)
    score = np.where(special, 2.0, rng.random(ids.shape))
    chosen = ((score < rate) | (score == score.min(1, keepdims=True))) & ~special
    kind = rng.random(ids.shape)
    ordinary = np.setdiff1d(np.arange(vocab_size), special_ids)
    inputs = np.where(chosen & (kind < 0.8), mask_id, ids)
    inputs = np.where(chosen & (kind >= 0.9), rng.choice(ordinary, ids.shape), inputs)
    return inputs, np.where(chosen, ids, -100)


def share(part, whole) -> float | None:
    """To the nearest twentieth: what chance does to so many tokens is far below that."""
    return round(20 * float(np.sum(part)) / np.sum(whole)) / 20 if np.sum(whole) else None


@EXERCISE.observe
def _(theirs, call):
    (ids,) = call.arrays
    before = ids.copy()
    inputs, targets = map(np.asarray, theirs(ids, np.random.default_rng(1), MASK, VOCABULARY, SPECIAL, rate=0.15))
    if inputs.shape != ids.shape or targets.shape != ids.shape:
        return {"shapes of inputs and targets": (inputs.shape, targets.shape)}
    chosen, special = targets != -100, np.isin(before, SPECIAL)
    other = chosen & (inputs != MASK) & (inputs != before)
    seen = {"ids are changed": bool((ids != before).any()),
            "special tokens are to be guessed": bool((chosen & special).any()),
            "tokens are changed that are not to be guessed": bool(((inputs != before) & ~chosen).any()),
            "targets are the true tokens": bool((targets == before)[chosen].all()),
            "rows without anything to guess": int((~chosen.any(1) & ~special.all(1)).sum())}
    if ids.size > 1000:
        seen |= {"share of tokens to guess": share(chosen, ~special),
                 "of these, [MASK]": share(inputs[chosen] == MASK, chosen),
                 "of these, another token": share(other, chosen),
                 "of these, as they were": share(inputs[chosen] == before[chosen], chosen),
                 "special tokens are drawn at random": bool(np.isin(inputs[other], SPECIAL).any())}
    return seen


def text(rng, rows: int, length: int, padding: int = 0):
    ids = rng.integers(len(SPECIAL), VOCABULARY, size=(rows, length))
    ids[:, 0], ids[:, length - padding - 1], ids[:, length - padding:] = 1, 2, 0
    return Call(ids)


@EXERCISE.case
def _(rng):
    """two rows of five tokens"""
    return text(rng, 2, 7)


@EXERCISE.case
def _(rng):
    """a hundred rows of two tokens"""
    return text(rng, 100, 4)


@EXERCISE.case
def _(rng):
    """a row of padding alone"""
    return Call(np.zeros((1, 4), int))


@EXERCISE.case
def _(rng):
    """600 rows of 84 tokens, [CLS], [SEP] and padding"""
    return text(rng, 600, 100, 14)


def wrong(ids, rng, special_ids, *, masked=0.8, random=0.1, drawn=None, special=None, least=True, targets=None):
    """The solution with one thing in it changed."""
    never = np.isin(ids, special_ids) if special is None else special
    score = np.where(never, 2.0, rng.random(ids.shape))
    chosen = ((score < 0.15) | least & (score == score.min(1, keepdims=True))) & ~never
    kind = rng.random(ids.shape)
    drawn = np.setdiff1d(np.arange(VOCABULARY), special_ids) if drawn is None else drawn
    inputs = np.where(chosen & (kind < masked), MASK, ids)
    inputs = np.where(chosen & (kind >= 1 - random), rng.choice(drawn, ids.shape), inputs)
    return inputs, np.where(chosen, inputs if targets == "inputs" else ids, ids if targets == "all" else -100)


@EXERCISE.mistake
def _(ids, rng, mask_id, vocab_size, special_ids, rate):
    """[PAD], [CLS] and [SEP] are to be guessed as well, where nothing can be learned from them"""
    return wrong(ids, rng, special_ids, special=np.zeros(ids.shape, bool))


@EXERCISE.mistake
def _(ids, rng, mask_id, vocab_size, special_ids, rate):
    """the 10 % are taken of the 20 % that are left after the first draw: 2 % become random, 18 % stay"""
    return wrong(ids, rng, special_ids, random=0.02)


@EXERCISE.mistake
def _(ids, rng, mask_id, vocab_size, special_ids, rate):
    """every chosen token becomes [MASK], which never occurs in use, and so no other token need be understood"""
    return wrong(ids, rng, special_ids, masked=1.0, random=0.0)


@EXERCISE.mistake
def _(ids, rng, mask_id, vocab_size, special_ids, rate):
    """the random token may be a special one, [PAD] among them: draw from those that are none"""
    return wrong(ids, rng, special_ids, drawn=np.arange(VOCABULARY))


@EXERCISE.mistake
def _(ids, rng, mask_id, vocab_size, special_ids, rate):
    """short rows are left without anything to guess: in each row at least one token is to be chosen"""
    return wrong(ids, rng, special_ids, least=False)


@EXERCISE.mistake
def _(ids, rng, mask_id, vocab_size, special_ids, rate):
    """the target is what stands there afterwards, [MASK] mostly, and not what stood there before"""
    return wrong(ids, rng, special_ids, targets="inputs")


@EXERCISE.mistake
def _(ids, rng, mask_id, vocab_size, special_ids, rate):
    """every position has a target, also where nothing was chosen: those must be -100, which the loss leaves out"""
    return wrong(ids, rng, special_ids, targets="all")


@EXERCISE.mistake
def _(ids, rng, mask_id, vocab_size, special_ids, rate):
    """the ids that came in are written into, so that the text is damaged for the next epoch: make a copy first"""
    inputs, targets = wrong(ids, rng, special_ids)
    ids[...] = inputs
    return inputs, targets
