"""Does a graph keep what its ops say, to the byte, and nothing that no backward reads?"""

import math
import re

import numpy as np
import pytest
from walk import cotangent, primitives

from tinyformer import ops
from tinyformer.engine import Tensor, primitive
from tinyformer.kept import bytes_kept, kept_by, memory
from tinyformer.models import GPT, GPTConfig

KINDS = {"": "f", "bool": "b", "int": "iu"}                    # as `keeps` names them -> as NumPy does


def said(op) -> dict:
    """What `keeps` says: name -> (letters of its shape, or None for an argument or the result; kind of its numbers)."""
    parts = re.findall(r"(\w+)(?: \(([^)]*)\))?(?: (bool|int))?(?:, |$)", op.keeps)
    return {name: (re.findall(r"\.\.\.|\w+", shape) or None, KINDS[kind]) for name, shape, kind in parts}


def ran(op, make):
    """One case run forward: the result, its leaves, and what its backward keeps: (name in `keeps`, array) each."""
    call = make(np.random.default_rng(0))
    leaves = [Tensor(a.copy()) for a in call.arrays]
    out = op(*leaves, **call.constants)
    given = dict(zip([p for p in op.__signature__.parameters if p not in op.constants], leaves, strict=False))
    names = {id(memory(t.data)): name for name, t in (given | {"out": out}).items()}
    for name, constant in call.constants.items():
        names |= {id(memory(a)): name for a in (constant if isinstance(constant, tuple) else [constant])
                  if isinstance(a, np.ndarray)}
    return out, leaves, [(names.get(id(memory(a)), name), a) for name, a in kept_by(out.node.backward)]


def bind(letters: list, shape: tuple, sides: dict) -> int:
    """The number of elements that the letters promise, once each stands for a side; None if they cannot fit."""
    if "..." in letters:
        rest = len(shape) - (len(letters) - 1)
        at = letters.index("...")
        letters = [*letters[:at], *(f"...{i}" for i in range(rest)), *letters[at + 1:]]
    assert len(letters) == len(shape), f"{letters} is no name for {shape}"
    for letter, side in zip(letters, shape, strict=True):
        if letter[0] != "." and sides.setdefault(letter, 1 if letter == "1" else side) != side:
            raise AssertionError(f"{letter} is {sides[letter]} and {side}")
    return math.prod(side if letter[0] == "." else sides[letter] for letter, side in zip(letters, shape, strict=True))


@pytest.mark.parametrize("op", primitives())
def test_a_graph_keeps_what_its_op_says_to_the_byte(op):
    assert op.keeps is not None, f'{op.name}: say what backward keeps, @primitive(keeps="x, p (N, C)"), or keeps=""'
    words, met = said(op), set()
    for title, make in op.cases.items():
        _, _, kept = ran(op, make)
        expected, sides = 0, {}
        for name, a in {id(memory(a)): (name, a) for name, a in kept}.values():
            assert name in words, f"{op.name}, {title}: keeps {name} {a.shape}, of which `keeps` says nothing"
            letters, kind = words[name]
            assert letters is None or a.dtype.kind in kind, f"{op.name}: {name} is {a.dtype}"
            expected += memory(a).nbytes if letters is None else bind(letters, a.shape, sides) * a.itemsize
            met.add(name)
        found = sum({id(memory(a)): memory(a).nbytes for _, a in kept}.values())
        assert found == expected, f"{op.name}, {title}: keeps {found} bytes, and says {expected}"
    assert met == set(words), f"{op.name}: says that it keeps {set(words) - met}, and does so in no case"


@pytest.mark.parametrize("op", primitives())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_array_that_is_kept_is_read(op):
    """Spoil one after the other between forward and backward: what changes no gradient was kept for its shape alone."""
    unread = set(said(op))
    for make in op.cases.values():
        out, leaves, kept = ran(op, make)
        out.backward(g := cotangent(out.shape))
        right = [x.grad for x in leaves]
        for place, (name, _) in enumerate(kept):
            out, leaves, again = ran(op, make)
            spoilt = memory(again[place][1])
            spoilt[...] = ~spoilt if spoilt.dtype == bool else 0 if spoilt.dtype.kind in "iu" else np.nan
            out.backward(g)
            if not all(np.array_equal(x.grad, grad) for x, grad in zip(leaves, right, strict=True)):
                unread.discard(name)
    assert not unread, f"{op.name}: keeps {unread}, and no gradient depends on it; is only its shape needed?"


def test_the_docstring_says_what_is_kept():
    assert ops.layer_norm.__doc__.endswith(f"Keeps for backward: {ops.layer_norm.keeps}.")
    assert ops.add.__doc__.endswith("Keeps for backward: nothing.")


def test_what_is_kept_by_chance_is_found():
    """A shape asked of x in backward, a view of something large, a default, a function that backward calls."""
    large = np.ones(1000)

    @primitive(register=False)
    def wasteful(xp, x):
        view, twice = large[:2], lambda dout, by=large[:1]: dout * by * 2

        def backward(dout, table=[(large[2:],)]):              # noqa: B006
            return twice(dout + view[0]).reshape(x.shape)
        return x * 2, backward

    x = Tensor(np.ones(3))
    y = wasteful(x + 0.0)
    names = [name for name, _ in kept_by(y.node.backward)]
    assert sorted(names) == ["a default", "a default", "view", "x"]
    assert bytes_kept(y) == {"wasteful": 8000 + 24}
    assert bytes_kept(wasteful(x)) == {"wasteful": 8000}       # the memory of a leaf is there anyway
    assert bytes_kept(x + x) == {}


def test_a_layer_of_gpt_keeps_sixteen_vectors_a_position():
    """Each norm's unit and result, query, key and value, what attention brings, and twice four between the products."""
    kept, (batch, length, width, heads) = {}, (3, 5, 8, 2)
    for layers in (1, 2):
        config = GPTConfig(vocabulary=7, layers=layers, heads=heads, width=width, context=length, dropout=0.0)
        model = GPT(config, np.random.default_rng(0))
        kept[layers] = sum(bytes_kept(model.hidden(np.zeros((batch, length), int))).values())
    numbers = batch * length * 16 * width                      # the vectors
    numbers += batch * heads * length * (length + 1)           # attention's odds and their total
    numbers += 2 * (batch * length + width)                    # two norms: rstd, and a vector of 1/C
    assert kept[2] - kept[1] == 4 * numbers
