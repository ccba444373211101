"""Which two pieces of text does BERT read together?  A and B: does B follow A, or does it come from elsewhere?

Devlin et al. 2019, section 3.1 and appendix A.2 (next sentence, "nsp"); Lan et al. 2020, section 3.1 (sentence
order, "sop": both are consecutive, but perhaps swapped); Liu et al. 2019, section 4.2 (no pairs, "none": one full
segment, on across documents with [SEP] between them, here cut wherever the row is full, since short rows would
else be a third empty).  A "sentence" of a pair is a run of several real ones, to fill the row.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from tinyformer.data.masking import chinese_words
from tinyformer.errors import InputError
from tinyformer.rng import stream

OBJECTIVES = ("nsp", "sop", "none")
IN_ORDER, NOT_IN_ORDER = 0, 1                    # the labels of published BERT: 0 = B is the next of A
DRAWS = 20                                       # attempts at a random negative before every sentence is tried
FAR = 100                                        # sentences that make a place in the same document distant


class Pair(NamedTuple):
    """Where in the corpus an example stands: two slices of `SentencePairs.ids`, and its label."""

    a: slice
    b: slice | None = None
    label: int | None = None


class SentencePairs:
    """The examples that a corpus gives: `len(pairs)` of them, cut at fixed places; `pair(index, rng)` is one.

    `documents` is a list of documents, each a list of sentences, each a list of ids.  The corpus is one flat
    array `ids` with the `bounds` of its sentences, and an example is a run of sentences of one document that
    fills a row of `max_length` with [CLS] and [SEP]; the share `short_seq_prob` of them aims at a random
    shorter length, since text met later is short too.  Where A ends and what B is, is drawn anew on each visit.
    `donors` are further documents that give no examples, only false Bs.  `twins` (for "nsp" alone) are donors too,
    one for each document, which tell of another topic sentence for sentence: a false B is then what stands at the
    place of the true one in the twin, so that neither the order of a text nor its people say that it is false.
    """

    def __init__(
        self,
        documents: Sequence[Sequence[Sequence[int]]],
        *,
        sep_id: int,
        max_length: int,
        objective: str = "nsp",
        short_seq_prob: float = 0.1,
        seed: int = 0,
        donors: Sequence[Sequence[Sequence[int]]] = (),
        twins: Sequence[Sequence[Sequence[int]]] = (),
    ):
        if objective not in OBJECTIVES:
            raise InputError(f"objective is {objective!r}; it must be one of {', '.join(OBJECTIVES)}")
        if max_length < 5:
            raise InputError(f"max_length is {max_length}; [CLS] A [SEP] B [SEP] needs at least 5 tokens")
        self.objective, self.sep_id = objective, sep_id
        self.room = max_length - (2 if objective == "none" else 3)
        if twins and len(twins) != len(documents):
            raise InputError(f"there are {len(documents)} documents and {len(twins)} twins; each document needs one")
        self._lay_out(documents)
        own = len(self.first)
        if donors or twins:
            begins = self._lay_out([*documents, *twins, *donors])
        self.twin = _aligned(begins, len(documents)) if twins else {}
        if objective == "none":
            self.examples = self._pack_rows()
        else:
            self.examples = self._pack_documents(self.first[:own], short_seq_prob, stream(seed, "pack"))
        self.default_negatives = "topic" if self.twin else "other" if len(self.first) > 2 else "same"
        if not self.examples:
            raise InputError(f"no examples: the corpus holds {len(self.ids)} tokens in {len(self.bounds) - 1} "
                             "sentences; give a longer text")

    def __len__(self) -> int:
        return len(self.examples)

    def pair(self, index: int, rng: np.random.Generator, negatives: str | None = None) -> Pair | None:
        """Example `index` as drawn by `rng`: the slices of A and B, together at most `max_length - 3` tokens.

        A negative begins at the same place of the document's twin ("topic", the default where there are twins), in
        another document ("other", the default where there is one) or at a distant place of the same ("same"), and
        never with the sentence that truly follows A, nor with a copy of it.
        Returns None if `negatives` was asked for and this example's negative cannot be had there.
        """
        i, j = self.examples[index]
        if self.objective == "none":
            return Pair(slice(i, j))
        start, end = self.bounds[i], self.bounds[j]
        if j - i > 1:
            k = int(rng.integers(i + 1, j))                      # B begins with sentence k
            cut = self.bounds[k]
        else:                                                    # one sentence: cut it in two
            k, cut = i, int(rng.integers(start + 1, end))
        a, b, label = (start, cut), (cut, end), int(rng.random() < 0.5)
        if label == NOT_IN_ORDER and self.objective == "sop":
            a, b = b, a
        s = None
        if self.objective == "nsp" and (label == NOT_IN_ORDER or negatives):
            s = self._elsewhere(i, j, k, cut, rng, negatives)
            if s is None and negatives:                          # whatever the label, or they lose their balance
                return None
        if self.objective == "nsp" and label == NOT_IN_ORDER:
            if s is None:
                raise InputError("next sentence prediction: no other sentence in the corpus can stand as a wrong "
                                 "one; give a longer text, or use objective 'sop' or 'none'")
            b = self.bounds[s], self._end_of_run(s, end - cut, stop=i)
        a, b = _truncate(a, b, self.room, rng)
        return Pair(slice(*a), slice(*b), label)

    def documents(self) -> list[list[np.ndarray]]:
        """The corpus again as documents of sentences, donors included."""
        return [[self.ids[self.bounds[s]:self.bounds[s + 1]] for s in range(begin, end)]
                for begin, end in zip(self.first, self.first[1:], strict=False)]

    def word_beginnings(self, tokenizer, word_list: Collection[str] | None = None) -> np.ndarray:
        """For each token of the corpus (N,): does it begin a word?  Chinese words are those of `word_list`, if any."""
        if word_list is None:
            is_continuation = tokenizer.is_continuation
            return ~np.array([is_continuation(id) for id in range(len(tokenizer))], dtype=bool)[self.ids]
        words, begins = frozenset(word_list), np.ones(len(self.ids), dtype=bool)
        for start, end in zip(self.bounds, self.bounds[1:], strict=False):
            numbers = chinese_words([tokenizer.tokens[id] for id in self.ids[start:end]], words)
            begins[start + 1:end] = np.diff(numbers) > 0
        return begins

    # the corpus, flat

    def _lay_out(self, documents) -> list[list[int]]:
        """Fill `ids` (N,), `bounds` (sentence s is ids[bounds[s]:bounds[s+1]]) and `first` (of each document).

        Returns for each document where its sentences begin, and where the last one ends, counted in these s.
        """
        parts: list[Sequence[int]] = []
        begins: list[list[int]] = []
        self.first = [0]
        for document in documents:
            begins.append([len(parts)])
            for sentence in document:                            # one longer than a row is cut into pieces
                parts += [sentence[at:at + self.room] for at in range(0, len(sentence), self.room)]
                begins[-1].append(len(parts))
            if len(parts) > self.first[-1]:                      # empty documents vanish
                if self.objective == "none":
                    parts.append([self.sep_id])
                self.first.append(len(parts))
        self.bounds = [0, *np.cumsum([len(part) for part in parts], dtype=int).tolist()]
        self.ids = np.empty(self.bounds[-1], dtype=np.int64)
        for part, start in zip(parts, self.bounds, strict=False):
            self.ids[start:start + len(part)] = part
        return begins

    def _pack_documents(self, first: list[int], short_seq_prob: float, rng) -> list[tuple[int, int]]:
        """Runs [i, j) of sentences, each of one document, each just reaching its target length."""
        examples = []
        for begin, end in zip(first, first[1:], strict=False):
            i = begin
            while i < end:
                target = self.room
                if rng.random() < short_seq_prob:
                    target = int(rng.integers(2, self.room + 1))
                j = min(max(bisect_left(self.bounds, self.bounds[i] + target), i + 2), end)
                if j - i == 1 and i > begin:                     # one left over: take its neighbour again
                    i -= 1
                if self.bounds[j] - self.bounds[i] > 1:
                    examples.append((i, j))
                i = j
        return examples

    def _pack_rows(self) -> list[tuple[int, int]]:
        """Runs of `room` tokens, whatever sentence or document they cut; a [SEP] at either end is left off."""
        examples = []
        for start in range(0, len(self.ids), self.room):
            end = min(start + self.room, len(self.ids))
            start += int(self.ids[start] == self.sep_id)
            end -= int(end > start and self.ids[end - 1] == self.sep_id)
            if end > start:
                examples.append((start, end))
        return examples

    # negatives

    def _elsewhere(self, i, j, k, cut, rng, negatives) -> int | None:
        """A sentence where a false B may begin, for the example [i, j) whose true B begins at token `cut`."""
        d = bisect_right(self.first, i) - 1
        begin, end = self.first[d], self.first[d + 1]
        following = self.ids[cut:self.bounds[k + 1]]

        def is_false(s: int) -> bool:
            """Sentence s is neither in A, nor the one after it, nor does it begin like that one."""
            start = self.bounds[s]
            length = min(len(following), self.bounds[s + 1] - start)
            return not i <= s <= k and not np.array_equal(self.ids[start:start + length], following[:length])

        kind = negatives or self.default_negatives
        if kind == "topic":
            s = self.twin.get(k)
            if s is not None and is_false(s):
                return s
            if negatives:
                return None
        if kind == "same":                                       # the document as a ring: leave out the example
            origin, ring = begin, end - begin                    # and `gap` sentences on either side of it
            gap = min(FAR, (ring - (j - i)) // 4)
            skipped, count = j - begin + gap, ring - (j - i) - 2 * gap
        else:                                                    # the corpus as a ring: leave out the document
            origin, ring = 0, len(self.bounds) - 1
            skipped, count = end, ring - (end - begin)
        for _ in range(DRAWS if count > 0 else 0):
            s = origin + (skipped + int(rng.integers(count))) % ring
            if is_false(s):
                return s
        if negatives is not None:
            return None
        anywhere = [s for s in range(len(self.bounds) - 1) if is_false(s)]     # a tiny or repetitive corpus
        return int(rng.choice(anywhere)) if anywhere else None

    def _end_of_run(self, s: int, length: int, stop: int) -> int:
        """The token where a run of whole sentences from s ends, at least `length` long if its document allows."""
        last = self.first[bisect_right(self.first, s)]
        if s < stop < last:                                      # do not run into the example itself
            last = stop
        return self.bounds[min(bisect_left(self.bounds, self.bounds[s] + length), last)]


def _aligned(begins: list[list[int]], count: int) -> dict[int, int]:
    """For each sentence of the first `count` documents the one that stands at its place in its document's twin."""
    twin = {}
    for own, other in zip(begins[:count], begins[count:], strict=False):
        for n, (start, end) in enumerate(zip(own, own[1:], strict=False)):
            if len(other) > 1:
                twin |= dict.fromkeys(range(start, end), other[min(n, len(other) - 2)])
    return twin


def _truncate(a: tuple[int, int], b: tuple[int, int], room: int, rng: np.random.Generator):
    """Take tokens from the longer one until both fit, each from its front or its end by the toss of a coin."""
    lengths = [a[1] - a[0], b[1] - b[0]]
    excess = max(0, sum(lengths) - room)
    if not excess:
        return a, b
    longer = int(lengths[1] >= lengths[0])
    off = [0, 0]
    off[longer] = min(excess, abs(lengths[1] - lengths[0]))      # until they are equally long
    rest = excess - off[longer]
    off[longer] += (rest + 1) // 2                               # then in turn
    off[1 - longer] += rest // 2
    front = [int(rng.binomial(n, 0.5)) for n in off]
    return tuple((start + f, end - (n - f)) for (start, end), f, n in zip((a, b), front, off, strict=True))
