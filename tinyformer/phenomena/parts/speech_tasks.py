"""What can be asked of a sound?  What is said, by whom, and how: tasks with few labels.

An example of a task is a vector for each layer: the mean over a sound, the vector of one moment, or how far apart two
sounds lie.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from tinyformer.sound.recordings import Recording
from tinyformer.sound.voices import NAMES, Utterance
from tinyformer.tinyland import Chance

KEYWORDS = 5
UNHEARD = "word, unheard speaker"
CONTENT, SPEAKER, MANNER = "content", "speaker", "manner"


@dataclass(frozen=True, eq=False)
class SpeechTask:
    """Which examples have labels and which are judged, and how the vectors (L, T, C) of sounds become examples."""

    name: str
    kind: str
    chance: float                             # the share of who guesses
    train: Sequence[Hashable]                 # what `look` takes
    labels: Sequence[str]
    test: Sequence[Hashable]
    truth: Sequence[str]
    look: Callable

    def examples(self, states: Sequence[np.ndarray]) -> tuple:
        """What a probe is given, train (L, N, C) with its labels and test (L, M, C), of all sounds' (L, T, C)."""
        train, test = (np.stack([self.look(states, each) for each in some], axis=1) for some in (self.train, self.test))
        return train, self.labels, test, self.truth


def over_all(states: Sequence[np.ndarray], number: int) -> np.ndarray:
    """The mean over a sound, (L, C)."""
    return states[number].mean(1)


def at_moment(states: Sequence[np.ndarray], place: tuple[int, int]) -> np.ndarray:
    """The vector of one moment of a sound, (L, C)."""
    return states[place[0]][:, place[1]]


def apart(states: Sequence[np.ndarray], pair: tuple[int, int]) -> np.ndarray:
    """How far apart the means of two sounds lie, number by number, (L, C)."""
    return np.abs(states[pair[0]].mean(1) - states[pair[1]].mean(1))


def of_voices(said: Sequence[Utterance], lengths: Sequence[int], labels: int, tested: int,
              chance: Chance) -> list[SpeechTask]:
    """Seven tasks on utterances, of as many vectors as `lengths` says; `labels` of each class, `tested` in all."""
    order = chance.shuffled(range(len(said)))
    pool, held = order[tested:], order[:tested]
    words = sorted({each.word for each in said})
    speakers = sorted({each.speaker for each in said})
    known = chance.shuffled(words)[:KEYWORDS]
    others = [n for n in held if said[n].word not in known]
    strangers = chance.shuffled(speakers)[:len(speakers) // 4]
    word = lambda n: said[n].word                              # noqa: E731
    speaker = lambda n: said[n].speaker                        # noqa: E731
    is_stranger = lambda n: said[n].speaker in strangers       # noqa: E731
    moments = [[(n, at) for n in chance.shuffled(some)[:400] for at in range(lengths[n])] for some in (pool, held)]
    phone = lambda place: NAMES[said[place[0]].phones[min(2 * place[1] + 1, len(said[place[0]].phones) - 1)]]  # noqa: E731
    tasks = [
        few("word", CONTENT, pool, held, word, over_all, labels, chance),
        few("phone", CONTENT, moments[0], chance.shuffled(moments[1])[:2 * tested], phone, at_moment, labels, chance),
        few("keyword", CONTENT, pool, [n for n in held if said[n].word in known] + others[:len(held) // len(words)],
            lambda n: said[n].word if said[n].word in known else "another", over_all, labels, chance),
        few(UNHEARD, CONTENT, [n for n in pool if not is_stranger(n)],
            [n for n in held if is_stranger(n)], word, over_all, labels, chance),
        few("speaker", SPEAKER, pool, held, speaker, over_all, labels, chance),
        same_or_not(pool, held, speaker, 10 * labels, chance),
        few("mood", MANNER, pool, held, lambda n: said[n].mood, over_all, labels, chance)]
    return tasks


def of_digits(said: Sequence[Recording], labels: int, chance: Chance) -> list[SpeechTask]:
    """Four tasks on spoken digits: the third of the takes with the lowest numbers is judged."""
    takes = sorted({each.take for each in said})
    early = {*takes[:round(len(takes) / 3)]}
    pool = [n for n, each in enumerate(said) if each.take not in early]
    held = [n for n, each in enumerate(said) if each.take in early]
    stranger = chance.shuffled(sorted({each.speaker for each in said}))[0]
    digit = lambda n: said[n].digit                            # noqa: E731
    speaker = lambda n: said[n].speaker                        # noqa: E731
    return [few("digit", CONTENT, pool, held, digit, over_all, labels, chance),
            few("digit, unheard speaker", CONTENT, [n for n in pool if said[n].speaker != stranger],
                [n for n, each in enumerate(said) if each.speaker == stranger], digit, over_all, labels, chance),
            few("speaker", SPEAKER, pool, held, speaker, over_all, labels, chance),
            same_or_not(pool, held, speaker, 10 * labels, chance)]


def few(name: str, kind: str, pool: Sequence, held: Sequence, label: Callable[..., str], look: Callable, labels: int,
        chance: Chance) -> SpeechTask:
    """So many examples of each class, of those in `pool`; who guesses says the commonest class of `held`."""
    groups: dict[str, list] = {}
    for each in chance.shuffled(pool):
        groups.setdefault(label(each), []).append(each)
    train = [each for name in sorted(groups) for each in groups[name][:labels]]
    truth = [label(each) for each in held]
    guess = max(truth.count(each) for each in {*truth}) / len(truth)
    return SpeechTask(name, kind, guess, train, [label(each) for each in train], held, truth, look)


def same_or_not(pool: Sequence[int], held: Sequence[int], speaker: Callable[[int], str], labels: int,
                chance: Chance) -> SpeechTask:
    """Pairs of sounds, of which half are of one speaker."""
    def pairs(some: Sequence[int], count: int) -> tuple[list, list]:
        found: dict[str, list] = {"same": [], "not": []}
        while min(map(len, found.values())) < count // 2:
            one, other = chance.choose(some), chance.choose(some)
            found["same" if speaker(one) == speaker(other) else "not"] += [(one, other)] * (one != other)
        return ([pair for each in found.values() for pair in each[:count // 2]],
                [name for name in found for _ in range(count // 2)])

    train, test = pairs(pool, labels), pairs(held, len(held))
    return SpeechTask("same speaker or not", SPEAKER, 0.5, *train, *test, apart)
