"""How long do a step, a token and an op take on a GPU, beside PyTorch eager in the same run, and how many launches?

Times are read from events that the device itself records; a token is timed by the clock, since it is waited for.
"""

import importlib.util
import time

import numpy as np

from benchmarks.shapes import SHAPES, batch_of, configuration, model_of
from tinyformer import backend, ops
from tinyformer.engine import Tensor
from tinyformer.rng import stream
from tinyformer.train import AdamW, Settings

TINY = dict(kind="bert", layers=1, heads=2, width=16, inner=32, length=8, batch=2, vocabulary=50)
WRITER = dict(vocabulary=50257, layers=12, heads=12, width=768, context=1024)
TINY_WRITER = dict(vocabulary=50, layers=1, heads=2, width=16, context=32)
BATCH = 64
GOALS = {("base", "tf32"): 1.3, ("base", "float16"): 1.5}      # our time over PyTorch's, on one H100


def library_of(device: str):
    return backend.library(backend.to_device(np.zeros(1), device))


def milliseconds(device: str, act, repeats: int, warm: int = 3) -> float:
    """One call of act(), which leaves its work to the device, by the device's own clock."""
    xp = library_of(device)
    for _ in range(warm):
        act()
    start, end = xp.cuda.Event(), xp.cuda.Event()
    start.record()
    for _ in range(repeats):
        act()
    end.record()
    end.synchronize()
    return xp.cuda.get_elapsed_time(start, end) / repeats


def torch_milliseconds(torch, act, repeats: int, warm: int = 3) -> float:
    for _ in range(warm):
        act()
    if not torch.cuda.is_available():
        began = time.perf_counter()
        for _ in range(repeats):
            act()
        return 1000 * (time.perf_counter() - began) / repeats
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    for _ in range(repeats):
        act()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end) / repeats


def free(device: str) -> None:
    """What one engine has held of the card's memory is for the other."""
    library_of(device).get_default_memory_pool().free_all_blocks()
    if torch := torch_on(device):
        torch.cuda.empty_cache()


def torch_on(device: str):
    """PyTorch; None where it is not installed, or was built for processors alone and cannot run beside the card."""
    if importlib.util.find_spec("torch") is None:
        return None
    import torch
    return torch if device == "fake" or torch.cuda.is_available() else None


def steps(device: str, small: bool):
    """Forward, backward and AdamW, in every precision that both engines have."""
    shapes = {"tiny": TINY} if small else {name: dict(SHAPES[name], batch=BATCH) for name in ("mini", "base")}
    rows, repeats = [], 2 if small else 20
    for name, shape in shapes.items():
        for precision in ("float32", "tf32", "float16"):
            ours = milliseconds(device, our_step(shape, precision, device), repeats)
            free(device)
            theirs = (torch_milliseconds(torch_on(device), torchs_step(shape, precision), repeats)
                      if torch_on(device) else None)
            free(device)
            goal = GOALS.get((name, precision))
            rows.append([name, precision, f"{ours:.2f}", *_beside(ours, theirs, goal)])
    return ["shape", "precision", "tinyformer, ms", "torch, ms", "ours / torch", "goal"], rows


def _beside(ours: float, theirs: float | None, goal: float | None) -> tuple:
    ratio = None if theirs is None else ours / theirs
    met = "" if goal is None else f"{goal}" if ratio is None else f"{goal}: {'met' if ratio <= goal else 'missed'}"
    return "-" if theirs is None else f"{theirs:.2f}", "-" if ratio is None else f"{ratio:.2f}", met


def our_step(shape, precision: str, device: str):
    from tinyformer.train.on_device import OnDevice
    model, batch = model_of(shape).to(device), batch_of(shape)
    work = OnDevice(model, AdamW(model), Settings(precision=precision, clip=None, log_every=1000))

    def step():
        work.gradients(batch, 0)
        work.move(1e-4)

    return step


def torchs_step(shape, precision: str):
    import torch

    from benchmarks import peers
    place = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    batch, model = batch_of(shape), peers.Bert(configuration(shape)).to(place)
    arrays = [torch.from_numpy(a).to(place) for a in (batch.ids, batch.segments, batch.positions, batch.targets,
                                                      batch.pair_labels)]
    half = precision == "float16" and place == "cuda"
    optimizer, scaler = peers.optimizer(model, 1e-4, fused=False), torch.amp.GradScaler(place, enabled=half)

    def step():
        with torch.autocast(place, torch.float16, enabled=half):
            loss = model.loss(*arrays)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()

    return step


def decoding(device: str, small: bool):
    """GPT-2 small writes one text, and eight side by side, and remembers keys and values; milliseconds a token."""
    shape, tokens = (TINY_WRITER, 4) if small else (WRITER, 64)
    rows = []
    for texts in (1, 8):
        prompts = [[(7 * row + place) % shape["vocabulary"] for place in range(8)] for row in range(texts)]
        ours = _a_token(our_writer(shape, prompts, device), tokens)
        free(device)
        theirs = _a_token(torchs_writer(shape, prompts), tokens) if torch_on(device) else None
        free(device)
        rows.append([texts, f"{ours:.2f}", *_beside(ours, theirs, 1.0 if texts == 1 else None)])
    return ["texts", "tinyformer, ms", "torch, ms", "ours / torch", "goal"], rows


def _a_token(step, tokens: int) -> float:
    step(), step()
    began = time.perf_counter()
    for _ in range(tokens):
        step()
    return 1000 * (time.perf_counter() - began) / tokens


def our_writer(shape, prompts, device: str):
    from tinyformer.generate import Reading
    from tinyformer.models import GPT, GPTConfig
    reading = Reading(GPT(GPTConfig(**shape, dropout=0.0), stream(0, "weights")).to(device), prompts, cached=True)
    return lambda: reading.step(np.argmax(reading.logits, -1))


def torchs_writer(shape, prompts):
    import torch

    from benchmarks import peers
    from tinyformer.models import GPTConfig
    place = "cuda" if torch.cuda.is_available() else "cpu"
    model = peers.GPT(GPTConfig(**shape, dropout=0.0)).eval().to(place)
    state = [torch.tensor(prompts, device=place), [None] * shape["layers"]]

    def step():
        with torch.inference_mode():
            logits, state[1] = model.read_on(*state)
            state[0] = logits.argmax(-1, keepdim=True)
        return state[0].tolist()

    return step


def ops_of(small: bool) -> dict:
    """Ops that have kernels, each with its inputs at the shape of BERT-base and a batch of 64."""
    rng = np.random.default_rng(0)
    rows, width, heads, length, words = (8, 16, 2, 4, 50) if small else (8192, 768, 12, 128, 30522)

    def normal(*shape):
        return rng.standard_normal(shape, dtype=np.float32)

    ids = rng.integers(0, words, rows)
    return {
        "gelu": (ops.gelu, [normal(rows, 4 * width)], {}),
        "dropout": (ops.dropout, [normal(rows, width)], lambda: dict(rate=0.1, rng=stream(0, "dropout 0"))),
        "layer_norm": (ops.layer_norm, [normal(rows, width), normal(width), normal(width)], {}),
        "masked_softmax": (ops.masked_softmax, [normal(rows // length * heads, length, length)], {}),
        "self_attention": (ops.self_attention, [normal(rows // length, length, 3 * width)], dict(heads=heads)),
        "cross_entropy": (ops.cross_entropy, [normal(rows // 8, words)], dict(target=ids[:rows // 8])),
        "embedding": (ops.embedding, [normal(words, width)], dict(ids=ids)),
        "affine_gelu": (ops.affine_gelu, [normal(rows, width), normal(4 * width, width), normal(4 * width)], {}),
    }


def ops_times(device: str, small: bool):
    """Forwards, and forwards and backwards: with the bytes of inputs and output, how near to the memory's speed."""
    rows = []
    for name, (op, arrays, constants) in ops_of(small).items():
        leaves = [Tensor(backend.to_device(a, device)) for a in arrays]

        def forward(op=op, leaves=leaves, constants=constants):
            return op(*leaves, **(constants() if callable(constants) else constants))

        out = forward()
        dout = backend.to_device(np.ones(out.shape, np.float32), device)

        def both(forward=forward, dout=dout, leaves=leaves):
            forward().backward(dout)
            for leaf in leaves:
                leaf.grad = None

        repeats = 2 if small else 50
        alone = milliseconds(device, forward, repeats)
        moved = (sum(a.nbytes for a in arrays) + out.data.nbytes) / 1e6
        rows.append([name, f"{alone:.3f}", f"{milliseconds(device, both, repeats):.3f}", f"{moved / alone:.0f}"])
        free(device)
    return ["op", "forward, ms", "both ways, ms", "GB/s forward"], rows


def launches(device: str, small: bool):
    """Of one block of a transformer with dropout, as the fake device counts them: the calls are the same."""
    import fake_device
    import fake_kernels

    from tinyformer.nn.blocks import PostNormBlock, PreNormBlock
    from tinyformer.train.noise import Noise
    if fake_kernels.COMPILER is None:
        return ["block", "forwards", "backwards"], [["not counted, for there is no C compiler", "-", "-"]]
    rows = []
    for kind in (PostNormBlock, PreNormBlock):
        block = kind(32, 2, 64, stream(0, "weights")).to("fake")
        x = Tensor(fake_device.asarray(np.zeros((2, 6, 32), np.float32)))
        fake_device.TALLY.clear()
        out = block(x, rng=Noise(0, 0).generator())
        forward, dout = fake_device.TALLY.launches.total(), fake_device.asarray(np.ones(out.shape, np.float32))
        fake_device.TALLY.clear()
        out.backward(dout)
        rows.append([kind.__name__, forward, fake_device.TALLY.launches.total()])
    return ["block", "forwards", "backwards"], rows
