"""Which parameters are pulled towards zero, and which are left alone?

    parameters      name -> array

Weight decay is for what multiplies: the weights of products and the tables of vectors, which have two axes or more.
Biases, and the gains and biases of norms, have one axis and are left alone: they are few, they only shift and scale,
and a gain that is pulled to 0 switches its channel off.  Return two lists of names in the order of `parameters`,
(decays, spared).  Where two names stand for the very same array (tied weights), only the first of them is listed:
nothing may be moved twice in one step.
"""

import numpy as np

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="who goes by names misses some: RoBERTa's head calls its norm layer_norm, and the usual list has "
    "LayerNorm (transformers 16908); DeepSpeed-Chat's list fitted none of OPT, LLaMA and BLOOM (DeepSpeedExamples "
    "755); lit-llama let everything decay, as a reader saw (254).", hints=(
        "Names differ from model to model. What do a bias and a gain have in common that no weight of a product has?",
        "Go by the number of axes, array.ndim. To find what is tied ask whether the array is the same object, not "
        "whether its numbers are equal.",
        "Keep a set of id(array) of what has been listed; append the name to decays where array.ndim >= 2, "
        "else to spared."))


@EXERCISE.solution
def decay_groups(parameters: dict):
    """Names of arrays -> (those that decay, those that are spared)."""
    decays, spared, seen = [], [], set()
    for name, array in parameters.items():
        if id(array) not in seen:
            seen.add(id(array))
            (decays if array.ndim >= 2 else spared).append(name)
    return decays, spared


@EXERCISE.observe
def _(theirs, call):
    decays, spared = theirs(*call.arrays)
    return {"decays": list(decays), "spared": list(spared)}


@EXERCISE.case
def _(rng):
    """a weight and its bias"""
    return Call({"linear.weight": np.ones((2, 3)), "linear.bias": np.zeros(2)})


@EXERCISE.case
def _(rng):
    """a norm: gain and bias"""
    return Call({"norm.gain": np.ones(3), "norm.bias": np.zeros(3)})


@EXERCISE.case
def _(rng):
    """GPT-2's names: ln_1.weight is a gain"""
    return Call({"wte.weight": np.ones((5, 2)), "h.0.ln_1.weight": np.ones(2), "h.0.mlp.c_fc.weight": np.ones((2, 8))})


@EXERCISE.case
def _(rng):
    """a bias with two axes: of relative positions, one number for each head and distance"""
    return Call({"attention.relative_bias": np.ones((4, 7)), "attention.out.bias": np.zeros(4)})


@EXERCISE.case
def _(rng):
    """tied word vectors, and another table with the same numbers"""
    words = np.ones((5, 2))
    return Call({"words.weight": words, "positions.weight": np.ones((5, 2)), "head.weight": words})


def split(parameters, decays):
    return [name for name in parameters if decays(name)], [name for name in parameters if not decays(name)]


def distinct(parameters):
    return {name: array for i, (name, array) in enumerate(parameters.items())
            if not any(array is other for other in list(parameters.values())[:i])}


@EXERCISE.mistake
def _(parameters):
    """everything decays, biases and the gains of norms too"""
    return split(distinct(parameters), lambda name: True)


@EXERCISE.mistake
def _(parameters):
    """it goes by names, bias and LayerNorm, which other models write otherwise: go by the number of axes"""
    return split(distinct(parameters), lambda name: not any(part in name for part in ("bias", "LayerNorm")))


@EXERCISE.mistake
def _(parameters):
    """the tables of word vectors are spared; they have two axes and multiply like any other weight"""
    parameters = distinct(parameters)
    return split(parameters, lambda name: parameters[name].ndim >= 2 and not any(
        part in name for part in ("words", "positions", "wte")))


@EXERCISE.mistake
def _(parameters):
    """tied weights are listed twice, so that one array is moved twice in a step"""
    return split(parameters, lambda name: parameters[name].ndim >= 2)


@EXERCISE.mistake
def _(parameters):
    """two arrays with equal numbers are taken for one: tied is what is the same array, not what looks like it"""
    kept = {name: array for i, (name, array) in enumerate(parameters.items())
            if not any(np.array_equal(array, other) for other in list(parameters.values())[:i])}
    return split(kept, lambda name: parameters[name].ndim >= 2)
