"""Can a model do a task that it is only shown?  Prompts with k worked examples, judged without any training.

Brown et al. 2020, section 2: zero-shot is a description of the task alone, one-shot adds one example, few-shot several.
The weights stay what they were; `fingerprint` tells.  How a prompt looks is in prompts.py.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tinyformer.errors import InputError
from tinyformer.generate import likelihoods, write_texts
from tinyformer.generate.prompts import Look, Pair
from tinyformer.models import GPT
from tinyformer.nn import Module
from tinyformer.rng import stream
from tinyformer.text import Tokenizer

SCORES = ("likelihood", "generation")
SPARE = 4                                         # tokens that an answer may take beyond the longest right one


@dataclass(frozen=True)
class Question:
    """An input, what is shown before it, the right output, and between which outputs a likelihood decides."""

    examples: tuple[Pair, ...]
    given: str
    output: str
    candidates: tuple[str, ...] = ()
    place: str = ""                               # file and line, for messages


# ---- asking ----------------------------------------------------------------------------------------------------------


def question(asked: Pair, pool: Sequence[Pair], shots: int, *, number: int = 0, seed: int = 0, candidates: int = 10,
             exchanged: bool = False, place: str = "") -> Question:
    """The question for the output of `asked`, with `shots` pairs of the pool as examples, drawn by (seed, number).

    No example has the input that is asked for, though the pool may hold it.  More shots keep the examples there are
    and add others *before* them.  At most `candidates` outputs are to choose between: the right one, which stands last,
    and others of the pool, drawn too.  With `exchanged`, each example bears the output of another, a control: whoever
    goes by the examples will go astray.  InputError where the pool is too small.
    """
    given, output = asked
    order = stream(seed, "examples", number).permutation(len(pool))
    others = [pool[i] for i in order if _same(pool[i][0]) != _same(given)]
    if len(others) < shots:
        raise InputError(f"{place or repr(given)}: {shots} examples are asked for, and only {len(others)} other pairs "
                         "have another input than this one; ask for fewer (--shots), or give more pairs")
    shown = others[:shots]
    if exchanged:
        shown = [(example, _other_output(others, at)) for at, (example, _) in enumerate(shown)]
    wrong = sorted({other for _, other in pool} - {output})
    drawn = stream(seed, "candidates", number).permutation(len(wrong))[:max(candidates - 1, 0)]
    return Question(tuple(shown[::-1]), given, output, (*(wrong[i] for i in drawn), output), place)


def answers(model: GPT, tokenizer: Tokenizer, questions: Sequence[Question], look: Look, score: str = "likelihood",
            average: bool = False, batch_size: int = 32, done: Callable[[int], None] = lambda n: None) -> list[dict]:
    """What the model answers to each question: {"input", "output", "answer", "right", "prompt"} and what led to it.

    By "likelihood" the answer is the candidate with the largest log p, or with `average` the largest log p for each
    token ("log_p" has those of all); equal ones count as wrong.  By "generation" it is what the model writes, always
    the most probable token, up to `look.stop`.  `done` is told after each batch how many questions it had.
    InputError for a prompt that does not fit into the model's context.
    """
    if score not in SCORES:
        raise InputError(f"score is {score!r}; it must be one of: {', '.join(SCORES)}")
    find = _chosen if score == "likelihood" else _written
    found = []
    for first in range(0, len(questions), batch_size):
        part = questions[first:first + batch_size]
        prompts = [look.prompt(one.examples, one.given) for one in part]
        _check_room(model, tokenizer, part, prompts, look, score)
        for one, prompt, row in zip(part, prompts, find(model, tokenizer, part, prompts, look, average), strict=True):
            found.append({"input": one.given, "output": one.output, **row, "shots": len(one.examples),
                          "prompt": prompt})
        done(len(part))
    return found


def judged(found: Sequence[dict], questions: Sequence[Question], score: str) -> dict[str, float]:
    """The share of right answers, its standard error sqrt(p (1 - p) / n), and what is right without any reading.

    That "chance" is one in the number of candidates, and for a text that is written the most frequent output.
    """
    n, p = len(found), sum(row["right"] for row in found) / len(found)
    if score == "likelihood":
        chance = sum(1 / len(one.candidates) for one in questions) / n
    else:
        chance = Counter(one.output for one in questions).most_common(1)[0][1] / n
    return {"accuracy": p, "standard_error": math.sqrt(p * (1 - p) / n), "chance": chance, "questions": n}


def fingerprint(model: Module) -> str:
    """SHA-256 of every parameter's name, shape, type and bytes: the same before and after means nothing was learned."""
    found = hashlib.sha256()
    for name, array in model.state().items():
        found.update(f"{name} {array.shape} {array.dtype.str}\n".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


# ---- the two ways to find an answer ----------------------------------------------------------------------------------


def _chosen(model, tokenizer, questions, prompts, look, average) -> list[dict]:
    for one in questions:
        if len(one.candidates) < 2:
            raise InputError(f"{one.place or repr(one.given)}: there is no other output than {one.output[:60]!r} to "
                             "choose; judge by generation (--score generation), or give more candidates")
    endings = [[tokenizer.encode(look.answer(output)) for output in one.candidates] for one in questions]
    at_once = max(1, len(prompts) // max(map(len, endings)))   # each candidate takes a copy of its prompt's keys
    scores = likelihoods(model, [tokenizer.encode(prompt) for prompt in prompts], endings, at_once,
                         len(tokenizer))
    found = []
    for one, ids, log_p in zip(questions, endings, scores, strict=True):
        if average:
            log_p = log_p / np.array([len(each) for each in ids])
        best = int(log_p.argmax())                             # the first of equal ones, and the right one stands last
        found.append({"answer": one.candidates[best], "right": one.candidates[best] == one.output,
                      "log_p": dict(zip(one.candidates, map(float, log_p), strict=True))})
    return found


def _written(model, tokenizer, questions, prompts, look, average) -> list[dict]:
    stop = _through(tokenizer, look.stop)
    if not stop:
        raise InputError(f"{look.stop!r} ends an answer, and this vocabulary passes over it; end the format with a "
                         "mark that it has, as in '{input} => {output}.'")
    for one in questions:
        if stop in _through(tokenizer, one.output):
            raise InputError(f"{one.place or repr(one.given)}: the output {one.output[:60]!r} contains {stop!r}, at "
                             "which writing stops; choose a format with another ending")
    longest = max(len(tokenizer.encode(look.answer(one.output))) for one in questions)
    texts = write_texts(model, tokenizer, prompts, longest + SPARE, stop=[stop])
    known = [tokenizer.unk_id is None or tokenizer.unk_id not in tokenizer.encode(one.output) for one in questions]
    return [{"answer": _squeezed(text), "right": can and _squeezed(text) == _squeezed(_through(tokenizer, one.output))}
            for one, text, can in zip(questions, texts, known, strict=True)]           # [UNK] is no answer


def _check_room(model: GPT, tokenizer, questions, prompts, look: Look, score: str) -> None:
    for one, prompt in zip(questions, prompts, strict=True):
        outputs = one.candidates if score == "likelihood" else (one.output,)
        needed = len(tokenizer.encode(prompt)) + max(len(tokenizer.encode(look.answer(output))) for output in outputs)
        if needed > model.config.context:
            raise InputError(f"{one.place or repr(one.given)}: the prompt with {len(one.examples)} examples and its "
                             f"answer have {needed} tokens, and this model has room for {model.config.context}; show "
                             "fewer examples (--shots), shorten the description, or leave out long texts")


def _other_output(others: Sequence[Pair], at: int) -> str:
    """The next output behind place `at`, round and round, that differs from the one there."""
    for step in range(1, len(others)):
        output = others[(at + step) % len(others)][1]
        if output != others[at][1]:
            return output
    raise InputError(f"every example has the output {others[at][1]!r}; there is nothing to exchange: leave --control "
                     "away")


def _through(tokenizer: Tokenizer, text: str) -> str:
    """The text as the model would write it: some vocabularies know no capitals, or set spaces of their own."""
    found = tokenizer.decode(tokenizer.encode(text))
    return found.strip() or found


def _same(text: str) -> str:
    return _squeezed(text).casefold()


def _squeezed(text: str) -> str:
    return " ".join(text.split())
