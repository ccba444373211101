"""Does the translation experiment read no parallel text, judge on sentences not shown, and leave what it promises?"""

import json
from dataclasses import replace

import pytest

from tinyformer.cli import main
from tinyformer.phenomena import translation
from tinyformer.tinyland.language import to_b

pytest.importorskip("matplotlib", reason="pictures need matplotlib")

SMALL = translation.EXPERIMENT.quick.but(steps=2, documents=40, vocabulary=300, width=16, pairs=(6, 12), lessons=2,
                                         dev=5, lesson_size=4)
CORPUS = (3, SMALL.documents, SMALL.vocabulary)


def test_pairs_are_different_sentences_and_their_translations():
    pairs = translation.parallel(7, 50)
    assert len({one.source for one in pairs}) == 50 and pairs == translation.parallel(7, 50)
    for one in pairs:
        there, back = one.source.lower().split(), [to_b(word.strip(".,?!:;")) for word in one.target.lower().split()]
        assert len(there) == len(back), "word for word, in another order"
    assert any([to_b(word.strip(".,?!:;")) for word in one.target.lower().split()] !=
               [word.strip(".,?!:;") for word in one.source.lower().split()] for one in pairs)


def test_no_document_stands_in_both_languages():
    from tinyformer.tinyland import World
    tokenizer, documents = translation.corpus(*CORPUS)
    first, second = (tokenizer.decode([id for sentence in documents[place] for id in sentence]) for place in (0, 1))
    plain = [text.replace(" ", "") for text in (first, second)]
    world = World(3)
    assert plain[0] == world.document(0).text.lower().replace(" ", "")
    assert plain[1] == next(iter(world.documents(1, "b", 20, translation.ORDER))).lower().replace(" ", "")
    assert len(documents) == 40


def test_what_is_asked_for_was_read_in_neither_language():
    tokenizer, documents = translation.corpus(*CORPUS)
    pairs = translation.parallel(7, 30)
    read = {tuple(tokenizer.encode(pairs[1].source)), tuple(tokenizer.encode(pairs[2].target))}
    dev, rest = translation.separated(pairs, 4, read, tokenizer)
    assert dev == [pairs[0], *pairs[3:6]] and rest == [*pairs[1:3], *pairs[6:]]
    with pytest.raises(ValueError, match="28 were not read"):
        translation.separated(pairs, 29, read, tokenizer)


def test_what_a_run_leaves(tmp_path, monkeypatch, capsys, here):
    monkeypatch.setattr(translation, "EXPERIMENT", replace(translation.EXPERIMENT, quick=SMALL))
    assert main(["reproduce", "translation", "--quick", "--seeds", "1", "--seed", "100", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "metrics.json").read_text())
    assert [each["arm"] for each in found["outcomes"]] == list(translation.ARMS)
    for outcome in found["outcomes"]:
        few, more = outcome["by pairs"]
        assert 0 <= few["all words in the pairs"] <= more["all words in the pairs"] <= 1
        assert few["copy bleu"] == 0 and {"bleu", "exact", "token_accuracy"} <= set(few) and len(few["examples"]) == 5
    assert (tmp_path / "translation.png").read_bytes().startswith(b"\x89PNG")
    said = capsys.readouterr().out
    assert said.count("from scratch") == said.count("copying the source") == said.count("a perfect dictionary") == 2
