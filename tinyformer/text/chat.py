"""How does a conversation become one text?  Each message stands between marks, and the marks are tokens of their own.

    <|im_start|>user
    what does the dog eat ?<|im_end|>
    <|im_start|>assistant
    the dog eats meat .<|im_end|>

A model that goes on behind "<|im_start|>assistant" answers, and ends with "<|im_end|>".  This form (ChatML) is written
where a vocabulary has none, with its template as the hub has it, so that the usual libraries make the same text of a
conversation.  A folder that brings a template of its own keeps that.

What an answer is, no template says.  It is found: what a template makes of a conversation up to a question, with the
beginning of an answer behind it, is the beginning of what it makes of the conversation with the answer.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tinyformer.errors import InputError
from tinyformer.text.base import Tokenizer
from tinyformer.text.chat_template import ChatTemplate
from tinyformer.text.more_tokens import with_tokens

START, END = "<|im_start|>", "<|im_end|>"
CHATML = ("{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + "
          "'<|im_end|>' + '\\n' }}{% endfor %}"
          "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")
ROLES = ("system", "user", "assistant")
PROBE = "answer"                              # what stands in the place of an answer, to see what stands behind one


class Message(NamedTuple):
    """Who says what; the role is one of `ROLES`."""

    role: str
    content: str


class Chat:
    """A vocabulary with a template: conversations to ids, and which of these are the answers.

    `end_ids` are those behind an answer, by the first of which it is known to be complete.  InputError for a vocabulary
    without a template.
    """

    def __init__(self, tokenizer: Tokenizer):
        if not tokenizer.chat_template:
            raise InputError("this vocabulary has no chat template, and so the model knows no conversation; "
                             "finetune follow teaches it")
        self.tokenizer, self.template = tokenizer, ChatTemplate(tokenizer.chat_template)
        ends = [] if tokenizer.eos_id is None else [tokenizer.tokens[tokenizer.eos_id]]
        starts = [tokenizer.tokens[id] for id in tokenizer.starting_ids] or ends
        self.names = {"bos_token": starts[0] if starts else "", "eos_token": ends[0] if ends else ""}
        asked = [Message("user", PROBE)]
        behind = self._answer(asked, Message("assistant", PROBE)).partition(PROBE)[2]
        self.end_ids = tokenizer.encode(behind)[:1] or ([] if tokenizer.eos_id is None else [tokenizer.eos_id])

    def text(self, messages: Sequence[Message], answers: bool = False) -> str:
        """The conversation as one text; `answers`: with the beginning of an answer behind it."""
        return self.template.render(messages=[each._asdict() for each in messages], add_generation_prompt=answers,
                                    **self.names)

    def pieces(self, messages: Sequence[Message]) -> list[tuple[str, bool]]:
        """The same in pieces, each with whether it is an answer; joined they are the text without its last line end."""
        found, done = [], ""
        for place, message in enumerate(messages):
            if message.role != "assistant":
                continue
            before = self.text(messages[:place], answers=True)
            if not before.startswith(done):
                raise InputError("chat template: what it makes of a conversation changes with each further message; "
                                 "only the last answer of such a one can be learned: leave out those before")
            answer = self._answer(messages[:place], message)
            found += [(before[len(done):], False), (answer, True)]
            done = before + answer
        return found

    def row(self, messages: Sequence[Message]) -> tuple[list[int], list[bool]]:
        """The ids of a conversation up to its last answer, and of each whether it is part of an answer."""
        ids: list[int] = []
        answers: list[bool] = []
        for text, is_answer in self.pieces(messages):
            more = self.tokenizer.encode(text)
            ids += more
            answers += [is_answer] * len(more)
        return ids, answers

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """The ids after which the model answers."""
        ids: list[int] = []
        done = ""
        for text, _ in self.pieces(messages):                  # cut as it is in `row`
            ids += self.tokenizer.encode(text)
            done += text
        return ids + self.tokenizer.encode(self.text(messages, answers=True)[len(done):])

    def _answer(self, before: Sequence[Message], message: Message) -> str:
        """What the template makes of an answer, with the mark at its end and without the line end behind that."""
        start, whole = self.text(before, answers=True), self.text([*before, message])
        if not whole.startswith(start):
            raise InputError("chat template: what it makes of a question is not the beginning of what it makes of the "
                             "question with an answer; such a template cannot be learned from here")
        return whole[len(start):].rstrip("\n")


def taught(tokenizer: Tokenizer) -> Tokenizer:
    """The vocabulary itself where it has a template; otherwise the same with the marks of ChatML, and its template."""
    if tokenizer.chat_template:
        return tokenizer
    more = with_tokens(tokenizer, (START, END))
    more.chat_template = CHATML
    return more
