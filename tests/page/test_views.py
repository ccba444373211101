"""Do the views say what the models say?  Held against what the commands are made of, and against sums and counts."""

import shutil

import numpy as np
import pytest

from tinyformer.engine import no_grad
from tinyformer.errors import InputError
from tinyformer.generate import Sampling, write
from tinyformer.generate.mask_filling import fill, filled
from tinyformer.models import BertConfig, BertForPretraining, Seq2Seq
from tinyformer.page import VIEWS
from tinyformer.page.asked import read_request
from tinyformer.page.served import Behind, Served, open_all
from tinyformer.text import ByteLevelBPE
from tinyformer.train import save_model


def ask(models, view: str, name: str, **request):
    """What a function of a view says of one of the models, a list where it says it in pieces."""
    function = VIEWS[view].functions[name]
    asked = read_request(function.request, request)
    found = function.run(VIEWS[view].whose(function, asked, Behind(models)), asked)
    return list(found) if function.streams else found


def test_every_view_has_a_question_a_title_and_its_module():
    from tinyformer.page.shown_files import table
    for name, view in VIEWS.items():
        assert VIEWS.question(name).endswith("?") and view.title and view.functions
        assert f"/static/views/{name}.js" in table()


# ---- requests --------------------------------------------------------------------------------------------------------


def test_a_request_is_held_to_its_fields():
    request = VIEWS["write"].functions["write"].request
    made = read_request(request, {"prompt": "a", "temperature": 1, "written": [3, 4]})
    assert (made.prompt, made.temperature, made.written, made.tokens) == ("a", 1.0, (3.0, 4.0), 100)
    for wrong, said in (({"tokens": 0}, "at least 1"), ({"tokens": 1.5}, "a whole number"), ({"top_p": 0}, "above 0"),
                        ({"promt": "a"}, "did you mean 'prompt'?"), ({"prompt": "x" * 5000}, "at most 4,000"),
                        ({"prompt": 3}, "text"), ({"written": "3"}, "numbers"), ({"model": None}, "leave it out"),
                        ({"written": [1] * 3000}, "at most 2,000"), ([], "a JSON object"),
                        ({"temperature": float("nan")}, "finite")):
        with pytest.raises(InputError, match=said):
            read_request(request, wrong)
    with pytest.raises(InputError, match="text is missing: a text with"):
        read_request(VIEWS["fill"].functions["fill"].request, {})
    with pytest.raises(InputError, match="parts"):
        read_request(VIEWS["heads"].functions["predict"].request, {"parts": ["a", 3]})


# ---- Write -----------------------------------------------------------------------------------------------------------

SETTINGS = dict(temperature=0.9, top_k=12, top_p=0.95, repetition_penalty=1.2)


def test_what_is_written_is_what_generate_writes(models):
    gpt = models[0]
    pieces = ask(models, "write", "write", prompt="The red", tokens=60, seed=3, **SETTINGS)
    expected = list(write(gpt.model, gpt.tokenizer.encode("The red"), 60, Sampling(**SETTINGS), 3))
    assert [piece["id"] for piece in pieces] == expected
    assert "".join(piece["token"] for piece in pieces) == gpt.tokenizer.decode(expected)


def test_a_token_has_its_share_also_where_it_is_none_of_the_best(models):
    pieces = ask(models, "write", "write", prompt="The", tokens=60, temperature=2.0)
    offered = [{item["id"]: item["share"] for item in piece["choices"]} for piece in pieces]
    for piece, shares in zip(pieces, offered, strict=True):
        assert piece["share"] == pytest.approx(shares[piece["id"]]) if piece["id"] in shares else (
            0 < piece["share"] <= min(shares.values()))
    assert any(piece["id"] not in shares for piece, shares in zip(pieces, offered, strict=True))


@pytest.mark.parametrize("model", [0, 8, 9])
def test_a_text_that_goes_on_is_the_text_that_is_written_at_once(models, model):
    request = dict(model=model, prompt="The red", seed=3, **SETTINGS)
    whole = [piece.get("id") for piece in ask(models, "write", "write", tokens=12, **request)]
    assert len(whole) > 6
    assert [piece.get("id") for piece in ask(models, "write", "write", written=whole[:5], tokens=len(whole) - 5,
                                             **request)] == whole[5:]


@pytest.mark.parametrize("model", [0, 8, 9])
def test_the_choices_of_a_place_are_those_it_was_drawn_from(models, model):
    request = dict(model=model, prompt="The red", **SETTINGS)
    pieces = ask(models, "write", "write", tokens=8, seed=1, **request)
    ids = [piece["id"] for piece in pieces if "id" in piece]
    found = ask(models, "write", "choose", written=ids, **request)
    assert found["ids"][found["given"]:] == ids and found["place"] == len(found["ids"])
    for number in range(len(ids)):
        again = ask(models, "write", "choose", written=ids, place=found["given"] + number, **request)["choices"]
        for one, other in zip(again, pieces[number]["choices"], strict=True):
            assert one["id"] == other["id"] and one["share"] == pytest.approx(other["share"], rel=1e-4, abs=1e-6)


def test_shares_are_those_of_the_settings_and_of_the_model(models):
    plain = ask(models, "write", "choose", prompt="The", temperature=1.0)["choices"]
    assert all(one["share"] == one["plain"] for one in plain)
    assert [one["plain"] for one in plain] == sorted((one["plain"] for one in plain), reverse=True)
    cut = ask(models, "write", "choose", prompt="The", temperature=0.5, top_k=3)["choices"]
    assert sum(one["share"] for one in cut) == pytest.approx(1) and [one["share"] > 0 for one in cut] == [
        True] * 3 + [False] * 9
    sharper = np.array([one["plain"] for one in cut[:3]]) ** 2
    assert [one["share"] for one in cut[:3]] == pytest.approx((sharper / sharper.sum()).tolist())


def test_a_decoder_looks_at_its_source(models):
    request = dict(model=8, prompt="The red cat", written=[20, 21, 22])
    found = ask(models, "write", "align", layer=1, **request)
    assert found["source"][0] == "[CLS]" and len(found["target"]) == 3 and found["layers"] == 2
    weights = np.array(found["weights"])
    assert weights.shape == (3, len(found["source"])) and np.allclose(weights.sum(1), 1, atol=1e-5)
    served = models[8]
    with no_grad():
        source = np.array([served.tokenizer.encode("[CLS]The red cat[SEP]")])
        theirs = served.model.decoder.alignments(np.array([[served.model.config.start_id, 20, 21]]),
                                                 served.model.encode(source))
    assert np.allclose(weights, theirs[1].data[0].mean(0), atol=1e-6)


def test_a_decoder_with_fewer_layers_than_its_encoder_shows_its_last(models):
    tokenizer = models[8].tokenizer
    config = models[8].model.config.but(layers=3, decoder_layers=1)
    uneven = Served(0, "uneven", Seq2Seq(config, np.random.default_rng(0)), tokenizer)
    found = ask([uneven], "write", "align", prompt="The red cat", written=[20, 21])
    assert (found["layers"], found["layer"]) == (1, 0) and len(found["weights"]) == 2


@pytest.mark.parametrize("model, most", [(0, 2000), (8, 47)])
def test_a_text_that_has_no_room_left_can_still_be_looked_at(models, model, most):
    """It is written as far as its tokens can be asked about again, and then says what can be done."""
    request = dict(model=model, prompt="The", temperature=0)
    ids = [20] * (most - 2)
    pieces = ask(models, "write", "write", written=ids, tokens=10, **request)
    full = [*ids, *(piece["id"] for piece in pieces if "id" in piece)]
    full += [20] * (most - len(full))                          # where the model ends it before
    assert len(pieces) <= 2
    assert ask(models, "write", "choose", written=full, **request)["room"] == 0
    with pytest.raises(InputError, match="begin anew with Write"):
        ask(models, "write", "write", written=full, **request)


def test_what_cannot_be_written_says_what_to_do(models):
    for request, said in ((dict(prompt="Ω"), "not in the vocabulary"), (dict(prompt="a", place=9), "choose one of"),
                          (dict(model=8, prompt="the " * 80), "shorten it"), (dict(written=[10**6]), "below")):
        with pytest.raises(InputError, match=said):
            ask(models, "write", "choose", **request)
    with pytest.raises(InputError, match="a GPT reads no source"):
        ask(models, "write", "align", prompt="The")
    with pytest.raises(InputError, match="nothing is written"):
        ask(models, "write", "align", model=8, prompt="The")
    with pytest.raises(InputError, match="the decoder has 2"):
        ask(models, "write", "align", model=8, prompt="The", written=[20], layer=2)


# ---- Fill ------------------------------------------------------------------------------------------------------------


def test_blanks_are_filled_as_by_the_command(models):
    text = "The [MASK] cat sees the [MASK]."
    found = ask(models, "fill", "fill", model=1, text=text, top=4)
    blanks = fill(models[1].model, models[1].tokenizer, text, 4)
    assert [[("##" * one["joins"] + one["token"], one["share"]) for one in blank]
            for blank in found["blanks"]] == blanks
    assert found["filled"] == filled(text, blanks)


def test_a_piece_says_itself_whether_a_space_stands_before_it():
    """As in RoBERTa, whose <mask> takes the space along that stands before it."""
    tokenizer = ByteLevelBPE.train(["the red cat sees the red cat"] * 3, 300,
                                   specials=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    config = BertConfig(vocabulary=len(tokenizer), layers=1, heads=1, width=8, context=16, dropout=0.0)
    served = Served(0, "roberta", BertForPretraining(config, np.random.default_rng(0)), tokenizer)
    found = ask([served], "fill", "fill", text="the [MASK] cat", top=50)
    assert all(one["joins"] for one in found["blanks"][0])
    assert found["filled"] == f"the{found['blanks'][0][0]['token']} cat"


def test_a_word_is_compared_at_every_depth(models):
    request = dict(model=1, word="house", first="The old house sees.", second="the dog of the House")
    layers = ask(models, "fill", "senses", **request)["layers"]
    assert len(layers) == models[1].model.config.layers + 1
    assert all(-1 <= one["word"] <= 1 and -1 <= one["others"] <= 1 for one in layers)
    same = ask(models, "fill", "senses", **{**request, "second": request["first"]})["layers"]
    assert [one["word"] for one in same] == pytest.approx([1] * 3)
    with pytest.raises(InputError, match="does not stand in"):
        ask(models, "fill", "senses", **{**request, "word": "tree"})


# ---- Heads -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(2, 8))
def test_a_head_says_what_predict_prints(models, number):
    served = models[number]
    wanted = ask(models, "heads", "wanted", model=number)
    parts = ["The old house sees the dog.", "Anna lives in the house of the red cat by the river."]
    parts = parts[:len(wanted["names"])]
    found = ask(models, "heads", "predict", model=number, parts=parts)
    example = served.task.typed(parts, 1)
    rows = served.task.rows([example], served.tokenizer, getattr(served.model, "labels", ()), served.settings)
    assert found["said"] == served.task.predict(served.model, [example], rows, served.tokenizer, served.settings)[0]
    if served.task.name == "answer":
        words = found["words"]
        assert [one["text"] for one in words] == parts[1].split()
        (starts, ends), = served.task.outputs(served.model, rows)
        for kind, scores in (("start", starts), ("end", ends)):
            best = max(words, key=lambda one: one[kind])
            token = int(np.argmax(np.where(rows[0].window.best_context, scores, -np.inf)))
            assert best["from"] <= rows[0].window.offsets[token, 0] < best["to"]
            assert 0 < sum(one[kind] for one in words) <= 1 + 1e-6
    else:
        assert found["words"] is None


def test_a_head_says_what_it_cannot_read(models):
    with pytest.raises(InputError, match="this model takes two texts"):
        ask(models, "heads", "predict", model=4, parts=["one"])
    with pytest.raises(InputError, match="empty"):
        ask(models, "heads", "predict", model=2, parts=[" "])


# ---- what lies behind the page ---------------------------------------------------------------------------------------


@pytest.fixture
def folders(models, tmp_path):
    """The folders of a GPT and of a model that tags, which says how it was trained."""
    for served in (models[0], models[3]):
        save_model(tmp_path / "runs" / "tour" / served.name, served.model, served.tokenizer)
    (tmp_path / "runs/tour/tag/settings.json").write_text('{"task": "tag", "max_length": 40}')
    return tmp_path / "runs" / "tour"


def test_folders_become_models_with_numbers_and_names(folders):
    found = open_all([str(folders / "tag"), str(folders / "gpt")], "cpu")
    assert [(one.number, one.described()["name"]) for one in found] == [(0, "tag"), (1, "gpt")]
    assert found[0].task.name == "tag" and found[0].settings.max_length == 40
    assert found[1].task is None and str(folders) not in str(found[1].described())
    for wrong, said in ((["gpt", "gpt"], "given twice"), (["gpt", "none"], "no such folder")):
        with pytest.raises(InputError, match=said):
            open_all([str(folders / name) for name in wrong], "cpu")


def test_models_of_one_name_are_told_apart(folders):
    for other in ("a/one", "b/one"):
        shutil.copytree(folders / "gpt", folders / other / "gpt")
    found = open_all([str(folders / name) for name in ("a/one/gpt", "b/one/gpt", "gpt")], "cpu")
    assert [one.name for one in found] == ["a/one/gpt", "b/one/gpt", "runs/tour/gpt"]


def test_without_folders_it_is_the_tour_that_is_shown(folders, monkeypatch):
    monkeypatch.chdir(folders)
    assert open_all([], "cpu") == []
    monkeypatch.chdir(folders.parent.parent)
    assert [one.name for one in open_all([], "cpu")] == ["gpt", "tag"]


def test_runs_keep_their_numbers_when_others_begin(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    behind = Behind()
    for name in ("b", "a"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "log.jsonl").touch()
        folders = [folder.name for folder in behind.run_folders()]
    assert folders == ["b", "a"]
