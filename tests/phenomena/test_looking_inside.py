"""Do the experiments that look into a BERT leave what they promise, of their own model and of a user's?

(What they are made of has tests of its own: probes, properties, hidden words, kinds of attention, the reader.)
"""

import json

import numpy as np
import pytest
import small

from tinyformer.errors import InputError
from tinyformer.phenomena import attention_zoo, layers
from tinyformer.phenomena.kit import Files, Found
from tinyformer.phenomena.kit.report import Report
from tinyformer.phenomena.parts.attention_kinds import KINDS, SUBJECT
from tinyformer.phenomena.parts.one_reader import LAYERS
from tinyformer.phenomena.parts.treebank import clauses_of, pairs_of, properties_of, trees_of
from tinyformer.text import WordPieceTokenizer
from tinyformer.train import save_model

pytest.importorskip("matplotlib", reason="pictures need matplotlib")

def report(module, **changes) -> Report:
    """Of one seed of a run that is smaller still than the quick one."""
    sizes = module.EXPERIMENT.quick.but(steps=4, documents=80, **changes)
    outcome = json.loads(json.dumps(module.one(sizes, 7)))
    return Report.of("it", module, Found(sizes, [7], [{"seed": 7, "arm": None, "seconds": 1.0, **outcome}]), True)


# ---- tinyland --------------------------------------------------------------------------------------------------------


def test_layers_finds_every_property_in_every_arm(tmp_path):
    done = report(layers, told=150, most=120)
    found = done.found.outcomes[0]["properties"]
    assert list(found) == ["word", "part of speech", "sense", "who did it", "topic", "place in the story"]
    for each in found.values():
        for arm in layers.ARMS:
            assert len(each[arm]["layers"]) == LAYERS + 1 and max(each[arm]["layers"]) <= 100
    assert found["word"][layers.READ]["layers"][0] > 50 and found["word"][layers.READ]["centre"] < 0.5
    assert found["word"][layers.SHUFFLED]["layers"][0] < 30
    layers.draw(done.found, tmp_path)
    assert "place in the story" in done.text() and (tmp_path / "layers.png").read_bytes().startswith(b"\x89PNG")


def test_the_zoo_has_a_score_for_every_head_and_shows_the_best(tmp_path):
    done = report(attention_zoo, pairs=20, clauses=20)
    found = done.found.outcomes[0]
    for arm in attention_zoo.ARMS:
        assert list(found[arm]) == list(KINDS) and all(np.shape(found[arm][kind]) == (LAYERS, 4) for kind in KINDS)
    for kind, each in found["best"].items():
        layer, head = (int(part.split()[1]) - 1 for part in each["head"].split(", "))
        assert found[attention_zoo.READ][kind][layer][head] == np.max(found[attention_zoo.READ][kind])
        np.testing.assert_allclose(np.sum(each["looks"], -1), 1, rtol=1e-5)
        assert np.shape(each["looks"]) == 2 * (len(found["tokens"]),)
    attention_zoo.draw(done.found, tmp_path)
    assert all((tmp_path / name).exists() for name in ("attention-zoo.png", "heads.png"))


# ---- files of the user -----------------------------------------------------------------------------------------------


def sentence(*words: str) -> str:
    """Words as FORM/UPOS/HEAD/RELATION in CoNLL-U."""
    cells = [word.split("/") for word in words]
    return "".join(f"{n}\t{form}\t{form}\t{tag}\t_\t_\t{head}\t{relation}\t_\t_\n"
                   for n, (form, tag, head, relation) in enumerate(cells, 1)) + "\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A treebank in which two words are verb and noun, a dozen subject and object; and a BERT that knows its words."""
    folder, told = tmp_path_factory.mktemp("mine"), []
    animals = [f"{a}{b}" for a in ("d", "c", "f", "h") for b in ("og", "at", "ox")]
    for n in range(144):
        a, b, verb = animals[n % 12], animals[(n + 1 + n // 12) % 12], ("walk", "run")[n % 2]
        told += [sentence(f"{a}/NOUN/2/nsubj", f"{verb}/VERB/0/root", f"{b}/NOUN/2/obj", "./PUNCT/2/punct"),
                 sentence(f"{a}/NOUN/3/nsubj:pass", "was/AUX/3/aux:pass", "seen/VERB/0/root", "on/ADP/6/case",
                          "a/DET/6/det", f"{verb}/NOUN/3/obl", "./PUNCT/3/punct")]
    (folder / "trees.conllu").write_text("".join(told), encoding="utf-8")
    words = [*animals, "walk", "run", "was", "seen", "on", "a", "."]
    tokenizer = WordPieceTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words])
    save_model(folder / "bert", small.bert(vocabulary=len(tokenizer), context=30, dtype=np.float32), tokenizer)
    return Files(str(folder / "bert"), (str(folder / "trees.conllu"),))


def test_a_treebank_is_asked_what_it_knows(files):
    tokenizer = WordPieceTokenizer.load(files.model)
    trees = trees_of(files.data, tokenizer, 30)
    assert len(trees) == 288 and len(trees_of(files.data, tokenizer, 12)) == 144
    asked = {each.name: each for each in properties_of(trees, 0, 160)}
    assert {one.word for one in asked["part of speech"].all} == {"walk", "run"}
    assert {one.label for one in asked["subject or object"].all} == {"subject", "object"}
    told = clauses_of(trees, 40)
    assert [one.apart for one in told] == [False] * 20 + [True] * 20
    assert {one.verb.word for one in told[:20]} <= {"walk", "run"} and {one.verb.word for one in told[20:]} == {"seen"}
    assert all(one.subject.start == 0 for one in told) and pairs_of(trees, 3)[0][1] == pairs_of(trees, 3)[1][0]


def test_a_treebank_that_is_too_small_is_refused(files, tmp_path):
    small_one = tmp_path / "small.conllu"
    small_one.write_text(sentence("dog/NOUN/2/nsubj", "run/VERB/0/root", "far/ADV/2/advmod", "./PUNCT/2/punct"))
    for module in (layers, attention_zoo):
        with pytest.raises(InputError, match="give a larger one"):
            module.one_given(module.EXPERIMENT.quick, 0, Files(files.model, (str(small_one),)))


@pytest.mark.parametrize("module", [layers, attention_zoo])
def test_files_of_the_user_are_looked_at_in_the_same_way(files, module):
    sizes = module.EXPERIMENT.quick
    given = [json.loads(json.dumps(module.one_given(sizes, seed, files))) for seed in (0, 1)]
    if module is layers:
        assert list(given[0]["properties"]) == ["word", "part of speech", "subject or object"]
        assert "subject or object" in layers.centres_of(given, "mine").text()
    else:
        assert np.shape(given[0][attention_zoo.READ][SUBJECT]) == (2, 2)
        assert given[0][attention_zoo.READ] == given[1][attention_zoo.READ] and given[0] != given[1]
        assert SUBJECT in attention_zoo.counted(given, "mine").text()


def test_a_model_that_is_no_bert_is_refused(files, tmp_path):
    save_model(tmp_path / "gpt", small.gpt(vocabulary=24), WordPieceTokenizer.load(files.model))
    for module in (layers, attention_zoo):
        with pytest.raises(InputError, match="holds a GPT, and the layers looked into are those of a BERT"):
            module.one_given(module.EXPERIMENT.quick, 0, Files(str(tmp_path / "gpt"), files.data))


# ---- the rules, on figures that were made up -------------------------------------------------------------------------


def three(module, outcomes) -> Found:
    return Found(module.EXPERIMENT.full, [0, 1, 2], [{"seed": seed, "arm": None, **each}
                                                     for seed, each in enumerate(outcomes)])


@pytest.mark.parametrize("read, apart, luck, word", [(60, 1.5, 5, "seen"), (45, 1.5, 5, "not seen"),
                                                     (60, 1.0, 5, "not seen"), (60, 1.5, 30, "unclear")])
def test_what_layers_asks_for(read, apart, luck, word):
    def arms(name: str) -> dict:
        centre = 0.0 if name == "word" else 0.8 if name in layers.OF_WORDS else apart
        return {arm: {"layers": [0, best], "centre": centre} for arm, best in
                zip(layers.ARMS, (read, 40, luck), strict=True)}

    names = ("word", *layers.OF_WORDS, *layers.OF_TEXTS)
    assert layers.verdict(three(layers, [{"properties": {name: arms(name) for name in names}}] * 3)).word == word


@pytest.mark.parametrize("least, random, word", [(0.6, 0.1, "seen"), (0.4, 0.1, "not seen"), (0.6, 0.3, "unclear")])
def test_what_the_zoo_asks_for(least, random, word):
    heads = {kind: [[0.1, least if kind == SUBJECT else 0.9]] for kind in KINDS}
    outcome = {attention_zoo.READ: heads, attention_zoo.RANDOM: {kind: [[random, 0.0]] for kind in KINDS}}
    assert attention_zoo.verdict(three(attention_zoo, [outcome] * 3)).word == word
