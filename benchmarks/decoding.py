"""How long does one token take, for texts that are being written, here and in PyTorch?

    python -m benchmarks.decoding [--shapes nano,mini,gpt2-small] [--rows 1,8] [--rounds 3] [--threads 1]
                                  [--json FILE] [--figure FILE]

Each engine runs in a process of its own and remembers keys and values; they take turns.  Every round writes the same
number of tokens greedily after a prompt, so that the texts end at length END; with --rows 8 eight are written side by
side, and a token is one of each.  "tensors" is tinyformer's way through tensors, which its own way for one token more
is held to, "recomputed" tinyformer without a cache.  All weights are read for each token: what that takes at the speed
at which this machine reads memory, which is measured first, is the floor.
"""

import importlib.util
import time
from itertools import count

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

SHAPES = {
    "nano": dict(vocabulary=65, layers=4, heads=4, width=128, context=256),
    "mini": dict(vocabulary=50257, layers=4, heads=4, width=256, context=1024),
    "gpt2-small": dict(vocabulary=50257, layers=12, heads=12, width=768, context=1024),
}
END = 256                                                      # the length of the texts at the last token
TOKENS = {"nano": 64, "mini": 32, "gpt2-small": 16}            # timed in each round, the last of the text
FEWER = {"nano": 8, "mini": 2, "gpt2-small": 1}                # of those for which all is read again
OURS = ("tinyformer", "tensors", "recomputed")
ENGINES = {"tinyformer": {}, "tensors": {}, "recomputed": {}, "torch": {}, "torch, tuned": TUNED, "transformers": {}}


def bandwidth(size: int = 1 << 26, repeats: int = 5) -> float:
    """Bytes a second that BLAS reads of an array far larger than the caches, on as many cores as it was given."""
    import numpy as np

    a, times = np.ones(size, np.float32), []
    for _ in range(repeats):
        began = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - began)
    return a.nbytes / min(times)


def our_writer(shape, engine):
    """A function that reads prompts and gives a function that writes one token of each, as all writers here are."""
    import numpy as np

    from tinyformer.generate import Reading, write
    from tinyformer.models import GPT, GPTConfig
    from tinyformer.rng import stream
    from tinyformer.train import keep_freed_memory

    keep_freed_memory()
    model = GPT(GPTConfig(**shape, dropout=0.0), stream(0, "weights"))

    def several(prompts):
        reading = Reading(model, prompts, cached=engine != "recomputed")
        reading.next = None if engine == "tensors" else reading.next
        return lambda: reading.step(np.argmax(reading.logits, -1))

    def one(prompt):
        text = write(model, prompt, END)
        next(text)                                             # reads the prompt
        return lambda: next(text)

    return lambda prompts: one(prompts[0]) if len(prompts) == 1 and engine == "tinyformer" else several(prompts)


def torchs_writer(shape, engine):
    torch = torch_with_threads()
    if engine == "transformers":
        import transformers

        model = transformers.GPT2LMHeadModel(transformers.GPT2Config(
            vocab_size=shape["vocabulary"], n_layer=shape["layers"], n_head=shape["heads"], n_embd=shape["width"],
            n_positions=shape["context"])).eval()
    else:
        from benchmarks import peers
        from tinyformer.models import GPTConfig

        model = peers.GPT(GPTConfig(**shape, dropout=0.0)).eval()

    def read_on(ids, past):
        if engine == "transformers":
            out = model(ids, past_key_values=past, use_cache=True, logits_to_keep=1)
            return out.logits[:, -1], out.past_key_values
        return model.read_on(ids, past or [None] * shape["layers"])

    def begin(prompts):
        state = [torch.tensor(prompts), None]

        def step():
            with torch.inference_mode():
                logits, state[1] = read_on(*state)
                state[0] = logits.argmax(-1, keepdim=True)
            return state[0].tolist()

        step()
        return step

    return begin


def child(name, engine="", rows=""):
    if name == "memory":
        return serve(lambda _: {"bandwidth": bandwidth()})
    shape = SHAPES[name]
    begin = our_writer(shape, engine) if engine in OURS else torchs_writer(
        shape, engine)

    def measure(tokens):
        numbers = count()
        prompts = [[next(numbers) % shape["vocabulary"] for _ in range(END - tokens)] for _ in range(int(rows))]
        return {"ms": timed(begin(prompts), tokens - 1 or 1)}

    serve(measure)


def weights_of(shape) -> int:
    """The bytes of the weights that a token reads: all but the positions' table."""
    from tinyformer.models import GPT, GPTConfig

    model = GPT(GPTConfig(**shape), None)
    return 4 * (model.count() - model.positions.weight.size)


def main():
    chosen = options(__doc__, shapes="nano,mini,gpt2-small", rows="1,8", rounds=3, threads=1).parse_args()
    if chosen.serve:
        return child(*chosen.serve)
    [line] = in_turns({"": start("decoding", "memory", threads=chosen.threads)}, None, 1)[""]
    speed = line["bandwidth"]
    facts = conditions(threads=chosen.threads, rounds=chosen.rounds, length=END, reads=f"{speed / 1e9:.1f} GB/s")
    say(facts)
    known = {engine: environment for engine, environment in ENGINES.items()
             if engine != "transformers" or importlib.util.find_spec("transformers")}
    found, table_rows, bars = {}, [], {}
    for name in chosen.shapes.split(","):
        for rows in chosen.rows.split(","):
            children = {engine: start("decoding", name, engine, rows, threads=chosen.threads, environment=environment)
                        for engine, environment in known.items() if rows == "1" or engine != "recomputed"}
            rounds = in_turns(children, lambda engine, name=name: (FEWER if engine == "recomputed" else TOKENS)[name],
                              chosen.rounds)
            ms = {engine: middle(lines, "ms") for engine, lines in rounds.items()}
            best = min(ms[engine] for engine in known if engine not in OURS)
            floor = 1e3 * weights_of(SHAPES[name]) / speed
            found[f"{name} x {rows}"], bars[f"{name} x {rows}"] = {"rounds": rounds, "floor": floor}, ms
            table_rows.append([name, rows, *(cell(rounds[e], "ms", 2) if e in rounds else "" for e in known),
                               f"{floor:.2f}", f"{ms['tinyformer'] / ms['torch']:.2f}",
                               f"{ms['tinyformer'] / best:.2f}", calm(rounds)])
    table(["shape", "texts", *(f"{engine}, ms" for engine in known), "weights read once, ms", "ours / torch",
           "ours / best", "quiet rounds"], table_rows)
    keep(chosen, facts, found, bars, "milliseconds a token")


if __name__ == "__main__":
    main()
