"""A small world with exact truth: its words and sentences are tables to read and change (world.txt, grammar.txt).

`World` tells documents without end, in two languages; `task` gives labelled sets for every head, nine of them after
GLUE, with the `ceiling` of each; `senses` finds words with two senses; `worked_pairs` are mappings to be learned in
context; `write` puts everything into files in the published formats.
"""

from .documents import Document, SentencePair, World
from .language import ORDERS, dictionary, translate
from .lexicon import Chance, is_held_out, lexicon
from .lists import MAPPINGS, worked_pairs
from .sets import SPLITS, TASKS, TINYGLUE, Occurrence, ceiling, on_scale, senses, task
from .world_texts import WorldTexts, read_world
from .write import write

__all__ = [
    "MAPPINGS", "ORDERS", "SPLITS", "TASKS", "TINYGLUE", "Chance", "Document", "Occurrence", "SentencePair", "World",
    "WorldTexts", "ceiling", "dictionary", "is_held_out", "lexicon", "on_scale", "read_world", "senses", "task",
    "translate", "worked_pairs", "write",
]
