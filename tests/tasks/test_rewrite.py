"""Does `finetune rewrite` teach an encoder and decoder, from any file of texts for texts, and judge what they write?"""

import gzip
import io
import json
import shutil

import numpy as np
import pytest
from refusals import refused

import tinyformer
from tinyformer.cli import main
from tinyformer.data.readers import Rewriting, read_examples
from tinyformer.generate import rewrite_texts
from tinyformer.models import Seq2Seq, Seq2SeqConfig
from tinyformer.pretraining.pretraining_settings import resolve
from tinyformer.tasks import TASKS, task_of
from tinyformer.train import save_model

pytest.importorskip("matplotlib", reason="pictures need matplotlib")

WORDS = {"red": "rouge", "old": "vieux", "tiny": "mini", "cat": "chat", "dog": "chién", "bird": "oiseau"}
SIZES = ["--layers", "1", "--heads", "2", "--width", "32", "--vocabulary", "120", "--max-length", "12"]
TEXTS = ("source", "target")
STEPS = ["--steps", "8", "--batch-size", "8", "--learning-rate", "1e-3"]


def pairs(count: int, seed: int) -> list[tuple[str, str]]:
    """Two things beside each other, and the same in another language, the adjective behind its noun."""
    rng, words = np.random.default_rng(seed), list(WORDS)
    found = []
    for _ in range(count):
        a, b = rng.choice(words[:3], 2).tolist(), rng.choice(words[3:], 2).tolist()
        found.append((f"{a[0]} {b[0]} and {a[1]} {b[1]}", " ".join(
            [WORDS[b[0]], WORDS[a[0]], "et", WORDS[b[1]], WORDS[a[1]]])))
    return found


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """train and dev: as a table, and as two files of aligned lines, one of them packed."""
    folder = tmp_path_factory.mktemp("pairs")
    for name, count, seed in (("train", 40, 0), ("dev", 10, 1)):
        rows = pairs(count, seed)
        (folder / f"{name}.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in [("source", "target"), *rows]))
        (folder / f"{name}.en").write_text("".join(f"{a}\n" for a, _ in rows))
        with gzip.open(folder / f"{name}.fr.gz", "wt", encoding="utf-8") as file:
            file.writelines(f"{b}\n" for _, b in rows)
    return folder


@pytest.fixture(scope="module")
def words(files):
    """A function that gives the words of a finetune command."""
    def command(out, *more, model="scratch", sizes=tuple(SIZES)) -> list[str]:
        return [str(word) for word in ("finetune", "rewrite", "--model", model, "--train", files / "train.tsv", "--dev",
                                       files / "dev.tsv", "--out", out, *STEPS, *sizes, *more)]
    return command


@pytest.fixture(scope="module")
def trained(words, tmp_path_factory):
    """The folder of a run that has learned it."""
    out = tmp_path_factory.mktemp("runs") / "rewrite"
    assert main(words(out, "--steps", "150", "--batch-size", "20", "--learning-rate", "5e-3")) == 0
    return out


def kept(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "predictions.jsonl").read_text(encoding="utf-8").splitlines()]


def figures(folder) -> dict:
    return json.loads((folder / "metrics.json").read_text())


# ---- what a run leaves, and what can be done with it -----------------------------------------------------------------


def test_what_a_run_leaves_behind(trained, files):
    found, said = figures(trained), kept(trained)
    examples = read_examples(files / "dev.tsv", TEXTS)
    model, tokenizer = tinyformer.load(trained)
    assert type(model) is Seq2Seq and task_of(model) is TASKS["rewrite"]
    assert tokenizer.decode(tokenizer.encode("Chién")) == "chién", "accents are kept, capitals are not"
    assert found["task"] == "rewrite" and found["train"] == 40 and len(said) == len(examples) == found["dev"] == 10
    for name, value in TASKS["rewrite"].scores(examples, said).items():
        assert found[name] == pytest.approx(value, abs=1e-12), "the figures are those of the predictions that are kept"
    copied = TASKS["rewrite"].scores(examples, [{"text": e.source} for e in examples])
    assert found["copy bleu"] == copied["bleu"] == 0 and found["exact"] > 0.8 and found["bleu"] > 0.8
    assert found["token_accuracy"] > 0.9 and (trained / "loss.png").stat().st_size > 5000
    assert sum(row["tokens"] for row in said) == sum(len(tokenizer.encode(e.target)) + 1 for e in examples)


def test_what_is_kept_is_what_the_model_writes(trained, files, capsys):
    model, tokenizer = tinyformer.load(trained)
    sources = [e.source for e in read_examples(files / "dev.tsv", TEXTS)]
    assert rewrite_texts(model, tokenizer, sources, 12) == [row["text"] for row in kept(trained)]
    assert main(["generate", "--model", str(trained), "--prompt", sources[0], "--tokens", "12"]) == 0
    assert capsys.readouterr().out == kept(trained)[0]["text"] + "\n"


def test_evaluate_finds_what_finetune_found(trained, files, tmp_path, capsys):
    evaluate = ["evaluate", "--model", str(trained), "--data"]
    assert main([*evaluate, str(files / "dev.tsv"), "--out", str(tmp_path / "a")]) == 0
    assert kept(tmp_path / "a") == kept(trained)
    assert all(figures(tmp_path / "a")[name] == figures(trained)[name] for name in TASKS["rewrite"].figures)
    assert main([*evaluate, str(files / "dev"), "--endings", "en,fr", "--out", str(tmp_path / "b")]) == 0
    assert kept(tmp_path / "b") == kept(trained)
    assert main([*evaluate, str(files / "dev.tsv"), "--beams", "3", "--out", str(tmp_path / "c")]) == 0
    model, tokenizer = tinyformer.load(trained)
    source = pairs(10, 1)[4][0]
    assert kept(tmp_path / "c")[4]["text"] == rewrite_texts(model, tokenizer, [source], 12, beams=3)[0]
    assert capsys.readouterr().out.strip().splitlines()[-1].startswith("bleu ")


def test_predict_reads_texts_wherever_they_come_from(trained, files, tmp_path, capsys, monkeypatch):
    source, said = pairs(1, 1)[0][0], kept(trained)[0]["text"]

    def printed(*more):
        capsys.readouterr()
        assert main(["predict", "--model", str(trained), *map(str, more)]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert printed(source) == [{"source": source, "text": said}]
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{source}\n\n{source}\n"))
    assert printed() == 2 * [{"source": source, "text": said}]
    alone = tmp_path / "alone.tsv"
    alone.write_text(f"source\n{source}\n")
    assert printed("--data", alone) == [{"source": source, "text": said}]
    assert [row["text"] for row in printed("--data", files / "dev", "--endings", "en,xx")] == \
        [row["text"] for row in kept(trained)], "the target's file is not asked for"
    taken, stem = tmp_path / "mine.en", ["--data", tmp_path / "mine", "--endings", "en,fr"]
    taken.write_text(f"{source}\n")
    assert main(["predict", "--model", str(trained), *map(str, stem), "--out", str(taken)]) == 2
    assert "would be lost" in capsys.readouterr().err and taken.read_text() == f"{source}\n"
    for more in [], ["--overwrite"]:                           # the second time the file is there
        assert printed(*stem, "--out", tmp_path / "said.jsonl", *more) == []
    assert json.loads((tmp_path / "said.jsonl").read_text()) == {"source": source, "text": said}
    assert [row["text"] for row in printed("--data", files / "dev.tsv")] == [row["text"] for row in kept(trained)]


def test_mistakes_are_printed(words, tmp_path, capsys):
    assert main(words(tmp_path / "x", "--learning-rate", "0")) == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[0].startswith("10 of 10 texts wrong; 5 of them:") and lines[3].startswith("    true: ")
    assert lines[-1].startswith("bleu 0.0000 (copying the source 0.0000), exact 0.0000, token accuracy 0.")


# ---- files and models ------------------------------------------------------------------------------------------------


def test_aligned_files_and_tables_are_one_set(words, files, tmp_path):
    assert main(words(tmp_path / "table")) == 0
    lines = words(tmp_path / "lines", "--endings", "en,fr")
    lines = [word.removesuffix(".tsv") if word.endswith(".tsv") else word for word in lines]
    assert main(lines) == 0
    assert (tmp_path / "table/model.safetensors").read_bytes() == (tmp_path / "lines/model.safetensors").read_bytes()
    assert json.loads((tmp_path / "lines/settings.json").read_text())["endings"] == "en,fr"


@pytest.mark.parametrize("name, text, columns", [
    ("a.csv", 'source,target\n"a, b",c\n', None), ("a.jsonl", '{"source": "a, b", "target": "c"}\n', None),
    ("a.tsv", "a, b\tc\n", None), ("a.tsv", "c\tx\ta, b\n", {"source": 3, "target": 1}),
    ("a.tsv", "summary\tarticle\nc\ta, b\n", None)])
def test_tables_of_texts_for_texts(tmp_path, name, text, columns):
    (tmp_path / name).write_text(text)
    example, = read_examples(tmp_path / name, TEXTS, columns)
    assert (example.source, example.target) == ("a, b", "c") and example.file == str(tmp_path / name)


def test_a_pretrained_model_goes_on_as_it_is(words, corpus, small, tmp_path, capsys):
    start = tmp_path / "start"
    assert main(["pretrain", "seq2seq", "--corpus", str(corpus), "--vocabulary", "70", "--out", str(start),
                 *small]) == 0
    assert "has learned to repair texts" in refused(capsys, ["evaluate", "--model", start, "--data", start])
    assert main(words(tmp_path / "run", "--learning-rate", "0", model=start, sizes=())) == 0
    before, after = (tinyformer.load(folder)[0] for folder in (start, tmp_path / "run"))
    assert all(np.array_equal(before.state()[name], value) for name, value in after.state().items())
    assert "so --max-length 128 becomes 24" in capsys.readouterr().err


def test_what_is_pretrained_to_write_can_write_accents():
    for model, said in (("seq2seq", "le café"), ("bert", "le cafe")):
        tokenizer = resolve(model, {"corpus": "x", "vocabulary": 80}).make_tokenizer(["Le café est là."] * 5, [])
        assert tokenizer.decode(tokenizer.encode("Le café")) == said


def test_targets_that_the_vocabulary_cannot_write_are_counted(words, tmp_path, capsys):
    """A vocabulary that drops accents, and then one that a model to write with is pre-trained with."""
    accents = sum("é" in target for _, target in pairs(40, 0))
    for tokenizer, said in (("bare", f"{accents} of 40 targets cannot be written"), ("accents", None)):
        model, texts = "bert" if tokenizer == "bare" else "seq2seq", [" ".join([*WORDS, *WORDS.values(), "and et"])]
        resolve(model, {"corpus": "x", "vocabulary": 120}).make_tokenizer(texts, []).save(tmp_path / tokenizer)
        assert main(words(tmp_path / f"run-{tokenizer}", "--steps", "1", "--tokenizer", str(tmp_path / tokenizer))) == 0
        shown = "".join(capsys.readouterr())
        assert said in shown if said else "cannot be written" not in shown


def test_a_folder_named_noise_is_no_reason_to_refuse(trained, tmp_path, capsys):
    """What only repairs is told by its setting `noise`, and not by that word somewhere in settings.json."""
    folder = shutil.copytree(trained, tmp_path / "noise")
    settings = json.loads((folder / "settings.json").read_text())
    (folder / "settings.json").write_text(json.dumps(settings | {"model": "noise"}))
    assert main(["predict", "--model", str(folder), "red cat and old dog"]) == 0
    assert json.loads(capsys.readouterr().out)["source"] == "red cat and old dog"


def test_a_model_that_begins_otherwise_begins_with_cls_from_now_on(words, trained, tmp_path):
    _, tokenizer = tinyformer.load(trained)
    config = Seq2SeqConfig(vocabulary=len(tokenizer), layers=1, heads=2, width=32, context=12, start_id=3, end_id=3)
    save_model(tmp_path / "start", Seq2Seq(config, np.random.default_rng(0)), tokenizer)
    assert main(words(tmp_path / "run", model=tmp_path / "start", sizes=("--max-length", "12"))) == 0
    config = tinyformer.load(tmp_path / "run")[0].config
    assert (config.pad_id, config.start_id, config.end_id) == (tokenizer.pad_id, tokenizer.cls_id, tokenizer.sep_id)


def test_several_seeds_and_fewer_labels(words, tmp_path, capsys):
    assert main(words(tmp_path / "x", "--seeds", "2", "--labels", "50%")) == 0
    assert "bleu of 2 seeds:" in capsys.readouterr().out
    assert figures(tmp_path / "x/seed-1")["train"] == 20


def test_a_collapse_is_seen():
    truth = [Rewriting("a", f"b {n}", "f", n) for n in range(20)]
    assert TASKS["rewrite"].collapsed(truth, [{"text": "the"}] * 20) == "'the'"
    assert TASKS["rewrite"].collapsed(truth, [{"text": ""}] * 20) == "nothing"
    assert TASKS["rewrite"].collapsed(truth, [{"text": f"{n}"} for n in range(20)]) is None


def test_case_and_spaces_say_nothing():
    found = TASKS["rewrite"].scores([Rewriting("a", "The cat's Mat.", "f", 1)], [{"text": "the cat ' s mat ."}])
    assert found == {"bleu": pytest.approx(1), "exact": 1.0}


# ---- mistakes --------------------------------------------------------------------------------------------------------


def test_files_that_do_not_fit_are_refused(words, files, tmp_path, capsys):
    def said(text, *more, name="bad.tsv"):
        (tmp_path / name).write_text(text)
        return refused(capsys, words(tmp_path / "x", "--train", tmp_path / name, *more))

    assert "bad.tsv:2: the target is empty" in said("a\tb\nc\t \n")
    assert "bad.tsv:1: the source is empty" in said("\tb\nc\td\n")
    assert "name the columns, as in --columns source=1,target=2" in said("a\tb\tc\n")
    assert "--columns is 'text=1,label=2', and rewrite reads source, target" in said("a\tb\n", "--columns",
                                                                                   "text=1,label=2")
    assert "--endings is 'en'; it takes two" in said("", "--endings", "en")
    assert "give one of the two" in said("a\tb\n", "--endings", "en,fr", "--columns", "source=1,target=2")
    assert "nothing.en: no such file" in refused(capsys, words(tmp_path / "x", "--train", tmp_path / "nothing",
                                                               "--endings", "en,fr"))
    (tmp_path / "odd.en").write_text("a\nb\n")
    (tmp_path / "odd.fr").write_text("a\n")
    assert "2 lines and" in refused(capsys, words(tmp_path / "x", "--train", tmp_path / "odd", "--endings", "en,fr"))


def test_settings_that_make_no_sense_are_refused(words, bert, trained, files, tmp_path, capsys):
    assert "--freeze and --layer-decay are for a new head" in refused(capsys, words(tmp_path / "x", "--freeze", "all"))
    assert "--stride is a setting of answer" in refused(capsys, words(tmp_path / "x", "--stride", "8"))
    assert "the model is a BertForPretraining, and rewrite needs an encoder with a decoder" in refused(
        capsys, words(tmp_path / "x", model=bert, sizes=()))
    assert "2 parts were given, and this model takes one text" in refused(capsys, ["predict", "--model", trained, "a",
                                                                                  "b"])
    with pytest.raises(tinyformer.errors.InputError, match="--beams is 0"):
        TASKS["rewrite"].options(beams=0)
