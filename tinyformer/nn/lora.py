"""How is a model tuned that is too large to tune?  Its products stay as they are, and a small one stands beside each.

A layer that multiplied by W (O, I) now computes

    W x + (alpha / r) up down x            down (r, I) is drawn, up (O, r) starts at 0

and `down` and `up` alone learn: r (I + O) numbers in the place of I O.  Whatever they come to be, up down has rank r at
most, which is enough, since what fine-tuning adds to W is nearly of low rank itself.  At the start the model is its
base, bit for bit; at the end (alpha / r) up down can be added to W, and nothing is left to be computed beside it.
(Hu et al. 2021, LoRA: Low-Rank Adaptation of Large Language Models, sections 4.1 and 7.)

What stays needs no gradient, and what its gradient would need is not kept: a step is shorter, and takes less memory.
Query, key and value are one product here, and each may have an addition of its own, to its rows.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tinyformer.backend import library, to_host
from tinyformer.engine import Tensor, primitive
from tinyformer.errors import InputError
from tinyformer.nn.blocks import FeedForward
from tinyformer.nn.layers import Linear, constant, normal
from tinyformer.nn.module import Module, fitted, modules_in
from tinyformer.ops import affine, concatenate, gelu
from tinyformer.ops.linear import product_of_rows

PARTS = {2: ("key", "value"), 3: ("query", "key", "value")}    # of a product that holds several
PRODUCTS = ("query", "key", "value", "out", "gate", "widen", "narrow")
ALL = ("all",)


class LowRank(Module):
    """What is added to some rows of a product, those from `first` on: scale * up down x."""

    def __init__(self, inputs: int, first: int, rows: int, rank: int, scale: float, rng=...):
        self.first, self.scale = first, scale
        self.down = normal(rng, (rank, inputs), inputs ** -0.5)        # so that down x is about as long as x
        self.up = constant(0, (rows, rank), rng)

    def column(self, height: int) -> Tensor:
        """scale * up as part of a matrix of `height` rows, (height, r), which has zeros in the others."""
        rows, rank = self.up.shape
        zeros = library(self.up.data).zeros
        parts = [zeros((self.first, rank), self.up.dtype), self.up * self.scale,
                 zeros((height - self.first - rows, rank), self.up.dtype)]
        return concatenate([part for part in parts if len(part)])

    def added_to(self, weight: np.ndarray) -> None:
        """Add scale * up down to its rows of a weight (O, I) on the host."""
        weight[self.first:self.first + len(self.up)] += self.scale * (to_host(self.up.data) @ to_host(self.down.data))


@primitive(linear=True, keeps="weight", register=False)
def fixed_affine(xp, x, *, weight, bias=None):
    """`affine` of a weight that does not learn: its gradient is not computed, and x need not be kept for it."""
    shape, outputs = x.shape, len(weight)
    out = product_of_rows(xp, x.reshape(math.prod(shape[:-1]), shape[-1]), weight)
    if bias is not None:
        out += bias

    def backward(dout):
        return (dout.reshape(-1, outputs) @ weight).reshape(shape)

    return out.reshape(*shape[:-1], outputs), backward


class FixedLinear(Linear):
    """A `Linear` that does not learn."""

    def __call__(self, x):
        return fixed_affine(x, weight=self.weight.data, bias=None if self.bias is None else self.bias.data)


class LoRALinear(FixedLinear):
    """A `Linear` that does not learn, with additions to its rows, by the names of the products that these rows are."""

    lora: dict[str, LowRank]

    def __call__(self, x):
        added = self.lora.values()
        down = concatenate([low.down for low in added])                            # (R, in)
        up = concatenate([low.column(len(self.weight)) for low in added], axis=1)  # (out, R)
        return super().__call__(x) + affine(affine(x, down), up)


class PlainFeedForward(FeedForward):
    """A `FeedForward` whose first product is left to its layer."""

    def __call__(self, x):
        return self.narrow(gelu(self.widen(x), approximate=self.approximate))


def add_lora(model: Module, rank: int, rng: np.random.Generator, *, alpha: float | None = None,
             on: Sequence[str] = ("query", "value"), packed: bool = False) -> None:
    """Put additions of `rank` beside the products `on` in all layers of a model, drawn from `rng`; ("all",) are all.

    What learned goes on learning: freeze it before.  `alpha` is twice the rank unless it is given.  `packed`: query,
    key and value have one addition together, which any of their names means.  InputError for a rank that is no rank of
    these products, and for a product that this model has not.
    """
    found = list(products(model))
    there = [name for name in PRODUCTS if any(name in parts for *_, parts in found)]
    wanted = there if tuple(on) == ALL else list(on)
    if not there:
        raise InputError(f"lora: {type(model).__name__} has none of the products beside which an addition can stand "
                         f"({', '.join(PRODUCTS)}); leave lora out")
    if unknown := [name for name in wanted if name not in there]:
        raise InputError(f"lora: {type(model).__name__} has no product {', '.join(map(repr, unknown))}; choose among "
                         f"{', '.join(there)}, or all")
    planned: list[tuple[Any, dict[str, tuple[int, int]]]] = []
    for path, layer, parts in found:
        chosen = [part for part in parts if part in wanted]
        if not chosen:
            continue
        if type(layer) is not Linear:
            raise ValueError(f"lora: {path} is a {type(layer).__name__} already; merge what was added before")
        height, inputs = layer.weight.shape
        share = height // len(parts)
        rows = {part: (parts.index(part) * share, share) for part in chosen}
        if packed:
            rows = {"_".join(parts): (0, height)}
        most = min([inputs, *(count for _, count in rows.values())])
        if not 1 <= rank <= most:
            raise InputError(f"lora: rank is {rank}, and {path} maps {inputs} numbers to {share}; it must be 1 to "
                             f"{most}, and what is added is small only where it is far below")
        planned.append((layer, rows))
    scale = (2 * rank if alpha is None else alpha) / rank
    for _, module in modules_in(model):
        kind: Any = type(module)
        fixed = not any(p.requires_grad for p in module.parameters())
        module.__class__ = {Linear: FixedLinear, FeedForward: PlainFeedForward}.get(kind, kind) if fixed else kind
    for layer, rows in planned:
        layer.__class__ = LoRALinear
        layer.lora = {part: LowRank(layer.weight.shape[1], *where, rank, scale, rng) for part, where in rows.items()}
        for low in layer.lora.values():
            low.to(layer.weight.device, layer.weight.dtype)


def merge(model: Module) -> None:
    """Add what was added to the weights themselves, in place: the same model without additions, all of which learns."""
    for name, array in merged(model).items():
        if name in (mine := model.named_parameters()):
            mine[name].data = fitted(array, mine[name].data)
            mine[name].requires_grad = True
    for _, module in modules_in(model):
        kind: Any = type(module)
        if kind is LoRALinear:
            del vars(module)["lora"]
        module.__class__ = {LoRALinear: Linear, FixedLinear: Linear, PlainFeedForward: FeedForward}.get(kind, kind)


def merged(model: Module) -> dict[str, np.ndarray]:
    """`model.state()` as it would be if every addition was added to its weight: copies of these, and no additions."""
    added = additions(model)
    found = {name: array for name, array in model.state().items() if name not in added}
    for path, layer in adapted(model):
        name = f"{path}.weight".lstrip(".")
        found[name] = weight = found[name].copy()
        for low in layer.lora.values():
            low.added_to(weight)
    return found


def adapted(model: Module) -> list[tuple[str, LoRALinear]]:
    """Every layer of a model that has additions, once, with its path."""
    found: dict[int, tuple[str, LoRALinear]] = {}
    for path, module in modules_in(model):
        if isinstance(module, LoRALinear):
            found.setdefault(id(module), (path, module))
    return list(found.values())


def additions(model: Module) -> dict[str, Tensor]:
    """The parameters of all additions, by their names in the model."""
    return {f"{path}.lora.{part}.{name}".lstrip("."): p for path, layer in adapted(model)
            for part, low in layer.lora.items() for name, p in low.named_parameters().items()}


def products(model: Module) -> Iterator[tuple[str, Linear, tuple[str, ...]]]:
    """(path, layer, the products in it) of every layer that maps hidden vectors to hidden vectors, once."""
    seen = set()
    for path, module in modules_in(model):
        if id(module) in seen:
            continue
        seen.add(id(module))
        for name, count in module.maps.items():
            attribute = name.removesuffix(".weight")
            if isinstance(layer := getattr(module, attribute), Linear):
                yield f"{path}.{attribute}".lstrip("."), layer, PARTS.get(count, (attribute,))
