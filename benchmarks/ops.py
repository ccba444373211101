"""How far is each hot primitive from PyTorch's, and from the bytes and multiplications that nobody can avoid?

    python -m benchmarks.ops [--rounds 5] [--repeats 20] [--json FILE] [--figure FILE]

Forward and backward of one op alone, at the shapes of `nano` (12 texts of 64 positions, width 128), on one thread and
in microseconds of the processor.  The floor is the larger of two times: that of the multiplications of its products
at the speed of a large product, and that of its inputs, its result and the gradients, each moved once, at the speed of
a copy; both speeds are measured first.  Small arrays stay in the cache, and may beat a floor that is the memory's.
"""

import time

from benchmarks.side_by_side import (
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
    torch_with_threads,
)

B, T, C, H, V = 12, 64, 128, 4, 2000
RATE = 0.1


def inputs() -> dict:
    """For each primitive its arrays and its constants."""
    import numpy as np

    rng = np.random.default_rng(0)

    def normal(*shape):
        return rng.standard_normal(shape, dtype=np.float32)

    x, wide = normal(B, T, C), normal(B, T, 4 * C)
    return {
        "affine": ((x, normal(4 * C, C), normal(4 * C)), {}),
        "affine_gelu": ((x, normal(4 * C, C), normal(4 * C)), {}),
        "gelu": ((wide,), {}),
        "self_attention": ((normal(B, T, 3 * C),), dict(heads=H, causal=True)),
        "masked_softmax": ((normal(B, H, T, T),), {}),
        "layer_norm": ((x, normal(C), normal(C)), {}),
        "add": ((x, normal(B, T, C)), {}),
        "dropout": ((x,), dict(rate=RATE)),
        "embedding": ((normal(V, C),), dict(ids=rng.integers(0, V, (B, T)))),
        "cross_entropy": ((normal(B * T, V),), dict(target=rng.integers(0, V, B * T))),
    }


def ours():
    """Name -> what `called` gives."""
    from tinyformer import Tensor, ops
    from tinyformer.rng import stream
    from tinyformer.train import keep_freed_memory

    keep_freed_memory()
    return {name: called(getattr(ops, name), [Tensor(a) for a in arrays],
                         constants | ({"rng": stream(0, "noise")} if name == "dropout" else {}))
            for name, (arrays, constants) in inputs().items()}


def called(op, tensors, constants) -> tuple:
    """A function that runs the op, and its tensors."""
    return lambda: op(*tensors, **constants), tensors


def theirs():
    torch = torch_with_threads()
    from torch.nn import functional as F

    def attention(packed, heads, causal):
        query, key, value = packed.view(B, T, 3, heads, C // heads).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=causal)
        return mixed.transpose(1, 2).reshape(B, T, C)

    calls = {"affine": F.linear, "affine_gelu": lambda *a: F.gelu(F.linear(*a)), "gelu": F.gelu,
             "self_attention": attention, "masked_softmax": lambda x: F.softmax(x, -1),
             "layer_norm": lambda x, gain, bias: F.layer_norm(x, (C,), gain, bias), "add": torch.add,
             "dropout": lambda x, rate: F.dropout(x, rate), "embedding": lambda weight, ids: F.embedding(ids, weight),
             "cross_entropy": lambda x, target: F.cross_entropy(x, target)}
    found = {}
    for name, (arrays, constants) in inputs().items():
        tensors = [torch.from_numpy(a).requires_grad_() for a in arrays]
        constants = {key: torch.from_numpy(value) if hasattr(value, "shape") else value
                     for key, value in constants.items()}
        found[name] = called(calls[name], tensors, constants)
    return found


def child(engine):
    import numpy as np

    calls = ours() if engine == "tinyformer" else theirs()

    def measure(repeats):
        found = {}
        for name, (forward, tensors) in calls.items():
            times, cotangent = [], None
            for _ in range(repeats + 2):
                began = time.process_time()
                out = forward()
                between = time.process_time()
                if cotangent is None:
                    cotangent = np.ones_like(out.data) if engine == "tinyformer" else out.detach() * 0 + 1
                started = time.process_time()
                out.backward(cotangent)
                times.append((between - began, time.process_time() - started))
                for tensor in tensors:
                    tensor.grad = None
            for part, column in zip(("forward", "backward"), zip(*times[2:], strict=True), strict=True):
                found[f"{name} {part}"] = 1e6 * sorted(column)[repeats // 2]
        return found

    serve(measure)


def speeds(_) -> dict:
    import numpy as np

    from tinyformer.inside.machine import speeds as measured

    products, copies = measured(np)
    return {"products": products, "copies": copies}


def floors(products: float, copies: float) -> dict[str, float]:
    """Microseconds that forward and backward of each op take at least."""
    from tinyformer import Tensor, ops
    from tinyformer.inside.multiplications import multiplications
    from tinyformer.rng import stream

    found = {}
    for name, (arrays, constants) in inputs().items():
        rng = {"rng": stream(0, "noise")} if name == "dropout" else {}
        out = getattr(ops, name)(*map(Tensor, arrays), **constants, **rng)
        as_affine = "affine" if name == "affine_gelu" else name
        times = multiplications(as_affine, [a.shape for a in arrays], constants)
        given, made = sum(a.nbytes for a in arrays), out.data.nbytes
        given = 2 * made if name == "embedding" else given     # it reads the rows that it takes
        moved = (given + made, made + 2 * given)               # in and out; then dout and the inputs, and gradients out
        for part, count, size in zip(("forward", "backward"), times, moved, strict=True):
            found[f"{name} {part}"] = 1e6 * max(count / products, size / copies)
    return found


def main():
    chosen = options(__doc__, rounds=5, repeats=20).parse_args()
    if chosen.serve:
        return serve(speeds) if chosen.serve == ["speeds"] else child(*chosen.serve)
    [line] = in_turns({"": start("ops", "speeds")}, None, 1)[""]
    facts = conditions(rounds=chosen.rounds, products=f"{line['products'] / 1e9:.0f} billion multiplications/s",
                       copies=f"{line['copies'] / 1e9:.1f} GB/s")
    say(facts)
    least = floors(line["products"], line["copies"])
    rounds = in_turns({engine: start("ops", engine) for engine in ("tinyformer", "torch")}, chosen.repeats,
                      chosen.rounds)
    mine, other = rounds["tinyformer"], rounds["torch"]
    table(["op", "tinyformer, µs", "torch, µs", "ours / torch", "floor, µs", "ours / floor"],
          [[part, cell(mine, part, 0), cell(other, part, 0), f"{middle(mine, part) / middle(other, part):.2f}",
            f"{least[part]:.0f}", f"{middle(mine, part) / least[part]:.1f}"] for part in least])
    print(f"\nquiet rounds: {calm(rounds)}")
    bars = {part: {"ours": middle(mine, part), "torch": middle(other, part), "floor": least[part]} for part in least}
    keep(chosen, facts, {"rounds": rounds, "floor": least}, bars, "microseconds")


if __name__ == "__main__":
    main()
