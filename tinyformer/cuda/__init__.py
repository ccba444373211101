"""Which ops run in a form of their own on a GPU?  Kernels beside the primitives, chosen by where the arrays live.

A form computes what the op of its name does, in fewer launches, in float32 and float64.  It returns None for what it is
not made for: another generator of chance, a call that is wrong.  There the plain form serves, or says what is wrong.
No derivative is found here: derivations stand in `ops/`, and the tests hold each form to them.
"""

import inspect
from functools import cache, partial

from tinyformer.engine import REGISTRY
from tinyformer.opening import Table

FORMS = Table({
    "affine": "tinyformer.cuda.products:affine",
    "affine_gelu": "tinyformer.cuda.gelu:affine_gelu",
    "attention": "tinyformer.cuda.attention:attention",
    "cross_entropy": "tinyformer.cuda.cross_entropy:cross_entropy",
    "dropout": "tinyformer.cuda.dropout:dropout",
    "dropout_add": "tinyformer.cuda.dropout:dropout_add",
    "embedding": "tinyformer.cuda.embedding:embedding",
    "gelu": "tinyformer.cuda.gelu:gelu",
    "layer_norm": "tinyformer.cuda.layer_norm:layer_norm",
    "masked_softmax": "tinyformer.cuda.softmax:masked_softmax",
    "self_attention": "tinyformer.cuda.self_attention:self_attention",
})
MOVES = Table({                                                # optimizers, by the names of their classes
    "AdamW": "tinyformer.cuda.adamw:Moves",
    "Muon": "tinyformer.cuda.muon:MuonMoves",
})


def attach(array_type: type) -> None:
    """From now on the ops take these forms for arrays of this type."""
    import tinyformer.ops  # noqa: F401  (fills the registry)
    for name in FORMS:
        REGISTRY[name].forms[array_type] = partial(_either, name)


def _either(name: str, xp, *arrays, **constants):
    most, known = _takes(name)
    if len(arrays) <= most and constants.keys() <= known and str(arrays[0].dtype) in ("float32", "float64"):
        found = FORMS[name](xp, *arrays, **constants)
        if found is not None:
            return found
    return REGISTRY[name].raw(xp, *arrays, **constants)


@cache
def _takes(name: str) -> tuple[int, set[str]]:
    """How many arrays a form takes, and which constants: an op may be able to do more than its form."""
    parameters = list(inspect.signature(FORMS[name]).parameters.values())[1:]
    constants = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
    return len(parameters) - len(constants), constants
