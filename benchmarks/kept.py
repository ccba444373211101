"""How many megabytes wait for backward in one training step, and which ops keep them?

    python benchmarks/kept.py [--shapes nano,tiny,mini]

Nothing is timed: the graph of a loss is built, and what it keeps is counted.  Weights, gradients and the optimizer's
moments come on top.
"""

import argparse

from steps import SHAPES, batch_of, configuration

from tinyformer.kept import bytes_kept
from tinyformer.models import GPT, BertForPretraining
from tinyformer.rng import stream


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", default="nano,tiny,mini")
    for name in parser.parse_args().shapes.split(","):
        shape = SHAPES[name]
        config = configuration(shape)
        model = (GPT if shape["kind"] == "gpt" else BertForPretraining)(config, stream(0, "weights"))
        loss = model.loss(batch_of(shape), rng=stream(0, "dropout", 0) if config.dropout else None)
        found = sorted(bytes_kept(loss).items(), key=lambda item: -item[1])
        print(f"{name:<14}{sum(n for _, n in found) / 1e6:8.2f} MB   " +
              "  ".join(f"{op} {n / 1e6:.2f}" for op, n in found), flush=True)


if __name__ == "__main__":
    main()
