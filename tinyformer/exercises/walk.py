"""In which order do the nodes of a graph run backwards?

A graph is made of nodes.  Node c with parents (a, b) and slopes (2, 3) stands for c = 2 a + 3 b: where a moves by δ, c
moves by 2 δ.  A node may be there twice among the parents of one, and be a parent of many.

walk(last) puts into `.grad` of `last`, and of every node behind it, how fast `last` moves when that node moves; all of
them are 0.0 before.  With the links a -> b -> c, b = 2 a and c = 3 b:

    c.grad = 1,   b.grad = 3 c.grad = 3,   a.grad = 2 b.grad = 6

A graph may be 3,000 nodes deep, and have more ways through it than there are atoms: each node is to be run once.
"""

from collections import Counter

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="micrograd's readers asked three times why an order is needed at all (issues 21, 91 and 96); "
    "an early tinygrad overwrote a gradient where it should have added to it.", hints=(
        "Take b = 2 a and c = 3 b + 4 b. How often does something arrive at b, and when may b hand on what it has?",
        "A node may run only when everything that uses it has run. Put the nodes into a list in which parents stand "
        "before what is made of them, and walk through it from the end.",
        "A list of (node, were its parents looked at) in place of recursion: take one from its end; if they were, "
        "append the node to the order; else put it back as looked at, and its parents on top of it. Then, from the end "
        "of the order: parent.grad += node.grad * slope for each parent and slope."))


class Node:
    """One number of a graph: parents, slopes and grad."""

    def __init__(self, parents=(), slopes=()):
        self.parents, self._slopes, self.grad, self.runs = tuple(parents), tuple(slopes), 0.0, 0

    @property
    def slopes(self) -> tuple:
        """How fast this node moves with each of its parents; whoever asks is running the node."""
        self.runs += 1
        return self._slopes


def graph_of(text: str) -> dict[str, Node]:
    """The nodes of "b = 2 a; c = 3 a + 4 b" by their names."""
    nodes: dict[str, Node] = {}
    for line in text.split(";"):
        name, _, terms = line.partition("=")
        links = [term.split() for term in terms.split("+")]
        for _, parent in links:
            nodes.setdefault(parent, Node())
        nodes[name.strip()] = Node([nodes[parent] for _, parent in links], [float(slope) for slope, _ in links])
    return nodes


@EXERCISE.solution
def walk(last) -> None:
    """Set .grad of `last`, and of every node behind it."""
    order, seen, waiting = [], set(), [(last, False)]
    while waiting:                                             # a list, not recursion: a graph may be deep
        node, looked_at = waiting.pop()
        if looked_at:
            order.append(node)                                 # all its parents stand before it
        elif node not in seen:
            seen.add(node)
            waiting += [(node, True), *((parent, False) for parent in node.parents)]
    last.grad = 1.0
    for node in reversed(order):
        for parent, slope in zip(node.parents, node.slopes, strict=True):
            parent.grad += node.grad * slope


@EXERCISE.observe
def _(theirs, call):
    nodes = graph_of(*call.arrays)
    theirs(list(nodes.values())[-1])
    return {f"grad of {name}": node.grad for name, node in nodes.items()}


@EXERCISE.rule
def _(theirs):
    ladder = "; ".join(f"n{i + 1} = 1 n{i} + 1 n{i}" for i in range(12))
    nodes = graph_of(ladder)
    theirs(nodes["n12"])
    name, most = max(((name, node.runs) for name, node in nodes.items()), key=lambda item: item[1])
    if most > 100:
        return (f"In a ladder of 12 nodes, each made of the one before twice, node {name} is run {most} times: every "
                "way through the graph is walked. Run each node once, when all has arrived that will arrive.")
    return None


@EXERCISE.case
def _(rng):
    """a chain"""
    return Call("b = 2 a; c = 3 b")


@EXERCISE.case
def _(rng):
    """one node is used twice"""
    return Call("b = 2 a; c = 3 b + 4 b")


@EXERCISE.case
def _(rng):
    """a short way and a long way"""
    return Call("b = 2 a; c = 3 b; d = 5 a + 7 c")


@EXERCISE.case
def _(rng):
    """another branch, of which the last node is not made"""
    return Call("b = 2 a; x = 9 a + 1 b; c = 3 b")


@EXERCISE.drawn
def _(rng, size):
    """a graph that was drawn"""
    lines = [f"n{i} = " + " + ".join(f"{rng.integers(1, 4)} n{rng.integers(0, i)}" for _ in range(rng.integers(1, 4)))
             for i in range(1, size + 1)]
    return Call("; ".join(lines))


@EXERCISE.case
def _(rng):
    """a chain of 3,000 nodes"""
    return Call("; ".join(f"n{i + 1} = 1 n{i}" for i in range(3000)))


@EXERCISE.mistake
def _(last):
    """a node hands on what it has whenever something arrives: the first part goes on again with the second"""
    last.grad, waiting, runs = 1.0, [last], Counter()
    while waiting:
        node = waiting.pop()
        runs[node] += 1
        if runs[node] < 4:                                     # else there would be no end of it
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                parent.grad += node.grad * slope
                waiting.append(parent)


@EXERCISE.mistake
def _(last):
    """what arrives second takes the place of what arrived first, where both must be added"""
    last.grad = 1.0
    for node in reversed(in_order(last)):
        for parent, slope in zip(node.parents, node.slopes, strict=True):
            parent.grad = node.grad * slope


@EXERCISE.mistake
def _(last):
    """each node runs once, but in the order in which it is met, before everything has arrived that uses it"""
    last.grad, seen, waiting = 1.0, {last}, [last]
    while waiting:
        node = waiting.pop(0)
        for parent, slope in zip(node.parents, node.slopes, strict=True):
            parent.grad += node.grad * slope
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)


@EXERCISE.mistake
def _(last):
    """the slopes are added along the way, where they must be multiplied: the chain rule is a product"""
    last.grad = 1.0
    for node in reversed(in_order(last)):
        for parent, slope in zip(node.parents, node.slopes, strict=True):
            parent.grad += node.grad + slope


@EXERCISE.mistake
def _(last):
    """`last` itself has gradient 0: nobody has set its grad to 1, so that nothing flows"""


def in_order(last) -> list:
    """The nodes behind `last`, parents first."""
    order, seen, waiting = [], set(), [(last, False)]
    while waiting:
        node, looked_at = waiting.pop()
        if looked_at:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            waiting += [(node, True), *((parent, False) for parent in node.parents)]
    return order
