"""The bookkeeping of learn_merges against counting everything anew at every step."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tinyformer.text.merges import learn_merges, merge


def slow_merges(words, join, min_count=2):
    """The definition: count all pairs, take the most frequent (ties: smallest), rewrite all words, repeat."""
    words = [(list(word), n) for word, n in words.items()]
    while True:
        count = Counter()
        for symbols, n in words:
            for pair in zip(symbols, symbols[1:], strict=False):
                count[pair] += n
        if not count:
            return
        best = min(count, key=lambda pair: (-count[pair], pair))
        if count[best] < min_count:
            return
        yield *best, join(*best)
        words = [(merge(symbols, best, join(*best)), n) for symbols, n in words]


def test_a_case_worked_by_hand():
    words = {tuple("low"): 5, tuple("lower"): 2, tuple("newest"): 6, tuple("widest"): 3}
    merges = list(learn_merges(words, str.__add__))
    # e+s and s+t both occur 9 times; the smaller pair goes first, and takes the e away from s+t
    assert merges[:3] == [("e", "s", "es"), ("es", "t", "est"), ("l", "o", "lo")]
    assert merges[-1][2] in {"lower", "newest", "widest"}


def test_overlapping_pairs_are_replaced_from_the_left():
    assert merge(list("aaaa"), ("a", "a"), "aa") == ["aa", "aa"]
    assert merge(list("aaa"), ("a", "a"), "aa") == ["aa", "a"]
    assert merge(list("abcab"), ("a", "b"), "ab") == ["ab", "c", "ab"]


@given(st.dictionaries(st.text("abc", min_size=1, max_size=9).map(tuple), st.integers(1, 5), max_size=12),
       st.integers(1, 4))
def test_keeping_counts_equals_counting_anew(words, min_count):
    fast = list(learn_merges(words, str.__add__, min_count))
    assert fast == list(slow_merges(words, str.__add__, min_count))


@given(st.dictionaries(st.text("ab", min_size=1, max_size=9).map(tuple), st.integers(1, 5), max_size=8),
       st.randoms())
def test_the_order_of_the_words_does_not_matter(words, random):
    shuffled = list(words.items())
    random.shuffle(shuffled)
    assert list(learn_merges(words, str.__add__)) == list(learn_merges(dict(shuffled), str.__add__))
