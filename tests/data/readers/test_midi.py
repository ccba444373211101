"""Are the notes of all tracks in order, are drums and rests left out, and is what is no piece of music refused?"""

import builtins
import os

import pytest

from tinyformer.data.readers import read_midi
from tinyformer.errors import InputError

mido = pytest.importorskip("mido", reason="it writes the files, and reads them")


def midi(path, *tracks, kind: int = 1):
    """A file with these tracks, each of (ticks since the last, key, how loud, channel)."""
    path.parent.mkdir(exist_ok=True)
    piece = mido.MidiFile(type=kind)
    for notes in tracks:
        piece.tracks.append(mido.MidiTrack(
            mido.Message("note_on", time=time, note=note, velocity=loud, channel=channel)
            for time, note, loud, channel in notes))
    piece.save(path)
    return path


def test_notes_of_all_tracks_stand_where_they_begin_and_chords_from_low_to_high(tmp_path):
    upper = [(0, 64, 80, 0), (96, 64, 0, 0), (0, 61, 80, 0)]            # loudness 0 ends a note
    lower = [(0, 48, 80, 1), (48, 55, 80, 1), (48, 61, 80, 1)]          # and meets the upper one at its end
    drums = [(0, 36, 80, 9)]
    (piece,) = read_midi(midi(tmp_path / "song.mid", upper, lower, drums))
    assert piece.text == "C3 E4 G3 C#4" and piece.name == "song" and piece.file == str(tmp_path / "song.mid")
    (edges,) = read_midi(midi(tmp_path / "edges.mid", [(0, 0, 1, 0), (0, 127, 1, 0), (0, 60, 1, 0)]))
    assert edges.text == "C-1 C4 G9"


def test_a_folder_is_read_with_those_below_it_in_order(tmp_path):
    for name in ("b.MID", "below/a.midi", "note.txt"):
        midi(tmp_path / name, [(0, 60, 9, 0)])
    (tmp_path / "folder.mid").mkdir()
    assert [piece.name for piece in read_midi(tmp_path)] == ["b", "a"]


def test_what_cannot_be_read_is_named(tmp_path):
    whole = midi(tmp_path / "whole.mid", [(0, 60, 9, 0)]).read_bytes()
    faults = {"short": (whole[:-6], "ends too early"), "text": (b"C4 E4 G4 and so on", "MThd not found"),
              "empty": (b"", "ends too early"), "turned": (whole.replace(b"<\x09", b"<\xff"), "must be in range")}
    for name, (data, said) in faults.items():
        (tmp_path / f"{name}.mid").write_bytes(data)
        with pytest.raises(InputError, match=rf"{name}\.mid: no MIDI file that can be read \(.*{said}.*get the file"):
            read_midi(tmp_path / f"{name}.mid")
    for name, piece, said in (("rests", [[]], "no note in it"), ("drums", [[(0, 36, 9, 9)]], "no note in it")):
        with pytest.raises(InputError, match=rf"{name}\.mid: .*{said}"):
            read_midi(midi(tmp_path / f"{name}.mid", *piece))
    with pytest.raises(InputError, match="type 2, whose tracks are pieces"):
        read_midi(midi(tmp_path / "two.mid", [(0, 60, 9, 0)], kind=2))
    with pytest.raises(InputError, match="none.mid: cannot be read"):
        read_midi(tmp_path / "none.mid")
    (tmp_path / "void").mkdir()
    with pytest.raises(InputError, match="no MIDI file in it"):
        read_midi(tmp_path / "void")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.mid")
        with pytest.raises(InputError, match="FIFO"):
            read_midi(tmp_path / "pipe.mid")


def test_without_the_library_its_extra_is_named(tmp_path, monkeypatch):
    imported = builtins.__import__

    def missing(name, *more, **named):
        if name == "mido":
            raise ImportError(name)
        return imported(name, *more, **named)

    path = midi(tmp_path / "a.mid", [(0, 60, 9, 0)])
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(InputError, match=r"takes mido; pip install 'tinyformer\[music\]'"):
        read_midi(path)
