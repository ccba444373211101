"""Are senses told apart as the definition says, in sentences that were chosen fairly, and is it said what was found?"""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.errors import InputError
from tinyformer.models import encoder_of
from tinyformer.phenomena import two_senses
from tinyformer.phenomena.kit import Found
from tinyformer.phenomena.parts.ambiguous_words import (
    ROOM,
    Marked,
    Use,
    in_tinyland,
    in_treebank,
    shown,
    tinyland_words,
    uses,
)
from tinyformer.phenomena.parts.one_vector_a_spelling import KINDS, learned_vectors, where_used
from tinyformer.phenomena.parts.senses_apart import apart, by_layer, centred, cosines, vectors_of
from tinyformer.phenomena.parts.small_berts import told
from tinyformer.train import load_model

pytest.importorskip("matplotlib", reason="pictures need matplotlib")
GROUPS = ["a", "a", "b", "b"]


def test_how_far_apart_senses_are():
    common, own = np.array([10.0, 0, 0]), np.array([[0, 1, 0], [0, 1, 0], [0, -1, 0], [0, -1, 0]])
    assert apart(own, GROUPS) == pytest.approx(2)              # one vector each, opposite
    assert apart(common + own, GROUPS) == pytest.approx(1 - 99 / 101)          # hidden by what all have in common,
    assert apart(centred(common + own), GROUPS) == pytest.approx(2)            # which is taken off
    assert apart(np.eye(4), GROUPS) == 0
    same = np.full((4, 3), 0.7)                                # one vector for each spelling: 0 by construction
    assert apart(same, GROUPS) == apart(centred(same), GROUPS) == 0 and not cosines(centred(same)).any()


def test_a_vector_is_that_of_the_word_in_its_text(untrained):
    model, tokenizer = load_model(untrained)
    encoder = encoder_of(model)
    one, other = (tuple(tokenizer.encode(9 * text)[:ROOM]) for text in ("the bank of a river is old ", "a bank here "))
    of_word = [Use("", "a", one, 8), Use("", "a", other, 1), Use("", "b", one, 0)]
    found = vectors_of(encoder, tokenizer, of_word)
    assert found.shape == (3, 3, 16)
    for vectors, use in zip(found, of_word, strict=True):
        row = np.array([[tokenizer.cls_id, *use.ids, tokenizer.sep_id]])
        alone = np.stack([state.data[0, 1 + use.place] for state in encoder.states(row)])
        np.testing.assert_allclose(vectors, alone, atol=1e-6)
    layers = by_layer(partial(vectors_of, encoder, tokenizer), [{"bank": of_word}])
    assert layers["uncentred"]["bank"][2] == pytest.approx(apart(found[:, 2], ["a", "a", "b"]))
    other = [replace(use, place=use.place + 9) for use in of_word]
    both = by_layer(partial(vectors_of, encoder, tokenizer), [{"bank": of_word}, {"bank": other}])["uncentred"]["bank"]
    alone = by_layer(partial(vectors_of, encoder, tokenizer), [{"bank": other}])["uncentred"]["bank"]
    np.testing.assert_allclose(both, np.mean([alone, layers["uncentred"]["bank"]], 0), atol=1e-6)
    assert layers["centred"]["bank"][1] == pytest.approx(apart(centred(found[:, 1]), ["a", "a", "b"]))


def test_what_has_one_vector_for_a_spelling_cannot_tell_its_senses(untrained):
    _, tokenizer = load_model(untrained)
    ids = tokenizer.encode("the bank of a river is old and the bank is here . " * 40)
    places = [place for place, id in enumerate(ids) if id == tokenizer.encode("bank")[0]]
    for name in KINDS:
        vectors = learned_vectors(name, ids, tokenizer, width=8, steps=3, batch_size=4, length=16, seed=0)
        assert vectors.shape == (len(tokenizer), 8)
        of_word = [Use("", sense, tuple(ids[:ROOM]), place) for place, sense in zip(places, "aba", strict=False)]
        assert where_used(vectors, of_word).shape == (3, 1, 8)
        found = by_layer(partial(where_used, vectors), [{"bank": of_word}])
        assert found["centred"]["bank"] == [0] and found["uncentred"]["bank"][0] == pytest.approx(0, abs=1e-6)


def test_uses_stand_in_the_text_that_goes_on(untrained):
    _, tokenizer = load_model(untrained)
    sentences = [Marked(f"{text} .", [(4, "bank", sense)], ends=number % 3 == 2) for number, (text, sense) in
                 enumerate([("the bank is old", "land"), ("the bank is here", "building")] * 20)]
    whole = [id for each in sentences for id in [*tokenizer.encode(each.text), *[tokenizer.sep_id] * each.ends]]
    found = list(uses(sentences, tokenizer))
    assert 10 < len(found) < 40                                # those at the ends have too little around them
    for word, use in found:
        assert word == "bank" and len(use.ids) == 2 * ROOM and use.place == ROOM
        assert any(tuple(whole[n:n + 2 * ROOM]) == use.ids for n in range(len(whole)))
        piece = tokenizer.encode("bank")
        assert list(use.ids[ROOM:ROOM + len(piece)]) == piece


def test_words_of_tinyland_stand_anywhere_in_new_sentences_of_either_sense():
    tokenizer = told(100, 100, 800, (("story", 1), ("facts", 1))).tokenizer
    met = in_tinyland(3, 5, 7, tokenizer, lambda sentence: "money" in sentence)
    found, counts = shown(met, 7), {word: len(of_word) // 2 for word, of_word in met.items()}
    assert shown(met, 7) == found != shown(met, 7, draw=1)
    assert min(counts.values()) == 3 and max(counts.values()) == 5
    assert set(found) == set(tinyland_words()) and tinyland_words()["apple"] == ("food", "company")
    places = [use.place for of_word in found.values() for use in of_word]
    assert min(places) < 6 and max(places) > ROOM - 7          # no sense has places of its own
    for word, of_word in found.items():
        half = counts[word]
        assert [use.sense for use in of_word] == [sense for sense in tinyland_words()[word] for _ in range(half)]
        assert len({use.sentence for use in of_word[:half]}) == len({use.sentence for use in of_word[half:]}) == half
        pieces = tokenizer.encode(word)
        for use in of_word:
            assert len(use.ids) == ROOM and "money" not in use.sentence and word in use.sentence.lower()
            assert list(use.ids[use.place:use.place + len(pieces)]) == pieces[:ROOM - use.place]


def treebank(path, uses: dict[str, list[str]]):
    """A file in which each word stands at the end of sentences such as "No 3 says book", with these tags."""
    lines = []
    for word, tags in uses.items():
        for number, tag in enumerate(tags):
            said = ("No", "DET"), (str(number), "NUM"), ("says", "VERB"), (word, tag)
            for place, (form, upos) in enumerate(said, 1):
                lines.append("\t".join([str(place), form, form, upos, "_", "_", "_", "_", "_", "_"]))
            lines.append("")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_spellings_of_a_treebank_are_nouns_and_verbs(tmp_path, untrained):
    _, tokenizer = load_model(untrained)
    both = {"book": ["NOUN", "VERB"] * 8, "run": ["VERB"] * 9 + ["NOUN"] * 5, "work": ["NOUN"] * 20 + ["VERB"] * 4}
    file = treebank(tmp_path / "a.conllu", {"fast": ["ADJ", "ADV"] * 9, **both, "so": ["ADV"] * 9})
    found = in_treebank([file], 6, 0, tokenizer)
    assert list(found) == ["book", "run"]                      # who has more sentences comes first
    assert [use.sense for use in found["book"]] == ["NOUN"] * 6 + ["VERB"] * 6
    assert len(found["run"]) == 10 and len({use.sentence for use in found["run"]}) == 10
    assert in_treebank([file], 6, 0, tokenizer) == found != in_treebank([file], 6, 1, tokenizer)
    with pytest.raises(InputError, match="no spelling is NOUN and VERB in 5 sentences each"):
        in_treebank([treebank(tmp_path / "b.conllu", {"book": ["NOUN", "VERB"] * 4})], 6, 0, tokenizer)


def outcome(seed: int, best: float, enters: float = 0.01, untrained: float = 0.02, table: float = 0.0) -> dict:
    return {"seed": seed, "arm": None, "read": [enters, 0.1, best, 0.2], "uncentred": [0.0] * 4,
            "untrained": [0.0, untrained, 0.0, 0.0], "words": {word: [0, 1, 2, 3] for word in tinyland_words()},
            "count": dict.fromkeys(tinyland_words(), 4),
            "one vector": {"CBOW": [table, 0.0], "skip-gram": [0.0, 0.0]}}


@pytest.mark.parametrize("last, word", [({"best": 0.5}, "seen"), ({"best": 0.2}, "unclear"),
                                        ({"best": 0.5, "enters": 0.06}, "unclear"),
                                        ({"best": 0.5, "untrained": 0.06}, "unclear"),
                                        ({"best": 0.5, "table": -0.06}, "unclear")])
def test_the_rule_and_the_table(last, word):
    found = Found(two_senses.EXPERIMENT.quick, [0, 1, 2], [outcome(0, 0.4), outcome(1, 0.3), outcome(2, **last)])
    assert two_senses.verdict(found).word == word
    layers, words = two_senses.table(found)
    assert layers.rows[0][0] == "what enters" and layers.rows[1][1] == "0.10 ± 0.00"
    assert words.rows[4] == ("apple", "food, company", "4 / 4 / 4", "2.00", "2.00", "2.00")
    assert layers.rows[-1] == ("skip-gram", "0.00 ± 0.00", "0.00 ± 0.00", "")


def test_a_quick_run_with_files_of_the_user(tmp_path, untrained, monkeypatch, capsys, here):
    small = two_senses.EXPERIMENT.quick.but(steps=2, documents=40, width=16, least=2, most=2, given=2)
    monkeypatch.setattr(two_senses, "EXPERIMENT", replace(two_senses.EXPERIMENT, quick=small))
    file = treebank(tmp_path / "a.conllu", {"fast": ["ADJ"] * 9, "book": ["NOUN", "VERB"] * 6, "so": ["ADV"] * 9})
    words = ["reproduce", "two-senses", "--quick", "--seeds", "1", "--model", str(untrained), "--data", file]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    found = json.loads((tmp_path / "out" / "metrics.json").read_text())
    (built_in,), (given,) = found["outcomes"], found["given"]
    assert len(built_in["read"]) == 4 and len(given["read"]) == 3 and set(given["words"]) == {"book"}
    assert given["spellings"] == {"book": {"senses": ["NOUN", "VERB"], "count": 2}}
    assert given["read"] != given["untrained"] and built_in["read"] != built_in["untrained"]
    shown = built_in["shown"]
    assert built_in["one vector"]["CBOW"][0] == 0
    assert np.shape(shown["cosines"]) == (4, 4, 4) and shown["senses"] == ["food"] * 2 + ["company"] * 2
    assert (tmp_path / "out" / "two-senses.png").read_bytes().startswith(b"\x89PNG")
    assert f"On {file}, with {untrained}:" in capsys.readouterr().out
