"""How do documents become ids?  For BERT sentence by sentence, for GPT as one long line."""

from collections.abc import Iterable, Iterator

import numpy as np

from tinyformer.data.sentences import sentences


def sentence_ids(documents: Iterable[str], tokenizer, spaced: bool = False) -> list[list[list[int]]]:
    """Documents as lists of sentences of ids, what `MaskedBatches` takes; sentences without tokens are left out.

    `spaced` puts a space in front of every sentence but the first, for tokenizers to which spaces are text.
    """
    encode = tokenizer.encode
    texts = ([" " * (spaced and number > 0) + text for number, text in enumerate(sentences(document))]
             for document in documents)
    return [[ids for ids in map(encode, document) if ids] for document in texts]


def ids_of_pieces(pieces: Iterable[tuple[bool, str]], tokenizer) -> Iterator[list[int]]:
    """The same ids as `text_ids` gives, from documents in pieces (does one begin here, its text): a list for each."""
    end, begun = getattr(tokenizer, "eos_id", None), False
    for begins, text in pieces:
        if begins and begun and end is not None:
            yield [end]
        begun = True
        yield tokenizer.encode(text)
    if begun and end is not None:
        yield [end]


def text_ids(documents: Iterable[str], tokenizer) -> np.ndarray:
    """All documents as one array of ids (N,), what `TextWindows` takes.

    Where the tokenizer has an end-of-text token it stands after each document, so that the model learns
    where a text ends; otherwise documents follow each other as they are.
    """
    end = getattr(tokenizer, "eos_id", None)
    parts = [tokenizer.encode(document) + ([] if end is None else [end]) for document in documents]
    return np.concatenate([np.array(part, dtype=np.int64) for part in parts] or [np.empty(0, dtype=np.int64)])
