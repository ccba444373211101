"""Which second sentence makes BERT ask whether it belongs there?

    documents             a list of documents, each a list of sentences (texts)
    d, s                  sentence A is documents[d][s], and documents[d][s + 1] follows it

Return (A, B, label).  In half of all calls, by chance, B is the sentence that follows A, and the label is 0.  Else the
label is 1 and B is a sentence of another document, any of them and any place, but never one that reads like the true
next sentence.  (Devlin et al. 2019, section 3.1; 0 for "follows" is the convention of the published code.)  All chance
comes from rng, a NumPy generator: rng.random() is a number from 0 to 1, rng.integers(n) a whole number below n.
"""

import numpy as np

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="a widely copied BERT draws its false sentence from all lines, the true next one among them "
    "(codertimo 86 and 110); NVIDIA's examples call the true one false where a corpus has one document "
    "(DeepLearningExamples 421); and the loss of the first ignored class 0 throughout, half of all pairs "
    "(codertimo 32, 49, 98).", hints=(
        "Which sentences may never stand as a false B? There are two reasons.",
        "Toss the coin first. For a false B, gather every sentence of every other document that differs from the true "
        "next one, and draw among these.",
        "others = [t for i, doc in enumerate(documents) if i != d for t in doc if t != documents[d][s + 1]]; "
        "then others[rng.integers(len(others))], with label 1."))


@EXERCISE.solution
def next_sentence(documents: list[list[str]], d: int, s: int, rng):
    """(A, B, label): label 0 if B follows A, 1 if it comes from elsewhere."""
    a, follows = documents[d][s], documents[d][s + 1]
    if rng.random() < 0.5:
        return a, follows, 0
    others = [text for i, document in enumerate(documents) if i != d for text in document if text != follows]
    return a, others[rng.integers(len(others))], 1


@EXERCISE.observe
def _(theirs, call):
    documents, d, s = call.arrays
    rng = np.random.default_rng(2)
    drawn = [theirs([list(document) for document in documents], d, s, rng) for _ in range(600)]
    true = [b for _, b, label in drawn if label == 0]
    false = [b for _, b, label in drawn if label == 1]
    elsewhere = {text for i, document in enumerate(documents) if i != d for text in document}
    return {"A": sorted({a for a, _, _ in drawn}), "labels": sorted({int(label) for _, _, label in drawn}),
            "tenths of the pairs with label 0": round(10 * len(true) / len(drawn)),
            "B where the label is 0": sorted(set(true)),
            "false B from A's own document": sorted(set(false) - elsewhere - {documents[d][s + 1]}),
            "false B that read like the true one": sum(b == documents[d][s + 1] for b in false),
            "sentences of other documents that never come": sorted(elsewhere - set(false) - {documents[d][s + 1]})}


@EXERCISE.case
def _(rng):
    """two documents"""
    return Call([["a0", "a1", "a2"], ["b0", "b1"]], 0, 1)


@EXERCISE.case
def _(rng):
    """a sentence that occurs in two documents"""
    return Call([["a0", "yes", "a2"], ["b0", "yes", "b2"], ["c0"]], 1, 0)


@EXERCISE.case
def _(rng):
    """three documents of unequal length"""
    return Call([["a0"], ["b0", "b1", "b2", "b3"], ["c0", "c1"]], 1, 2)


@EXERCISE.mistake
def _(documents, d, s, rng):
    """the labels are turned round: 0 says that B follows, 1 that it comes from elsewhere"""
    a, b, label = next_sentence(documents, d, s, rng)
    return a, b, 1 - label


@EXERCISE.mistake
def _(documents, d, s, rng):
    """the false B may come from A's own document, even be the true next sentence, with the label that it is none"""
    a, follows, everything = documents[d][s], documents[d][s + 1], [text for doc in documents for text in doc]
    return (a, follows, 0) if rng.random() < 0.5 else (a, everything[rng.integers(len(everything))], 1)


@EXERCISE.mistake
def _(documents, d, s, rng):
    """a copy of the true next sentence in another document is called false: compare what they say, too"""
    others = [text for i, document in enumerate(documents) if i != d for text in document]
    a, follows = documents[d][s], documents[d][s + 1]
    return (a, follows, 0) if rng.random() < 0.5 else (a, others[rng.integers(len(others))], 1)


@EXERCISE.mistake
def _(documents, d, s, rng):
    """the false B is always the first sentence of another document, which is known by its place alone"""
    firsts = [document[0] for i, document in enumerate(documents) if i != d and document[0] != documents[d][s + 1]]
    a, follows = documents[d][s], documents[d][s + 1]
    return (a, follows, 0) if rng.random() < 0.5 else (a, firsts[rng.integers(len(firsts))], 1)


@EXERCISE.mistake
def _(documents, d, s, rng):
    """the chance begins anew in each call, so that it is always the same pair: draw from the rng that is handed over"""
    return next_sentence(documents, d, s, np.random.default_rng(0))


@EXERCISE.mistake
def _(documents, d, s, rng):
    """every pair is a true one: half of them must not be, or there is nothing to learn"""
    return documents[d][s], documents[d][s + 1], 0
