"""Which tensors does an optimizer move, and what are they called?"""

from collections.abc import Mapping

from tinyformer.engine import Tensor
from tinyformer.nn.module import Module


def named_tensors(parameters) -> dict[str, Tensor]:
    """The parameters of a module, a mapping or a list by name; those of a list are called by their place.

    TypeError for what is no leaf of a graph: an array, or a tensor that was computed, which nobody would see move.
    """
    if isinstance(parameters, Module):
        return parameters.named_parameters()
    if isinstance(parameters, Tensor):
        raise TypeError("the parameters are a Tensor, whose rows would be computed anew each time; give a list: [x]")
    named = dict(parameters if isinstance(parameters, Mapping) else {str(i): p for i, p in enumerate(parameters)})
    for name, p in named.items():
        if not isinstance(p, Tensor) or p.node is not None:
            what = f"was computed, by {p.node.op.name}" if isinstance(p, Tensor) else f"is a {type(p).__name__}"
            raise TypeError(f"parameter {name} {what}; an optimizer moves tensors that were made from numbers, "
                            "tinyformer.Tensor(...)")
    return named


def rate_of(optimizer, learning_rate: float | None) -> float:
    """The learning rate of a step: the one that the step was given, or else the optimizer; TypeError without either."""
    rate = optimizer.lr if learning_rate is None else learning_rate
    if rate is None:
        raise TypeError(f"{type(optimizer).__name__}: there is no learning rate; give it to the step, step(1e-3), or "
                        "once and for all, lr=1e-3")
    return rate
