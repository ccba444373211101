"""How is music read?  MIDI files: the notes that are struck, by their names, one after the other.

C4 is the C in the middle of the keyboard, C#4 the black key above it.  All tracks of a file count together: each note
where it begins, and those that begin at once from low to high; a key that two tracks strike at once counts once.  How
long and how loud they are is left out, and so is the channel of the drums, whose numbers are no pitches.  The files are
read by mido (the extra `music`).
"""

import os
from io import BytesIO
from pathlib import Path

from tinyformer.data.readers.examples import Examples, NamedSequence
from tinyformer.errors import InputError
from tinyformer.places import file_bytes

ENDINGS = (".mid", ".midi")
KEYS = "C C# D D# E F F# G G# A A# B".split()
DRUMS = 9                                                  # channel 10, as musicians count
PATTERNS = 2                                               # the type of file whose tracks are no one piece


def read_midi(path: str | os.PathLike) -> Examples:
    """A piece for a file, or for each in a folder and below it, with its notes between spaces: "C4 E4 G4".

    InputError where there is no such file, where one cannot be read, and for one without a note.
    """
    files = midi_files(path) if Path(path).is_dir() else [Path(path)]
    if not files:
        raise InputError(f"{path}: no MIDI file in it; give a folder with files that end in {' or '.join(ENDINGS)}")
    return Examples(NamedSequence(each.stem, " ".join(_notes(each)), str(each), 1) for each in files)


def midi_files(folder: str | os.PathLike) -> list[Path]:
    """The MIDI files in a folder and below it, sorted by path."""
    return sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in ENDINGS and not path.is_dir())


def _notes(path: Path) -> list[str]:
    """The names of the notes of a file."""
    try:
        from mido import MidiFile
    except ImportError:
        raise InputError(f"{path}: to read MIDI files takes mido; pip install 'tinyformer[music]'") from None
    data = file_bytes(path, "a MIDI file")
    try:
        piece = MidiFile(file=BytesIO(data))
    except Exception as error:                             # whatever damaged bytes lead it to
        reason = "it ends too early" if isinstance(error, EOFError) else error
        raise InputError(f"{path}: no MIDI file that can be read ({reason}); get the file again, or take it "
                         "out") from None
    if piece.type == PATTERNS:
        raise InputError(f"{path}: a MIDI file of type 2, whose tracks are pieces of their own; save each as a file")
    struck = set()
    for track in piece.tracks:
        time = 0
        for message in track:
            time += message.time
            if message.type == "note_on" and message.velocity and message.channel != DRUMS:
                struck.add((time, message.note))
    if not struck:
        raise InputError(f"{path}: there is no note in it, drums apart; take it out")
    return [f"{KEYS[note % 12]}{note // 12 - 1}" for _, note in sorted(struck)]
