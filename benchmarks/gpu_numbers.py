"""Does a GPU take the steps that NumPy takes, and do the files of one open on the other?"""

import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, nullcontext, suppress
from pathlib import Path

import numpy as np

from tinyformer.backend import library, to_device, to_host
from tinyformer.models import GPT, BertConfig, BertForPretraining, GPTConfig
from tinyformer.rng import stream
from tinyformer.train import Settings, load_model, save_model, train

ROOT = Path(__file__).parent.parent
SHARES, SUITE = 8, 240                        # processes of the suite at most, and the seconds that it may take
SIZES = dict(vocabulary=60, layers=2, heads=2, width=32, inner=64, context=16, dropout=0.1)
STEPS = 20


class Wrong(Exception):
    """A number that is further from what it should be than rounding explains."""


def gradients(device: str, small: bool):
    """The whole gradient suite, shared by as many processes as there are cores: CuPy compiles for most of the time."""
    files = [path for path in sorted((ROOT / "tests").rglob("test_*.py"))
             if "pytest.mark.gpu" in path.read_text(encoding="utf-8")]
    shares, rows = 1 if small else max(1, min(SHARES, os.cpu_count() or 1)), []
    with ExitStack() as stack:
        running = []
        for number in range(shares):
            said = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
            running.append((said, subprocess.Popen(
                [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "benchmarks.share",
                 f"--share={number}/{shares}", "-m", "gpu", *map(str, files[-1:] if small else files)], cwd=ROOT,
                stdout=said, stderr=subprocess.STDOUT)))
            stack.callback(running[-1][1].kill)
        until = time.monotonic() + SUITE
        while waiting := [one for one in running if one[1].poll() is None]:
            if any(process.poll() not in (None, 0, 5) for _, process in running) or time.monotonic() > until:
                break                                          # 5: there was nothing for this share
            time.sleep(0.2)
        for number, (said, process) in enumerate(running):
            said.seek(0)
            text, status = said.read(), process.poll()
            if status not in (None, 0, 5):
                print(text[-6000:])
                first = re.search("^(?:FAILED|ERROR).*", text, re.M)
                raise Wrong(f"the gradient suite: {first[0] if first else text[-200:]}")
            passed, skipped = (sum(map(int, re.findall(rf"(\d+) {word}", text))) for word in ("passed", "skipped"))
            rows.append([f"{number + 1} of {shares}", passed, skipped, "yes" if status is not None else "no"])
    if waiting:
        raise Unfinished(f"the gradient suite did not end in {SUITE} s, and nothing failed until then")
    if device != "fake" and not any(row[1] for row in rows):
        raise Wrong("the gradient suite: no test ran on the device")
    return ["share", "passed", "skipped", "to its end"], rows


def apart(ours, theirs, most: float, what: str) -> float:
    """How far two arrays lie apart, relative to the size of the second; Wrong above `most`."""
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    off = float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))
    if not off <= most:
        raise Wrong(f"{what}: {off:.1e} apart, and {most:.0e} is the most")
    return off


def model_of(kind: str, dtype, small: bool = False):
    """A model with random weights, the same ones each time."""
    sizes = SIZES | (dict(layers=1) if small else {})
    made = (BertForPretraining(BertConfig(**sizes), stream(0, "weights")) if kind == "BERT" else
            GPT(GPTConfig(**sizes), stream(0, "weights")))
    return made.to(dtype=dtype)


def batches_of(kind: str):
    """A function of the step that gives its batch."""
    from benchmarks.shapes import batch_of
    batch = batch_of(dict(SIZES, kind=kind.lower(), batch=4, length=12))
    return lambda step: batch


def weights_of(model) -> np.ndarray:
    return np.concatenate([to_host(p.data).ravel() for p in model.parameters()])


def settings_of(**more) -> Settings:
    """eps as BERT has it: with 1e-8 AdamW follows gradients that are nothing but rounding."""
    return Settings(**{**dict(steps=STEPS, learning_rate=1e-3, eps=1e-6, log_every=1), **more})


class Unfinished(Exception):
    """A part that was given up, and says nothing against what comes after it."""


class Halfway(Exception):
    """A run is ended in its middle, as the power might end it."""


def halfway(step: int):
    if step == STEPS // 2:
        raise Halfway
    return batches_of("GPT")(step)


def twenty_steps(device: str, small: bool):
    """BERT and GPT from the same seed, here and there: every loss, and the weights at the end."""
    rows = []
    for kind in ("BERT", "GPT"):
        for dtype, most in ((np.float64, 1e-10), (np.float32, 1e-4)):
            found = []
            for place in ("cpu", device):
                model = model_of(kind, dtype, small).to(place)
                history = train(model, batches_of(kind), settings_of(), progress=False)
                found.append(([row["loss"] for row in history.rows], weights_of(model)))
            (losses, weights), (their_losses, their_weights) = found
            name = f"{STEPS} steps of {kind} in {np.dtype(dtype)}"
            rows.append([kind, np.dtype(dtype).name,
                         f"{apart(their_losses, losses, most, f'{name}, losses'):.1e}",
                         f"{apart(their_weights, weights, most, f'{name}, weights'):.1e}", f"{most:.0e}"])
    return ["model", "numbers", "losses apart", "weights apart", "at most"], rows


def checkpoints(device: str, small: bool):
    """A model that was saved on one is opened on the other; a run that was begun on one goes on on the other."""
    rows = []
    whole = model_of("GPT", np.float64, small)
    train(whole, batches_of("GPT"), settings_of(), progress=False)
    for first, second in ((device, "cpu"), ("cpu", device)):
        with tempfile.TemporaryDirectory() as folder:
            saved = model_of("GPT", np.float32, small).to(first)
            save_model(Path(folder) / "model", saved)
            opened = load_model(Path(folder) / "model")[0].to(second)
            off = apart(weights_of(opened), weights_of(saved), 0, f"saved on {first}, opened on {second}")
            out, settings = Path(folder) / "run", settings_of(save_every=STEPS // 2)
            begun, going_on = (model_of("GPT", np.float64, small).to(place) for place in (first, second))
            with suppress(Halfway):
                train(begun, halfway, settings, out=out, progress=False)
            train(going_on, batches_of("GPT"), settings, out=out, resume=True, progress=False)
            went = f"{STEPS} steps, half on {first} and half on {second}"
            further = apart(weights_of(going_on), weights_of(whole), 1e-10, went)
            rows.append([first, second, f"{off:.0e}", f"{further:.1e}"])
    return ["written on", "read on", "weights apart", "run apart"], rows


def precisions(device: str, small: bool):
    """Products of rounded factors learn what those of float32 learn."""
    rows, steps = [], 4 if small else STEPS
    for kind in ("BERT", "GPT"):
        losses = {}
        for precision in ("float32", "tf32", "float16"):
            model = model_of(kind, np.float32, small).to(device)
            history = train(model, batches_of(kind), settings_of(steps=steps, precision=precision), progress=False)
            losses[precision] = [row["loss"] for row in history.rows]
        off = [apart(losses[precision], losses["float32"], 5e-3, f"{steps} steps of {kind} in {precision}, losses")
               for precision in ("tf32", "float16")]
        rows.append([kind, *(f"{number:.1e}" for number in off), "5e-03"])
    return ["model", "tf32 apart", "float16 apart", "at most"], rows


def one_rank(device: str, small: bool):
    """The steps that several GPUs would share, taken by one alone: its gradients go through NCCL."""
    from benchmarks.shapes import batch_of
    from tinyformer.cuda.nccl import nccl_of, said
    from tinyformer.train import AdamW
    from tinyformer.train.cards import sharing
    from tinyformer.train.on_device import OnDevice
    xp = library(to_device(np.zeros(1), device))
    if nccl_of(xp) is None:
        return ["NCCL", "weights apart"], [[said(xp), "-"]]
    batch, found = batch_of(dict(SIZES, kind="bert", batch=4, length=12)), []
    for shared in (False, True):
        model, settings = model_of("BERT", np.float64, small).to(device), settings_of()
        work = OnDevice(model, AdamW(model, eps=settings.eps), settings)
        with sharing(1, work, settings) if shared else nullcontext(work) as driven:
            for step in range(5):
                driven.gradients(batch, step)
                driven.move(1e-3)
        found.append(weights_of(model))
    return ["NCCL", "weights apart"], [[said(xp), f"{apart(found[1], found[0], 1e-10, 'five steps through NCCL'):.1e}"]]
