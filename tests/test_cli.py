"""Do the commands do what they say, and does every mistake end in a few clear lines and the right exit status?"""

import json
import os
import signal
import subprocess
import sys

import pytest

import tinyformer
from tinyformer.cli import explain, main
from tinyformer.commands.table import COMMANDS
from tinyformer.errors import CheckpointError, InputError, NumericError
from tinyformer.gradcheck import CHECKS
from tinyformer.gradcheck.report import COLUMNS
from tinyformer.places import NoRoom

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
NUMERIC = {"prepare", "pretrain", "finetune", "prefer", "evaluate", "predict"}     # their options stand in what is run


def python(*words, **more):
    """`python -m tinyformer` in a process of its own."""
    return subprocess.run([sys.executable, "-m", "tinyformer", *map(str, words)], capture_output=True, text=True,
                          env=ENVIRONMENT, timeout=60, **more)


def refused(capsys, *words, status=2) -> str:
    """Run a command that must fail with this status, and return its message."""
    assert main([str(word) for word in words]) == status
    out, message = capsys.readouterr()
    assert out == ""
    assert 1 <= len(message.strip().splitlines()) <= 3
    assert message.startswith("tinyformer: ") and "Traceback" not in message
    return message


def test_help_names_every_command(capsys):
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in COMMANDS)
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"tinyformer {tinyformer.__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(capsys, name):
    assert main([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"python -m tinyformer {name}" in shown and "--debug" in shown


def opened_by_help(*names: str) -> list[set[str]]:
    """The modules that are there when the help of each command, or "" for the overview, has been printed in turn."""
    look = ("import sys; from tinyformer.cli import main\n"
            "for name in sys.argv[1:]: main([*name.split(), '--help']); print('opened:', *sys.modules)")
    done = subprocess.run([sys.executable, "-c", look, *names], capture_output=True, text=True, env=ENVIRONMENT,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    return [{*line.split()[1:]} for line in done.stdout.splitlines() if line.startswith("opened:")]


def test_the_overview_opens_nothing():
    ours = {"tinyformer", "tinyformer.cli", "tinyformer.commands", "tinyformer.commands.table", "tinyformer.errors",
            "tinyformer.opening", "tinyformer.ranks"}
    opened, = opened_by_help("")
    assert {name for name in opened if name.partition(".")[0] == "tinyformer"} == ours
    assert not {"numpy", "argparse", "dataclasses"} & opened


def test_help_opens_nothing_heavy():
    """What is open stays so: the commands that may open NumPy are asked last."""
    names = sorted(COMMANDS, key=NUMERIC.__contains__)
    for name, opened in zip(names, opened_by_help(*names), strict=True):
        assert not {"matplotlib", "tqdm", "safetensors", "regex", "cupy", "torch"} & opened, name
        assert "numpy" not in opened or name in NUMERIC, f"{name}: an option that needs numbers can be named without"


@pytest.mark.skipif(os.name != "posix", reason="the time of the processor as POSIX counts it")
def test_the_overview_takes_a_fraction_of_importing_numpy():
    """Seconds of the processor, so that others who are at work do not count; the least of three, taken in turn."""
    import resource

    def seconds(*words) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *words], capture_output=True, check=True, env=ENVIRONMENT, timeout=60)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    ways = {"bare": ("-c", "pass"), "numpy": ("-c", "import numpy"), "help": ("-m", "tinyformer", "--help")}
    rounds = [{name: sum(seconds(*words) for _ in range(2)) for name, words in ways.items()} for _ in range(3)]
    best = {name: min(each[name] for each in rounds) for name in ways}
    share = (best["help"] - best["bare"]) / (best["numpy"] - best["bare"])
    assert share <= 0.35, f"{share:.2f} of what importing NumPy adds to a bare interpreter"


def test_unknown_words_suggest_the_nearest(capsys):
    assert "did you mean 'pretrain'?" in refused(capsys, "pretran")
    assert "did you mean '--learning-rate'?" in refused(capsys, "pretrain", "gpt", "--lerning-rate", 1)
    assert "did you mean '--quick'?" in refused(capsys, "--qick")
    assert "choose one of: tour, gradcheck" in refused(capsys, "xyzzy")
    assert "--prompt" in refused(capsys, "generate", "--promt=x")
    assert "layer_norm" in refused(capsys, "gradcheck", "layernorm")


def test_wrong_values_are_named(capsys):
    assert "'ten' is not a whole number" in refused(capsys, "pretrain", "gpt", "--steps", "ten")
    assert "is too large; whole numbers have at most 18 digits" in refused(capsys, "pretrain", "gpt", "--width", 10**20)
    said = refused(capsys, "pretrain", "bart")
    assert "model is 'bart'; choose one of: bert, gpt, seq2seq, words, elmo, " in said and "mean 'bert'?" in said
    assert "--model" in refused(capsys, "generate")


@pytest.mark.parametrize("error, status", [(InputError("a"), 2), (CheckpointError("b"), 3), (NumericError("c"), 4),
                                           (FileNotFoundError(2, "No such file", "x.txt"), 2),
                                           (OSError(28, "No space left on device"), 1), (NoRoom("d"), 1)])
def test_each_kind_of_error_has_its_status(error, status):
    assert explain(error)[0] == status


def test_out_of_memory_says_what_to_lower():
    status, message = explain(MemoryError("Unable to allocate 9 TiB"))
    assert status == 1 and "9 TiB" in message and "--batch-size" in message and "--max-length" in message


@pytest.mark.skipif(sys.platform != "linux", reason="memory can be limited on Linux")
def test_memory_that_runs_out_is_said_and_leaves_no_model(tmp_path):
    (tmp_path / "text.txt").write_text("to be or not to be, that is the question. " * 40)
    code = ("import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))\n"
            "from tinyformer.cli import main; sys.exit(main(sys.argv[1:]))")
    words = ["pretrain", "gpt", "--corpus", "text.txt", "--tokenizer", "characters", "--layers", "1", "--width", "64",
             "--max-length", "512", "--batch-size", "8192", "--steps", "1", "--workers", "1", "--validation", "0",
             "--out", "run"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=tmp_path,
                          env={**ENVIRONMENT, "OPENBLAS_NUM_THREADS": "1"})
    assert done.returncode == 1, done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("tinyformer: out of memory (") and "lower --batch-size or --max-length" in last
    assert not (tmp_path / "run" / "model.safetensors").exists() and "Traceback" not in done.stderr


def test_a_fault_of_ours_is_called_one(capsys, monkeypatch):
    monkeypatch.setattr("tinyformer.commands.info.facts", lambda: 1 / 0)
    message = refused(capsys, "info", status=1)
    assert "ZeroDivisionError" in message and "--debug" in message
    with pytest.raises(ZeroDivisionError):
        main(["info", "--debug"])


def test_info_says_what_runs_here(capsys):
    assert main(["info"]) == 0
    shown = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines())
    assert {"tinyformer", "python", "numpy", "processor", "BLAS", "GPU"} <= shown.keys()
    assert "threads" in shown["BLAS"]


@pytest.mark.skipif(os.name != "posix", reason="signals as in POSIX")
@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_quietly(number, status):
    code = ("import os, sys\nfrom tinyformer.cli import main\nfrom tinyformer.commands import info\n"
            f"info.run = lambda options: os.kill(os.getpid(), {int(number)})\n"
            "sys.exit(main(['info']))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60,
                          env=ENVIRONMENT)
    assert done.returncode == status and "Traceback" not in done.stderr


def test_ctrl_c_while_modules_load_ends_quietly():
    code = """
import sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
from tinyformer.cli import main
sys.exit(main(["gradcheck", "add"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=ENVIRONMENT)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "tinyformer: interrupted\n")


@pytest.mark.skipif(os.name != "posix", reason="pipes as in POSIX")
def test_a_reader_that_goes_away_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-m", "tinyformer", "gradcheck", "add"], stdout=writing,
                          stderr=subprocess.PIPE, text=True, timeout=60,
                          env=ENVIRONMENT)
    os.close(writing)
    assert done.returncode == 0 and done.stderr == ""


def test_gradcheck_as_table_and_as_json(capsys):
    assert main(["gradcheck", "gelu", "add"]) == 0
    shown = capsys.readouterr().out
    assert "2 of 2 gradients are right" in shown and {*CHECKS} - {"Taylor"} <= {*COLUMNS}
    assert main(["gradcheck", "gelu", "add", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [report["op"] for report in found] == ["gelu", "add"] and all(report["ok"] for report in found)


WRONG = '''
from tinyformer import Call, primitive

@primitive
def double(xp, x):
    """Twice x, with a mistake in its backward."""
    return 2 * x, lambda dout: 3 * dout

@double.case
def _(rng):
    """any numbers"""
    return Call(rng.normal(size=3))
'''


def test_gradcheck_of_a_file_finds_its_mistake(capsys, tmp_path):
    (tmp_path / "my_ops.py").write_text(WRONG)
    assert main(["gradcheck", "--from", str(tmp_path / "my_ops.py")]) == 1
    shown = capsys.readouterr().out
    assert "double" in shown and "WRONG" in shown and "0 of 1 gradients are right" in shown
    assert main(["gradcheck", "--from", str(tmp_path / "my_ops.py"), "double", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)[0]["ok"] is False
    (tmp_path / "my_ops.py").write_text(WRONG.replace("3 * dout", "2 * dout"))
    assert main(["gradcheck", "--from", str(tmp_path / "my_ops.py")]) == 0
    assert "missing.py" in refused_after(capsys, "gradcheck", "--from", tmp_path / "missing.py")


def refused_after(capsys, *words) -> str:
    capsys.readouterr()
    return refused(capsys, *words)


def test_gradcheck_draws_the_valley(capsys, tmp_path):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    path = tmp_path / "valley.png"
    assert main(["gradcheck", "--valley", "tanh", "--out", str(path)]) == 0
    out, said = capsys.readouterr()
    assert path.read_bytes().startswith(b"\x89PNG") and out == "" and "best step" in said
    assert "is there already" in refused(capsys, "gradcheck", "--valley", "tanh", "--out", path)
    assert main(["gradcheck", "--valley", "exp", "--out", str(path), "--overwrite"]) == 0


def test_it_runs_as_a_module():
    done = python("gradcheck", "relu")
    assert done.returncode == 0 and "1 of 1 gradients are right" in done.stdout
    done = python("fill", "--model", "/nowhere/at/all", "a [MASK]")
    assert done.returncode == 2 and "no such folder" in done.stderr and done.stdout == ""


def test_what_a_file_prints_is_no_json(capsys, tmp_path):
    chatty = "print('hello')\n" + WRONG.replace("    return 2 * x", "    print(x); return 2 * x")
    (tmp_path / "my_ops.py").write_text(chatty)
    assert main(["gradcheck", "--from", str(tmp_path / "my_ops.py"), "--json"]) == 1
    out, said = capsys.readouterr()
    assert json.loads(out)[0]["op"] == "double" and "hello" in said


def test_a_file_that_leaves_or_is_no_text_is_named(capsys, tmp_path):
    (tmp_path / "leaves.py").write_text("import sys\n\nsys.exit(0)\n")
    assert "leaves.py:3: SystemExit" in refused(capsys, "gradcheck", "--from", tmp_path / "leaves.py")
    (tmp_path / "bytes.py").write_bytes(b"\0\xff")
    assert "bytes.py:1: " in refused(capsys, "gradcheck", "--from", tmp_path / "bytes.py")


def test_gradcheck_refuses_a_seed_below_0_and_a_picture_that_is_none(capsys, tmp_path):
    assert "--seed is -1" in refused(capsys, "gradcheck", "relu", "--seed", "-1")
    (tmp_path / "notes.txt").write_text("mine")
    assert "must end in .png" in refused(capsys, "gradcheck", "--valley", "exp", "--out", tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.skipif(os.name != "posix", reason="a shell as in POSIX")
def test_an_output_that_is_closed_or_full():
    def under_shell(end):
        line = f'"{sys.executable}" -m tinyformer --version {end}'
        return subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60,
                              env=ENVIRONMENT)
    closed = under_shell(">&-")
    assert closed.returncode == 0 and closed.stderr == ""
    if os.path.exists("/dev/full"):
        full = under_shell("> /dev/full")
        assert full.returncode == 1 and full.stderr.startswith("tinyformer: cannot write: No space left")


@pytest.mark.parametrize("words", [["info"], ["fill", "--model", "x", "a [MASK]"], ["evaluate", "--data", "x"],
                                   ["generate", "--model", "x"]])
def test_an_older_numpy_is_named_in_one_line(words):
    code = ("import numpy, sys; numpy.__version__ = '1.26.4'\n"
            "from tinyformer.cli import main; sys.exit(main(sys.argv[1:]))")
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == ("tinyformer: NumPy 1.26.4 is installed, and tinyformer needs 2.0 or later: pip install "
                           "'numpy>=2'\n")
