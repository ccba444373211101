"""Does a small GPT reach PyTorch's loss on the characters of Shakespeare, and in what time?

    python benchmarks/shakespeare.py input.txt [--seeds 1337,1338,1339] [--threads 2]

For each seed the command `pretrain gpt --preset shakespeare-cpu --optimizer adamw` and the same model in PyTorch are
trained one after the other, each in a process of its own, on the same batches with the same schedule; each prints the
validation loss over the whole validation split and the seconds of the training loop.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time


def train_torch(path, seed):
    """2,000 iterations with the preset's settings; returns (validation loss, seconds)."""
    import peers
    import torch
    from torch import nn

    from tinyformer.data.batches import TextWindows
    from tinyformer.data.corpus import read_documents
    from tinyformer.models import GPTConfig
    from tinyformer.text import CharTokenizer
    from tinyformer.train.schedules import cosine

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.manual_seed(seed)
    text = "\n".join(read_documents(path))
    tokenizer = CharTokenizer.train([text])
    ids, cut = tokenizer.encode(text), int(0.9 * len(text))
    batches = TextWindows(ids[:cut], batch_size=12, block=64, seed=seed)
    model = peers.GPT(GPTConfig.preset("shakespeare-cpu", vocabulary=len(tokenizer)))
    optimizer = peers.optimizer(model, 1e-3, betas=(0.9, 0.99), weight_decay=0.1)
    start = time.perf_counter()
    for step in range(2000):
        batch = batches.batch(step)
        for group in optimizer.param_groups:
            group["lr"] = cosine(step, 2000, 1e-3, 100, 1e-4)
        model.loss(torch.from_numpy(batch.ids), torch.from_numpy(batch.targets)).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    seconds = time.perf_counter() - start
    with torch.no_grad():
        losses = [(model.loss(torch.from_numpy(b.ids), torch.from_numpy(b.targets)).item(), b.ids.size)
                  for b in TextWindows(ids[cut:], batch_size=12, block=64, seed=0).in_order(64)]
    return sum(loss * n for loss, n in losses) / sum(n for _, n in losses), seconds


def train_ours(path, seed):
    """The command itself; returns (validation loss, seconds of the training loop)."""
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([sys.executable, "-m", "tinyformer", "pretrain", "gpt", "--corpus", path, "--preset",
                        "shakespeare-cpu", "--optimizer", "adamw", "--seed", str(seed), "--out", f"{out}/gpt"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(f"{out}/gpt/metrics.json", encoding="utf-8") as file:
            metrics = json.load(file)
    return metrics["val loss"], metrics["seconds"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", help="tinyshakespeare's input.txt")
    parser.add_argument("--seeds", default="1337,1338,1339")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--torch", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.torch is not None:
        print(json.dumps(train_torch(options.path, options.torch)))
        return
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)
    rows = {"tinyformer": [], "torch": []}
    print(f"{options.threads} threads; validation loss and seconds of training")
    for seed in map(int, options.seeds.split(",")):
        rows["tinyformer"].append(train_ours(options.path, seed))
        worker = subprocess.run([sys.executable, __file__, options.path, "--torch", str(seed)], check=True,
                                capture_output=True, text=True)
        rows["torch"].append(json.loads(worker.stdout))
        print(f"seed {seed}   " + "   ".join(f"{name} {r[-1][0]:.4f} {r[-1][1]:.0f} s" for name, r in rows.items()),
              flush=True)
    for name, found in rows.items():
        losses, seconds = zip(*found, strict=True)
        print(f"{name}: mean {statistics.mean(losses):.4f}, spread {max(losses) - min(losses):.4f}, "
              f"median {statistics.median(seconds):.0f} s")


if __name__ == "__main__":
    main()
