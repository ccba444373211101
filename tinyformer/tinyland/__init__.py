"""A small world with exact truth: its words and sentences are tables to read and change (world.txt, grammar.txt).

`World` tells documents without end, in two languages; `task` gives labelled sets for every head, nine of them after
GLUE, with the `ceiling` of each; `senses` finds words with two senses; `worked_pairs` are mappings to be learned in
context; `write` puts everything into files in the published formats.
"""

from typing import TYPE_CHECKING

from tinyformer.opening import opens

if TYPE_CHECKING:
    from tinyformer.tinyland.documents import Document, SentencePair, World
    from tinyformer.tinyland.language import ORDERS, dictionary, translate
    from tinyformer.tinyland.lists import MAPPINGS, worked_pairs
    from tinyformer.tinyland.sets import SPLITS, TASKS, TINYGLUE, Occurrence, ceiling, on_scale, senses, task
    from tinyformer.tinyland.to_files import write
    from tinyformer.tinyland.word_tables import Chance, is_held_out, lexicon
    from tinyformer.tinyland.world_texts import WorldTexts, read_world

__getattr__, __dir__ = opens(
    __name__, documents="Document SentencePair World", language="ORDERS dictionary translate",
    word_tables="Chance is_held_out lexicon", lists="MAPPINGS worked_pairs",
    sets="SPLITS TASKS TINYGLUE Occurrence ceiling on_scale senses task", world_texts="WorldTexts read_world",
    to_files="write")
