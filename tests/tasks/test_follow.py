"""Does `finetune follow` teach a model to answer, by its answers alone, and can one talk to it afterwards?"""

import io
import json

import numpy as np
import pytest
from refusals import refused

import tinyformer
from tinyformer.cli import main
from tinyformer.commands import generate
from tinyformer.data.conversations import ConversationBatches, Row, conversation_batch, conversation_rows, packed
from tinyformer.data.readers import read_conversations
from tinyformer.errors import InputError
from tinyformer.generate import answers
from tinyformer.models import GPT, GPTConfig
from tinyformer.models.llama import Llama, LlamaConfig
from tinyformer.models.parts.more_words import with_words
from tinyformer.tasks import TASKS, task_of
from tinyformer.text import ByteLevelBPE, CharTokenizer
from tinyformer.text.chat import Chat, Message, taught
from tinyformer.train import save_model

pytest.importorskip("matplotlib", reason="pictures need matplotlib")

FACTS = {"dog": "meat", "cow": "grass", "bee": "honey", "cat": "fish"}
STEPS = ["--workers", "1", "--steps", "40", "--batch-size", "8", "--learning-rate", "1e-2", "--max-length", "24"]


def asked(animal: str) -> str:
    return f"what does a {animal} eat ?"


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """The folder of a GPT that knows letters and nothing else, and files in each form, with which it is taught."""
    folder = tmp_path_factory.mktemp("follow")
    tokenizer = ByteLevelBPE.train([f"{asked(a)} a {a} eats {f} . user assistant" for a, f in FACTS.items()] * 3, 320)
    for name, kind, config in (("gpt", GPT, GPTConfig), ("llama", Llama, LlamaConfig)):
        sizes = dict(vocabulary=len(tokenizer), layers=1, heads=2, width=32, context=64, dropout=0.0, init_std=0.1)
        save_model(folder / name, kind(config(**sizes), np.random.default_rng(0)), tokenizer)
    rows = [{"prompt": asked(a), "completion": f"a {a} eats {f} ."} for a, f in FACTS.items()]
    rows += [{"instruction": asked(a), "input": "", "output": f"a {a} eats {f} ."} for a, f in FACTS.items()]
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "dev.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[:4]))
    return folder


def words(start, out, *more, model="gpt") -> list[str]:
    return [str(word) for word in ("finetune", "follow", "--model", start / model, "--train", start / "train.jsonl",
                                   "--dev", start / "dev.jsonl", "--out", out, *STEPS, *more)]


@pytest.fixture(scope="module")
def trained(start):
    assert main(words(start, start / "run")) == 0
    return start / "run"


# ---- which tokens are learned ----------------------------------------------------------------------------------------


def test_the_question_costs_nothing(start):
    tokenizer = taught(tinyformer.load(start / "gpt")[1])
    chat, examples = Chat(tokenizer), read_conversations(start / "dev.jsonl")
    rows = conversation_rows(examples, chat, 40)
    batch = conversation_batch(rows)
    for row, targets, example in zip(rows, batch.targets, examples, strict=True):
        learned = [int(id) for id in targets if id != -100]
        assert tokenizer.decode(learned) == f"{example.answer}<|im_end|>"
        first = len(chat.prompt(example.asked))
        assert targets[first - 1] == row.ids[first] and (targets[:first - 1] == -100).all()
    config = GPTConfig(vocabulary=len(tokenizer), layers=1, heads=2, width=16, context=40, dropout=0.0)
    model, each = GPT(config, np.random.default_rng(0)), [conversation_batch([row]) for row in rows]
    alone = sum(model.loss(one).item() * one.counts["tokens"] for one in each)
    assert model.loss(batch).item() == pytest.approx(alone / batch.counts["tokens"], rel=1e-5), "padding is not seen"


def test_rows_are_packed_whole_and_each_once():
    rows = [Row([number] * length, [False] + [True] * (length - 1)) for number, length in enumerate((3, 5, 2, 4, 4, 7))]
    found = packed(rows, 8, seed=1)
    assert len(found) < 6 and all(len(row.ids) <= 8 for row in found)
    assert sorted(id for row in found for id in row.ids) == sorted(id for row in rows for id in row.ids)
    assert [row.ids for row in packed(rows, 8, seed=1)] == [row.ids for row in found] != \
        [row.ids for row in packed(rows, 8, seed=2)]
    batches = ConversationBatches(found, batch_size=2, seed=0)
    assert sum(batch.counts["tokens"] for batch in batches.in_order()) >= 25 - 6, "all but first tokens are asked for"
    assert np.array_equal(batches.batch(3).ids, ConversationBatches(found, batch_size=2, seed=0).batch(3).ids)


@pytest.mark.parametrize("model", ["gpt", "llama"])
def test_a_model_that_meets_new_words_says_of_the_others_what_it_said(start, model):
    before, tokenizer = tinyformer.load(start / model)
    after = with_words(before, len(tokenizer) + 2, np.random.default_rng(0))
    ids = np.array([tokenizer.encode(asked("dog"))])
    assert type(after) is type(before) and after.config.vocabulary == len(tokenizer) + 2
    assert np.allclose(after(ids).data[..., :-2], before(ids).data, atol=1e-5)


# ---- a run, and what can be done with it -----------------------------------------------------------------------------


def test_what_a_run_leaves_behind(trained):
    model, tokenizer = tinyformer.load(trained)
    found = json.loads((trained / "metrics.json").read_text())
    assert type(model) is GPT and task_of(model) is TASKS["follow"] and len(tokenizer) == model.config.vocabulary
    assert found["exact"] == 1 and found["token_accuracy"] == 1 and found["constant exact"] == 0.25
    said = [json.loads(line) for line in (trained / "predictions.jsonl").read_text().splitlines()]
    assert [row["text"] for row in said] == [f"a {a} eats {f} ." for a, f in FACTS.items()]
    assert (trained / "loss.png").stat().st_size > 5000
    assert "<|im_start|>" in json.loads((trained / "tokenizer_config.json").read_text())["chat_template"]


def test_it_opens_in_the_usual_library(trained):
    transformers = pytest.importorskip("transformers", reason="the oracle of published folders")
    theirs, (_, ours) = transformers.AutoTokenizer.from_pretrained(str(trained)), tinyformer.load(trained)
    conversation = [{"role": "user", "content": asked("dog")}, {"role": "assistant", "content": "a dog eats meat ."}]
    text = theirs.apply_chat_template(conversation, tokenize=False)
    assert text == Chat(ours).text([Message(**each) for each in conversation])
    assert theirs(text)["input_ids"] == ours.encode(text)


@pytest.mark.parametrize("more", [["--packed"], ["--fresh", "--dropout", "0.1"]])
def test_other_ways_to_learn_it(start, tmp_path, more, no_pictures):
    assert main(words(start, tmp_path / "x", "--steps", "3", *more)) == 0
    assert json.loads((tmp_path / "x/settings.json").read_text())["packed"] == ("--packed" in more)


def test_a_llama_learns_it_too_and_a_run_goes_on_where_it_stopped(start, tmp_path, no_pictures):
    whole, stopped = words(start, tmp_path / "a", model="llama"), words(start, tmp_path / "b", model="llama")
    assert main([*whole, "--steps", "4"]) == 0
    assert main([*stopped, "--steps", "4", "--save-every", "2"]) == 0
    for path in (tmp_path / "b").glob("checkpoint-00000004/*"):
        path.unlink()
    assert main([*stopped, "--steps", "4", "--save-every", "2", "--resume"]) == 0
    assert (tmp_path / "a/model.safetensors").read_bytes() == (tmp_path / "b/model.safetensors").read_bytes()


def test_evaluate_and_predict_ask_it(trained, start, capsys):
    assert main(["evaluate", "--model", str(trained), "--data", str(start / "dev.jsonl")]) == 0
    assert "token accuracy 1.0000, exact 1.0000, 4 examples" in capsys.readouterr().out
    assert main(["predict", "--model", str(trained), asked("bee")]) == 0
    assert json.loads(capsys.readouterr().out) == {"prompt": asked("bee"), "text": "a bee eats honey ."}


def test_one_can_talk_to_it(trained, capsys, monkeypatch):
    assert main(["generate", "--model", str(trained), "--chat", "--prompt", asked("cow")]) == 0
    assert capsys.readouterr().out == "a cow eats grass .\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{asked('dog')}\n/new\n{asked('cat')}\n/quit\n"))
    assert main(["generate", "--model", str(trained), "--chat", "--interactive"]) == 0
    assert capsys.readouterr().out == (f"{generate.CHAT}\n> a dog eats meat .\n> (a new conversation)\n"
                                       "> a cat eats fish .\n> ")
    assert main(["generate", "--model", str(trained), "--chat", "--prompt", asked("bee"), "--samples", "2",
                 "--temperature", "1"]) == 0
    assert capsys.readouterr().out.startswith("--- 1 of 2\na bee")


def test_what_was_said_is_remembered(trained):
    model, tokenizer = tinyformer.load(trained)
    dialogue = tinyformer.generate.Dialogue(model, tokenizer, "be brief")
    first = "".join(dialogue.ask(asked("dog"), 4))
    assert [tuple(each) for each in dialogue.said] == [("system", "be brief"), ("user", asked("dog")),
                                                       ("assistant", first)]
    with pytest.raises(InputError, match="there is no room for an answer"):
        list(dialogue.ask(asked("dog") * 9))
    assert len(dialogue.said) == 3, "what was not answered was not said"
    pieces = dialogue.ask("a", 9)
    heard = next(pieces)
    pieces.close()
    assert dialogue.said[-1].content == heard and len(dialogue.said) == 5
    dialogue.forget()
    assert [each.role for each in dialogue.said] == ["system"]
    assert answers(model, dialogue.chat, [[Message("user", asked(a))] for a in FACTS]) == [
        f"a {a} eats {f} ." for a, f in FACTS.items()]


# ---- what is refused -------------------------------------------------------------------------------------------------


def test_refusals(start, trained, tmp_path, capsys):
    def said(*line):
        return refused(capsys, list(map(str, line)))

    prompt = ["--prompt", "x"]
    assert "has no chat template" in said("generate", "--model", start / "gpt", "--chat", *prompt)
    assert "leave out --beams" in said("generate", "--model", trained, "--chat", *prompt, "--beams", "2")
    assert "add --chat" in said("generate", "--model", trained, "--system", "x", *prompt)
    assert "has not learned to answer" in said("evaluate", "--model", start / "gpt", "--data", start / "dev.jsonl")
    assert "leave them out" in said(*words(start, tmp_path / "x", "--freeze", "1"))
    assert "and a row has room for 8" in said(*words(start, tmp_path / "x", "--max-length", "8"))
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"question": "x", "answer": "y"}\n')
    assert f"{bad}:1: the keys are 'question', 'answer'" in said(*words(start, tmp_path / "x", "--train", bad))
    assert not (tmp_path / "x").exists()
    with pytest.raises(InputError, match="follow needs one that goes on writing"):
        TASKS["follow"].part_of(TASKS, 0)
    assert taught(CharTokenizer(list("ab"))).special_ids == {2, 3}


@pytest.mark.parametrize("model", ["gpt", "llama"])
def test_tuned_a_little(start, tmp_path, model, no_pictures):
    """Beside additions learn the vectors of all tokens, for the base has not met the marks."""
    out = tmp_path / "run"
    assert main(words(start, out, "--lora", "2", "--merge", "--steps", "3", model=model)) == 0
    (apart, tokenizer), (whole, _) = tinyformer.load(out), tinyformer.load(out / "merged")
    base = tinyformer.load(start / model)[0].state()
    assert type(apart) is type(whole) and len(tokenizer) == apart.config.vocabulary > len(base["words.weight"])
    assert all(np.abs(apart.state()[name] - array).max() < 1e-6 for name, array in whole.state().items())
    moved = {name for name, array in apart.state().items() if not np.array_equal(array[:len(base[name])], base[name])}
    assert {"words.weight", "layers.0.attend.project.weight"} <= moved
    assert not any("norm" in name or "feed" in name for name in moved)
