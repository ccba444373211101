"""Which names does a row of tags mark?

B-PER begins a name of a person, I-PER goes on with it, O is outside.  Return a list of (kind, first, last), in the
order of the text, both ends counted in:

    ["B-PER", "I-PER", "O", "B-LOC"]   ->   [("PER", 0, 1), ("LOC", 3, 3)]

A model may give rows of tags that nobody would write.  An I- that does not go on with a name of its own kind begins
one: after O, at the start, or after another kind.  (So does the official script of CoNLL-2003.)
"""

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="NER-Evaluation made one name of two neighbours of one kind (issue 3), and a published benchmark does "
    "so by its way of tagging (Few-NERD 3); who splits a tag at every hyphen loses a part of B-ARGM-LOC (datasets, "
    "pull request 352).", hints=(
        "Walk through the tags with at most one open name. Which tags end it, and which begin one?",
        "A tag begins a name if it is a B-, or an I- while no name of its kind is open. Everything but an I- of the "
        "same kind ends the open one.",
        "Keep spans as a list and `kind` of the open one, None for none: where the tag goes on, replace the last span "
        "by one that ends here; where it begins, append (kind, i, i). tag.partition(\"-\") cuts once."))


@EXERCISE.solution
def bio_spans(tags: list) -> list:
    """(kind, first, last) of every name."""
    spans: list = []
    open_kind = None
    for place, tag in enumerate(tags):
        letter, _, kind = tag.partition("-")
        if letter == "O":
            open_kind = None
        elif letter == "I" and kind == open_kind:
            spans[-1] = (kind, spans[-1][1], place)
        else:
            spans.append((kind, place, place))
            open_kind = kind
    return spans


@EXERCISE.observe
def _(theirs, call):
    return [(str(kind), int(first), int(last)) for kind, first, last in theirs(*call.arrays)]


@EXERCISE.case
def _(rng):
    """a name of two words"""
    return Call(["O", "B-PER", "I-PER", "O"])


@EXERCISE.case
def _(rng):
    """a name at the end"""
    return Call(["O", "B-PER", "I-PER"])


@EXERCISE.case
def _(rng):
    """two names of one kind side by side"""
    return Call(["B-PER", "I-PER", "B-PER"])


@EXERCISE.case
def _(rng):
    """I- after O"""
    return Call(["O", "I-LOC", "I-LOC"])


@EXERCISE.case
def _(rng):
    """I- of another kind"""
    return Call(["B-PER", "I-LOC", "I-LOC"])


@EXERCISE.case
def _(rng):
    """a kind with a hyphen in its name"""
    return Call(["B-ARGM-LOC", "I-ARGM-LOC"])


@EXERCISE.drawn
def _(rng, size):
    """tags that were drawn"""
    return Call([str(tag) for tag in rng.choice(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"], size)])


def spans_of(tags, begins, kind_of=lambda tag: tag.partition("-")[2], drop=lambda tag, kind: False):
    """The solution with another rule for what begins a name."""
    spans: list = []
    open_kind = None
    for place, tag in enumerate(tags):
        kind = kind_of(tag)
        if tag == "O" or drop(tag, open_kind):
            open_kind = None
        elif open_kind is not None and not begins(tag, kind, open_kind):
            spans[-1] = (spans[-1][0], spans[-1][1], place)
        else:
            spans.append((kind, place, place))
            open_kind = kind
    return spans


def new_name(tag, kind, open_kind):
    return tag[0] == "B" or kind != open_kind


@EXERCISE.mistake
def _(tags):
    """two names of one kind side by side become one: a B- ends the name before it"""
    return spans_of(tags, lambda tag, kind, open_kind: kind != open_kind)


@EXERCISE.mistake
def _(tags):
    """an I- of another kind goes on with the name: PER and LOC are two"""
    return spans_of(tags, lambda tag, kind, open_kind: tag[0] == "B")


@EXERCISE.mistake
def _(tags):
    """an I- without a name before it is left out; here it begins one"""
    return spans_of(tags, new_name, drop=lambda tag, kind: tag[0] == "I" and tag.partition("-")[2] != kind)


@EXERCISE.mistake
def _(tags):
    """the tag is cut at every hyphen, so that ARGM-LOC and its like lose a part of their name"""
    return spans_of(tags, new_name, kind_of=lambda tag: tag.split("-")[-1])


@EXERCISE.mistake
def _(tags):
    """the last word is counted out: here both ends are counted in"""
    return [(kind, first, last + 1) for kind, first, last in spans_of(tags, new_name)]


@EXERCISE.mistake
def _(tags):
    """a name that goes to the end of the row is never closed, and lost"""
    return [span for span in spans_of(tags, new_name) if span[2] < len(tags) - 1]


@EXERCISE.mistake
def _(tags):
    """every word is a name of its own: an I- of the same kind makes the open one longer"""
    return [(tag.partition("-")[2], place, place) for place, tag in enumerate(tags) if tag != "O"]
