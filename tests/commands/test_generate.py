"""Does the command write, stop, search and talk as its options say, and refuse what cannot be meant?"""

import io
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.commands import generate
from tinyformer.generate import write_beams, write_text
from tinyformer.models import GPT, GPTConfig
from tinyformer.text import ByteLevelBPE
from tinyformer.train import load_model, save_model


def said(capsys, *words) -> str:
    capsys.readouterr()
    assert main(["generate", *map(str, words)]) == 0
    return capsys.readouterr().out


def refused(capsys, *words) -> str:
    capsys.readouterr()
    assert main(["generate", *map(str, words)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_it_goes_on_and_repeats(capsys, gpt):
    words = ["generate", "--model", str(gpt), "--prompt", "The ", "--tokens", "30"]
    texts = []
    for more in ([], ["--top-k", "1"], ["--temperature", "1", "--seed", "3"], ["--temperature", "1", "--seed", "3"],
                 ["--temperature", "1", "--seed", "4"]):
        assert main([*words, *more]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0].startswith("The ") and len(texts[0]) == 4 + 30 + 1
    assert texts[0] == texts[1]
    assert texts[2] == texts[3] != texts[4]


def test_it_says_what_is_wrong(capsys, gpt, bert):
    assert "top-p is 2.0" in refused(capsys, "--model", gpt, "--top-p", 2, "--prompt", "a")
    assert "--tokens" in refused(capsys, "--model", gpt, "--tokens", 0)
    assert "fill" in refused(capsys, "--model", bert, "--prompt", "a")
    assert "U+20AC" in refused(capsys, "--model", gpt, "--prompt", "€")


def test_without_a_cache_the_same_is_written(capsys, gpt):
    words = ["--model", gpt, "--prompt", "The ", "--tokens", 40]
    for more in ([], ["--top-k", 5, "--seed", 3], ["--beams", 3], ["--samples", 2, "--temperature", 1]):
        assert said(capsys, *words, *more) == said(capsys, *words, *more, "--no-cache")


def test_a_stop_string_ends_the_text(capsys, gpt):
    words = ["--model", gpt, "--prompt", "The ", "--tokens", 60, "--temperature", 1]
    whole = said(capsys, *words)[4:-1]
    stops = [whole[20:23], whole[40:42]]
    cut = said(capsys, *words, "--stop", stops[0], "--stop", stops[1])
    assert cut == "The " + whole[:min(whole.find(stop) for stop in stops)] + "\n"


def test_a_search_prints_its_best_text(capsys, gpt):
    model, tokenizer = load_model(gpt)
    best = write_beams(model, tokenizer.encode("The "), 15, 4, 0.5)[0].ids
    shown = said(capsys, "--model", gpt, "--prompt", "The ", "--tokens", 15, "--beams", 4, "--length-penalty", 0.5)
    assert shown == "The " + tokenizer.decode(best) + "\n"
    greedy = said(capsys, "--model", gpt, "--prompt", "The ", "--tokens", 15)
    assert said(capsys, "--model", gpt, "--prompt", "The ", "--tokens", 15, "--beams", 1) == greedy


def test_the_token_that_ends_a_text_is_not_shown(capsys, tmp_path):
    tokenizer = ByteLevelBPE.train(["the cat sees the dog " * 9], 270)
    config = GPTConfig(vocabulary=270, layers=1, heads=2, width=16, context=24, dropout=0.0, init_std=0.3)
    model = GPT(config, np.random.default_rng(0))
    model.words.weight.data[tokenizer.eos_id] *= 3             # an end that comes soon
    save_model(tmp_path / "gpt", model, tokenizer)
    best = write_beams(model, tokenizer.encode("the cat"), 20, 3, stop_id=tokenizer.eos_id)[0].ids
    assert len(best) > 1 and best[-1] == tokenizer.eos_id
    shown = said(capsys, "--model", tmp_path / "gpt", "--prompt", "the cat", "--tokens", 20, "--beams", 3)
    assert shown == "the cat" + tokenizer.decode(best[:-1]) + "\n" and "endoftext" not in shown


def test_samples_are_numbered_and_the_first_is_the_one_alone(capsys, gpt):
    words = ["--model", gpt, "--prompt", "The ", "--tokens", 12, "--top-p", 0.9]
    parts = said(capsys, *words, "--samples", 3).split("--- ")
    assert [part.partition("\n")[0] for part in parts] == ["", "1 of 3", "2 of 3", "3 of 3"]
    assert parts[1].partition("\n")[2] == said(capsys, *words)
    assert len({part.partition("\n")[2] for part in parts[1:]}) == 3


def test_a_stop_string_ends_each_sample(capsys, gpt):
    words = ["--model", gpt, "--prompt", "The ", "--tokens", 60, "--temperature", 1, "--samples", 3]

    def samples(*more):
        return [part.partition("\nThe ")[2][:-1] for part in said(capsys, *words, *more).split("--- ")[1:]]

    whole = samples()
    stop = whole[1][20:22]
    cut = [text.partition(stop)[0] for text in whole]
    assert len(cut[1]) <= 20 and samples("--stop", stop) == cut


def test_the_prompt_may_come_through_a_pipe(capsys, gpt, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("The cat\n"))
    assert said(capsys, "--model", gpt, "--tokens", 9) == said(capsys, "--model", gpt, "--tokens", 9,
                                                               "--prompt", "The cat")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"caf\xe9"), "ascii", "surrogateescape"))
    assert "not UTF-8 (byte 0xe9" in refused(capsys, "--model", gpt)


@pytest.mark.parametrize("words, message", [
    (["--beams", 3, "--temperature", 1], "leave out --temperature"), (["--beams", 3, "--top-p", 0.5], "--top-p"),
    (["--beams", 3, "--samples", 2], "--samples"), (["--beams", 3, "--stop", "a"], "--stop"),
    (["--length-penalty", 2], "add --beams"), (["--temperature", 0, "--top-k", 3], "temperature 0"),
    (["--samples", 3], "add --temperature 1"), (["--interactive"], "leave out --prompt"), (["--stop", ""], "--stop"),
    (["--beams", 0], "--beams is 0; it must be at least 1"), (["--tokens", 0], "--tokens"), (["--seed", -1], "--seed"),
    (["--top-k", -1], "--top-k"), (["--temperature", -1], "--temperature"),
    (["--temperature", "nan"], "--temperature is nan"), (["--repetition-penalty", 0], "--repetition-penalty"),
    (["--length", 5], "--length is not known")])
def test_what_cannot_be_meant_is_refused(capsys, gpt, words, message):
    assert message in refused(capsys, "--model", gpt, "--prompt", "The", *words)


def test_talking_answers_each_line_from_its_prompt_alone(capsys, gpt, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("The cat\n\n€\nThe cat\n/quit\nThe dog\n"))
    assert main(["generate", "--model", str(gpt), "--interactive", "--tokens", "9"]) == 0
    out, err = capsys.readouterr()
    model, tokenizer = load_model(gpt)
    text = "The cat" + "".join(write_text(model, tokenizer, "The cat", 9))
    assert out == f"{generate.WELCOME}\n> {text}\n> > > {text}\n> "
    assert "U+20AC" in err and "dog" not in out


def test_talking_draws_anew_at_each_turn(capsys, gpt, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("The \nThe \n"))
    texts = said(capsys, "--model", gpt, "--interactive", "--tokens", 20, "--temperature", 1, "--seed", 4)
    one, other = texts.split("> ")[1:3]
    assert one == said(capsys, "--model", gpt, "--prompt", "The ", "--tokens", 20, "--temperature", 1, "--seed", 4)
    assert one != other


def test_ctrl_c_stops_the_text_and_keeps_the_program(capsys, monkeypatch):
    lines, turns = iter(["one", KeyboardInterrupt, "two", EOFError]), []

    def answer(prompt):
        line = next(lines)
        if isinstance(line, str):
            return line
        raise line

    def show(prompt, turn):
        turns.append((prompt, turn))
        if prompt == "one":
            raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", answer)
    assert generate.talk(show) == 0
    assert turns == [("one", 0), ("two", 1)] and "[stopped]" in capsys.readouterr().out


@pytest.mark.skipif(os.name != "posix", reason="signals and pipes as in POSIX")
def test_in_a_process_of_its_own(gpt):
    """Text comes piece by piece; Ctrl-C ends it but not the program; a reader that goes away is no error."""
    words = [sys.executable, "-m", "tinyformer", "generate", "--model", str(gpt), "--tokens", "100000000"]
    how = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
               env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    talking = subprocess.Popen([*words, "--interactive"], **how)
    for prompt in ("The cat\n", "The dog\n"):
        talking.stdin.write(prompt)
        talking.stdin.flush()
        while prompt[:-1] not in (shown := talking.stdout.read(60)):
            assert shown
        talking.send_signal(signal.SIGINT)
    out, err = talking.communicate("/quit\n", timeout=60)
    assert talking.returncode == 0 and err == "" and "[stopped]\n> " in out

    writing = subprocess.Popen([*words, "--prompt", "The"], **how)
    assert writing.stdout.read(3) == "The"
    writing.stdout.close()
    assert writing.wait(timeout=60) == 0 and writing.stderr.read() == ""
    writing.stdin.close(), writing.stderr.close()


def test_a_prompt_that_is_cut_says_so(capsys, gpt):
    for prompt, said in (("The old cat sees the river.", "the prompt has 27 tokens, and this model reads 24"),
                         ("The cat", "")):
        assert main(["generate", "--model", str(gpt), "--prompt", prompt, "--tokens", "5"]) == 0
        shown = capsys.readouterr()
        assert shown.out.startswith(prompt) and (said in shown.err if said else not shown.err)
