"""How are people's choices read?  A JSON object a line: of two answers to one question, the chosen and the rejected.

    {"prompt": "...", "chosen": "...", "rejected": "..."}                   texts, or lists of messages
    {"chosen": [{"role": ..., "content": ...}, ...], "rejected": [...]}     two conversations with one beginning
    {"chosen": "\\n\\nHuman: ...\\n\\nAssistant: ...", "rejected": "..."}       the same as text, as hh-rlhf has it

(Bai et al., Training a helpful and harmless assistant, 2022, for the last one.)
"""

import os
import re
from dataclasses import dataclass

from tinyformer.data.readers.conversations import Messages, check_turns, messages_of
from tinyformer.data.readers.examples import Examples
from tinyformer.data.readers.lines import BadRow, collect, filled_lines, json_object, whole_characters
from tinyformer.text.chat import Message

FORMS = ('{"prompt": ..., "chosen": ..., "rejected": ...}, or "chosen" and "rejected" alone, each a list of messages '
         'or a text with "\\n\\nHuman:" and "\\n\\nAssistant:"')
SPEAKERS = {"Human": "user", "Assistant": "assistant"}


@dataclass(frozen=True)
class Preference:
    """A question, or a conversation up to one, and two answers to it, of which somebody chose one."""

    asked: Messages
    chosen: str
    rejected: str
    file: str
    line: int


def read_preferences(path: str | os.PathLike, *, skip_bad_rows: int = 0) -> Examples:
    """The choices of a JSONL file; InputError names file and line of the first row beyond `skip_bad_rows` that is none.
    """
    def parse(line: int, text: str) -> Preference:
        row = json_object(text)
        missing = [key for key in ("chosen", "rejected") if key not in row]
        if missing:
            raise BadRow(f"no {missing[0]!r} among the keys {', '.join(map(repr, row)) or '(none)'}; a row has one of "
                         f"the forms {FORMS}")
        before = _prompt(row)
        chosen, rejected = (_conversation(row, key, before) for key in ("chosen", "rejected"))
        for key, found in (("chosen", chosen), ("rejected", rejected)):
            check_turns(found)
            if found[-1].role != "assistant":
                raise BadRow(f"{key!r} does not end with an answer; its last message must be of the assistant")
        if chosen[:-1] != rejected[:-1]:
            raise BadRow("the two answers are to different questions; up to the last message both must be the same")
        if chosen[-1] == rejected[-1]:
            raise BadRow("both answers are the same, so that nothing was chosen; remove the row")
        return Preference(chosen[:-1], chosen[-1].content, rejected[-1].content, str(path), line)

    return collect(path, filled_lines(path), parse, skip_bad_rows)


def _prompt(row: dict) -> Messages:
    """What stands in front of both answers in a key of its own; () where nothing does."""
    if row.get("prompt") is None:
        return ()
    return messages_of(row, "prompt") if isinstance(row["prompt"], list) else (Message("user", _text(row, "prompt")),)


def _conversation(row: dict, key: str, before: Messages) -> Messages:
    """The whole conversation under a key, with what stands in front of it."""
    if isinstance(row[key], list):
        found = messages_of(row, key)
        return (*before, *found) if len(found) == 1 else found             # a longer one has the question in it
    text = _text(row, key)
    if before:
        return (*before, Message("assistant", text.strip()))
    parts = re.split(r"\n\n(Human|Assistant):", text)
    if parts[0].strip() or len(parts) < 5:
        raise BadRow(f"{key!r} has no question in it; a row has one of the forms {FORMS}")
    said = [Message(SPEAKERS[who], content.strip()) for who, content in zip(parts[1::2], parts[2::2], strict=True)]
    if not all(each.content for each in said):
        raise BadRow(f"{key!r} has a message that is empty; fill it in or remove the row")
    return tuple(said)


def _text(row: dict, key: str) -> str:
    """The text under a key; a BadRow where there is none, or an empty one."""
    if not isinstance(row[key], str):
        raise BadRow(f"{key!r} is a JSON {type(row[key]).__name__}; a row has one of the forms {FORMS}")
    if not row[key].strip():
        raise BadRow(f"{key!r} is empty; fill it in or remove the row")
    return whole_characters(row[key], repr(key))
