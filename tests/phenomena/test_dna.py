"""Are promoters made as the rule says, is who knows it as good as one can be, and do all starts see the same words?"""

import json
from dataclasses import replace

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.errors import InputError
from tinyformer.phenomena import dna
from tinyformer.phenomena.dna import ARMS, FRESH, RANDOM, READ, SHUFFLED
from tinyformer.phenomena.kit import Files, Found
from tinyformer.phenomena.parts import promoters
from tinyformer.phenomena.parts.few_examples import Learned
from tinyformer.phenomena.parts.letters_as_words import brought, in_words
from tinyformer.phenomena.parts.promoters import KINDS, OTHER, PROMOTER, best_guess, stretches
from tinyformer.rng import stream
from tinyformer.text import WordPieceTokenizer

SMALL = dna.EXPERIMENT.quick.but(documents=40, steps=2, labels=16, dev=8, lessons=2)


def test_letters_stand_as_often_as_was_counted(monkeypatch):
    rng = stream(0, "test")
    others = "".join(promoters.stretch(OTHER, rng) for _ in range(200))
    assert abs(sum(letter in "CG" for letter in others) / len(others) - 0.43) < 0.02
    monkeypatch.setattr(promoters, "SHIFTS", (0,))
    monkeypatch.setattr(promoters, "GAPS", {17: 1.0})
    made = np.array([[*promoters.stretch(PROMOTER, rng)] for _ in range(1000)])
    for word, at in (("TTGACA", 25), ("TATAAT", 48)):
        assert np.abs((made[:, at:at + 6] == [*word]).mean(0) - promoters.USUAL[word]).max() < 0.06
        assert np.allclose(promoters.columns(word).sum(1), 1)
    assert np.abs((made[:, 31:48] == "T").mean(0) - 0.285).max() < 0.06


def test_who_knows_the_rule_is_right_on_nearly_all_and_not_by_position_alone():
    made = stretches("train", 600, 3)
    assert [each.label for each in made].count(PROMOTER) == 300 and made != stretches("dev", 600, 3)
    assert 93 < promoters.best_share(made) < 98
    perfect = "A" * 25 + "TTGACA" + "C" * 17 + "TATAAT" + "C" * 27
    assert len(perfect) == promoters.LENGTH and best_guess(perfect) == PROMOTER
    assert best_guess(perfect[::-1]) == best_guess("G" * 81) == OTHER


def test_all_starts_are_taught_the_same_words_and_have_read_what_they_say(monkeypatch):
    taught, read = [], {}

    def noted(spec, start, tokenizer, examples, *more):
        taught.append(examples)
        return Learned({"accuracy": 0.75}, {}, [(0, 50.0), (1, 70.0), (2, 80.0)], [])

    prepare = dna.stages.prepare
    monkeypatch.setattr(dna, "learned", noted)
    monkeypatch.setattr(dna.stages, "prepare", lambda settings, texts, *more, **named: (
        read.setdefault(len(read), texts) and prepare(settings, texts, *more, **named)))
    found = [dna.one(SMALL, 5, arm) for arm in ARMS]
    assert found[0]["right"] == 75 and found[0]["on the way"] == 75 and found[0]["best"] > 80
    assert all(each == taught[0] for each in taught)
    first = taught[0][0][0].text.split()
    assert len(first) == 81 and len({*first}) == 4 and {each.label for each in taught[0][0]} == {*KINDS}
    english, mixed, random, fresh = read.values()
    assert english == fresh and english != mixed and english != random
    assert sorted(english[0].lower().replace(".", " ").split()) == sorted(mixed[0].lower().replace(".", " ").split())
    assert len(random[0].split()) == len(english[0].split())


@pytest.mark.parametrize("read, fresh, mixed, word", [
    (88, 80, 84, "seen"), (88, 88, 84, "unclear"), (80, 88, 84, "not seen"), (88, 80, 90, "unclear")])
def test_the_rule(read, fresh, mixed, word):
    """Each seed of who has read English is a little off, to one side or the other."""
    level = {READ: read, FRESH: fresh, SHUFFLED: mixed, RANDOM: 70}
    found = Found(dna.EXPERIMENT.full, [0, 1, 2], [
        {"seed": seed, "arm": arm, **dict.fromkeys(("right", "on the way"), level[arm] + off * (arm == READ))}
        for seed, off in enumerate((0.1, -0.1, 0.05)) for arm in ARMS])
    assert dna.verdict(found).word == word


def fasta(path, letters: str, count: int):
    path.write_text("".join(f">{letters} {n}\n{letters * (2 + n % 3)}\n" for n in range(count)))
    return str(path)


def test_a_quick_run_with_sequences_of_the_user(tmp_path, monkeypatch, here):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    monkeypatch.setattr(dna, "EXPERIMENT", replace(dna.EXPERIMENT, quick=SMALL))
    data = ["--data", fasta(tmp_path / "one.fa", "ACC", 8), "--data", fasta(tmp_path / "other.fa", "GTN", 9)]
    assert main(["reproduce", "dna", "--quick", "--seeds", "1", *data, "--out", str(tmp_path / "out")]) == 0
    given = json.loads((tmp_path / "out" / "metrics.json").read_text())["given"][0]
    assert (given["labels"], given["judged"], given["kinds"]) == (12, 4, 2) and {*given["arms"]} == {*ARMS}
    assert "one.fa, other.fa" in (tmp_path / "out" / "page.md").read_text()
    assert (tmp_path / "out" / "dna.png").stat().st_size > 5000


def test_sequences_that_cannot_be_told_apart_are_refused(tmp_path):
    one, few = fasta(tmp_path / "one.fa", "ACC", 8), fasta(tmp_path / "few.fa", "GTN", 3)
    for paths, said in (((one,), "given once"), ((one, one), r"one\.fa was given twice"),
                        ((one, str(tmp_path / "." / "x" / ".." / "one.fa")), r"one\.fa was given twice"),
                        ((one, few), r"few\.fa: 3 sequences"),
                        ((one, fasta(tmp_path / "long.fa", 30 * "ACC", 8)), r"long\.fa:1: 180 letters")):
        with pytest.raises(InputError, match=said):
            brought(paths, 82, 10, 10, 0)


def test_folders_of_music_are_kinds_with_a_word_for_each_note(tmp_path):
    mido = pytest.importorskip("mido", reason="it writes the files, and reads them")
    for folder, keys in (("up", (60, 64, 67)), ("down", (67, 64, 59))):
        (tmp_path / folder).mkdir()
        for number in range(8):
            piece = mido.MidiFile()
            notes = (mido.Message("note_on", time=1, note=key) for key in (2 + number) * keys)
            piece.tracks.append(mido.MidiTrack(notes))
            piece.save(tmp_path / folder / f"{number}.mid")
    paths = [str(tmp_path / folder) for folder in ("up", "down")]
    learn, judge = shown = brought(paths, 9, 99, 99, 0)
    assert [len(learn), len(judge)] == [12, 4] and {len(each.text.split()) for each in learn} == {6, 9}
    assert {each.text[:8] for each in learn if each.label == paths[0]} == {"C4 E4 G4"}
    said = in_words(shown, WordPieceTokenizer(["[UNK]", "one", "two", "three", "four"]), 0)[0][0].text.split()
    assert len(said) in (6, 9) and len({*said}) == 3
    with pytest.raises(InputError, match="4 letters or notes, and 3 words"):
        in_words(shown, WordPieceTokenizer(["[UNK]", "one", "two", "three"]), 0)
    with pytest.raises(InputError, match="one piece of music; give the folder"):
        brought([str(tmp_path / "up" / "0.mid"), paths[1]], 9, 99, 99, 0)
    first = Files.of("dna", None, tuple(paths)).sha256
    (tmp_path / "up" / "0.mid").unlink()
    assert Files.of("dna", None, tuple(paths)).sha256 != first


def test_a_folder_with_nothing_to_read_is_refused_whatever_the_experiment_takes(tmp_path):
    """One that is named like a piece of music is none."""
    (tmp_path / "up" / "inner.mid").mkdir(parents=True)
    for name in ("dna", "overfit"):
        with pytest.raises(InputError, match="up: neither a MIDI file nor a text file in this folder; give a file"):
            Files.of(name, None, (str(tmp_path / "up"),))
    with pytest.raises(InputError, match="up: no MIDI file in it"):
        brought([str(tmp_path / "up"), str(tmp_path)], 9, 99, 99, 0)


def test_files_of_one_name_in_two_folders_are_two_kinds(tmp_path):
    paths = []
    for folder, letters in (("yes", "ACC"), ("no", "GTN")):
        (tmp_path / folder).mkdir()
        paths.append(fasta(tmp_path / folder / "all.fa", letters, 8))
    learn, judge = brought(paths, 82, 99, 99, 0)
    assert {each.label for each in learn} == {each.label for each in judge} == set(paths)
