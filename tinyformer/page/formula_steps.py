"""What does a formula compute, step by step, and what does its gradient on the way back?  With numbers, for `graph`.

The arrays that go in are drawn from a seed and have two decimals, so that every step can be computed again by hand.
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyformer import ops
from tinyformer.engine import Node, Tensor, nodes_behind
from tinyformer.errors import InputError
from tinyformer.inside.graph_of import graph_of
from tinyformer.page.expressions import FUNCTIONS, Line, Use, parse
from tinyformer.plot.graph import Graph
from tinyformer.rng import stream

AXES, SIDE, ARRAYS = 3, 12, 12
DOUT = "dout"                                 # what a result of several numbers is weighted with
SIZE = re.compile(r"([a-zA-Z][a-zA-Z0-9_]{0,19})(?![a-zA-Z0-9_])\s*[:=]?", re.ASCII)
BETWEEN = re.compile(r"[\s,x×()]+")           # two sides


def read_sizes(text: str) -> dict[str, tuple[int, ...]]:
    """"x 2 3; w 3 x 4" as {"x": (2, 3), "w": (3, 4)}; InputError for what cannot be read, or is too large."""
    found: dict[str, tuple[int, ...]] = {}
    for part in filter(str.strip, re.split("[;\n]", text)):
        name = SIZE.match(part.strip())
        sides = [side for side in BETWEEN.split(part.strip()[name.end():]) if side] if name else []
        if name is None or not all(side.isascii() and side.isdecimal() and len(side) < 5 for side in sides):
            raise InputError(f"{part.strip()[:40]!r} is no size; write the name and its sides, x 2 3, and ; before the "
                             "next")
        _take(found, name[1], tuple(map(int, sides)))
    if len(found) > ARRAYS:
        raise InputError(f"{len(found)} arrays are given; at most {ARRAYS} are read")
    return found


def _take(found: dict, name: str, sides: tuple[int, ...]) -> None:
    if len(sides) > AXES or not all(0 < side <= SIDE for side in sides):
        raise InputError(f"{name} is {sides}; give at most {AXES} sides of 1 to {SIDE}")
    if name in FUNCTIONS or name in found or name == DOUT:
        raise InputError(f"{name} is given twice, or the name of a function; give each array a name of its own")
    found[name] = sides


class Steps:
    """A formula that has been computed: `graph` to be drawn, `forward` and `backward`, the steps as plain data."""

    def __init__(self, formula: str, sizes: str, seed: int = 0):
        lines, shapes = parse(formula), read_sizes(sizes)
        self.leaves = {name: Tensor(stream(seed, f"formula {name}").normal(size=shape).round(2))
                       for name, shape in shapes.items()}
        self.names: dict[str, Any] = dict(self.leaves)
        self.results: dict[int, Tensor] = {}                   # by the id of its node
        self.inputs: dict[int, list] = {}
        with np.errstate(all="ignore"):                        # a logarithm of -1 is shown as nan
            self.result = self._computed(lines)
            self.root = self.result if self.result.size == 1 else self._one_number()
            unused = [name for name in self.leaves if not any(parent is self.leaves[name] for node in self.nodes
                                                              for parent in node.parents)]
            self.note = f"{', '.join(unused)}: the formula does not use it" if unused else ""
            self.backward = self._backwards()

    @property
    def nodes(self) -> list[Node]:
        return nodes_behind(self.root.node)                    # type: ignore[arg-type]

    @property
    def graph(self) -> Graph:
        """What is drawn: every result under its name, or the number of its step."""
        steps = {self.called(node): self.results[id(node)] for node in self.nodes}
        with np.errstate(all="ignore"):
            return graph_of(self.root, (), {**self.names, **steps}, {})

    # ---- forwards ----------------------------------------------------------------------------------------------------

    def _computed(self, lines: Sequence[Line]) -> Tensor:
        value: Any = None
        for name, said in lines:
            value = self._value(said)
            if name in self.names:
                raise InputError(f"{name} is there already; give each result a name of its own")
            if name:
                self.names[name] = value
        if not isinstance(value, Tensor) or value.node is None:
            raise InputError("nothing is computed from an array, so there is no graph; name an array with its size, "
                             "x 2 3, and use it: tanh(x)")
        return value

    def _value(self, said: Use | str | float) -> Any:
        if isinstance(said, float):
            return said
        if isinstance(said, str):
            if said not in self.names:
                raise InputError(f"{said}: its size is not given; write it among the sizes, {said} 2 3")
            return self.names[said]
        return self._applied(said, [self._value(part) for part in said.inputs])

    def _applied(self, said: Use, inputs: list) -> Any:
        if not any(isinstance(x, Tensor) for x in inputs):
            raise InputError(f"{said.op}: it is applied to numbers alone; use an array, or write the number itself")
        constants = {name: np.array(value) if isinstance(value, list) else value
                     for name, value in said.constants.items()}
        try:
            out = getattr(ops, said.op)(*inputs, **constants)
        except (ValueError, TypeError, IndexError) as error:
            raise InputError(str(error)) from None
        self._note(out, inputs)
        return out

    def _note(self, out: Tensor, inputs: list) -> None:
        self.results[id(out.node)], self.inputs[id(out.node)] = out, inputs

    def _one_number(self) -> Tensor:
        """A gradient is that of one number: of the sum of all, each with a weight of its own."""
        self.names[DOUT] = weights = stream(0, "formula dout").normal(size=self.result.shape).round(2)
        product = ops.multiply(self.result, weights)
        root = ops.sum(product)
        self._note(product, [self.result, weights])
        self._note(root, [product])
        return root

    @property
    def forward(self) -> list[dict]:
        """Each step: what it is called, its op and what that is, what it was applied to, its shape and numbers."""
        return [{"name": self.called(node), "op": node.op.name, "about": (node.op.__doc__ or "").split("\n")[0],
                 "inputs": [self.called(value) for value in self.inputs[id(node)]],
                 "shape": list(node.shape), "numbers": shown(self.results[id(node)].data)} for node in self.nodes]

    def called(self, thing: Any) -> str:
        """The name of a result, of its node or of an array; else the number of its step, or the number itself."""
        for name, value in self.names.items():
            if thing is value or isinstance(value, Tensor) and thing is value.node is not None:
                return name
        node = thing.node if isinstance(thing, Tensor) else thing
        return f"step {self.nodes.index(node) + 1}" if isinstance(node, Node) else f"{thing:g}"

    # ---- backwards ---------------------------------------------------------------------------------------------------

    def _backwards(self) -> list[dict]:
        """Each step from the last to the first: the gradient that has arrived, and what it hands on to its inputs."""
        nodes = self.nodes
        arrived: dict[int, np.ndarray] = {id(self.root.node): np.ones(self.root.shape)}
        found = []
        for node in reversed(nodes):
            dout = arrived[id(node)]
            parts = node.backward(dout)
            handed = []
            for parent, part in zip(node.parents, parts if isinstance(parts, tuple) else (parts,), strict=True):
                if parent is not None:
                    part = _in_shape(part, parent.shape)
                    arrived[id(parent)] = arrived[id(parent)] + part if id(parent) in arrived else part
                    handed.append({"to": self.called(parent), "numbers": shown(part),
                                   "gathered": shown(arrived[id(parent)])})
            found.append({"name": self.called(node), "op": node.op.name, "dout": shown(dout), "gives": handed})
        self.gradients = {name: arrived[id(leaf)] for name, leaf in self.leaves.items() if id(leaf) in arrived}
        return found


def _in_shape(gradient: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A gradient in the broadcast shape, summed to that of the input, as the engine does."""
    gradient = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
    long = tuple(i for i, side in enumerate(shape) if side == 1 and gradient.shape[i] != 1)
    return gradient.sum(axis=long, keepdims=True).reshape(shape)


def shown(array: Any) -> list[list[str]]:
    """Its rows, as texts with three digits that count; of three axes the matrices, with a blank row between two."""
    array = np.asarray(array)
    if array.ndim < 3:
        return [[f"{value:.3g}" for value in row] for row in array.reshape(-1, array.shape[-1] if array.ndim else 1)]
    rows: list[list[str]] = []
    for number, matrix in enumerate(array):
        rows += ([[]] if number else []) + shown(matrix)
    return rows
