"""What may a step cost?  Kept true without a clock: kinds of numbers, nodes, bytes and page faults are counted."""

import gc
import hashlib
import platform
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import small

from tinyformer import ops
from tinyformer.data.batches import PretrainingBatch, TextBatch
from tinyformer.engine import Tensor, nodes_behind
from tinyformer.kept import bytes_kept, kept_by, memory
from tinyformer.models import GPT, BertConfig, BertForPretraining, GPTConfig
from tinyformer.rng import stream
from tinyformer.train.noise import Noise
from tinyformer.train.optimizers import SGD, AdamW

NODES = 12                                    # of the tape for each block, at most
MB = 1_000_000
KEPT = 10_000                                 # bytes from which an array is worth a look


def nano(layers: int = 4, dropout: float = 0.1) -> tuple:
    model = GPT(GPTConfig(vocabulary=65, layers=layers, heads=4, width=128, context=64, dropout=dropout),
                stream(0, "weights"))
    ids = stream(0, "ids").integers(0, 65, (12, 65))
    return model, TextBatch(ids[:, :-1], ids[:, 1:])


def mini(layers: int = 6, vocabulary: int = 30_522) -> tuple:
    model = BertForPretraining(BertConfig(vocabulary=vocabulary, layers=layers, heads=12, width=384, context=128,
                                          dropout=0.0), stream(0, "weights"))
    rng, size = stream(0, "ids"), (8, 128)
    ids, masked = rng.integers(0, vocabulary, size), np.sort(rng.choice(1024, 153, replace=False))
    return model, PretrainingBatch(ids, np.zeros_like(ids), np.ones(size, bool), masked, ids.ravel()[masked],
                                   rng.integers(0, 2, 8))


def loss_of(model, batch):
    return model.loss(batch, rng=Noise(0, 0).generator() if model.config.dropout else None)


def kinds(result) -> set[str]:
    """The types of all numbers in a graph: of what flows through it, and of what its backwards keep."""
    nodes = nodes_behind(result.node)
    return {str(node.dtype) for node in nodes} | {str(array.dtype) for node in nodes
                                                  for _, array in kept_by(node.backward)}


@pytest.mark.parametrize("make, batch", [
    pytest.param(small.bert, small.pretraining_batch, id="BERT"), pytest.param(small.gpt, small.text_batch, id="GPT"),
    pytest.param(small.seq2seq, small.seq2seq_batch, id="seq2seq")])
@pytest.mark.parametrize("optimizer", [SGD, AdamW])
def test_a_step_in_float32_has_no_float64_in_it(make, batch, optimizer):
    """A NumPy scalar among the constants would promote a whole array, and everything after it."""
    model = make(dtype=np.float32, dropout=0.1)
    moving = optimizer(model)
    loss = loss_of(model, batch())
    assert "float64" not in kinds(loss) and "float32" in kinds(loss)
    loss.backward()
    assert {str(p.grad.dtype) for p in model.parameters() if p.grad is not None} == {"float32"}
    moving.step(0.01)
    arrays = [moving.values, moving.scratch, moving.gathered, *moving.memory.values(), *(p.data for p in
                                                                                       model.parameters())]
    assert {str(array.dtype) for array in arrays} == {"float32"}


@pytest.mark.parametrize("make", [nano, mini], ids=["pre-norm", "post-norm"])
def test_a_block_has_few_nodes(make):
    options = {"vocabulary": 99} if make is mini else {}
    one, two = (len(nodes_behind(loss_of(*make(layers=layers, **options)).node)) for layers in (1, 2))
    assert 0 < two - one <= NODES


@pytest.mark.parametrize("make, most", [(nano, 32 * MB), (mini, 215 * MB)], ids=["nano", "mini"])
def test_a_graph_holds_no_more_than_its_backward_reads_and_frees_it_on_the_way(make, most):
    """What is traced between forward and backward is what the ops keep; backward adds the gradients at most."""
    model, batch = make()
    for _ in range(2 if make is nano else 1):                  # what is made once and kept is made the first time
        gc.collect()
        tracemalloc.start()
        try:
            loss = loss_of(model, batch)
            held, kept = tracemalloc.get_traced_memory()[0], sum(bytes_kept(loss).values())
            loss.backward()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert kept <= most
    assert kept <= held <= 1.02 * kept + MB, "something is held that no backward reads"
    assert peak <= held + sum(p.data.nbytes for p in model.parameters()) + MB, "backward holds on to what it has read"


def test_nothing_is_kept_twice():
    """Two arrays with the same numbers at two places: one of them is a needless copy."""
    model, batch = nano()
    for p in model.parameters():                               # no gain of 1, which would change no number
        p.data += 0.1
    places: dict[bytes, set[int]] = {}
    for node in nodes_behind(loss_of(model, batch).node):
        for _, array in kept_by(node.backward):
            whole = memory(array)
            if whole.nbytes >= KEPT:
                places.setdefault(hashlib.sha256(whole).digest(), set()).add(whole.ctypes.data)
    assert len(places) > 20 and all(len(same) == 1 for same in places.values())


@pytest.mark.parametrize("call", [
    lambda x: ops.dropout(x, rate=0.1, rng=None), lambda x: ops.dropout(x, rate=0.0, rng=stream(0, "noise")),
    lambda x: x.reshape(4, 6), lambda x: x.swapaxes(0, 1)])
def test_what_changes_no_number_copies_none(call):
    x = Tensor(np.ones((2, 3, 4), np.float32))
    assert np.shares_memory(call(x).data, x.data)


FAULTS = """
import resource, sys
sys.path[:0] = sys.argv[1:]
from test_step_costs import nano
from tinyformer.train import AdamW, Settings, keep_freed_memory
from tinyformer.train.drivers import Alone

keep_freed_memory()
model, batch = nano()
work = Alone(model, AdamW(model), Settings())
def step(number):
    work.gradients(batch, number)
    work.move(1e-4)
for number in range(5):
    step(number)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for number in range(5, 15):
    step(number)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the allocator that is tuned is glibc's")
@pytest.mark.slow
def test_once_warm_a_step_fetches_no_memory_from_the_system():
    """Without the tuning it is thousands of pages a step."""
    here = Path(__file__).parent
    done = subprocess.run([sys.executable, "-c", FAULTS, here, here.parent], capture_output=True, text=True, check=True)
    assert int(done.stdout) <= 10 * 5, done.stdout
