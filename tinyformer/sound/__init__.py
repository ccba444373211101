"""How does sound become numbers?  WAV files, log-mel frames, and voices that are made here."""

from typing import TYPE_CHECKING

from tinyformer.opening import opens

if TYPE_CHECKING:
    from tinyformer.sound.extractor import Extractor
    from tinyformer.sound.recordings import Recording, read_folder, read_spoken_digits
    from tinyformer.sound.resampling import resampled
    from tinyformer.sound.spectrogram import log_mel
    from tinyformer.sound.voices import Utterance, Voices
    from tinyformer.sound.wav import read_wav, write_wav

__getattr__, __dir__ = opens(
    __name__, extractor="Extractor", recordings="Recording read_folder read_spoken_digits",
    resampling="resampled", spectrogram="log_mel", voices="Utterance Voices", wav="read_wav write_wav")
