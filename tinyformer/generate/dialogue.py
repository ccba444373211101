"""How does a model answer?  It goes on behind the mark that begins an answer, up to the mark that ends one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tinyformer.errors import InputError
from tinyformer.generate.sampling import GREEDY, Sampling
from tinyformer.generate.stops import StopStrings
from tinyformer.generate.text import write, write_batch
from tinyformer.text.chat import Chat, Message

if TYPE_CHECKING:
    from tinyformer.models import GPT
    from tinyformer.text import Tokenizer

BATCH = 64                                    # conversations that are answered side by side


def answer(model: GPT, chat: Chat, messages: Sequence[Message], length: int = 200, sampling: Sampling = GREEDY,
           seed: int = 0, stop: Sequence[str] = ()) -> Iterator[str]:
    """What the model answers to the last of these messages, piece by piece; at most `length` tokens.

    InputError where the conversation leaves no room for an answer.
    """
    ids, tokenizer = chat.prompt(messages), chat.tokenizer
    check_room(model, ids)
    pieces, stops = tokenizer.stream(skip_special=True), StopStrings(stop)
    for id in write(model, ids, length, sampling, seed, known=len(tokenizer)):
        if id in ends_of(chat):
            break
        yield stops.feed(pieces.feed(id))
        if stops.found:
            return
    yield stops.feed(pieces.finish()) + stops.finish()


def answers(model: GPT, chat: Chat, conversations: Sequence[Sequence[Message]], length: int = 200,
            sampling: Sampling = GREEDY, seed: int = 0) -> list[str]:
    """What the model answers to each of several conversations, those of about the same length side by side."""
    prompts = [chat.prompt(messages) for messages in conversations]
    found, ends = [""] * len(prompts), ends_of(chat)
    order = sorted(range(len(prompts)), key=lambda number: len(prompts[number]))
    for first in range(0, len(order), BATCH):
        numbers = order[first:first + BATCH]
        for number in numbers:
            check_room(model, prompts[number])
        written = write_batch(model, [prompts[number] for number in numbers], length, sampling, seed + first,
                              ends=lambda row, id: id in ends, known=len(chat.tokenizer))
        for number, ids in zip(numbers, written, strict=True):
            found[number] = chat.tokenizer.decode(ids[:-1] if ids and ids[-1] in ends else ids, skip_special=True)
    return found


def ends_of(chat: Chat) -> set[int]:
    """The tokens that end an answer: the mark behind it, and the end of a text."""
    end = chat.tokenizer.eos_id
    return {*chat.end_ids, *([] if end is None else [end])}


def check_room(model: GPT, ids: Sequence[int]) -> None:
    """InputError where a conversation is as long as the model's context."""
    if len(ids) >= model.config.context:
        raise InputError(f"the conversation has {len(ids):,} tokens, and this model reads {model.config.context:,}: "
                         "there is no room for an answer; begin a new one, or ask something shorter")


class Dialogue:
    """A conversation with a model, which remembers what both have said; InputError where it has learned none."""

    def __init__(self, model: GPT, tokenizer: Tokenizer, system: str | None = None):
        self.model, self.chat = model, Chat(tokenizer)
        self.front = [] if system is None else [Message("system", system)]
        self.said = list(self.front)

    def ask(self, prompt: str, length: int = 200, sampling: Sampling = GREEDY, seed: int = 0,
            stop: Sequence[str] = ()) -> Iterator[str]:
        """The answer, piece by piece; one that is not heard to its end was said as far as it was heard."""
        asked, said = [*self.said, Message("user", prompt)], ""
        try:
            for piece in answer(self.model, self.chat, asked, length, sampling, seed, stop):
                said += piece
                yield piece
        finally:
            if said:
                self.said = [*asked, Message("assistant", said)]

    def several(self, prompt: str, count: int, length: int = 200, sampling: Sampling = GREEDY,
                seed: int = 0) -> list[str]:
        """So many answers to one prompt, none of which is remembered."""
        return answers(self.model, self.chat, [[*self.said, Message("user", prompt)]] * count, length, sampling, seed)

    def forget(self) -> None:
        """Begin another conversation."""
        self.said = list(self.front)
