"""How long does one training step take, here and in PyTorch?

    python -m benchmarks.steps [--shapes nano,tiny,mini,base,nano-dropout] [--rounds 5] [--threads 2]
                               [--json FILE] [--figure FILE]

First both engines take five steps from the same weights on the same batch, and their losses are compared.  Then they
take turns, each in a process of its own.  A step is forward, backward and AdamW, in float32 with exact GELU.  "workers"
are as many processes as there are threads, each with one thread and a part of the batch, as `--workers` has them.
"""

import statistics
from contextlib import contextmanager
from itertools import count

from benchmarks.shapes import SHAPES, STEPS, batch_of, configuration, model_of
from benchmarks.side_by_side import (
    TUNED,
    calm,
    cell,
    conditions,
    in_turns,
    keep,
    middle,
    options,
    say,
    serve,
    start,
    table,
    timed,
    torch_with_threads,
)

RATE, CHECKED = 1e-4, 5


def our_step(shape, model):
    """A function that takes one step and returns the loss."""
    from tinyformer.train import AdamW, keep_freed_memory
    from tinyformer.train.noise import Noise

    keep_freed_memory()
    batch, optimizer, numbers = batch_of(shape), AdamW(model), count()

    def step():
        loss = model.loss(batch, rng=Noise(0, next(numbers)).generator() if shape.get("dropout") else None)
        loss.backward()
        optimizer.step(RATE)
        optimizer.zero_grad()
        return float(loss.data)

    return step


@contextmanager
def step_of_workers(shape, workers):
    """The same by several processes, and the ids of the others."""
    from tinyformer.train import AdamW, Settings, keep_freed_memory
    from tinyformer.train.drivers import driver

    keep_freed_memory()
    model, batch, numbers = model_of(shape), batch_of(shape), count()
    with driver(model, AdamW(model), Settings(workers=workers, clip=None), lambda: batch) as (work, _):
        def step():
            work.gradients(batch, next(numbers))
            work.move(RATE)

        yield step, [process.pid for process, _ in getattr(work.members, "others", ())]


def torchs_step(shape, fused, weights=None):
    torch = torch_with_threads()
    from benchmarks import peers

    b, gpt = batch_of(shape), shape["kind"] == "gpt"
    model = (peers.GPT if gpt else peers.Bert)(configuration(shape))
    if weights is not None:
        peers.take_weights(model, weights)
    arrays = (b.ids, b.targets) if gpt else (b.ids, b.segments, b.positions, b.targets, b.pair_labels)
    arrays = [torch.from_numpy(a) for a in arrays]
    optimizer = peers.optimizer(model, RATE, fused=fused)

    def step():
        loss = model.loss(*arrays)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss.item()

    return step


def losses(name):
    """Those of the first steps of both engines from the same weights, without dropout."""
    shape = {**SHAPES[name], "dropout": 0.0}
    model = model_of(shape)
    theirs = torchs_step(shape, False, {key: array.copy() for key, array in model.state().items()})
    ours = our_step(shape, model)
    return {"ours": [ours() for _ in range(CHECKED)], "theirs": [theirs() for _ in range(CHECKED)]}


def child(name, engine, threads):
    shape = SHAPES[name]
    if engine == "losses":
        return serve(lambda _: losses(name))
    if engine == "workers":
        with step_of_workers(shape, int(threads)) as (step, others):
            step(), step()
            return serve(lambda steps: {"ms": timed(step, steps)}, others)
    step = our_step(shape, model_of(shape)) if engine == "tinyformer" else torchs_step(shape, "fused" in engine)
    step(), step()
    return serve(lambda steps: {"ms": timed(step, steps)})


def engines(threads):
    """Name -> (threads of BLAS or PyTorch in a process, its environment)."""
    found = {"tinyformer": (threads, {}), "workers": (1, {})}
    if threads == 1:
        del found["workers"]
    return found | {"torch": (threads, {}), "torch fused": (threads, {}), "torch fused, tuned": (threads, TUNED)}


def main():
    chosen = options(__doc__, shapes="nano,tiny,mini,base,nano-dropout", rounds=5, threads=2).parse_args()
    if chosen.serve:
        return child(*chosen.serve)
    facts = conditions(threads=chosen.threads, rounds=chosen.rounds)
    say(facts)
    found, rows, bars = {}, [], {}
    for name in chosen.shapes.split(","):
        [line] = in_turns({"": start("steps", name, "losses", 1)}, None, 1)[""]
        apart = max(abs(a / b - 1) for a, b in zip(line["ours"], line["theirs"], strict=True))
        children = {engine: start("steps", name, engine, chosen.threads, threads=threads, environment=environment)
                    for engine, (threads, environment) in engines(chosen.threads).items()}
        rounds = in_turns(children, STEPS[name], chosen.rounds)
        ms = {engine: middle(lines, "ms") for engine, lines in rounds.items()}
        ours = min(value for engine, value in ms.items() if engine in ("tinyformer", "workers"))
        best = min(value for engine, value in ms.items() if engine.startswith("torch"))
        peaks = [statistics.median(line["peak"] for line in rounds[engine]) for engine in ("tinyformer", "torch")]
        found[name] = {"losses apart": apart, "rounds": rounds}
        rows.append([name, *(cell(lines, "ms") for lines in rounds.values()), f"{ms['tinyformer'] / ms['torch']:.2f}",
                     f"{ours / ms['torch']:.2f}", f"{ours / best:.2f}", f"{apart:.0e}", calm(rounds),
                     *(f"{peak:.0f}" for peak in peaks)])
        bars[name] = ms
    table(["shape", *(f"{engine}, ms" for engine in engines(chosen.threads)), "one process / torch", "ours / torch",
           "ours / torch's best", "losses apart", "quiet rounds", "peak MB", "torch's"], rows)
    keep(chosen, facts, found, bars, "milliseconds a step")


if __name__ == "__main__":
    main()
