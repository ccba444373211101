"""Does a GPU take the steps that NumPy takes, and do the files of one open on the other?"""

import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np

from tinyformer.backend import to_host
from tinyformer.models import GPT, BertConfig, BertForPretraining, GPTConfig
from tinyformer.rng import stream
from tinyformer.train import Settings, load_model, save_model, train

SIZES = dict(vocabulary=60, layers=2, heads=2, width=32, inner=64, context=16, dropout=0.1)
STEPS = 20


class Wrong(Exception):
    """A number that is further from what it should be than rounding explains."""


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
