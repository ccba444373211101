"""Which piece of a word carries its label?

    words       for each token the number of its word in the sentence, None for [CLS], [SEP] and padding
    labels      for each word its label, a number

Return a list with a label for each token: that of its word at the first token of a word, and -100, which the loss
leaves out, at the other pieces and where there is no word.  The numbers need not begin with 0 (a window from the middle
of a sentence), and a window may begin with the rest of a word: its first token that is there counts as its first.

    words = [None, 0, 0, 1, None], labels = [7, 8]   ->   [-100, 7, -100, 8, -100]
"""

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="the example for tagging in transformers gave every piece the label of its word (issue 10263, and "
    "notebooks 250), so that one name counted as several, each with a B- of its own.", hints=(
        "What tells the first piece of a word from the others, if you look at the token before it?",
        "A token is the first of its word if its number is not None and not that of the token before. Its label is "
        "labels[number], not the label at the token's own place.",
        "[-100 if w is None or i and words[i - 1] == w else labels[w] for i, w in enumerate(words)]."))


@EXERCISE.solution
def align_labels(words: list, labels: list) -> list:
    """A label for each token, -100 where none counts."""
    return [-100 if word is None or place and words[place - 1] == word else labels[word]
            for place, word in enumerate(words)]


@EXERCISE.observe
def _(theirs, call):
    return [int(label) for label in theirs(*call.arrays)]


@EXERCISE.case
def _(rng):
    """words of one piece each"""
    return Call([None, 0, 1, None], [3, 4])


@EXERCISE.case
def _(rng):
    """a word of two pieces"""
    return Call([None, 0, 0, 1, None], [7, 8])


@EXERCISE.case
def _(rng):
    """label 0 is a label"""
    return Call([None, 0, 1, 1, None, None], [0, 0])


@EXERCISE.case
def _(rng):
    """a window from the middle of a sentence"""
    return Call([None, 2, 2, 3, None], [5, 6, 7, 8])


@EXERCISE.case
def _(rng):
    """no [CLS] before the first word, as in GPT"""
    return Call([0, 0, 1], [4, 5])


@EXERCISE.case
def _(rng):
    """two neighbours with the same label are two words"""
    return Call([None, 0, 1, 1, 2, None], [6, 6, 6])


@EXERCISE.drawn
def _(rng, size):
    """a sentence that was drawn"""
    words = [int(word) for word in range(size) for _ in range(rng.integers(1, 4))]
    return Call([None, *words, None, None], [int(label) for label in rng.integers(0, 5, size)])


@EXERCISE.mistake
def _(words, labels):
    """every piece gets the label of its word, so that a long word counts several times"""
    return [-100 if word is None else labels[word] for word in words]


@EXERCISE.mistake
def _(words, labels):
    """the label stands at the last piece of a word, and it is to be the first"""
    return [-100 if word is None or words[place + 1:place + 2] == [word] else labels[word]
            for place, word in enumerate(words)]


@EXERCISE.mistake
def _(words, labels):
    """[CLS], [SEP] and padding get label 0, a class like any other: where there is no word it is -100"""
    return [0 if label == -100 and words[place] is None else label for place, label in
            enumerate(align_labels(words, labels))]


@EXERCISE.mistake
def _(words, labels):
    """the words are counted as they come, from 0; in a window from the middle theirs are other numbers"""
    out, number = [], 0
    for place, word in enumerate(words):
        first = word is not None and not (place and words[place - 1] == word)
        out.append(labels[number] if first else -100)
        number += first
    return out


@EXERCISE.mistake
def _(words, labels):
    """a word whose label is that of the word before is taken for more of the same: compare the words, not the labels"""
    out: list = []
    last = None
    for word in words:
        label = None if word is None else labels[word]
        out.append(-100 if label is None or label == last else label)
        last = label
    return out


@EXERCISE.mistake
def _(words, labels):
    """the first token of all has no token before it, and words[-1] is the last one: ask whether there is one"""
    return [-100 if word is None or not place or words[place - 1] == word else labels[word]
            for place, word in enumerate(words)]
