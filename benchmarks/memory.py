"""How much memory does a training step take, here and in PyTorch, and which ops keep it until backward?

    python -m benchmarks.memory [--shapes nano,tiny,mini,base] [--json FILE] [--figure FILE]

Nothing is timed.  "kept" is what the graph of a loss keeps until it runs backwards, counted; weights, gradients and
the optimizer's moments come on top.  The peaks are those of whole processes, libraries included, after three steps; a
process that has imported everything and taken none is beside them.
"""

from benchmarks.shapes import SHAPES, batch_of, model_of
from benchmarks.side_by_side import conditions, in_turns, keep, options, say, serve, start, table
from benchmarks.steps import our_step, torchs_step

ENGINES = ("tinyformer", "torch")


def child(name, engine, steps):
    if engine == "kept":
        return serve(lambda _: {"kept": kept(name)})
    step = our_step(SHAPES[name], model_of(SHAPES[name])) if engine == "tinyformer" else torchs_step(
        SHAPES[name], False)

    def measure(_):
        for _ in range(int(steps)):
            step()
        return {}

    serve(measure)


def kept(name) -> dict[str, int]:
    """Bytes by op."""
    from tinyformer.kept import bytes_kept
    from tinyformer.rng import stream

    rng = stream(0, "dropout", 0) if SHAPES[name].get("dropout") else None
    return bytes_kept(model_of(SHAPES[name]).loss(batch_of(SHAPES[name]), rng=rng))


def main():
    chosen = options(__doc__, shapes="nano,tiny,mini,base").parse_args()
    if chosen.serve:
        return child(*chosen.serve)
    facts = conditions()
    say(facts)
    found, rows, bars = {}, [], {}
    for name in chosen.shapes.split(","):
        peaks = {f"{engine}{'' if steps else ', no step'}": in_turns({"": start("memory", name, engine, steps)}, 0, 1)[
            ""][0]["peak"] for engine in ENGINES for steps in (3, 0)}
        [line] = in_turns({"": start("memory", name, "kept", 0)}, 0, 1)[""]       # this process stays small: its peak
        by_op = dict(sorted(line["kept"].items(), key=lambda item: -item[1]))     # is the least that a child can have
        found[name], bars[name] = {"peak MB": peaks, "kept": by_op}, peaks
        largest = ", ".join(f"{op} {size / 1e6:.1f}" for op, size in list(by_op.items())[:4])
        rows.append([name, *(f"{peak:.0f}" for peak in peaks.values()), f"{sum(by_op.values()) / 1e6:.1f}", largest])
    table(["shape", *(f"{engine}, MB" for engine in peaks), "kept, MB", "of it, the most"], rows)
    keep(chosen, facts, found, bars, "MB")


if __name__ == "__main__":
    main()
