"""How long does one token take, for one text that is being written, here and in PyTorch?

    python benchmarks/decoding.py [--shapes gpt2-small,mini,nano] [--rounds 3] [--threads 1]

Each engine runs in a process of its own and remembers keys and values; the processes take turns (A B C A B C ...).
Every round writes the same number of tokens greedily, after a prompt, so that the text ends at the length that the
table names; the medians over the rounds are printed with their ratios.  "recomputed" is tinyformer without its cache.
It prints, and asserts nothing.
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
    "nano": dict(vocabulary=65, layers=4, heads=4, width=128, context=256),
    "mini": dict(vocabulary=50257, layers=4, heads=4, width=256, context=1024),
    "gpt2-small": dict(vocabulary=50257, layers=12, heads=12, width=768, context=1024),
}
END = 256                                                      # the length of the text at the last token
TOKENS = {"nano": 64, "mini": 64, "gpt2-small": 32}            # timed in each round, the last of the text
RECOMPUTED = {"nano": 16, "mini": 4, "gpt2-small": 2}
TUNED = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 40),
         "MALLOC_TOP_PAD_": str(64 << 20)}
ENGINES = {"tinyformer": {}, "recomputed": {}, "torch": {}, "torch, tuned": TUNED, "transformers": {}}


def our_writer(shape, cached):
    """A function write(prompt, n) that yields n ids, as all writers here are."""
    from tinyformer.generate import next_logits, write
    from tinyformer.models import GPT, GPTConfig
    from tinyformer.rng import stream
    from tinyformer.train import keep_freed_memory

    keep_freed_memory()
    model = GPT(GPTConfig(**shape, dropout=0.0), stream(0, "weights"))
    return lambda prompt, count: write(model, prompt, count, ask=None if cached else next_logits)


def torch_writer(shape):
    import peers
    import torch

    from tinyformer.models import GPTConfig

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    model = peers.GPT(GPTConfig(**shape, dropout=0.0)).eval()

    def write(prompt, count):
        past, ids = [None] * shape["layers"], torch.tensor([prompt])
        for _ in range(count):
            with torch.inference_mode():
                logits, past = model.read_on(ids, past)
                ids = logits.argmax(-1, keepdim=True)
            yield ids.item()

    return write


def transformers_writer(shape):
    import torch
    import transformers

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    model = transformers.GPT2LMHeadModel(transformers.GPT2Config(
        vocab_size=shape["vocabulary"], n_layer=shape["layers"], n_head=shape["heads"], n_embd=shape["width"],
        n_positions=shape["context"])).eval()

    def write(prompt, count):
        past, ids = None, torch.tensor([prompt])
        for _ in range(count):
            with torch.inference_mode():
                out = model(ids, past_key_values=past, use_cache=True, logits_to_keep=1)
                past, ids = out.past_key_values, out.logits[:, -1].argmax(-1, keepdim=True)
            yield ids.item()

    return write


def worker(name, engine):
    """Write on request: one line in (how many tokens), one line out (milliseconds of the median token, peak MB)."""
    shape = SHAPES[name]
    write = (torch_writer(shape) if engine.startswith("torch") else transformers_writer(shape)
             if engine == "transformers" else our_writer(shape, engine == "tinyformer"))
    for line in sys.stdin:
        count = int(line)
        text = write([n % shape["vocabulary"] for n in range(END - count)], count)
        next(text)                                             # reads the prompt
        times = []
        for _ in range(count - 1):
            start = time.perf_counter()
            next(text)
            times.append(1e3 * (time.perf_counter() - start))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps([statistics.median(times), peak]), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", default="gpt2-small,mini,nano")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return worker(*options.worker)
    print(f"median of {options.rounds} rounds, threads: {options.threads}, milliseconds a token at text length {END} "
          "(peak MB of the process)")
    print(f"{'shape':<12}" + "".join(f"{e:>20}" for e in ENGINES) + f"{'ours / torch':>14}{'ours / best':>13}"
          f"{'cache gains':>13}")
    for name in options.shapes.split(","):
        found = {e: [] for e in ENGINES}
        workers = {e: start(name, e, extra, options.threads) for e, extra in ENGINES.items()}
        for _ in range(options.rounds):
            for engine, process in workers.items():
                process.stdin.write(f"{(RECOMPUTED if engine == 'recomputed' else TOKENS)[name]}\n")
                process.stdin.flush()
                found[engine].append(json.loads(process.stdout.readline()))
        for process in workers.values():
            process.stdin.close()
            process.wait()
        ms = {e: statistics.median(t for t, _ in rounds) for e, rounds in found.items()}
        cells = "".join(f"{ms[e]:>10.2f} ({found[e][-1][1]:>4.0f} MB)" for e in ENGINES)
        ours, gain = ms["tinyformer"], ms["recomputed"] / ms["tinyformer"]
        others = [ms[e] for e in ENGINES if e not in ("tinyformer", "recomputed")]
        print(f"{name:<12}{cells}{ours / ms['torch']:>14.2f}{ours / min(others):>13.2f}{gain:>13.1f}",
              flush=True)


def start(name, engine, extra, threads):
    count = str(threads)
    environment = {**os.environ, **extra, "OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count}
    return subprocess.Popen([sys.executable, __file__, "--worker", name, engine], text=True, env=environment,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)


if __name__ == "__main__":
    main()
