"""What does the encoder know before any head is put on it?  Its hidden vectors, to be probed.

Devlin et al. 2019, section 5.3: with the encoder frozen, the last four layers side by side come within 0.3 F1 of
fine-tuning it all, on named entities.
"""

from collections.abc import Sequence

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.labelled import LabelledBatches, tagged_rows, text_rows
from tinyformer.data.readers import TaggedSentence, TextExample
from tinyformer.engine import no_grad
from tinyformer.errors import InputError
from tinyformer.models import Bert
from tinyformer.places import say

TOKENS = ("first", "mean", "words", "pieces")


def features(encoder: Bert, tokenizer, texts: Sequence[str], layers: Sequence[int] = (-1,), tokens: str = "first",
             max_length: int = 128) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """(vectors (N, C * layers), the number of each one's text (N,), what each one is of), without any training.

    `layers` are put side by side: 0 is what enters the first layer, 1 what leaves it, -1 what leaves the last.
    `tokens` is first ([CLS]), mean (over the text's pieces), words (the first piece of each) or pieces (every one).
    """
    if not isinstance(encoder, Bert):
        raise InputError(f"hidden vectors are taken from a BERT, and this model is of another kind "
                         f"({type(encoder).__name__}); give the folder of a BERT, with or without a head")
    most = encoder.config.layers
    wrong = [layer for layer in layers if not -most - 1 <= layer <= most]
    if wrong or not layers:
        raise InputError(f"layers are {list(layers)}; this model has layers 0 to {most}, and -1 for the last: name "
                         "one of these at least")
    if tokens not in TOKENS:
        raise InputError(f"tokens is {tokens!r}; it must be one of {', '.join(TOKENS)}")
    room = min(max_length, encoder.config.context)
    if tokens == "words":
        sentences = [TaggedSentence(tuple(text.split()), (), "text", n) for n, text in enumerate(texts, 1)]
        rows = tagged_rows(sentences, tokenizer, (), room)
    else:
        examples = [TextExample(text, None, "text", n) for n, text in enumerate(texts, 1)]
        rows = text_rows(examples, tokenizer, (), room)
    if rows.cut:
        say(f"{rows.cut:,} of {len(texts):,} texts were cut to {room} tokens")

    vectors, numbers, names, number = [], [], [], 0
    for batch in LabelledBatches(rows, batch_size=32, seed=0, pad_id=tokenizer.pad_id).in_order(32):
        with no_grad():
            states = [to_host(state.data) for state in encoder.states(batch.ids, batch.segments, batch.keep)]
        joined = np.concatenate([states[layer] for layer in layers], axis=-1)              # (B, T, C * layers)
        for vector in joined:
            row = rows[number]
            places = row.firsts if tokens == "words" else np.arange(1, len(row.ids) - 1)   # without [CLS] and [SEP]
            if tokens in ("first", "mean"):
                vectors.append(vector[:1] if tokens == "first" or not len(places) else
                               vector[places].mean(0, keepdims=True))
                names.append("[CLS]" if tokens == "first" else "mean")
            else:
                vectors.append(vector[places])
                names += (texts[number].split()[:len(places)] if tokens == "words" else
                          [tokenizer.tokens[id] for id in row.ids[places]])
            numbers += [number] * len(vectors[-1])
            number += 1
    return np.concatenate(vectors), np.array(numbers), names


def principal(vectors: np.ndarray, width: int) -> np.ndarray:
    """The vectors (N, C) in the `width` directions along which they differ most, (N, width), centred.

    (Principal components, by the singular value decomposition of the centred vectors.)
    """
    if not 1 <= width <= min(vectors.shape):
        raise InputError(f"--width is {width}; of {vectors.shape[0]:,} vectors with {vectors.shape[1]:,} numbers it "
                         f"can be 1 to {min(vectors.shape):,}")
    centred = vectors - vectors.mean(0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    return centred @ directions[:width].T
