"""What is known about the words of a treebank?  The same questions as to tinyland, of real sentences.

Senses, topics and places in a story are not marked there; parts of speech, subjects and objects are.
"""

from collections.abc import Iterator, Sequence

from tinyformer.data.readers.conllu import Tree, read_trees
from tinyformer.errors import InputError
from tinyformer.phenomena.parts.attention_kinds import Clause
from tinyformer.phenomena.parts.marked import Marked
from tinyformer.phenomena.parts.properties import Property, commonest, even, two
from tinyformer.rng import stream
from tinyformer.text import Tokenizer
from tinyformer.tinyland import Chance

SHORT = range(4, 31)                          # words of a sentence that is read
SUBJECTS, OBJECTS = ("nsubj", "nsubj:pass"), ("obj",)


def trees_of(paths: Sequence[str], tokenizer: Tokenizer, room: int) -> list[Tree]:
    """The sentences of CoNLL-U files that are neither very short nor long, two of which fit into `room` tokens.

    InputError where there is none.
    """
    trees = [tree for path in paths for tree in read_trees(path) if len(tree.words) in SHORT
             and 2 * len(tokenizer.encode(" ".join(tree.words))) + 3 <= room]
    if not trees:
        raise InputError(f"{', '.join(paths)}: no sentence of {SHORT[0]} to {SHORT[-1]} words, two of which the model "
                         f"could read at once ({room} tokens); give a larger treebank")
    return trees


def properties_of(trees: Sequence[Tree], seed: int, most: int) -> list[Property]:
    """The word; its part of speech, asked of spellings that have two; and is it the subject or the object?

    InputError where one of them cannot be asked.
    """
    chance = Chance(stream(seed, "properties"))
    asked = [even("word", commonest([one for tree in trees for one in _marked(tree, _spelling)]), most, chance),
             two("part of speech", (one for tree in trees for one in _marked(tree, lambda tree, at: tree.tags[at])),
                 most, chance),
             two("subject or object", (one for tree in trees for one in _marked(tree, _role)), most, chance)]
    few = [each.name for each in asked if not (each.train and each.test)]
    if few:
        raise InputError(f"the treebank has too few sentences to ask for {', '.join(few)}; give a larger one")
    return asked


def clauses_of(trees: Sequence[Tree], most: int) -> list[Clause]:
    """Verbs with a subject before them, as many where it stands just before as where words stand between.

    InputError where there are none of one of the two.
    """
    found: dict[bool, list[Clause]] = {False: [], True: []}
    for tree in trees:
        places = list(_marked(tree, lambda tree, at: tree.relations[at]))
        for at, (relation, head) in enumerate(zip(tree.relations, tree.heads, strict=True)):
            if relation in SUBJECTS and head > at + 1 and tree.tags[head - 1] == "VERB":
                found[head - 1 > at + 1].append(Clause(places[head - 1], places[at], head - 1 > at + 1))
    n = min(most // 2, *map(len, found.values()))
    if not n:
        raise InputError("the treebank has no verbs whose subject stands just before them, or none with words between; "
                         "give a larger one")
    return found[False][:n] + found[True][:n]


def pairs_of(trees: Sequence[Tree], most: int) -> list[tuple[str, str]]:
    """Sentences that stand one after the other."""
    texts = [" ".join(tree.words) for tree in trees]
    return list(zip(texts, texts[1:], strict=False))[:most]


def _marked(tree: Tree, label) -> Iterator[Marked]:
    """Every word with what label(tree, place) says of it; where that is nothing, none."""
    text, start = " ".join(tree.words), 0
    for at, word in enumerate(tree.words):
        if label(tree, at):
            yield Marked(text, start, word.lower(), label(tree, at))
        start += len(word) + 1


def _spelling(tree: Tree, at: int) -> str:
    return tree.words[at].lower()


def _role(tree: Tree, at: int) -> str:
    return "subject" if tree.relations[at] in SUBJECTS else "object" if tree.relations[at] in OBJECTS else ""
