"""How can a model of English read DNA?  With a word for each letter, any words, drawn at random."""

from collections.abc import Sequence
from dataclasses import replace

from tinyformer.data.readers import TextExample, read_fasta
from tinyformer.errors import InputError
from tinyformer.rng import stream
from tinyformer.text import WordPieceTokenizer
from tinyformer.tinyland import Chance

Shown = tuple[list[TextExample], list[TextExample]]            # to learn from, to be judged by


def plain_words(tokenizer: WordPieceTokenizer) -> list[str]:
    """The words of a vocabulary that are whole and have three letters or more."""
    return [token for token in tokenizer.tokens if token.isalpha() and len(token) > 2]


def in_words(shown: Shown, tokenizer: WordPieceTokenizer, seed: int) -> Shown:
    """The same sequences with a word for each letter, no two the same; the same words for a seed, whatever is read."""
    letters = sorted({letter for own in shown for each in own for letter in each.text})
    drawn = Chance(stream(seed, "words for letters")).shuffled(plain_words(tokenizer))
    words = dict(zip(letters, drawn, strict=False))
    learn, judge = ([replace(each, text=" ".join(words[letter] for letter in each.text)) for each in own]
                    for own in shown)
    return learn, judge


def brought(paths: Sequence[str], room: int, labels: int, dev: int, seed: int) -> Shown:
    """Sequences of these FASTA files, as many of each; three quarters to learn from, the others to be judged by.

    The file is the kind.  InputError for a single file, for one that is given twice, for one with fewer than four
    sequences and for a sequence of more letters than there is `room` for.
    """
    if len(paths) < 2:
        raise InputError("dna: --data was given once; give it again for each other kind of sequences")
    if again := next((path for path in paths if paths.count(path) > 1), None):
        raise InputError(f"dna: --data {again} was given twice; each kind of sequences has a file of its own")
    kinds = [read_fasta(path) for path in paths]
    for each in (each for own in kinds for each in own if len(each.text) > room):
        raise InputError(f"{each.file}:{each.line}: {len(each.text):,} letters, and the model has room for {room}; cut "
                         "a piece out")
    count = min(map(len, kinds))
    if count < 4:
        raise InputError(f"{paths[[*map(len, kinds)].index(count)]}: {count} sequences; give 4 or more")
    chance, learn, judge = Chance(stream(seed, "sequences")), [], []
    for path, own in zip(paths, kinds, strict=True):
        chosen = [TextExample(each.text, str(path), each.file, each.line)
                  for each in chance.shuffled(own)[:count]]
        learn += chosen[count // 4:]
        judge += chosen[:count // 4]
    return chance.shuffled(learn)[:labels], chance.shuffled(judge)[:dev]
