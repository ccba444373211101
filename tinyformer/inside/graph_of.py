"""How does a graph become a picture?  Nodes turn into plain names, shapes and numbers, which `plot` draws.

A graph keeps no results, only what its backwards read.  So the numbers of a step are known where somebody holds the
tensor, or some backward keeps it; elsewhere its shape alone is shown.
"""

import math
import sys
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

from tinyformer.backend import is_array, to_host
from tinyformer.engine import Node, Tensor, backward, nodes_behind
from tinyformer.inside.folding import folded
from tinyformer.inside.frames import modules_of, owners
from tinyformer.kept import kept_by, memory
from tinyformer.nn.module import Module, modules_in
from tinyformer.plot.graph import Array, Frame, Graph, Step

FEW, WIDE = 12, 6                             # numbers of an array, and of a row of it, that are shown
SMALL = 20_000                                # numbers in a graph up to which its gradients are computed, to be shown


def graph_of(root: Tensor, modules: Sequence[Module], names: Mapping[str, Any], around: Mapping[str, Any]) -> Graph:
    """The graph behind `root`; `around` are the caller's variables, where names and modules are looked for.

    What is given in `modules` and `names` (tensors, and arrays that go in) comes first.  ValueError where there is no
    graph, or where backward has freed it.
    """
    if root.node is None:
        raise ValueError("graph: this tensor was not computed from anything that requires a gradient, or in no_grad()")
    nodes = nodes_behind(root.node)
    if any(node.backward is None for node in nodes):
        raise ValueError("graph: backward has run through this graph and freed it; call graph() before backward(), or "
                         "pass retain_graph=True to backward")
    leaves = list({id(parent): parent for node in nodes for parent in node.parents if type(parent) is Tensor}.values())
    names = {**names, **{name: value for name, value in _public(around).items() if name not in names}}
    known = _Known(root, nodes, leaves, _modules(modules, around, leaves), names)
    homes = modules_of(nodes, known.around)
    place = {node: i for i, node in enumerate(nodes)}
    whole = next(iter(known.kinds)) if len({home[0] for home in homes if home}) == 1 else ""
    shared = [leaf for leaf in leaves if id(leaf) not in known.around
              and sum(any(parent is leaf for parent in node.parents) for node in nodes) > 1]
    frames, paths = _frames(nodes, homes, known.kinds, bool(shared))
    keys = {id(leaf): -1 - i for i, leaf in enumerate(shared)}
    steps = [Step(keys[id(leaf)], "", known.parameter(leaf)) for leaf in shared]
    for node, path, home in zip(nodes, paths, homes, strict=True):
        inputs = [place[parent] if type(parent) is Node else keys[id(parent)] for parent in node.parents
                  if type(parent) is Node or id(parent) in keys]
        own = {id(parent): parent for parent in node.parents if type(parent) is Tensor and id(parent) not in keys}
        module = home[-1] if home else ""
        inner = module.removeprefix(path[-1].rpartition(" ")[0] if path else whole).removeprefix(".")
        steps.append(Step(
            place[node], node.op.name, known.result(node), tuple(inputs),
            tuple(known.parameter(leaf, module) for leaf in own.values()), tuple(known.constants(node)),
            inner, path))
    return Graph(*folded(steps, frames), title=f"the graph behind {root!r}"[:120])


def callers_variables() -> Mapping[str, Any]:
    """The variables of whoever called the function that calls this: a picture names tensors as the program does."""
    return sys._getframe(2).f_locals


def _public(variables: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in variables.items() if not name.startswith("_")}


def _modules(given, around, leaves) -> dict[str, Module]:
    """The modules whose parameters the graph uses, by name: those given, or else the outermost of the variables."""
    used = {id(leaf) for leaf in leaves}
    found = {name: value for name, value in _public(around).items() if isinstance(value, Module)}
    if given:
        names = {id(value): name for name, value in reversed(found.items())}
        found = {names.get(id(module), type(module).__name__): module for module in given}
    found = {name: module for name, module in found.items() if used & {id(p) for p in module.parameters()}}
    inner = {id(part) for module in found.values() for path, part in modules_in(module) if path}
    outer = {id(module): name for name, module in reversed(found.items()) if id(module) not in inner}
    return {name: module for name, module in found.items() if outer.get(id(module)) == name}


def _frames(nodes, homes, kinds, others: bool) -> tuple[dict[str, Frame], list[tuple[str, ...]]]:
    """A frame for each stretch of two ops and more within one module, and the frames of each op.

    Without `others` that stand outside, a module that holds everything needs no frame.
    """
    frames: dict[str, Frame] = {}
    paths: list[list[str]] = [[] for _ in nodes]
    for depth in range(max(map(len, homes))):
        start = 0
        while start < len(nodes):
            here, end = homes[start][:depth + 1], start + 1
            while end < len(nodes) and homes[end][:depth + 1] == here:
                end += 1
            if len(here) > depth and 1 < end - start < len(nodes) + others:
                key = f"{here[-1]} {start}"
                name = here[-1].removeprefix(here[-2] + "." if depth else "")
                frames[key] = Frame(name, kinds[here[-1]])
                for path in paths[start:end]:
                    path.append(key)
            start = end
    return frames, [tuple(path) for path in paths]


class _Known:
    """What can be said about the arrays of a graph: their names, and where they are few, their numbers."""

    def __init__(self, root: Tensor, nodes, leaves, modules, names):
        self.around, self.dotted, self.kinds = owners(modules)
        self.names = {id(value.node or value): name for name, value in reversed(names.items())
                      if isinstance(value, Tensor)}
        self.arrays = {id(memory(value)): (name, value) for name, value in reversed(names.items()) if is_array(value)}
        self.arrays |= {id(memory(value.data)): (name, value.data) for name, value in names.items()
                        if isinstance(value, Tensor) and value.node is None and not value.requires_grad}
        self.leaves = {id(memory(leaf.data)) for leaf in leaves}
        self.values = {id(value.node): value.data for value in (*names.values(), root)
                       if isinstance(value, Tensor) and value.node is not None}
        self.kept = {node: kept_by(node.backward) for node in nodes}
        for node in nodes:
            self._learn(node)
        self.gradients = gradients(root, nodes, leaves)

    def _learn(self, node: Node) -> None:
        """Numbers of results that this node's backward keeps: its own, and those that went into it."""
        whose = [("out", node), *zip(_arguments(node), node.parents, strict=False)]
        for name, array in self.kept[node]:
            for argument, source in whose:
                if name == argument and type(source) is Node and array.shape == source.shape:
                    self.values.setdefault(id(source), array)

    def result(self, node: Node) -> Array:
        return self._array(self.names.get(id(node), ""), node.shape, self.values.get(id(node)),
                           self.gradients.get(id(node)))

    def parameter(self, leaf: Tensor, module: str = "") -> Array:
        """A leaf under the name of its variable, or its dotted name as far as `module` does not say it."""
        name = self.names.get(id(leaf)) or self.dotted.get(id(leaf), "")
        while module and not name.startswith(module + "."):
            module = module.partition(".")[2]
        name = name.removeprefix(module + ".") if module else name
        return self._array(name, leaf.shape, leaf.data, self.gradients.get(id(leaf)))

    def constants(self, node: Node) -> list[Array]:
        """The arrays that went into an op without wanting a gradient: by the op's names for them, or the variables'."""
        missing = [name for name, parent in zip(_arguments(node), node.parents, strict=False) if parent is None]
        said = {word.strip(",") for word in (node.op.keeps or "").split()}
        kept = {name: array for name, array in self.kept[node] if id(memory(array)) not in self.leaves}
        others = [array for name, array in kept.items() if name not in said]           # rows of x, numbers from ids
        missing += [name for name in node.op.constants if name in said and (name in kept or others)]
        found = []
        for name in missing:
            array = kept.get(name, others[0] if len(missing) == len(others) == 1 else None)
            if array is not None and id(memory(array)) in self.arrays:
                name, array = self.arrays[id(memory(array))]
            elif name not in node.op.constants:
                name = ""                                      # the op's word for it says nothing about what it was
            elif name not in kept:
                array = None                                   # made of it, but not it
            found.append(self._array(name, None if array is None else array.shape, array, None))
        return found

    def _array(self, name: str, shape, numbers, gradient) -> Array:
        return Array(name, shape, _rows(numbers), _rows(gradient))


def _arguments(node: Node) -> list[str]:
    """The names of an op's inputs."""
    if node.op.variadic:
        return [f"input {i}" for i in range(len(node.parents))]
    return [name for name in node.op.__signature__.parameters if name not in node.op.constants]


def _rows(array) -> tuple[tuple[float, ...], ...] | None:
    """The numbers of a small array, row by row; None for a larger one."""
    if array is None or not 0 < array.size <= FEW or array.ndim and array.shape[-1] > WIDE or array.dtype.kind == "c":
        return None
    host = to_host(array)
    return tuple(tuple(row) for row in host.reshape(-1, host.shape[-1] if host.ndim else 1).tolist())


def gradients(root: Tensor, nodes: Sequence[Node], leaves: Sequence[Tensor]) -> dict[int, Any]:
    """The gradient of a small graph's one number with respect to every result and leaf, by id; empty for others.

    One pass backwards, after which the graph, and every `.grad`, is as it was.
    """
    size = sum(math.prod(node.shape) for node in nodes) + sum(leaf.size for leaf in leaves)
    if root.size != 1 or size > SMALL:
        return {}
    before = [(leaf, leaf.grad) for leaf in leaves]
    watchers = [(node, node.watcher) for node in nodes]
    watching = {id(node): Tensor(root.data) for node in nodes}
    try:
        for leaf in leaves:
            leaf.grad = None
        for node in nodes:
            node.watcher = weakref.ref(watching[id(node)])
        backward(root, retain_graph=True)
        return {key: tensor.grad for key, tensor in watching.items()} | {id(leaf): leaf.grad for leaf in leaves}
    finally:
        for leaf, grad in before:
            leaf.grad = grad
        for node, watcher in watchers:
            node.watcher = watcher
