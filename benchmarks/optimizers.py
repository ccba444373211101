"""How far do AdamW and Muon come in the same steps and in the same time, and what does a step of each cost?

    python benchmarks/optimizers.py shakespeare --corpus input.txt [--seeds 0,1,2] [--steps 500] [--out FILE]
    python benchmarks/optimizers.py novels --corpus FOLDER
    python benchmarks/optimizers.py pydocs
    python benchmarks/optimizers.py tinyland
    python benchmarks/optimizers.py pydocs --seeds 100 --steps 700 --arms adamw=0.001,adamw=0.002,muon=0.01:0.003

Each seed pre-trains the same model, from the same weights and on the same batches, once for each arm: adamw=RATE, or
muon=MATRIX_RATE:RATE, where the second is that of its AdamW, which moves the other parameters (0.001 if it is left
out).  Without --arms they are those that were chosen with seed 100, for the novels those of Shakespeare.  Losses on
the way are those of a sample of the held-out text, the figures at the end those of all of it.  With --out every run is
a line of JSON in a file, and what stands there is not run again.

Times are the processor's, of one thread, which other programs disturb least.  Since no two runs meet the same machine,
what a step costs is measured beside it: both optimizers take steps of the same batches in turn, and medians are given.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

SETS = {                                      # kind of model, settings; the corpus of the first two is the user's
    "shakespeare": ("gpt", dict(preset="shakespeare-cpu", steps=1000)),
    "novels": ("gpt", dict(steps=500)),
    "pydocs": ("bert", dict(corpus="pydocs", objective="none", vocabulary=2000, layers=2, heads=2, width=128,
                            max_length=24, batch_size=32, mask_rate=0.25, steps=1500, schedule="constant-then-down")),
    "tinyland": ("bert", dict(corpus="tinyland", world_documents=12000, validation=0.03, vocabulary=2500, layers=2,
                              heads=4, width=64, max_length=48, batch_size=32, mask_rate=0.2, steps=1000)),
}
ARMS = {"shakespeare": "adamw=0.003,muon=0.04", "novels": "adamw=0.003,muon=0.04",
        "pydocs": "adamw=0.001,muon=0.01", "tinyland": "adamw=0.003,muon=0.02:0.003"}
LOOKS = 10                                    # evaluations on the way
ROUNDS, STEPS = 12, 4                         # of the cost of a step
HELD_OUT = 15                                 # of pydocs one document in so many is held out, as in the tour


def rates(arm):
    """The optimizer and the rates that an arm stands for."""
    optimizer, _, text = arm.partition("=")
    first, _, second = text.partition(":")
    own = {"learning_rate": float(first)} if optimizer == "adamw" else {
        "learning_rate": float(second or 1e-3), "matrix_rate": float(first)}
    return {"optimizer": optimizer, **own}


def prepare(name, corpus, arm, seed, steps=None, looks=LOOKS):
    """Tokenizer, batches and model of one run, ready to be trained."""
    from tinyformer.data.pydocs import pydocs
    from tinyformer.pretraining import stages
    from tinyformer.pretraining.pretraining_settings import resolve

    kind, given = SETS[name]
    steps = steps or given["steps"]
    given = {**given, **({"corpus": corpus} if corpus else {}), **rates(arm), "seed": seed, "steps": steps,
             "workers": "1", "evaluate_every": max(1, steps // looks)}
    settings = resolve(kind, {**given, **({"world_seed": seed} if name == "tinyland" else {})})
    if name != "pydocs":
        return stages.prepare(settings, *settings.read())
    documents = pydocs()
    training = [text for number, text in enumerate(documents, 1) if number % HELD_OUT]
    return stages.prepare(settings, training, documents[HELD_OUT - 1::HELD_OUT])


def train(name, corpus, arm, seed, steps):
    """The course of one run, and its figures on everything that was held out."""
    from tinyformer.pretraining import stages

    prepared = prepare(name, corpus, arm, seed, steps)
    history, figure = stages.train(prepared, progress=False), prepared.settings.figure
    found = stages.measure(prepared, 200)
    return {"set": name, "arm": arm, "seed": seed, "steps": steps,
            "course": [(row["step"], row[f"{figure} loss"]) for row in history.evaluations], "found": found}


def cost(name, corpus, seed=0):
    """Processor milliseconds of a step with each optimizer, and of the optimizer in it, taken in turn."""
    from tinyformer.train.loop_settings import OPTIMIZERS, Settings
    from tinyformer.train.step import clip_gradients

    arms = {}
    for kind in ("adamw", "muon"):
        prepared = prepare(name, corpus, f"{kind}=0.001", seed)
        arms[kind] = prepared, OPTIMIZERS[kind].of(prepared.model, Settings(optimizer=kind)), []
    for step in range(ROUNDS * STEPS):
        for prepared, optimizer, times in arms.values():
            batch = prepared.batches.batch(step)
            began = time.process_time()
            prepared.model.loss(batch).backward()
            clip_gradients(prepared.model.parameters(), 1.0)
            half = time.process_time()
            optimizer.step(1e-4)
            optimizer.zero_grad()
            times.append((time.process_time() - began, time.process_time() - half))
    return {kind: [1e3 * statistics.median(part) for part in zip(*times[STEPS:], strict=True)]
            for kind, (_, _, times) in arms.items()}


def until(course, loss):
    """The step at which a course reaches a loss, on the line between two evaluations; None where it does not."""
    for (before, high), (after, low) in zip(course, course[1:], strict=False):
        if low <= loss < high:
            return before + (after - before) * (high - loss) / (high - low)
    return None


def report(name, runs, costs):
    """What each arm reached, when Muon is where AdamW ended, and the same by time."""
    for arm in dict.fromkeys(run["arm"] for run in runs):
        mine = [run for run in runs if run["arm"] == arm]
        print(f"{name}, {arm}, {mine[0]['steps']} steps; seeds {', '.join(str(run['seed']) for run in mine)}")
        for points in zip(*(run["course"] for run in mine), strict=True):
            print(f"  step {points[0][0]:5d}   loss {spread([loss for _, loss in points])}")
        for figure in ("val loss", "val accuracy", "neighbour accuracy"):
            if figure in mine[0]["found"]:
                print(f"  {figure} on everything held out: {spread([run['found'][figure] for run in mine])}")
    ms = {kind: values[0] for kind, values in costs.items()}
    print("a step: " + ", ".join(f"{kind} {values[0]:.1f} ms, {values[1]:.1f} of it the optimizer's"
                                 for kind, values in costs.items()) + f"; {ms['muon'] / ms['adamw']:.2f} times as long")
    for run in runs:
        for other in runs:
            if (run["seed"], run["arm"][:4], other["arm"][:5]) == (other["seed"], "muon", "adamw"):
                steps = until(run["course"], other["course"][-1][1])
                print(f"  seed {run['seed']}: {run['arm']} " + (
                    f"is where {other['arm']} ends after {steps:.0f} of {other['steps']} steps, "
                    f"in {steps * ms['muon'] / other['steps'] / ms['adamw']:.2f} of its time" if steps else
                    f"does not reach where {other['arm']} ends"))


def spread(values, digits=4):
    """The mean, and every value."""
    return f"{statistics.mean(values):.{digits}f} ({', '.join(f'{value:.{digits}f}' for value in values)})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=SETS)
    parser.add_argument("--corpus", help="the text of shakespeare or of the novels")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--arms", help="for example adamw=0.003,muon=0.02:0.001")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--out", type=Path, help="a file that keeps every run")
    options = parser.parse_args()
    if options.name in ("shakespeare", "novels") and not options.corpus:
        sys.exit(f"{options.name}: name the text with --corpus")
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    kept = options.out.read_text().splitlines() if options.out and options.out.exists() else []
    known = {tuple(run[key] for key in ("set", "arm", "seed", "steps")): run for run in map(json.loads, kept)}
    runs, steps = [], options.steps or SETS[options.name][1]["steps"]
    for seed in map(int, options.seeds.split(",")):
        for arm in (options.arms or ARMS[options.name]).split(","):
            key = (options.name, arm, seed, steps)
            if key not in known:
                known[key] = train(options.name, options.corpus, arm, seed, steps)
                if options.out:
                    with options.out.open("a") as file:
                        file.write(json.dumps(known[key]) + "\n")
            runs.append(known[key])
    report(options.name, runs, cost(options.name, options.corpus))


if __name__ == "__main__":
    main()
