"""How do time and memory grow with the length, the width, the depth, the vocabulary and the batch?

    python benchmarks/scaling.py [--only step,attention,recompute] [--rounds 3]

step: one training step of a small GPT, in which one size at a time is varied.  To its time and to the bytes that its
graph keeps a law a + b x + c x² is fitted, with no coefficient below 0 and relative errors weighed alike; "exponent" is
that of the law at the largest size.  attention: peak bytes and time of both forms, forward and backward, for one head.
recompute: a model of six layers, with its activations kept and computed again.

One thread; times are those of the processor, which neighbours on the machine lengthen, if less than those of the clock:
the median of the rounds, which go through all sizes in turn.  It prints, and asserts nothing.
"""

import argparse
import statistics
import time
import tracemalloc
from contextlib import nullcontext
from itertools import combinations

import numpy as np

from tinyformer import ops
from tinyformer.data.batches import TextBatch
from tinyformer.engine import Tensor
from tinyformer.kept import bytes_kept
from tinyformer.models import GPT, GPTConfig
from tinyformer.nn.recomputed_blocks import recomputing
from tinyformer.rng import stream
from tinyformer.train import AdamW, keep_freed_memory
from tinyformer.train.threads import blas_threads

BASE = dict(length=128, width=128, layers=2, vocabulary=256, batch=4)
SIZES = {"length": (64, 128, 256, 512), "width": (64, 128, 256, 512), "layers": (1, 2, 4, 8),
         "vocabulary": (256, 2000, 8000, 16000), "batch": (1, 2, 4, 8, 16)}
SIGNS = {"length": "T", "width": "C", "layers": "L", "vocabulary": "V", "batch": "B"}
LENGTHS = (256, 512, 1024, 2048, 4096, 8192)


def model_and_batch(length, width, layers, vocabulary, batch):
    """A GPT with heads of 32, and something to read."""
    config = GPTConfig(vocabulary=vocabulary, layers=layers, heads=width // 32, width=width, context=length,
                       dropout=0.0)
    ids = stream(0, "ids").integers(0, vocabulary, (batch, length + 1))
    return GPT(config, stream(0, "weights")), TextBatch(ids[:, :-1], ids[:, 1:])


def milliseconds(work) -> float:
    began = time.process_time()
    work()
    return 1e3 * (time.process_time() - began)


def peak_bytes(work) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def law(x, y) -> tuple[np.ndarray, float, float]:
    """Coefficients (3,) of 1, x, x² for x in units of its smallest, the worst relative error, the last exponent.

    Of all choices among the three terms the one that fits best without a coefficient below 0.
    """
    x, y = np.asarray(x, float) / min(x), np.asarray(y, float)
    terms, best = np.stack([x ** 0, x, x ** 2], 1), None
    for count in (1, 2, 3):
        for chosen in map(list, combinations(range(3), count)):
            found = np.linalg.lstsq(terms[:, chosen] / y[:, None], np.ones(len(y)), rcond=None)[0]
            wrong = np.abs(terms[:, chosen] @ found / y - 1)
            better = best is None or (wrong ** 2).sum() < 0.98 * best[0] - 1e-6    # a further term must be worth it
            if (found >= 0).all() and better:
                coefficients = np.zeros(3)
                coefficients[chosen] = found
                best = (wrong ** 2).sum(), coefficients, wrong.max()
    _, (a, b, c), worst = best
    return np.array([a, b, c]), worst, (b * x[-1] + 2 * c * x[-1] ** 2) / (a + b * x[-1] + c * x[-1] ** 2)


def formula(coefficients, sign: str, unit: int, digits: int) -> str:
    x, square = (f"{sign}/{unit}", f"({sign}/{unit})²") if unit > 1 else (sign, f"{sign}²")
    terms = zip(coefficients, ("", f" {x}", f" {square}"), strict=True)
    return " + ".join(f"{value:.{digits}f}{more}" for value, more in terms if value > 0)


def steps(rounds: int) -> None:
    """The table of laws."""
    cases = [(name, size) for name, sizes in SIZES.items() for size in sizes]
    times, kept = {case: [] for case in cases}, {}
    for turn in range(rounds + 1):
        for case in cases:
            model, batch = model_and_batch(**{**BASE, case[0]: case[1]})
            optimizer = AdamW(model)

            def step(model=model, batch=batch, optimizer=optimizer):
                model.loss(batch).backward()
                optimizer.step(1e-3)
                optimizer.zero_grad()

            if case not in kept:
                kept[case] = sum(bytes_kept(model.loss(batch)).values()) / 1e6
            step()                                             # makes the moments
            if turn:
                times[case].append(milliseconds(step))
    print("one step of a GPT, around " + ", ".join(f"{name} {size}" for name, size in BASE.items()))
    for name, sizes in SIZES.items():
        for what, unit, digits, values in (
                ("time", "ms", 2, [statistics.median(times[name, size]) for size in sizes]),
                ("kept", "MB", 3, [kept[name, size] for size in sizes])):
            coefficients, worst, exponent = law(sizes, values)
            print(f"{name:<11}{what}  " + "  ".join(f"{size}: {v:.1f}" for size, v in zip(sizes, values, strict=True))
                  + f" {unit}   {formula(coefficients, SIGNS[name], min(sizes), digits)} {unit}"
                  f"   off by at most {worst:.0%}, exponent {exponent:.2f}", flush=True)


def attention(rounds: int) -> None:
    """Both forms on one head of 64, forward and backward."""
    print("attention of one head of 64, looking back: peak MB and ms of the whole, and in blocks")
    for length in LENGTHS:
        packed = stream(0, "packed").standard_normal((1, length, 192), np.float32)
        dout = stream(0, "dout").standard_normal((1, length, 64), np.float32)
        cells = []
        for op in (ops.self_attention, ops.blockwise_self_attention):
            def work(op=op, packed=packed, dout=dout):
                op(Tensor(packed), heads=1, causal=True).backward(dout)
            peak = peak_bytes(work)
            cells.append(f"{peak / 1e6:9.1f} MB {statistics.median(milliseconds(work) for _ in range(rounds)):9.1f} ms")
        print(f"T {length:<6}" + "   ".join(cells), flush=True)


def recompute(rounds: int) -> None:
    """A step of six layers both ways."""
    model, batch = model_and_batch(length=256, width=256, layers=6, vocabulary=1000, batch=8)
    print("six layers of 256, 8 rows of 256: forward and backward")
    for name, context in (("kept", nullcontext()), ("again", recomputing(model))):
        with context:
            def work():
                for p in model.parameters():
                    p.grad = None
                model.loss(batch).backward()
            work()
            peak = peak_bytes(work)
            took = statistics.median(milliseconds(work) for _ in range(rounds))
            print(f"{name:<6}{peak / 1e6:9.1f} MB {took:9.1f} ms", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = {"step": steps, "attention": attention, "recompute": recompute}
    parser.add_argument("--only", default=",".join(parts))
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    keep_freed_memory()
    with blas_threads(1):
        for name in options.only.split(","):
            parts[name](options.rounds)


if __name__ == "__main__":
    main()
