"""What does pre-training bring on few labels?  Every head, three seeds, each with a pre-training of its own.

    python benchmarks/few_labels.py [--seeds 1,2,3] [--steps 12000] [--out runs/few-labels]

For each seed a BERT of two layers and width 64 is pre-trained on a world of tinyland that this seed tells, and then
fine-tuned on a few labels with each head, beside the same model with fresh weights.  Prints the figures of both, the
difference and its 95 % interval, and draws the curves.  About seven minutes a seed on a busy core.
"""

import argparse
import time
from pathlib import Path

from tinyformer.models import encoder_of
from tinyformer.tasks import few_labels, pretrain
from tinyformer.tasks.measure import measure
from tinyformer.train import save_model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--steps", type=int, default=12_000)
    parser.add_argument("--out", default="runs/few-labels", type=Path)
    options = parser.parse_args()
    rounds = []
    for seed in map(int, options.seeds.split(",")):
        began = time.perf_counter()
        prepared = few_labels.read_tinyland(seed, options.steps)
        history = pretrain.train(prepared, f"tinyland, seed {seed}", progress=False)
        save_model(options.out / f"bert-{seed}", prepared.model, prepared.tokenizer, overwrite=True)
        print(pretrain.final_line(prepared, history, measure(prepared)))
        encoder = encoder_of(prepared.model)
        rounds.append(few_labels.compare(encoder, prepared.tokenizer, few_labels.HEADS, [seed]))
        print(f"seed {seed}: {time.perf_counter() - began:.0f} s", flush=True)
    outcomes = few_labels.joined(rounds)
    print()
    for outcome in outcomes:
        print(outcome.line())
    few_labels.draw(outcomes, options.out / "few-labels.png")


if __name__ == "__main__":
    main()
