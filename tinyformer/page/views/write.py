"""Which word comes next, and which others might have come?  Text streams, and every token of it can be taken back.

A GPT goes on with a text; an encoder and a decoder rewrite one, and show where the decoder looks.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tinyformer.errors import InputError
from tinyformer.generate import Sampling
from tinyformer.generate.text import draws
from tinyformer.models import GPT, Seq2Seq
from tinyformer.page.asked import OfModel, asked
from tinyformer.page.expected import Rewriting, choices, logits_after, writing
from tinyformer.page.served import Served
from tinyformer.page.view import View

SHOWN = 12                                    # tokens of a distribution that are shown
VIEW = View("Write", serves=lambda served: isinstance(served.model, GPT | Seq2Seq))


@dataclass(frozen=True, kw_only=True)
class Text(OfModel):
    """A text on its way, and how boldly it goes on."""

    prompt: str = asked("the text to go on from, or to rewrite", "", longest=4000)
    written: tuple[float, ...] = asked("ids that were written behind it", ())
    temperature: float = asked("0 takes the most probable token, 1 draws from the model's own distribution", 1.0,
                               least=0, most=5)
    top_k: int = asked("draw among so many of the most probable tokens; 0 is all", 0, least=0, most=10**6)
    top_p: float = asked("draw among the fewest tokens that reach this probability together", 1.0, above=0, most=1)
    repetition_penalty: float = asked("above 1: make less probable what stands in the text", 1.0, above=0, most=10)

    @property
    def sampling(self) -> Sampling:
        return Sampling(self.temperature, self.top_k, self.top_p, self.repetition_penalty)


@dataclass(frozen=True, kw_only=True)
class Place(Text):
    """A place in the text, of which the alternatives are wanted."""

    place: int | None = asked("tokens before it; without it, the end of the text", None, least=1)


@dataclass(frozen=True, kw_only=True)
class Stretch(Text):
    """How much is to be written."""

    tokens: int = asked("tokens to write at most", 100, least=1, most=1000)
    seed: int = asked("the same seed writes the same text", 0, least=0, most=10**9)


@dataclass(frozen=True, kw_only=True)
class Layer(Text):
    """A layer of the decoder."""

    layer: int | None = asked("which layer, counted from 0; without it, the last", None, least=0, most=1000)


@VIEW.function
def choose(served: Served, request: Place) -> dict:
    """The text token by token, and what may stand at a place of it."""
    text = writing(served, request.prompt, request.written)
    ids = text.ids
    place = len(ids) if request.place is None else request.place
    if place > len(ids):
        raise InputError(f"place is {place}, and the text has {len(ids)} tokens; choose one of them")
    logits = logits_after(served, request.prompt, request.written, place)
    return {"given": len(text.given), "tokens": text.shown(), "ids": ids, "place": place,
            "context": served.model.config.context, "room": text.room,
            "choices": choices(served, logits, request.sampling, ids[:place], SHOWN)}


@VIEW.function
def write(served: Served, request: Stretch) -> Iterator[dict]:
    """Each token as it comes, with the distribution it was drawn from.

    The n-th token of a text has the n-th draw of its seed, so that a text which goes on where another stopped is the
    text that would have been written at once.
    """
    text = writing(served, request.prompt, request.written)
    ids, stream, known, sampling = text.ids, served.tokenizer.stream(), len(served.tokenizer), request.sampling
    for id in ids:
        stream.feed(id)
    if not text.room:
        raise InputError(f"{len(text.written):,} tokens are written, and that is as many as there is room for; begin "
                         "anew with Write, or choose another token further up, and it goes on from there")
    first = len(request.written)
    for place in range(first, first + min(request.tokens, text.room)):
        logits = text.ask(ids)[:known]
        chosen = sampling.choose(logits, draws(request.seed, 0, place), ids)
        offered = choices(served, logits, sampling, ids, SHOWN)
        if chosen == text.ends:
            yield {"end": True, "choices": offered}
            return
        share = float(sampling.probabilities(logits, ids)[chosen])             # it may be none of those that are shown
        ids.append(chosen)
        yield {"id": chosen, "token": stream.feed(chosen), "share": share, "choices": offered}


@VIEW.function
def align(served: Served, request: Layer) -> dict:
    """Where each written token looked in the source: the mean over the heads of one layer."""
    text = writing(served, request.prompt, request.written)
    if not isinstance(text, Rewriting):
        raise InputError("a GPT reads no source beside its text; an alignment is asked of an encoder and decoder")
    if not text.written:
        raise InputError("nothing is written yet; an alignment has a row for each token that is")
    layers = served.model.config.decoder_layers
    layer = layers - 1 if request.layer is None else request.layer
    if layer >= layers:
        raise InputError(f"layer is {layer}, and the decoder has {layers}, counted from 0; choose one of them")
    tokens = served.tokenizer.tokens
    return {"source": [tokens[id] for id in text.source], "target": [tokens[id] for id in text.written],
            "layers": layers, "layer": layer, "weights": text.alignment(layer).tolist()}
