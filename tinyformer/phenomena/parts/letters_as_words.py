"""How can a model of English read DNA, or music?  With a word for each letter, or note, any words, drawn at random."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tinyformer.data.readers import TextExample, read_fasta, read_midi
from tinyformer.data.readers.midi import ENDINGS
from tinyformer.errors import InputError
from tinyformer.phenomena.kit.brought import given_twice
from tinyformer.rng import stream
from tinyformer.text import WordPieceTokenizer
from tinyformer.tinyland import Chance

Shown = tuple[list[TextExample], list[TextExample]]            # to learn from, to be judged by


def plain_words(tokenizer: WordPieceTokenizer) -> list[str]:
    """The words of a vocabulary that are whole and have three letters or more."""
    return [token for token in tokenizer.tokens if token.isalpha() and len(token) > 2]


def spelled(sequences: Sequence) -> list:
    """The same sequences with a space between the letters."""
    return [replace(each, text=" ".join(each.text)) for each in sequences]


def in_words(shown: Shown, tokenizer: WordPieceTokenizer, seed: int) -> Shown:
    """The same sequences with a word for each letter, no two the same; the same words for a seed, whatever is read.

    What stands between spaces is a letter, or a note.  InputError where there are more of them than words.
    """
    letters = sorted({letter for own in shown for each in own for letter in each.text.split()})
    drawn = Chance(stream(seed, "words for letters")).shuffled(plain_words(tokenizer))
    if len(letters) > len(drawn):
        raise InputError(f"dna: {len(letters)} letters or notes, and {len(drawn)} words to stand for them; give "
                         "sequences of fewer")
    words = dict(zip(letters, drawn, strict=False))
    learn, judge = ([replace(each, text=" ".join(words[letter] for letter in each.text.split())) for each in own]
                    for own in shown)
    return learn, judge


def brought(paths: Sequence[str], room: int, labels: int, dev: int, seed: int) -> Shown:
    """Sequences of these FASTA files or folders, as many of each; three quarters to learn from, the others to judge by.

    The file, or folder, is the kind.  InputError for a single one, for one that is given twice, for one with fewer than
    four sequences and for a sequence of more letters than there is `room` for.
    """
    if len(paths) < 2:
        raise InputError("dna: --data was given once; give it again for each other kind of sequences")
    if again := given_twice(paths):
        raise InputError(f"dna: --data {again} was given twice; each kind of sequences has a file of its own")
    kinds = [_sequences(path, room) for path in paths]
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


def _sequences(path: str, room: int) -> list:
    """Those of a FASTA file, letter by letter; of pieces of music in a folder as many notes as there is room for."""
    if Path(path).is_dir():
        return [replace(each, text=" ".join(each.text.split()[:room])) for each in read_midi(path)]
    if Path(path).suffix.lower() in ENDINGS:
        raise InputError(f"{path} is one piece of music; give the folder with those of its kind")
    found = read_fasta(path)
    for each in (each for each in found if len(each.text) > room):
        raise InputError(f"{each.file}:{each.line}: {len(each.text):,} letters, and the model has room for {room}; cut "
                         "a piece out")
    return spelled(found)
