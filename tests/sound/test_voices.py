"""Is what the voices say what they were told to say: the pitch of the speaker, the formants of the phone, the mood?"""

import numpy as np

from tinyformer.sound import Extractor, Voices
from tinyformer.sound.formants import pulses, resonance
from tinyformer.sound.voices import MOODS, NAMES, PHONES, RATE, VOWELS


def pitch_of(samples: np.ndarray) -> float:
    """The pitch by the autocorrelation, from 70 to 350 Hz."""
    spectrum = np.abs(np.fft.rfft(samples, 2 * len(samples)))**2
    likeness = np.fft.irfft(spectrum)[:len(samples)]
    first, last = RATE // 350, RATE // 70
    return RATE / (first + likeness[first:last].argmax())


def test_an_utterance_depends_on_seed_and_number_alone():
    one, two = next(Voices(5).utterances(1, start=7)), [*Voices(5).utterances(9)][7]
    assert np.array_equal(one.samples, two.samples) and (one.word, one.speaker, one.mood) == (
        two.word, two.speaker, two.mood)
    assert Voices(5).words != Voices(6).words


def test_words_are_made_of_all_phones_and_differ():
    words = Voices(0).words
    assert len(words) == 20 == len({*words.values()})
    assert {phone for phones in words.values() for phone in phones} == {*PHONES}


def test_the_pulses_have_the_pitch_and_all_its_multiples():
    train = pulses(np.full(800, 100.0), RATE)
    strength = np.abs(np.fft.rfft(train))
    peaks = np.flatnonzero(strength > 0.5 * strength.max())
    assert np.array_equal(peaks, 10 * np.arange(1, len(peaks) + 1)) and len(peaks) >= 38
    assert 0.9 < train.max() <= 1


def test_the_tube_resonates_at_its_formants():
    gain = resonance(np.array([[500.0, 1500, 2500]]), np.full((1, 3), 80.0), 1.0, RATE)[0]
    top = [k for k in range(1, 256) if gain[k - 1] < gain[k] > gain[k + 1]]
    assert np.allclose(np.array(top) * RATE / 512, [500, 1500, 2500], atol=RATE / 512)


def test_what_is_heard_is_what_was_said():
    """Voices keep their order of pitch; an i is told from an a by its formants; sad is slower and softer than angry."""
    voices, rng = Voices(2), np.random.default_rng(0)
    word = next(iter(voices.words))
    pitches = [np.median([pitch_of(vowel_in(voices.say(word, who, "calm", rng))) for _ in range(3)])
               for who in (0, 6, 11)]
    assert pitches[0] < pitches[1] < pitches[2] and pitches[2] > 1.7 * pitches[0]
    length, loud, bright = (
        {mood: np.mean([of(voices.say(word, 3, mood, rng).samples) for _ in range(12)]) for mood in MOODS}
        for of in (len, lambda samples: np.sqrt((samples**2).mean()), brightness))
    assert length["sad"] > 1.2 * length["angry"] and loud["sad"] < 0.8 * loud["angry"]
    assert bright["sad"] < bright["calm"] < bright["angry"]


def brightness(samples: np.ndarray) -> float:
    """The share of the energy above 1500 Hz."""
    energy = np.abs(np.fft.rfft(samples))**2
    return energy[len(energy) * 3 // 8:].sum() / energy.sum()


def vowel_in(said) -> np.ndarray:
    """The samples of the first vowel."""
    frames = np.flatnonzero(np.isin(said.phones, [NAMES.index(name) for name in VOWELS]))
    first = frames[0]
    last = first + 1
    while last in frames:
        last += 1
    return said.samples[80 * first:80 * last]


def test_there_is_a_phone_for_each_frame_and_bands_show_it():
    voices = Voices(4)
    said = [*voices.utterances(150)]
    assert all(len(each.samples) == 80 * len(each.phones) for each in said)
    assert all(np.abs(each.samples).max() <= 1 and each.samples.dtype == np.float32 for each in said)
    ear = Extractor(stacked=1).fitted([each.samples for each in said])
    rows = [(ear(each.samples), each.phones[1:]) for each in said]
    bands = np.concatenate([x[:min(len(x), len(n))] for x, n in rows])
    names = np.concatenate([n[:min(len(x), len(n))] for x, n in rows])
    means = {name: bands[names == NAMES.index(name)].mean(0) for name in ("i", "a", "s", "silence")}
    high, low = slice(28, 40), slice(2, 8)
    assert means["s"][high].mean() > means["a"][high].mean() and means["a"][low].mean() > means["s"][low].mean()
    assert means["silence"].mean() < min(means[name].mean() for name in "ias")
    peak = slice(12, 20)                                       # about 700 to 1300 Hz: both formants of a, none of i
    assert means["a"][peak].mean() > means["i"][peak].mean() + 0.3
