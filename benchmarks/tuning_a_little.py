"""What does it save to tune a little?  The whole model, its head alone, and LoRA, from one published encoder.

    python benchmarks/tuning_a_little.py DATA [--tasks sst2,ewt] [--ways full,head,lora] [--seeds 0] [--rank 8]
                                         [--rate 1e-3] [--labels N] [--steps N] [--out results.jsonl]

DATA, encoder, batches and settings are those of finetuning.py.  Each run is a process of its own, one after another,
with one thread.  The additions stand beside query and value, and learn at `--rate`.  Printed of each way: the figure
of the development set, the numbers that learn, the peak of the whole process at the end of the training, and the
processor's time for a step.  With `--labels` a run sees the first so many training examples alone; with `--steps` it
ends so early, and is not judged.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

from finetuning import FROZEN_PEAK, PEAK, SETTINGS, prepare

WAYS = ("full", "head", "lora")


def one(options):
    """One run in this process; prints one JSON line."""
    from tinyformer.models.parts.depth import freeze
    from tinyformer.nn.lora import add_lora
    from tinyformer.rng import stream
    from tinyformer.tasks import TASKS
    from tinyformer.train import Settings
    from tinyformer.train import train as run
    from tinyformer.train.checkpoints import tokenizer_in

    name, way, seed = options.tasks, options.ways, int(options.seeds)
    task, given, examples, _, rows, batches, steps, head, folder = prepare(options.data, name, seed, 0.1,
                                                                           options.labels)
    steps = options.steps or steps
    freeze(head, 0 if way == "full" else "all")
    if way == "lora":
        add_lora(head, options.rank, stream(seed, "lora"))
    rate = {"full": PEAK, "head": FROZEN_PEAK, "lora": options.rate}[way]
    began = time.process_time()
    history = run(head, batches, Settings(steps=steps, learning_rate=rate, warmup=steps // 10, seed=seed, log_every=1),
                  progress=False)
    found = {"task": name, "way": way, "seed": seed, "rate": rate, "labels": len(examples[0]), "steps": steps,
             "learn": sum(p.size for p in head.parameters() if p.requires_grad),
             "ms": 1000 * (time.process_time() - began) / steps,
             "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 2**20),
             "last loss": statistics.mean(row["loss"] for row in history.rows[-20:])}
    figure = TASKS[SETTINGS[name][0]].figures[0]
    if not options.steps:
        predictions = task.predict(head, examples[1], rows[1], tokenizer_in(folder), given)
        found[figure] = task.scores(examples[1], predictions)[figure]
    print(json.dumps(found), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--tasks", default="sst2,ewt")
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--labels", type=int)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--out")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        return one(options)

    environment, found = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}, []
    more = [word for name in ("rank", "rate", "labels", "steps") if (value := getattr(options, name)) is not None
            for word in (f"--{name}", str(value))]
    for name in options.tasks.split(","):
        for seed in options.seeds.split(","):
            for way in options.ways.split(","):
                words = [sys.executable, __file__, options.data, "--alone", "--tasks", name, "--ways", way,
                         "--seeds", seed, *more]
                done = subprocess.run(words, stdout=subprocess.PIPE, text=True, env=environment, check=True)
                found.append(json.loads(done.stdout.splitlines()[-1]))
                print(json.dumps(found[-1]), flush=True)
                if options.out:
                    with open(options.out, "a", encoding="utf-8") as file:
                        file.write(json.dumps(found[-1]) + "\n")
    table(found)


def table(found):
    """A line for each set and way: the mean of the figure with its standard deviation, and the medians of the rest."""
    from tinyformer.tasks import TASKS
    print("\n| set | way | figure x 100 | numbers that learn | peak MB | ms a step |\n|---|---|---|---|---|---|")
    for name, way in dict.fromkeys((run["task"], run["way"]) for run in found):
        runs = [run for run in found if (run["task"], run["way"]) == (name, way)]
        figure = TASKS[SETTINGS[name][0]].figures[0]
        values = [100 * run[figure] for run in runs if figure in run]
        mean = f"{statistics.mean(values):.1f}" if values else "-"
        spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
        peak, step = (statistics.median(run[key] for run in runs) for key in ("peak", "ms"))
        print(f"| {name} | {way} | {mean}{spread} | {runs[0]['learn']:,} | {peak:.0f} | "
              f"{step:.0f} |")


if __name__ == "__main__":
    main()
