"""Do the exercises beyond ops ask for what the package itself does, and is another right way right as well?"""

import math
import re
from types import SimpleNamespace

import numpy as np
import pytest

from tinyformer import Tensor, exercises, ops
from tinyformer.data.answers import best_spans
from tinyformer.data.labelled import tagged_rows
from tinyformer.exercises.kit import OpExercise
from tinyformer.generate.beam import beam_search
from tinyformer.generate.sampling import Sampling, penalised
from tinyformer.metrics.entities import entities
from tinyformer.ops.attention import visible
from tinyformer.text import WordPieceTokenizer
from tinyformer.text.bpe import ByteLevelBPE, byte_alphabet
from tinyformer.text.merges import learn_merges, merge
from tinyformer.train import AdamW
from tinyformer.train.schedules import linear
from tinyformer.train.step import clip_gradients, gradient_norm


def calls(name: str) -> list:
    exercise = exercises.EXERCISES[name]
    return [exercise.call(case) for case in exercise.cases]


def ours(name: str):
    return exercises.EXERCISES[name].ours


def test_masks_are_those_of_attention():
    for call in calls("causal_mask"):
        T, S = call.arrays
        assert np.array_equal(ours("causal_mask")(T, S), np.broadcast_to(visible(np, None, True, T, S), (T, S)))
    for call in calls("padding_mask"):
        scores, lengths = call.arrays
        keep = np.arange(scores.shape[-1]) < lengths[:, None, None, None]
        shares = ops.masked_softmax(scores, keep=keep).data
        assert np.allclose(ours("padding_mask")(scores, lengths), shares, atol=1e-15)


def test_adamw_is_that_of_the_optimizer():
    for call in calls("adamw"):
        (start, gradients), settings = call.arrays, call.constants
        p = Tensor(start[None].copy())                         # two axes, so that it decays
        optimizer = AdamW({"p": p}, betas=(settings.get("beta1", 0.9), settings.get("beta2", 0.999)),
                          eps=settings.get("eps", 1e-8), weight_decay=settings["decay"])
        x, first, second = start, np.zeros_like(start), np.zeros_like(start)
        for t, g in enumerate(gradients, 1):
            p.grad = g[None].copy()
            optimizer.step(settings["rate"])
            x, first, second = ours("adamw")(x, g, first, second, t, **settings)
            assert np.allclose(p.data[0], x, rtol=1e-12)


def test_the_schedule_is_that_of_training():
    for steps, peak, climb in (call.constants.values() for call in calls("warmup")):
        assert all(math.isclose(ours("warmup")(step, steps, peak, climb), linear(step, steps, peak, climb))
                   for step in range(steps))


def test_gradients_are_clipped_as_in_training():
    for gradients, limit in (call.arrays for call in calls("clip_norm")):
        parameters = [Tensor(np.zeros_like(g)) for g in gradients]
        for p, g in zip(parameters, gradients, strict=True):
            p.grad = g.copy()
        new, norm = ours("clip_norm")(gradients, limit)
        assert math.isclose(norm, float(gradient_norm(parameters)), rel_tol=1e-12)
        clip_gradients(parameters, limit)
        assert all(np.allclose(p.grad, g, rtol=1e-6) for p, g in zip(parameters, new, strict=True))


def test_what_decays_is_what_the_optimizer_lets_decay():
    for (arrays,) in (call.arrays for call in calls("decay_groups")):
        tensors = {id(array): Tensor(array) for array in arrays.values()}
        slots = AdamW({name: tensors[id(array)] for name, array in arrays.items()
                       if name == next(n for n, a in arrays.items() if a is array)}).slots
        decays, spared = ours("decay_groups")(arrays)
        assert {slot.name for slot in slots if slot.decays} == set(decays)
        assert {slot.name for slot in slots if not slot.decays} == set(spared)


def test_the_losses_are_those_of_cross_entropy():
    for logits, target, s in (call.arrays for call in calls("label_smoothing")):
        loss = ops.cross_entropy(logits, target=target, label_smoothing=s).item()
        assert math.isclose(ours("label_smoothing")(logits, target, s), loss, abs_tol=1e-12)


def test_words_are_cut_as_by_the_tokenizers():
    for word, vocabulary in (call.arrays for call in calls("longest_match")):
        tokenizer = WordPieceTokenizer(["[UNK]", *sorted(vocabulary)])
        assert [tokenizer.tokens[id] for id, _ in tokenizer.cut(word)] == ours("longest_match")(word, vocabulary)
    for word, merges in (call.arrays for call in calls("apply_merges")):
        tokens = dict.fromkeys([*byte_alphabet().values(), *("".join(pair) for pair in merges)])
        if all(part in tokens for pair in merges for part in pair):
            tokenizer = ByteLevelBPE(tokens, merges)
            pieces = [tokenizer.tokens[id] for id in tokenizer.encode("".join(word))]
            assert pieces == ours("apply_merges")(word, merges)


def test_pairs_are_joined_as_in_training_a_vocabulary():
    for (words,) in (call.arrays for call in calls("byte_pair")):
        left, right, joined = next(learn_merges(words, str.__add__, min_count=1))
        pair, after = ours("byte_pair")(words)
        assert pair == (left, right)
        assert {tuple(merge(list(word), pair, joined)) for word in words} == set(after)
        assert sum(after.values()) == sum(words.values())


def test_what_is_written_is_chosen_as_in_sampling():
    for probabilities, p in (call.arrays for call in calls("top_p")):
        assert np.allclose(ours("top_p")(probabilities, p), Sampling(top_p=p).probabilities(np.log(probabilities)))
    for logits, text, penalty in (call.arrays for call in calls("repetition_penalty")):
        assert np.array_equal(ours("repetition_penalty")(logits, text, penalty), penalised(logits, text, penalty))


@pytest.mark.parametrize("seed, beams, penalty", [(0, 1, 1.0), (1, 2, 1.0), (2, 3, 0.0), (3, 2, 1.5), (4, 3, 1.0)])
def test_a_search_that_ends_so_finds_what_beam_search_finds(seed, beams, penalty):
    """beam_search once more, with the exercise in the place of its loop's body."""
    rng, V, length = np.random.default_rng(seed), 5, 6
    tables = np.log(rng.dirichlet(np.ones(V), size=(length, V)))
    tables[:, :, 0] += 0.3                                     # 0 ends a text, and does so often
    first, sizes = tables[0, 0], iter(range(1, length))
    found = beam_search(first, lambda tokens, parents: tables[next(sizes)][tokens], length=length, beams=beams,
                        length_penalty=penalty, end_id=0)
    candidates = [(int(token), float(first[token])) for token in np.argsort(-first, kind="stable")][:2 * beams]
    finished: list = []
    for size in range(1, length):
        still_open, finished, done = ours("beam_end")(candidates, finished, size, beams, penalty, 0)
        if done:
            break
        following = [(token, total + float(p)) for last, total in still_open
                     for token, p in enumerate(tables[size][last])]
        candidates = sorted(following, key=lambda each: -each[1])[:2 * beams]
    else:
        finished = sorted([*finished, *(total / length**penalty for _, total in candidates[:beams])], reverse=True)
    assert np.allclose([beam.score for beam in found], finished[:beams])


def test_answers_are_those_of_the_head():
    for starts, ends, first, behind, longest in (call.arrays for call in calls("best_span")):
        window = SimpleNamespace(document=(first, behind), best_context=np.ones(len(starts), bool))
        score, start, end = best_spans(window, np.array(starts), np.array(ends), longest, 1)[0]
        silent = starts[0] + ends[0] > score
        assert ours("best_span")(starts, ends, first, behind, longest) == ((0, 0) if silent else (start, end))


def test_labels_stand_where_training_puts_them():
    tokenizer = WordPieceTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "##b", "c"])
    (row,) = tagged_rows([SimpleNamespace(words=["ab", "c", "abb"], tags=["X", "Y", "X"])], tokenizer, ["X", "Y"], 16)
    numbers = [None if number < 0 else number for number in tokenizer.word_ids(row.ids)]
    assert ours("align_labels")(numbers, [0, 1, 0]) == row.label.tolist()


def test_names_are_those_of_the_figures():
    for (tags,) in (call.arrays for call in calls("bio_spans")):
        assert ours("bio_spans")(tags) == [(kind, first, behind - 1) for kind, first, behind in entities(tags)]


def test_a_tied_table_learns_as_in_a_graph():
    for table, ids, h, dlogits, dx in (call.arrays for call in calls("tied_weights")):
        weight = Tensor(table)
        loss = (ops.embedding(weight, ids=ids) * dx).sum() + (ops.affine(Tensor(h), weight) * dlogits).sum()
        loss.backward()
        assert np.allclose(ours("tied_weights")(table, ids, h, dlogits, dx), weight.grad)


# ---- other right ways ------------------------------------------------------------------------------------------------


def walk_by_counting(last):
    uses, waiting, seen = {}, [last], {last}
    while waiting:
        for parent in waiting.pop().parents:
            uses[parent] = uses.get(parent, 0) + 1
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    last.grad, waiting = 1.0, [last]
    while waiting:
        node = waiting.pop()
        for parent, slope in zip(node.parents, node.slopes, strict=True):
            parent.grad += slope * node.grad
            uses[parent] -= 1
            if not uses[parent]:
                waiting.append(parent)


def mask_one_by_one(ids, rng, mask_id, vocab_size, special_ids, rate=0.15):
    inputs, targets = ids.tolist(), [[-100] * len(row) for row in ids]
    for row, wanted in zip(inputs, targets, strict=True):
        places = [i for i, token in enumerate(row) if token not in special_ids]
        chosen = [i for i in places if rng.random() < rate] or places and [places[rng.integers(len(places))]]
        for i in chosen:
            wanted[i], kind = row[i], rng.random()
            if kind < 0.8:
                row[i] = mask_id
            elif kind < 0.9:
                row[i] = rng.choice([token for token in range(vocab_size) if token not in special_ids])
    return inputs, targets


def merges_in_turn(word, merges):
    for pair in merges:
        word = merge(word, pair, "".join(pair))
    return word


def nucleus_by_hand(probabilities, p):
    kept, total = {}, 0.0
    for i in sorted(range(len(probabilities)), key=lambda i: (-probabilities[i], i)):
        if total < p:
            kept[i] = probabilities[i]
            total += probabilities[i]
    return [kept.get(i, 0.0) / total for i in range(len(probabilities))]


def adamw_as_lists(p, g, first, second, t, rate, decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    first = [beta1 * m + (1 - beta1) * x for m, x in zip(first, g, strict=True)]
    second = [beta2 * v + (1 - beta2) * x * x for v, x in zip(second, g, strict=True)]
    move = [m / (1 - beta1**t) / ((v / (1 - beta2**t)) ** 0.5 + eps) for m, v in zip(first, second, strict=True)]
    return [x - rate * (step + decay * x) for x, step in zip(p, move, strict=True)], first, second


@pytest.mark.parametrize("name, way", [
    ("walk", walk_by_counting), ("mask_tokens", mask_one_by_one), ("apply_merges", merges_in_turn),
    ("top_p", nucleus_by_hand), ("adamw", adamw_as_lists),
    ("causal_mask", lambda queries, keys: np.tril(np.ones((queries, keys), bool), keys - queries)),
    ("left_positions", lambda keep: np.arange(keep.shape[1]) * keep - keep * (~keep).sum(1, keepdims=True)),
    ("split_heads", lambda x, heads: np.stack(np.split(x, heads, axis=-1), axis=1)),
    ("perplexity", lambda losses, tokens: np.exp(np.nansum(np.multiply(losses, tokens)) / np.sum(tokens)))])
def test_another_right_way_is_right(name, way):
    verdict = exercises.EXERCISES[name].judge(way)
    assert verdict.right, verdict.says


# ---- what nobody has foreseen ----------------------------------------------------------------------------------------


BEYOND = [name for name, exercise in exercises.EXERCISES.items() if not isinstance(exercise, OpExercise)]


@pytest.mark.parametrize("name", BEYOND)
def test_whatever_comes_back_is_told_as_the_learners(name):
    exercise = exercises.EXERCISES[name]
    for given in (None, "text", (1, 2, 3), ([[1], [2, 3]], None), np.zeros(3), {"a": 1}):
        verdict = exercise.judge(lambda *arrays, given=given, **constants: given)
        assert not verdict.right and re.search("yours|mistake|every way through", verdict.says), (given, verdict)
    verdict = exercise.judge(lambda: 1)
    assert not verdict.right and "argument" in verdict.says


@pytest.mark.parametrize("name", BEYOND)
def test_each_says_where_it_went_wrong_and_shows_its_signature(name):
    exercise = exercises.EXERCISES[name]
    page = exercise.page()
    assert exercise.bug and "Where it went wrong: " in page and f"\ndef {name}(" in page
    assert len(exercise.mistakes) >= 3 and len(exercise.cases) >= 3
    assert all(len(line) <= 120 for line in page.splitlines())


def test_there_are_exercises_enough():
    assert len(BEYOND) >= 25 and len(exercises.EXERCISES) >= 60
