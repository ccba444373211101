"""What is the smallest language in which sentences follow one another?  Topics, and stages through which stories go.

A sentence has three words in any order: two of its topic, and one of its stage.  A story has one topic and tells some
of the stages in their order.  So whether a sentence belongs to another is said by topics alone, and in which order they
stand by stages alone.  A story begins at any of several stages: if all began at the first, the one who finds that stage
in A would know the order, and need not look at B.
"""

from collections.abc import Sequence

import numpy as np

from tinyformer.data.batches import MaskedBatches
from tinyformer.data.readers import PairExample
from tinyformer.rng import stream
from tinyformer.text import Tokenizer, WordPieceTokenizer

TOPICS, STAGES, WORDS = 6, 8, 4               # words of each topic and of each stage
TOLD = 5                                      # stages of a story, one after the other
LENGTH = 3 + 3 * TOLD                         # [CLS] A [SEP] B [SEP] with a whole story in it
OTHER = 1_000_000                             # stories from here on are not read

Story = list[list[str]]


def tokenizer() -> Tokenizer:
    """Every word a token: those of topic a are a1, a2, ..., those of stage 1 are 1a, 1b, ..."""
    topics = [_topic_word(topic, word) for topic in range(TOPICS) for word in range(WORDS)]
    stages = [_stage_word(stage, word) for stage in range(STAGES) for word in range(WORDS)]
    return WordPieceTokenizer([*Tokenizer.roles.values(), *topics, *stages])


def story(rng: np.random.Generator, topic: int, first: int) -> Story:
    """One sentence for each stage from the first that is told, all of one topic."""
    found = []
    for stage in range(first, first + TOLD):
        words = [_topic_word(topic, word) for word in rng.choice(WORDS, 2, replace=False)]
        words.append(_stage_word(stage, int(rng.integers(WORDS))))
        found.append([words[place] for place in rng.permutation(3)])
    return found


def with_twin(number: int, seed: int) -> tuple[Story, Story]:
    """Story `number`, and one of another topic that tells the same stages."""
    rng = stream(seed, "story in stages", number)
    topic, other = rng.choice(TOPICS, 2, replace=False).tolist()
    first = int(rng.integers(STAGES - TOLD + 1))
    return story(rng, topic, first), story(rng, other, first)


def batches(stories: Sequence[tuple[Story, Story]], batch_size: int, seed: int, objective: str,
            leaking: bool = False, hiding: bool = True) -> MaskedBatches:
    """Batches of BERT over these stories; where order leaks, false sentences come from anywhere in other stories.

    Without `hiding` every word stays, as is fair where pairs are asked for: each sentence tells its stage once.
    """
    words = tokenizer()
    own, twins = ([[words.encode(" ".join(sentence)) for sentence in pair[which]] for pair in stories]
                  for which in (0, 1))
    return MaskedBatches(own, words, batch_size=batch_size, max_length=LENGTH, seed=seed, objective=objective,
                         short_seq_prob=0.0, twins=twins if objective == "nsp" and not leaking else [],
                         proportions=(0.8, 0.1, 0.1) if hiding else (0, 0, 1))


def labelled(question: str, count: int, seed: int, first: int = OTHER) -> list[PairExample]:
    """Pairs of neighbouring sentences, half of them spoilt: by another topic ("nsp"), or swapped ("sop")."""
    found = []
    for number in range(first, first + count):
        own, twin = with_twin(number, seed)
        rng = stream(seed, "labelled pair", number)
        place, label = int(rng.integers(TOLD - 1)), number % 2
        a, b = own[place], own[place + 1]
        if label:
            a, b = (a, twin[place + 1]) if question == "nsp" else (b, a)
        found.append(PairExample(" ".join(a), " ".join(b), str(label), "in stages", number))
    return found


def _topic_word(topic: int, word: int) -> str:
    return f"{'abcdefghij'[topic]}{word + 1}"


def _stage_word(stage: int, word: int) -> str:
    return f"{stage + 1}{'abcdefghij'[word]}"
