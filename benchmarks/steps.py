"""How long does one training step take, here and in PyTorch?

    python benchmarks/steps.py [--shapes nano,tiny,mini,base] [--rounds 5] [--threads 2]

Each engine runs in a process of its own, since their thread pools disturb one another; the processes take turns
(A B C A B C ...), and the medians over the rounds are printed with their ratios.  A step is forward, backward,
clipping left out, and AdamW, in float32 with exact GELU.  It prints, and asserts nothing.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

SHAPES = {
    "nano": dict(kind="gpt", vocabulary=65, layers=4, heads=4, width=128, length=64, batch=12),
    "tiny": dict(kind="bert", vocabulary=2000, layers=2, heads=2, width=128, length=64, batch=16),
    "mini": dict(kind="bert", vocabulary=30522, layers=6, heads=12, width=384, length=128, batch=8),
    "base": dict(kind="bert", vocabulary=30522, layers=12, heads=12, width=768, length=128, batch=8),
    "nano-dropout": dict(kind="gpt", vocabulary=65, layers=4, heads=4, width=128, length=64, batch=12, dropout=0.1),
}
STEPS = {"nano": 20, "tiny": 20, "mini": 5, "base": 2, "nano-dropout": 20}
TUNED = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 40),
         "MALLOC_TOP_PAD_": str(64 << 20)}
ENGINES = {"tinyformer": {}, "torch": {}, "torch fused": {}, "torch fused, tuned": TUNED}


def configuration(shape):
    from tinyformer.models import BertConfig, GPTConfig

    sizes = {k: shape[k] for k in ("vocabulary", "layers", "heads", "width")}
    kind = GPTConfig if shape["kind"] == "gpt" else BertConfig
    return kind(**sizes, context=max(64, shape["length"]), dropout=shape.get("dropout", 0.0), activation="gelu")


def batch_of(shape):
    import numpy as np

    from tinyformer.data.batches import PretrainingBatch, TextBatch

    rng = np.random.default_rng(0)
    size = (shape["batch"], shape["length"])
    ids = rng.integers(0, shape["vocabulary"], size)
    if shape["kind"] == "gpt":
        return TextBatch(ids=ids, targets=rng.integers(0, shape["vocabulary"], size))
    masked = np.sort(rng.choice(ids.size, int(0.15 * ids.size), replace=False))
    return PretrainingBatch(ids=ids, segments=np.zeros_like(ids), keep=np.ones(size, bool), positions=masked,
                            targets=ids.ravel()[masked], pair_labels=rng.integers(0, 2, size[0]))


def our_step(shape):
    from tinyformer.models import GPT, BertForPretraining
    from tinyformer.rng import stream
    from tinyformer.train import AdamW, keep_freed_memory

    keep_freed_memory()
    c, batch, number = configuration(shape), batch_of(shape), iter(range(10**9))
    model = (GPT if shape["kind"] == "gpt" else BertForPretraining)(c, stream(0, "weights"))
    optimizer = AdamW(model)

    def step():
        loss = model.loss(batch, rng=stream(0, "dropout", next(number)) if c.dropout else None)
        loss.backward()
        optimizer.step(1e-4)
        optimizer.zero_grad()

    return step


def torch_step(shape, fused):
    import peers
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    b, gpt = batch_of(shape), shape["kind"] == "gpt"
    model = (peers.GPT if gpt else peers.Bert)(configuration(shape))
    arrays = (b.ids, b.targets) if gpt else (b.ids, b.segments, b.positions, b.targets, b.pair_labels)
    arrays = [torch.from_numpy(a) for a in arrays]
    optimizer = peers.optimizer(model, 1e-4, fused=fused)

    def step():
        model.loss(*arrays).backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def worker(name, engine):
    """Time steps on request: one line in (how many), one line out (milliseconds of the median step, peak MB)."""
    shape = SHAPES[name]
    step = our_step(shape) if engine == "tinyformer" else torch_step(shape, "fused" in engine)
    step(), step()
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            step()
            times.append(1e3 * (time.perf_counter() - start))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps([statistics.median(times), peak]), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", default="nano,tiny,mini,base")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return worker(*options.worker)
    print(f"median of {options.rounds} rounds, {options.threads} threads, milliseconds a step (peak MB of the process)")
    print(f"{'shape':<14}" + "".join(f"{e:>26}" for e in ENGINES) + f"{'ours / torch':>14}{'ours / best':>14}")
    for name in options.shapes.split(","):
        found = {e: [] for e in ENGINES}
        workers = {e: start(name, e, extra, options.threads) for e, extra in ENGINES.items()}
        for _ in range(options.rounds):
            for engine, process in workers.items():
                process.stdin.write(f"{STEPS[name]}\n")
                process.stdin.flush()
                found[engine].append(json.loads(process.stdout.readline()))
        for process in workers.values():
            process.stdin.close()
            process.wait()
        ms = {e: statistics.median(t for t, _ in rounds) for e, rounds in found.items()}
        cells = "".join(f"{ms[e]:>16.1f} ({found[e][-1][1]:>5.0f} MB)" for e in ENGINES)
        others = [ms[e] for e in ENGINES if e != "tinyformer"]
        ours = ms["tinyformer"]
        print(f"{name:<14}{cells}{ours / ms['torch']:>14.2f}{ours / min(others):>14.2f}", flush=True)


def start(name, engine, extra, threads):
    count = str(threads)
    environment = {**os.environ, **extra, "OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count}
    return subprocess.Popen([sys.executable, __file__, "--worker", name, engine], text=True, env=environment,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)


if __name__ == "__main__":
    main()
