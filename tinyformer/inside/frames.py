"""Which module does an op belong to?  A module uses its parameters in one go, and what lies between belongs to it too.

The graph knows no modules, so they are read off its parameters.  An op that uses a parameter stands in the module that
owns it; one between two such ops, in the smallest module around both; and a sum in which only results of one module
come together, as at the end of a block, in that module, with what leads there.  Where nothing tells,
an op so stands further out than the module that called it.
"""

from collections.abc import Mapping, Sequence

from tinyformer.engine import Node, Tensor
from tinyformer.nn.module import Module, modules_in


def owners(modules: Mapping[str, Module]) -> tuple[dict[int, tuple[str, ...]], dict[int, str], dict[str, str]]:
    """For each parameter by id the modules around it, the outermost first, and its dotted name; and each one's class.

    `modules` are by name; where there is one alone, dotted names begin within it.
    """
    around: dict[int, tuple[str, ...]] = {}
    names: dict[int, str] = {}
    kinds: dict[str, str] = {}
    for root, module in modules.items():
        kinds |= {_path(root, inner): type(part).__name__ for inner, part in modules_in(module)}
        for name, tensor in module.named_parameters().items():
            path = _path(root, name)
            found = [path[:i] for i, letter in enumerate(path) if letter == "." and path[:i] in kinds]
            around.setdefault(id(tensor), tuple(found))
            names.setdefault(id(tensor), name if len(modules) == 1 else path)
    return around, names, kinds


def _path(root: str, name: str) -> str:
    return f"{root}.{name}" if name else root


def modules_of(nodes: Sequence[Node], around: Mapping[int, tuple[str, ...]]) -> list[tuple[str, ...]]:
    """For each node, in the order in which they were made, the modules that it lies in, the outermost first."""
    used: dict[int, str] = {}
    homes = [_own(node, around, used) for node in nodes]
    place = {node: i for i, node in enumerate(nodes)}
    known = [i for i, home in enumerate(homes) if home is not None]
    for before, after in zip([None, *known], [*known, None], strict=True):
        gap = range(0 if before is None else before + 1, len(nodes) if after is None else after)
        last = () if before is None else homes[before] or ()
        common = _common([last, () if after is None else homes[after] or ()])
        joined, module = (gap.start, ()) if before is None else _joined(nodes, place, homes, gap, last, len(common))
        for i in gap:
            homes[i] = module if i < joined else common
    return [home or () for home in homes]


def _own(node: Node, around, used: dict[int, str]) -> tuple[str, ...] | None:
    """The smallest module that owns all the parameters that a node uses; None where it uses none of a module.

    A parameter that comes again in another op is tied: a table of words that serves as the last product, say.  That op
    does not lie in the module that owns it, but in the model at most.
    """
    found = []
    for parent in node.parents:
        if type(parent) is Tensor and id(parent) in around:
            tied = used.setdefault(id(parent), node.op.name) != node.op.name
            found.append(around[id(parent)][:1] if tied else around[id(parent)])
    return _common(found) if found else None


def _common(paths: list[tuple[str, ...]]) -> tuple[str, ...]:
    shortest = min(map(len, paths))
    return paths[0][:next((i for i in range(shortest) if len({path[i] for path in paths}) > 1), shortest)]


def _joined(nodes, place, homes, gap: range, last: tuple[str, ...], shared: int) -> tuple[int, tuple[str, ...]]:
    """The end of the nodes after a module's last parameter that still belong to it, and which module that is."""
    for depth in range(len(last), shared, -1):
        module = last[:depth]
        begin = gap.start
        while begin and homes[begin - 1] is not None and homes[begin - 1][:depth] == module:
            begin -= 1
        end = gap.start
        for i in gap:
            inputs = {place[parent] for parent in nodes[i].parents if type(parent) is Node}
            if not all(begin <= j < i for j in inputs):
                break
            if len(inputs) > 1:
                end = i + 1
        if end > gap.start:
            return end, module
    return gap.start, ()
