"""Where is speech when there is no network?  Made here: some words, said by some people, each in four moods.

What is said, by whom and how are drawn independently, so that each can be asked of a sound by itself.  A word is two or
three syllables of 16 phones, the same for all; a speaker is a pitch, a length of the tube, breath and a tempo; a mood
moves pitch, melody, tempo, loudness and brightness, as measured in people (Banse and Scherer 1996, table 5).  How
far the microphone stands is drawn as well, or loudness alone would tell the mood.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tinyformer.rng import stream
from tinyformer.sound.formants import voiced

RATE, HOP = 8000, 80                          # samples a second, and from frame to frame: 10 ms
# phone -> three formants in Hz (Peterson and Barney 1952, men), how wide they are, hum, hiss, seconds
PHONES = {
    "a": (730, 1090, 2440, 90, 1.0, 0.0, 0.12), "e": (530, 1840, 2480, 90, 1.0, 0.0, 0.11),
    "i": (270, 2290, 3010, 80, 0.9, 0.0, 0.10), "o": (570, 840, 2410, 90, 1.0, 0.0, 0.12),
    "u": (300, 870, 2240, 80, 0.9, 0.0, 0.11), "m": (250, 1000, 2200, 120, 0.4, 0.0, 0.07),
    "n": (250, 1600, 2600, 120, 0.4, 0.0, 0.07), "l": (360, 1300, 2700, 110, 0.6, 0.0, 0.06),
    "r": (330, 1060, 1450, 110, 0.6, 0.0, 0.06), "v": (300, 1200, 2300, 200, 0.3, 0.2, 0.07),
    "z": (280, 1700, 3600, 250, 0.25, 0.4, 0.08), "s": (1800, 2800, 3700, 500, 0.0, 0.7, 0.10),
    "sh": (1500, 2100, 2700, 400, 0.0, 0.8, 0.10), "f": (900, 1700, 3000, 900, 0.0, 0.3, 0.09),
    "t": (400, 1800, 3300, 300, 0.0, 1.0, 0.07), "k": (350, 1600, 2100, 200, 0.0, 1.0, 0.07),
}
VOWELS, STOPS, SILENCE = "aeiou", "tk", "silence"
NAMES = (*PHONES, SILENCE)
# mood -> factors of pitch, of how far the melody moves, of tempo, loudness and brightness, and how the melody goes
MOODS = {"calm": (1.0, 0.6, 1.0, 1.0, 1.0, -0.3), "happy": (1.3, 1.6, 1.08, 1.25, 1.3, 0.5),
         "sad": (0.88, 0.4, 0.8, 0.7, 0.5, -0.8), "angry": (1.15, 1.2, 1.2, 1.6, 2.2, -0.6)}


@dataclass(frozen=True, eq=False)
class Utterance:
    """One word as it was said, with the truth about it."""

    samples: np.ndarray                       # (N,) float32, from -1 to 1
    rate: int
    word: str
    speaker: str
    mood: str
    phones: np.ndarray                        # (T,) for each 10 ms the number of its phone in NAMES


@dataclass(frozen=True)
class Speaker:
    """What is a person's own: pitch in Hz, and the others as factors."""

    name: str
    pitch: float
    tube: float                               # of all formants: a short tube sounds higher
    breath: float
    tempo: float


class Voices:
    """The words and the people of one seed, and what they say; utterance n is a pure function of (seed, n)."""

    def __init__(self, seed: int, words: int = 20, speakers: int = 12):
        self.seed = seed
        rng = stream(seed, "voices")
        self.words = _words(words, rng)                        # word -> its phones
        self.speakers = [_speaker(number, speakers, rng) for number in range(speakers)]

    def utterances(self, count: int, start: int = 0) -> Iterator[Utterance]:
        """Utterances number `start` to `start` + count - 1: word, speaker and mood drawn independently."""
        for number in range(start, start + count):
            rng = stream(self.seed, "utterance", number)
            yield self.say(str(rng.choice([*self.words])), int(rng.integers(len(self.speakers))),
                           str(rng.choice([*MOODS])), rng)

    def say(self, word: str, speaker: int, mood: str, rng: np.random.Generator) -> Utterance:
        """A word of ours, in the voice of a speaker of ours, in a mood; no two are quite alike."""
        who, (high, melody, quick, loud, bright, falls) = self.speakers[speaker], MOODS[mood]
        lengths = [PHONES[phone][-1] / (who.tempo * quick) * rng.uniform(0.85, 1.15) for phone in self.words[word]]
        edge = [rng.uniform(0.03, 0.09) for _ in range(2)]     # silence before and after, in seconds
        spans = [max(2, round(seconds * RATE / HOP)) for seconds in (edge[0], *lengths, edge[1])]
        named = [SILENCE, *self.words[word], SILENCE]
        phones = np.repeat([NAMES.index(name) for name in named], spans)                 # (T,)
        table = np.concatenate([_frames(name, span) for name, span in zip(named, spans, strict=True)])
        table[:, :3] *= who.tube * rng.normal(1, 0.015, 3)
        table = _gliding(table)
        time = np.linspace(-1, 1, len(table))
        bend = falls * time + 0.5 * np.cos(np.pi * time)
        pitch = who.pitch * high * rng.normal(1, 0.04) * (1 + 0.12 * melody * bend)
        hum = table[:, 4]
        samples = voiced(pitch, hum, table[:, 5] + who.breath * hum, table[:, :3], np.repeat(table[:, 3:4], 3, 1),
                         bright, RATE, HOP, rng)
        samples *= loud * np.exp(rng.normal(0, 0.35))          # the microphone stands nearer or further away
        samples = 0.5 * samples + 0.002 * rng.normal(size=len(samples))
        return Utterance(np.clip(samples, -1, 1).astype(np.float32), RATE, word, who.name, mood, phones)


def _words(count: int, rng: np.random.Generator) -> dict[str, tuple[str, ...]]:
    """So many words of two or three syllables, each a consonant and a vowel, in which every phone occurs."""
    consonants = [name for name in PHONES if name not in VOWELS]
    found: dict[str, tuple[str, ...]] = {}
    dealt = [str(name) for _ in range(3 * count) for name in rng.permutation(consonants)]
    while len(found) < count:
        phones = tuple(part for _ in range(rng.integers(2, 4)) for part in (dealt.pop(0), str(rng.choice([*VOWELS]))))
        found["".join(phones)] = phones
    return found


def _speaker(number: int, count: int, rng: np.random.Generator) -> Speaker:
    """Number 0 has the lowest voice and the last one the highest; high voices tend to have short tubes."""
    height = (number + rng.uniform(0, 1)) / count
    return Speaker(f"speaker{number}", 90 * 2.4**height, 0.85 + 0.3 * height + rng.uniform(-0.08, 0.08),
                   rng.uniform(0.02, 0.2), rng.uniform(0.88, 1.12))


def _frames(name: str, count: int) -> np.ndarray:
    """The tracks of a phone in so many frames, (T, 6): three formants, their width, hum, hiss."""
    if name == SILENCE:
        return np.tile([500.0, 1500, 2500, 200, 0, 0], (count, 1))
    track = np.tile([float(value) for value in PHONES[name][:6]], (count, 1))
    if name in STOPS:
        track[:count // 2, 5] = 0                              # closed first, and then it bursts
    return track


def _gliding(table: np.ndarray, over: int = 5) -> np.ndarray:
    """Tongue and lips take 50 ms from one phone to the next, hum and hiss less: a moving mean over the frames."""
    padded = np.pad(table, ((over // 2, over // 2), (0, 0)), mode="edge")
    means = np.lib.stride_tricks.sliding_window_view(padded, over, axis=0).mean(-1)      # (T, 6)
    quick = np.lib.stride_tricks.sliding_window_view(padded[1:-1], over - 2, axis=0).mean(-1)
    return np.concatenate([means[:, :4], quick[:, 4:]], axis=1)
