"""What stood at the blank?  A BERT's guesses for every [MASK] of a text, with their probabilities."""

from collections.abc import Iterable

import numpy as np

from tinyformer.backend import to_host
from tinyformer.engine import no_grad
from tinyformer.errors import CheckpointError, InputError
from tinyformer.models import BertForPretraining

BLANK = "[MASK]"                              # what is typed, whatever the vocabulary calls it

Guesses = list[tuple[str, float]]


def fill(model: BertForPretraining, tokenizer, text: str, top: int = 5) -> list[Guesses]:
    """For each [MASK] of the text the `top` most probable tokens and their probabilities, most probable first.

    The text goes in as [CLS] text [SEP], and [MASK] may be written as the vocabulary has it.  Special tokens, which
    never stood at a blank, are no guesses.
    Raises InputError for a text without [MASK], and for one that is too long.
    """
    ids = row(tokenizer, text)
    if len(ids) > model.config.context:
        raise InputError(f"the text is {len(ids)} tokens long with [CLS] and [SEP], and this model reads "
                         f"{model.config.context}; shorten it around the blank: {text[:60]!r}")
    places = np.flatnonzero(np.array(ids) == tokenizer.mask_id)          # (M,)
    if not len(places):
        raise InputError(f"there is no [MASK] in {text[:60]!r}; write it where a word is to be guessed")
    shares = probabilities(model, np.array([ids]), places)[:, :len(tokenizer)]     # (M, V); padding has no token
    shares[:, sorted(tokenizer.special_ids)] = 0
    shares /= shares.sum(-1, keepdims=True)
    order = np.argsort(-shares, axis=1, kind="stable")[:, :min(top, len(tokenizer) - len(tokenizer.special_ids))]
    return [[(tokenizer.tokens[id], float(share[id])) for id in best]
            for share, best in zip(shares, order, strict=True)]


def row(tokenizer, text: str) -> list[int]:
    """The ids of [CLS] text [SEP]."""
    if tokenizer.mask_id is None or tokenizer.cls_id is None or tokenizer.sep_id is None:
        raise InputError("this vocabulary lacks [MASK], [CLS] or [SEP]; filling in needs a BERT's vocabulary")
    written = text.replace(BLANK, tokenizer.tokens[tokenizer.mask_id])
    return [tokenizer.cls_id, *tokenizer.encode(written), tokenizer.sep_id]


def probabilities(model: BertForPretraining, ids: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The model's probabilities (M, V) at these places of one row of ids (1, T)."""
    with no_grad():
        logits = to_host(model.word_logits(model(ids), places).data).astype(np.float64)
    wrong = ~np.isfinite(logits)
    if wrong.any():
        raise CheckpointError(f"{wrong.sum()} of {logits.size} logits are NaN or infinite; the model's weights are "
                              "damaged, or its training diverged")
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def filled(text: str, blanks: Iterable[Guesses], tokenizer=None) -> str:
    """The text with the best guess at each blank; a piece that continues a word ("##ing") joins it.

    Where a blank takes the space before it along, as in RoBERTa, the piece says whether one stands there.
    """
    own = BLANK if tokenizer is None else tokenizer.tokens[tokenizer.mask_id]
    spaced = tokenizer is not None and own in tokenizer.takes_space
    for guesses in blanks:
        token, (before, _, after) = guesses[0][0], text.replace(own, BLANK).partition(BLANK)
        if spaced:
            text = before.rstrip() + tokenizer.surface(tokenizer.vocab[token]).decode("utf-8", "replace") + after
        else:
            text = (before.rstrip() + token[2:] if token.startswith("##") else before + token) + after
    return text
