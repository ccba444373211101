"""Do examples become the rows they should, is nothing lost or shifted, and does every row come once an epoch?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyformer.data.labelled import (
    EncodedRows,
    LabelledBatches,
    LabelledRow,
    fit_pair,
    pair_rows,
    question_rows,
    tagged_rows,
    text_rows,
)
from tinyformer.data.readers import Answer, PairExample, Question, TaggedSentence, TextExample
from tinyformer.errors import InputError
from tinyformer.text import ByteLevelBPE, WordPieceTokenizer

LETTERS = "abcdefgh"
TOKENIZER = WordPieceTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{c}" for c in LETTERS)])
FILLED = -100


def text(words, label="x"):
    return TextExample(words, label, "f.tsv", 7)


def pair(first, second, label="x"):
    return PairExample(first, second, label, "f.tsv", 7)


def sentence(words, tags):
    return TaggedSentence(tuple(words.split(" ")), tuple(tags.split()), "f.conll", 7)


def shown(row):
    return " ".join(TOKENIZER.tokens[id] for id in row.ids)


# ---- rows ------------------------------------------------------------------------------------------------------------


def test_a_text():
    rows = text_rows([text("a bc", "no"), text("d", "yes"), text("e", "new"), text("f", None)], TOKENIZER,
                     ["no", "yes"], 9)
    assert [shown(row) for row in rows] == ["[CLS] a b ##c [SEP]", "[CLS] d [SEP]", "[CLS] e [SEP]", "[CLS] f [SEP]"]
    assert [row.label for row in rows] == [0, 1, FILLED, FILLED]
    assert all(not row.segments.any() and row.segments.shape == row.ids.shape for row in rows) and rows.cut == 0


def test_a_long_text_keeps_its_beginning_and_its_end_token():
    rows = text_rows([text("a b c d e"), text("a b c d"), text("a b c")], TOKENIZER, ["x"], 6)
    assert [shown(row) for row in rows] == ["[CLS] a b c d [SEP]"] * 2 + ["[CLS] a b c [SEP]"]
    assert rows.cut == 1, "four tokens just fit"


def test_a_tokenizer_without_cls_puts_its_end_token_behind():
    bpe = ByteLevelBPE.train(["ab ab"], 258)
    row, = text_rows([text("ab")], bpe, ["x"], 9)
    assert row.ids.tolist() == [*bpe.encode("ab"), bpe.eos_id]
    row, = pair_rows([pair("a", "b")], bpe, ["x"], 9)
    assert row.ids.tolist() == [*bpe.encode("a"), bpe.eos_id, *bpe.encode("b"), bpe.eos_id]
    assert row.segments.tolist() == [0, 0, 1, 1]


def test_a_text_of_no_tokens_at_all_is_named(words):
    words.cls_id = None
    with pytest.raises(InputError, match=r"f\.tsv:7: the text ' ' has no tokens"):
        text_rows([text(" ")], words, ["x"], 9)


def test_a_pair():
    row, = pair_rows([pair("a bc", "d", "no")], TOKENIZER, ["no", "yes"], 12)
    assert shown(row) == "[CLS] a b ##c [SEP] d [SEP]" and row.segments.tolist() == [0] * 5 + [1] * 2
    row, = pair_rows([pair("", "d")], TOKENIZER, ["x"], 12)
    assert shown(row) == "[CLS] [SEP] d [SEP]" and row.segments.tolist() == [0, 0, 1, 1]


def test_a_long_pair_loses_the_end_of_the_longer_text():
    pairs = [pair("a b c d e f", "g h"), pair("a b", "c d e f g h"), pair("a b", "c d e")]
    rows = pair_rows(pairs, TOKENIZER, ["x"], 8)
    assert [shown(row) for row in rows] == [
        "[CLS] a b c [SEP] g h [SEP]", "[CLS] a b [SEP] c d e [SEP]", "[CLS] a b [SEP] c d e [SEP]"]
    assert rows[1].segments.tolist() == [0] * 4 + [1] * 4 and rows.cut == 2, "five tokens just fit"


def test_scores_of_pairs():
    rows = pair_rows([pair("a", "b", 2.5), pair("a", "b", None)], TOKENIZER, [], 9)
    assert rows[0].label == 2.5 and np.isnan(rows[1].label)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 60))
def test_fit_pair_is_the_published_loop(first, second, room):
    a, b = first, second
    while a + b > room:
        if a > b:
            a -= 1
        else:
            b -= 1
    assert fit_pair(first, second, room) == (a, b)


def test_tags_stand_at_the_first_piece_of_each_word():
    row, = tagged_rows([sentence("a bcd ef", "N V N")], TOKENIZER, ["N", "V"], 12)
    assert shown(row) == "[CLS] a b ##c ##d e ##f [SEP]"
    assert row.label.tolist() == [FILLED, 0, 1, FILLED, FILLED, 0, FILLED, FILLED]
    assert row.firsts.tolist() == [1, 2, 5] and not row.segments.any()


@pytest.mark.parametrize("nothing", ["\u200b", "\x07", "\ufe0f"])
def test_a_word_of_no_pieces_keeps_its_place(nothing):
    assert TOKENIZER.encode(nothing) == []
    row, = tagged_rows([sentence(f"a {nothing} b", "N X V")], TOKENIZER, ["N", "V", "X"], 12)
    assert shown(row) == "[CLS] a [UNK] b [SEP]" and row.label.tolist() == [FILLED, 0, 2, 1, FILLED]


def test_words_of_bytes_carry_their_space():
    """Each of them, as transformers reads words with add_prefix_space; a special token is itself."""
    specials = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    bytes_ = ByteLevelBPE.train(["the cat the cat sat"], 280, end_of_text=False, min_count=1, specials=specials)
    row, = tagged_rows([sentence("the cat <mask> sat!", "D N V V")], bytes_, ["D", "N", "V"], 20)
    assert [bytes_.tokens[id] for id in row.ids[row.firsts]] == ["Ġthe", "Ġcat", "<mask>", "Ġsat"]
    assert [bytes_.is_continuation(id) for id in row.ids[1:-1]] == [False, False, True, False, True]


def test_a_tag_never_seen_counts_for_nothing_and_no_tags_are_no_tags():
    rows = tagged_rows([sentence("a b", "N NEW"), sentence("a b", "")], TOKENIZER, ["N"], 9)
    assert [row.label.tolist() for row in rows] == [[FILLED, 0, FILLED, FILLED], [FILLED] * 4]
    assert rows[1].firsts.tolist() == [1, 2]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=7), st.integers(3, 16))
def test_a_long_sentence_loses_whole_words_and_no_label_moves(lengths, longest):
    words = [LETTERS[n] + LETTERS[:length - 1] for n, length in enumerate(lengths)]
    labels = [f"t{n}" for n in range(len(words))]
    rows = tagged_rows([TaggedSentence(tuple(words), tuple(labels), "f", 1)], TOKENIZER, labels, longest)
    row, room = rows[0], longest - 2
    fit = next((n for n in range(len(lengths), 0, -1) if sum(lengths[:n]) <= room), 0)
    assert rows.cut == (fit < len(words)) and len(row.ids) <= longest
    assert len(row.firsts) == max(fit, 1), "a first word that fills everything is cut, and tagged"
    assert len(row.ids) - 2 == (sum(lengths[:fit]) or room)
    for n, place in enumerate(row.firsts):
        assert TOKENIZER.tokens[row.ids[place]] == LETTERS[n] and row.label[place] == n
    assert (row.label != FILLED).sum() == len(row.firsts)


def question(document, answer, start, impossible=False):
    answers = () if answer is None else (Answer(answer, start),)
    return Question("q", "a", document, answers, impossible, "", "f.json", 1)


def test_questions_become_windows_with_the_place_of_the_answer():
    rows = question_rows([question("b c", "c", 2), question("a b c d e f g h", "g", 12)], TOKENIZER, 8, 2)
    assert shown(rows[0]) == "[CLS] a [SEP] b c [SEP]" and (rows[0].start, rows[0].end, rows[0].question) == (4, 4, 0)
    rest = rows[1:]                                            # room for 4: abcd cdef efgh
    assert [row.question for row in rest] == [1, 1, 1] and rows.cut == 1, "one document was windowed"
    assert [(row.start, row.end) for row in rest] == [(0, 0), (0, 0), (5, 5)]


def test_no_answer_points_at_cls():
    rows = question_rows([question("b c", None, None, True), question("b c", "c", None), question("b c", "c", 2, True),
                          question("b c", None, None)], TOKENIZER, 8, 2)
    assert [(row.start, row.end) for row in rows] == [(0, 0)] * 4


@pytest.mark.parametrize("rows, least", [(text_rows, 3), (tagged_rows, 3), (pair_rows, 5)])
def test_too_little_room_is_refused(rows, least):
    example = {text_rows: text("a b c"), tagged_rows: sentence("a b c", "x x x"), pair_rows: pair("a b", "c")}[rows]
    with pytest.raises(InputError, match=f"max_length is {least - 1}; with . special .* at least {least}"):
        rows([example], TOKENIZER, ["x"], least - 1)
    assert len(rows([example], TOKENIZER, ["x"], least)[0].ids) == least


# ---- batches ---------------------------------------------------------------------------------------------------------


def numbered(count):
    """Rows of different lengths, each with its number as label and as every id."""
    return EncodedRows(LabelledRow(np.full(1 + n % 5, n), np.full(1 + n % 5, n % 2), n) for n in range(count))


def test_every_row_comes_once_an_epoch_and_each_epoch_in_another_order():
    batches = LabelledBatches(numbered(11), batch_size=4, seed=3)
    assert batches.steps_per_epoch == 3
    epochs = [np.concatenate([batches.batch(3 * epoch + step).labels for step in range(3)]) for epoch in range(4)]
    assert all(sorted(order) == list(range(11)) for order in epochs)
    assert len({tuple(order) for order in epochs}) == 4
    assert [len(batches.batch(step)) for step in range(6)] == [4, 4, 3, 4, 4, 3]


def test_a_batch_depends_on_the_seed_and_the_step_alone():
    one, other = (LabelledBatches(numbered(11), batch_size=4, seed=3) for _ in range(2))
    forward = [one.batch(step).ids for step in range(9)]
    for step in (8, 0, 5, 5, 1):
        assert np.array_equal(other.batch(step).ids, forward[step])
    another = LabelledBatches(numbered(11), batch_size=4, seed=4)
    assert any(not np.array_equal(another.batch(step).labels, one.batch(step).labels) for step in range(3))


def test_padding_is_seen_by_nobody():
    batch = next(LabelledBatches(numbered(5), batch_size=2, seed=0, pad_id=9).in_order(5))
    for n in range(5):
        assert batch.ids[n].tolist() == [n] * (n + 1) + [9] * (4 - n)
        assert batch.keep[n].tolist() == [True] * (n + 1) + [False] * (4 - n)
        assert batch.segments[n].tolist() == [n % 2] * (n + 1) + [0] * (4 - n)
    assert batch.keep.dtype == bool and batch.labels.tolist() == list(range(5))


def test_in_order_gives_all_rows_as_they_stand():
    found = list(LabelledBatches(numbered(7), batch_size=2, seed=5).in_order(3))
    assert [batch.labels.tolist() for batch in found] == [[0, 1, 2], [3, 4, 5], [6]]


def test_tags_are_padded_with_what_counts_for_nothing():
    rows = tagged_rows([sentence("a", "N"), sentence("a bc d", "N V N")], TOKENIZER, ["N", "V"], 12)
    batch, = LabelledBatches(rows, batch_size=2, seed=0).in_order()
    assert batch.labels.tolist() == [[FILLED, 0] + [FILLED] * 4, [FILLED, 0, 1, FILLED, 0, FILLED]]
    assert batch.counts == {"labels": 4}


def test_what_the_loss_is_divided_by():
    texts = text_rows([text("a", "x"), text("b", None), text("c", "x")], TOKENIZER, ["x"], 9)
    batch, = LabelledBatches(texts, batch_size=3, seed=0).in_order()
    assert batch.counts == {"labels": 2}, "what has no label counts for nothing"
    scores = pair_rows([pair("a", "b", -100.0), pair("a", "b", 1.0)], TOKENIZER, [], 9)
    batch, = LabelledBatches(scores, batch_size=2, seed=0).in_order()
    assert batch.counts == {"labels": 2} and batch.labels.dtype == float, "-100 is a score like any other"
    whole = pair_rows([pair("a", "b", 4.0), pair("c", "d", 1.0)], TOKENIZER, [], 9)
    assert next(LabelledBatches(whole, batch_size=2, seed=0).in_order()).counts == {"labels": 2}
    spans = question_rows([question("b c", None, None, True), question("b c", "c", 2)], TOKENIZER, 8, 2)
    batch, = LabelledBatches(spans, batch_size=2, seed=0).in_order()
    assert batch.counts == {"labels": 2}, "no answer is an answer, too"
    assert batch.starts.tolist() == [0, 4] and batch.ends.tolist() == [0, 4]
    assert batch.answerable.tolist() == [[True, False, False, True, True, False]] * 2
    assert batch.segments.tolist() == [[0, 0, 0, 1, 1, 1]] * 2


@pytest.mark.parametrize("kind", ["texts", "tags", "spans"])
def test_the_parts_of_a_batch_are_the_batch(kind):
    rows = {"texts": lambda: numbered(5), "spans": lambda: question_rows(
        [question("b c d"[:n], "b", 0) for n in (1, 3, 5, 3, 1)], TOKENIZER, 9, 2), "tags": lambda: tagged_rows(
        [sentence(" ".join("abcde"[:n]), " ".join("NVNVN"[:n])) for n in (1, 4, 2, 5, 3)], TOKENIZER, "NV", 9)}[kind]()
    batch, = LabelledBatches(rows, batch_size=5, seed=0).in_order()
    for n in (1, 2, 3, 5, 9):
        parts = batch.split(n)
        assert len(parts) <= n and all(type(part) is type(batch) and len(part) for part in parts)
        for name in vars(batch):
            assert np.array_equal(np.concatenate([getattr(part, name) for part in parts]), getattr(batch, name))
        assert sum(part.counts["labels"] for part in parts) == batch.counts["labels"]


@pytest.mark.parametrize("rows, size, words", [([], 4, "no examples"), (numbered(3), 0, "batch_size is 0")])
def test_batches_of_nothing_are_refused(rows, size, words):
    with pytest.raises(InputError, match=words):
        LabelledBatches(rows, batch_size=size, seed=0)
