"""How are instructions and their answers read?  As they are published: a JSON object a line, in one of three forms.

    {"prompt": "...", "completion": "..."}                                  both texts, or both lists of messages
    {"messages": [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]}
    {"instruction": "...", "input": "...", "output": "..."}                 Alpaca's; the input may be empty

A file may hold several forms.  In a conversation a question is answered, and perhaps a further one; a message of the
role "system" may stand in front.
"""

import os
from dataclasses import dataclass
from typing import Any

from tinyformer.data.readers.examples import Examples
from tinyformer.data.readers.lines import BadRow, collect, filled_lines, json_object, whole_characters
from tinyformer.text.chat import ROLES, Message

FORMS = ('{"prompt": ..., "completion": ...}, {"messages": [{"role": ..., "content": ...}, ...]} or '
         '{"instruction": ..., "output": ...}')
Messages = tuple[Message, ...]


@dataclass(frozen=True)
class Conversation:
    """What was said, question and answer in turn; the last message is the answer, or there is none yet."""

    messages: Messages
    file: str
    line: int

    @property
    def asked(self) -> Messages:
        """All that stands before the last answer."""
        return self.messages[:-1] if self.messages[-1].role == "assistant" else self.messages

    @property
    def answer(self) -> str | None:
        """The last answer; None where there is none yet."""
        last = self.messages[-1]
        return last.content if last.role == "assistant" else None

    @property
    def prompt(self) -> str:
        """What was asked, as it is shown: the question alone, or all messages with who said them."""
        asked = self.asked
        return asked[0].content if len(asked) == 1 else "\n".join(f"{each.role}: {each.content}" for each in asked)


def read_conversations(path: str | os.PathLike, *, labelled: bool = True, skip_bad_rows: int = 0) -> Examples:
    """The conversations of a JSONL file; `labelled=False` where the last answer may be missing.

    InputError names file and line of the first row beyond `skip_bad_rows` that has none of the three forms.
    """
    def parse(line: int, text: str) -> Conversation:
        messages = _messages(json_object(text))
        check_turns(messages)
        if labelled and messages[-1].role != "assistant":
            raise BadRow("the last message is no answer; add one of the role 'assistant', or remove the row")
        return Conversation(messages, str(path), line)

    return collect(path, filled_lines(path), parse, skip_bad_rows)


def _messages(row: dict) -> Messages:
    """The messages of a row in any of the three forms."""
    if "messages" in row:
        return messages_of(row, "messages")
    if "prompt" in row:
        prompt, answer = row["prompt"], row.get("completion")
        asked = messages_of(row, "prompt") if isinstance(prompt, list) else (Message("user", text_of(row, "prompt")),)
        if answer is None:
            return asked
        return (*asked, *(messages_of(row, "completion") if isinstance(answer, list)
                          else (Message("assistant", text_of(row, "completion")),)))
    if "instruction" in row:
        more = row.get("input")
        asked = text_of(row, "instruction") + (f"\n\n{text_of(row, 'input')}" if more else "")
        return (Message("user", asked), *((Message("assistant", text_of(row, "output")),) if "output" in row else ()))
    raise BadRow(f"the keys are {', '.join(map(repr, row)) or '(none)'}; a row has one of the forms {FORMS}")


def text_of(row: dict, key: str) -> str:
    """The text under a key; a BadRow where there is none, or an empty one."""
    value = row.get(key)
    if not isinstance(value, str):
        raise BadRow(f"{key!r} is {'missing' if key not in row else f'a JSON {type(value).__name__}'}; it must be a "
                     f"text: a row has one of the forms {FORMS}")
    if not value.strip():
        raise BadRow(f"{key!r} is empty; fill it in or remove the row")
    return whole_characters(value, repr(key))


def messages_of(row: dict, key: str) -> Messages:
    """The messages under a key; a BadRow where there are none."""
    value = row.get(key)
    if not isinstance(value, list) or not value:
        raise BadRow(f"{key!r} must be a list of messages, {{\"role\": ..., \"content\": ...}} each, with one at least")
    return tuple(_message(one, f"{key}[{place}]") for place, one in enumerate(value))


def _message(value: Any, where: str) -> Message:
    if not isinstance(value, dict) or value.get("role") not in ROLES:
        said = value.get("role") if isinstance(value, dict) else value
        raise BadRow(f"{where} has the role {str(said)[:40]!r}; a message is {{\"role\": ..., \"content\": ...}}, and "
                     f"a role is one of {', '.join(ROLES)}")
    content = value.get("content")
    if not isinstance(content, str) or not content.strip() and value["role"] != "system":
        raise BadRow(f"{where}: the content is {'empty' if isinstance(content, str) else 'no text'}; fill it in or "
                     "remove the row")
    return Message(value["role"], whole_characters(content, where))


def check_turns(messages: Messages) -> None:
    """A BadRow unless user and assistant speak in turn, the user first, behind one system message at most."""
    spoken = [each.role for each in messages]
    rest = spoken[1:] if spoken[:1] == ["system"] else spoken
    wanted = [("user", "assistant")[place % 2] for place in range(len(rest))]
    if not rest or rest != wanted:
        raise BadRow(f"the roles are {', '.join(spoken)[:80]}; user and assistant speak in turn, the user first, "
                     "behind one system message at most")
