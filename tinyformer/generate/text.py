"""How does a text grow?  Token by token, until it is long enough, ends by itself, or meets a stop string."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tinyformer.errors import InputError
from tinyformer.generate.beam import Beam, beam_search
from tinyformer.generate.reading import Reading, Remember, prompt_ids
from tinyformer.generate.sampling import GREEDY, Sampling, check_penalty, penalised
from tinyformer.generate.stops import StopStrings
from tinyformer.rng import stream

if TYPE_CHECKING:
    from tinyformer.models import GPT
    from tinyformer.text import Tokenizer


def write(model: GPT, ids: Sequence[int], length: int, sampling: Sampling = GREEDY, seed: int = 0,
          stop_id: int | None = None, ask: Callable | None = None, known: int | None = None) -> Iterator[int]:
    """Continue `ids` by up to `length` ids, one by one; `stop_id` ends the text and is not given out.

    A model may have more word vectors than there are tokens (their number is often rounded up): ids from `known` on
    are never chosen.

    The same seed writes the same text: the draw of token t comes from stream (seed, "generate", t).
    ask(model, ids) says what is expected next, logits (V,): `next_logits` reads all ids each time, and a `Remember`,
    which is what None stands for, only the new one.
    """
    ids, ask = prompt_ids(ids), ask or Remember()
    for place in range(length):
        chosen = sampling.choose(ask(model, ids)[:known], draws(seed, 0, place), ids)
        if chosen == stop_id:
            return
        yield chosen
        ids.append(chosen)


def write_batch(model: GPT, prompts: Sequence[Sequence[int]], length: int, sampling: Sampling = GREEDY, seed: int = 0,
                stop_id: int | None = None, ends: Callable[[int, int], bool] | None = None,
                cached: bool = True, known: int | None = None) -> list[list[int]]:
    """Continue several prompts, of any lengths, at the same time: what follows each, up to `length` ids.

    ends(row, id), where given, says after each id whether the text of this row ends there.  Row 0 is what `write`
    writes with this seed; row r draws from streams of its own, so that n times the same prompt gives n samples.
    """
    reading = Reading(model, prompts, cached)
    written: list[list[int]] = [[] for _ in prompts]
    active = list(range(len(prompts)))                         # which prompt each row of `reading` continues
    for place in range(length):
        chosen = [sampling.choose(logits, draws(seed, row, place), text)
                  for logits, row, text in zip(reading.logits[:, :known], active, reading.rows, strict=True)]
        on = []                                                # rows of `reading` that go on
        for i, (row, id) in enumerate(zip(active, chosen, strict=True)):
            if id != stop_id:
                written[row].append(id)
                if ends is None or not ends(row, id):
                    on.append(i)
        if not on or place == length - 1:
            break
        active = [active[i] for i in on]
        reading.step([chosen[i] for i in on], on)
    return written


def write_beams(model: GPT, ids: Sequence[int], length: int, beams: int, length_penalty: float = 1.0,
                stop_id: int | None = None, repetition_penalty: float = 1.0, early_stopping: bool = False,
                cached: bool = True, known: int | None = None) -> list[Beam]:
    """The most probable continuations of `ids` that a `beam_search` finds, at most `beams`, best first."""
    check_penalty(repetition_penalty)
    reading = Reading(model, [ids], cached)

    def expected() -> np.ndarray:
        rows = zip(log_softmax(reading.logits[:, :known]), reading.rows, strict=True)
        return np.stack([penalised(scores, text, repetition_penalty) for scores, text in rows])    # (R, V)

    def step(tokens, parents):
        reading.step(tokens, parents)
        return expected()

    return beam_search(expected()[0], step, length=length, beams=beams, length_penalty=length_penalty, end_id=stop_id,
                       early_stopping=early_stopping)


def write_text(model: GPT, tokenizer: Tokenizer, prompt: str, length: int = 200, sampling: Sampling = GREEDY,
               seed: int = 0, stop: Sequence[str] = (), ask: Callable | None = None) -> Iterator[str]:
    """Continue a text, piece by piece; joined, the pieces are all that follows the prompt.

    A character that is spread over several tokens waits until it is whole, and what may become one of the `stop`
    strings until that is decided.  An empty prompt begins where documents begin: after the end-of-text token, or at a
    new line.  Writing ends at the end-of-text token, or before a stop string.
    """
    ids = beginning(tokenizer, prompt)
    pieces, stops = tokenizer.stream(), StopStrings(stop)
    for id in write(model, ids, length, sampling, seed, tokenizer.eos_id, ask, len(tokenizer)):
        yield stops.feed(pieces.feed(id))
        if stops.found:
            return
    yield stops.feed(pieces.finish()) + stops.finish()


def write_texts(model: GPT, tokenizer: Tokenizer, prompts: Sequence[str], length: int = 200,
                sampling: Sampling = GREEDY, seed: int = 0, stop: Sequence[str] = (), cached: bool = True) -> list[str]:
    """What follows each of several prompts, all written at the same time; the first is that of `write_text`."""
    ids = [beginning(tokenizer, prompt) for prompt in prompts]
    pieces, stops = [tokenizer.stream() for _ in prompts], [StopStrings(stop) for _ in prompts]
    texts = ["" for _ in prompts]

    def ends(row: int, id: int) -> bool:
        texts[row] += stops[row].feed(pieces[row].feed(id))
        return stops[row].found

    write_batch(model, ids, length, sampling, seed, tokenizer.eos_id, ends, cached, len(tokenizer))
    return [text + stops[row].feed(pieces[row].finish()) + stops[row].finish() for row, text in enumerate(texts)]


def beginning(tokenizer: Tokenizer, prompt: str = "") -> list[int]:
    """The ids that a text goes on from: a prompt, behind what this vocabulary puts in front of every text.

    Where that is nothing, those after which a document begins; InputError where nothing in this vocabulary says so.
    """
    if ids := [*tokenizer.starting_ids, *tokenizer.encode(prompt)]:
        return ids
    if tokenizer.eos_id is not None:
        return [tokenizer.eos_id]
    if "\n" in tokenizer.vocab:
        return [tokenizer.vocab["\n"]]
    raise InputError("generate: the prompt is empty, and this vocabulary has neither an end-of-text token nor a "
                     "new line to begin after; give a few words with --prompt")


def draws(seed: int, row: int, place: int) -> np.random.Generator:
    """The random generator for one token of one row."""
    return stream(seed, f"generate {row}" if row else "generate", place)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Logits (R, V) -> log probabilities (R, V), in float64."""
    logits = np.asarray(logits, np.float64)
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))                    # (R, V)
