"""What does a formula compute, step by step, and what does its gradient on the way back?

A small expression, `softmax(x @ w)`, with the sizes of its arrays: drawn as `loss.graph()` draws, and both passes with
their numbers.  It is read by a grammar of its own (expressions.py); what is typed is never run.
"""

from dataclasses import dataclass

from tinyformer.page.asked import asked
from tinyformer.page.drawing import as_data
from tinyformer.page.expressions import FUNCTIONS, LENGTH
from tinyformer.page.formula_steps import Steps, shown
from tinyformer.page.served import Behind
from tinyformer.page.view import View

EXAMPLES = (                                  # to begin with: what it is, the formula, the sizes
    ("a softmax", "softmax(x @ w)", "x 2 3; w 3 2"),
    ("a loss of classes", "cross_entropy(affine(x, w, b), target=[0, 2])", "x 2 3; w 3 3; b 3"),
    ("one layer of a network", "h = gelu(affine(x, w, b))\nmean((h - y) ** 2)", "x 2 3; w 2 3; b 2; y 2 2"),
    ("attention", "attention(q, k, v, causal=true)", "q 3 2; k 3 2; v 3 2"),
    ("a vector used twice", "b = 2 * a\nsum(b * b)", "a 3"),
)

VIEW = View("Graph")


@dataclass(frozen=True, kw_only=True)
class Formula:
    formula: str = asked("the formula", longest=LENGTH)
    sizes: str = asked("the sizes of its arrays, such as x 2 3; w 3 2", "", longest=400)
    seed: int = asked("from which the numbers of the arrays are drawn", 0, least=0, most=10**6)


@dataclass(frozen=True, kw_only=True)
class Nothing:
    pass


@VIEW.function
def examples(behind: Behind, request: Nothing) -> dict:
    """Formulas to begin with, and what can be written in one."""
    return {"examples": [dict(zip(("title", "formula", "sizes"), example, strict=True)) for example in EXAMPLES],
            "functions": [f"{name}({', '.join(['...', *(f'{c}=' for c in takes.split())])})"
                          for name, takes in FUNCTIONS.items()]}


@VIEW.function
def steps(behind: Behind, request: Formula) -> dict:
    """The picture of the graph, the arrays with their gradients, and the steps of both passes."""
    found = Steps(request.formula, request.sizes, request.seed)
    arrays = [{"name": name, "shape": list(leaf.shape), "numbers": shown(leaf.data),
               "gradient": shown(found.gradients[name]) if name in found.gradients else []}
              for name, leaf in found.leaves.items()]
    return {"picture": as_data(found.graph.svg), "arrays": arrays, "forward": found.forward,
            "backward": found.backward, "note": found.note, "weighted": found.root is not found.result,
            "result": shown(found.result.data)}
