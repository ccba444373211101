"""How long does a user wait for a good model, here and in PyTorch, with either optimizer?

    python benchmarks/waiting.py shakespeare --corpus input.txt [--seeds 0,1,2] [--arms "tinyformer muon,torch adamw"]
    python benchmarks/waiting.py pydocs

What is waited for: a loss of 1.91 on the validation split of Shakespeare's characters, as nanoGPT publishes it for this
model, and 30 % of the masked tokens right on held-out documentation.  Each optimizer takes about as many steps as it
needs; both engines see the same batches and the same schedule, each in a process of its own, on one thread.  Seconds
are the processor's, of the training alone.  What each run reached stands beside them, since a run that stays short of
the aim has not been waited for long enough.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

from optimizers import prepare

AIMS = {"shakespeare": ("val loss", 1.91), "pydocs": ("val accuracy", 0.30)}
RUNS = {                                      # rates and steps
    "shakespeare": {"adamw": ("adamw=0.001", 2000), "muon": ("muon=0.04", 500)},
    "pydocs": {"adamw": ("adamw=0.001", 5000), "muon": ("muon=0.01", 2200)},
}
ARMS = ("tinyformer adamw", "tinyformer muon", "torch adamw", "torch muon")


class Timed:
    """Batches that note the processor's time whenever one is asked for."""

    def __init__(self, batches):
        self.batches, self.times = batches, []

    def batch(self, step):
        self.times.append(time.process_time())
        return self.batches.batch(step)

    def seconds(self):
        """Of all steps, by the mean of all but the last, behind which a run is evaluated."""
        return (self.times[-1] - self.times[0]) * len(self.times) / (len(self.times) - 1)


def ours(prepared):
    """Train with tinyformer; seconds, and the figures on everything that was held out."""
    from tinyformer.pretraining import stages

    batches = prepared.batches
    prepared.batches = timed = Timed(batches)
    stages.train(prepared, progress=False)
    prepared.batches = batches                 # which know the text that the figures are held against
    return timed.seconds(), stages.measure(prepared, 1)


def torchs(prepared):
    """The same in PyTorch, whose Muon iterates in bfloat16; here in float32, as processors are slow at the former."""
    import peers
    import torch
    from torch import nn
    from torch.nn import functional as F

    from tinyformer.train.schedules import SCHEDULES

    torch.set_num_threads(1)
    torch.Tensor.bfloat16 = torch.Tensor.clone
    s, gpt = prepared.settings, prepared.settings.model == "gpt"
    torch.manual_seed(s.seed)
    model = peers.GPT(prepared.model.config) if gpt else peers.Bert(prepared.model.config, s.init_std)
    for name, p in model.named_parameters():               # of a task that is not set here
        p.requires_grad = not name.startswith(("pooler", "pair")) or s.model == "gpt"
    settings = dict(betas=(0.9, s.beta2), weight_decay=s.weight_decay)
    optimizer = (peers.optimizer(model, s.learning_rate, **settings) if s.optimizer == "adamw" else
                 peers.Muon(model, s.learning_rate, s.matrix_rate, **settings))
    peaks = [group["lr"] for group in optimizer.param_groups]

    def logits(batch):
        ids = torch.from_numpy(batch.ids)
        if gpt:
            return model.logits(ids).flatten(0, 1), torch.from_numpy(batch.targets).flatten()
        keep = torch.from_numpy(batch.keep)[:, None, None]
        words, _ = model.logits(ids, torch.from_numpy(batch.segments), torch.from_numpy(batch.positions), keep)
        return words, torch.from_numpy(batch.targets)

    timed = Timed(prepared.batches)
    for step in range(s.steps):
        share = SCHEDULES[s.schedule](step, s.steps, 1.0, s.warmup, s.final_rate / s.learning_rate)
        for group, peak in zip(optimizer.param_groups, peaks, strict=True):
            group["lr"] = peak * share
        F.cross_entropy(*logits(timed.batch(step))).backward()
        nn.utils.clip_grad_norm_(model.parameters(), s.clip)
        optimizer.step()
        optimizer.zero_grad()
    total = [0.0, 0, 0]
    with torch.no_grad():
        for batch in prepared.held_out_batches():
            words, targets = logits(batch)
            total[0] += F.cross_entropy(words, targets, reduction="sum").item()
            total[1] += (words.argmax(-1) == targets).sum().item()
            total[2] += len(targets)
    return timed.seconds(), {"val loss": total[0] / total[2], "val accuracy": total[1] / total[2]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=AIMS)
    parser.add_argument("--corpus", help="the text of shakespeare")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--arms", default=",".join(ARMS))
    parser.add_argument("--steps", type=int, help="for every arm, instead of what each needs")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    figure, aim = AIMS[options.name]
    if options.name == "shakespeare" and not options.corpus:
        sys.exit("shakespeare: name the text with --corpus")
    if options.one:
        (engine, optimizer), seed = options.one[0].split(), int(options.one[1])
        arm, steps = RUNS[options.name][optimizer]
        steps = options.steps or steps
        prepared = prepare(options.name, options.corpus, arm, seed, steps, looks=1)
        seconds, found = (ours if engine == "tinyformer" else torchs)(prepared)
        print(json.dumps([seconds, found[figure], steps]))
        return
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    print(f"{options.name}: seconds of the processor until {figure} {aim}")
    for arm in options.arms.split(","):
        runs = []
        for seed in options.seeds.split(","):
            worker = subprocess.run([sys.executable, *sys.argv, "--one", arm, seed], check=True, text=True,
                                    stdout=subprocess.PIPE)
            runs.append(json.loads(worker.stdout.splitlines()[-1]))
        seconds, found, steps = zip(*runs, strict=True)
        print(f"{arm:<18} {statistics.median(seconds):7.1f} s   {steps[0]} steps   {figure} "
              f"{', '.join(f'{value:.4f}' for value in found)}", flush=True)


if __name__ == "__main__":
    main()
