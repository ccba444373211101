"""How is one text answered with another?  The encoder reads the source once, the target grows token by token.

What comes next is chosen as everywhere (`Sampling`, `beam_search`); only the model is asked in another way.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.frame import frame_of
from tinyformer.errors import InputError
from tinyformer.generate.beam import Beam, beam_search
from tinyformer.generate.sampling import GREEDY, Sampling, check_penalty, penalised
from tinyformer.generate.stops import StopStrings
from tinyformer.generate.text import draws, log_softmax
from tinyformer.models import Seq2Seq
from tinyformer.text import Tokenizer


def rewrite(model: Seq2Seq, sources: Sequence[Sequence[int]], length: int | None = None, sampling: Sampling = GREEDY,
            seed: int = 0, known: int | None = None) -> list[list[int]]:
    """What the decoder writes for each source, up to `length` ids (None: as many as there are positions).

    The sources are ids as the encoder reads them, of any lengths.  The start and the end token are not given out, and
    ids from `known` on, which have no token, are never chosen.
    """
    targets: list[list[int]] = [[] for _ in sources]
    for number, id in _one_by_one(model, sources, length, sampling, seed, known):
        targets[number].append(id)
    return targets


def rewrite_beams(model: Seq2Seq, source: Sequence[int], length: int | None = None, beams: int = 4,
                  length_penalty: float = 1.0, repetition_penalty: float = 1.0,
                  early_stopping: bool = False, known: int | None = None) -> list[Beam]:
    """The most probable targets for one source that a `beam_search` finds, at most `beams`, best first."""
    check_penalty(repetition_penalty)
    cache = model.start(*_side_by_side(model, [source]))
    texts: list[list[int]] = [[]]

    def step(tokens: Sequence[int], parents: Sequence[int]) -> np.ndarray:
        texts[:] = [[*texts[parent], token] for token, parent in zip(tokens, parents, strict=True)]
        cache.take(np.asarray(parents))
        scores = log_softmax(to_host(model.step(np.array(tokens)[:, None], cache).data)[:, -1, :known])
        return np.stack([penalised(row, text, repetition_penalty) for row, text in zip(scores, texts, strict=True)])

    return beam_search(step([model.config.start_id], [0])[0], step, length=_room(model, length), beams=beams,
                       length_penalty=length_penalty, end_id=model.config.end_id, early_stopping=early_stopping)


def rewrite_text(model: Seq2Seq, tokenizer: Tokenizer, text: str, length: int | None = None,
                 sampling: Sampling = GREEDY, seed: int = 0, stop: Sequence[str] = ()) -> Iterator[str]:
    """The answer to one text, piece by piece, up to one of the `stop` strings; the pieces are those of `write_text`."""
    pieces, stops = tokenizer.stream(), StopStrings(stop)
    for _, id in _one_by_one(model, [_framed(tokenizer, text)], length, sampling, seed, len(tokenizer)):
        yield stops.feed(pieces.feed(id))
        if stops.found:
            return
    yield stops.feed(pieces.finish()) + stops.finish()


def rewrite_texts(model: Seq2Seq, tokenizer: Tokenizer, texts: Sequence[str], length: int | None = None,
                  sampling: Sampling = GREEDY, seed: int = 0, beams: int | None = None,
                  length_penalty: float = 1.0) -> list[str]:
    """Texts in, texts out.  With `beams`, by `beam_search`.

    The encoder reads [CLS] text [SEP], as in pre-training (T5: text </s>).
    """
    sources = [_framed(tokenizer, text) for text in texts]
    if beams is not None:
        found = [list(rewrite_beams(model, source, length, beams, length_penalty, sampling.repetition_penalty,
                                    known=len(tokenizer))[0].ids) for source in sources]
    else:
        found = rewrite(model, sources, length, sampling, seed, len(tokenizer))
    return [tokenizer.decode([id for id in ids if id != model.config.end_id]) for ids in found]


def _one_by_one(model: Seq2Seq, sources: Sequence[Sequence[int]], length: int | None, sampling: Sampling,
                seed: int, known: int | None) -> Iterator[tuple[int, int]]:
    """(number of the source, id) for every id as soon as it is chosen; the end tokens are not among them."""
    c, written = model.config, [[model.config.start_id] for _ in sources]
    cache, active = model.start(*_side_by_side(model, sources)), list(range(len(sources)))     # the rows of the cache
    for place in range(_room(model, length)):
        tokens = np.array([[written[number][-1]] for number in active])
        logits = to_host(model.step(tokens, cache).data)[:, -1, :known]            # (R, V)
        chosen = [sampling.choose(row, draws(seed, number, place), written[number])
                  for row, number in zip(logits, active, strict=True)]
        on = [row for row, id in enumerate(chosen) if id != c.end_id]
        if not on:
            return
        for row in on:
            written[active[row]].append(chosen[row])
            yield active[row], chosen[row]
        if len(on) < len(active):
            active = [active[row] for row in on]
            cache.take(np.array(on))


def _framed(tokenizer: Tokenizer, text: str) -> list[int]:
    """A text as the encoder has learned to read it."""
    return frame_of(tokenizer).source(tokenizer.encode(text))


def _side_by_side(model: Seq2Seq, sources: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Sources of any lengths as ids and keep, (B, S)."""
    lengths = [len(source) for source in sources]
    if not lengths or not min(lengths):
        raise InputError("rewrite: there is nothing to read; every source must have at least one token")
    if max(lengths) > model.config.context:
        raise InputError(f"rewrite: text {int(np.argmax(lengths)) + 1} has {max(lengths)} tokens with those at its "
                         f"ends, and this model reads {model.config.context} at once; shorten it, or give it in parts")
    ids = np.array([[*source, *[model.config.pad_id] * (max(lengths) - len(source))] for source in sources])
    return ids, np.arange(max(lengths)) < np.array(lengths)[:, None]


def _room(model: Seq2Seq, length: int | None) -> int:
    """How many ids can be written: the start token takes a position, the last id takes none."""
    return model.config.context if length is None else min(length, model.config.context)
