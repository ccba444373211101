"""What happens in a model while it reads?  A copy of it that shares its numbers, and whose layers leave notes.

    look = Look(gpt, lambda model: model(ids))                 # any model here, any way to call it
    look.states["layers"]                                      # what enters each layer, and leaves the last
    look.attention("layers.attend", 3)                         # where layer 4 looks, head by head
    look.lens("layers")                                        # what it would say if it ended after each layer
    look.gradients(lambda logits: cross_entropy(logits, target=targets))       # of a loss, at every word it read

The model runs as it always does, so that nothing is computed here a second time, and nothing can differ from it.  All
that is asked of it: its layers stand in a list `layers`, an attention has `weights`, words are looked up in `words`.
"""

import copy
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinyformer.backend import to_device, to_host
from tinyformer.engine import Tensor, no_grad
from tinyformer.nn.module import Module, modules_in

Run = Callable[[Any], Tensor]


class Look:
    """One run of `model`, a function `run(model)` that returns its scores; `scores` is what came out, an array.

    `states`: for the name of each stack of layers, "encoder.layers" say, its L + 1 arrays (B, T, C): what enters the
    first layer, and what leaves each one, before the norm that may stand behind the last.  `words`: for the name of
    each table of words that was read from, the ids (B, T).  ValueError for a model without layers.
    """

    def __init__(self, model: Module, run: Run):
        self.model, self.run = noted(model), run
        self.stacks = {path: [layer for layer in owner.layers if isinstance(layer, NotedLayer)]
                       for path, owner in _owners(self.model, "layers")}
        if not self.stacks:
            raise ValueError(f"Look: a {type(model).__name__} has no list `layers` whose layers could leave notes")
        self._words = {path: owner.words for path, owner in _owners(self.model, "words")
                       if isinstance(owner.words, NotedWords)}
        with no_grad():
            self.scores = _arrays(run(self.model))
        self.stacks = {path: layers for path, layers in self.stacks.items() if layers[-1].left is not None}
        self.states = {path: [layers[0].entered, *(layer.left for layer in layers)]
                       for path, layers in self.stacks.items()}
        self.words = {path: words.ids for path, words in self._words.items() if words.ids is not None}

    # ---- attention ---------------------------------------------------------------------------------------------------

    @property
    def attentions(self) -> dict[str, int]:
        """The name of each kind of attention, "decoder.layers.cross" say, and in how many layers it is."""
        return {f"{path}.{name}": len(layers) for path, layers in self.stacks.items()
                for name, attention in layers[0].attentions.items() if attention.call is not None}

    def attention(self, name: str, layer: int) -> np.ndarray:
        """The weights (B, H, T, S) with which layer `layer`, from 0, looked: each row adds up to 1, or to 0.

        It is 0 where everything was hidden from a position.
        """
        path, _, part = name.rpartition(".")
        with no_grad():
            return self.stacks[path][layer].attentions[part].seen()

    # ---- the logit lens ----------------------------------------------------------------------------------------------

    def lens(self, stack: str) -> Iterator[Any]:
        """What the model says if the layers behind number 0, 1, ... of a stack do nothing: L + 1 times its scores.

        The last is what it really says.  Every norm and head behind the stack is applied as it stands there
        (nostalgebraist 2020, "interpreting GPT: the logit lens"); a stack that reads from this one reads what is given.
        """
        order = list(self.stacks)
        before = {path: self.states[path][-1] for path in order[:order.index(stack)]}
        for state in self.states[stack]:
            with no_grad(), self._given({**before, stack: state}):
                said = _arrays(self.run(self.model))
            yield said                                         # with the model, and recording, as they were

    @contextmanager
    def _given(self, ends: dict[str, np.ndarray]) -> Iterator[None]:
        """Inside this block the layers of these stacks compute nothing, and each stack gives what stands here."""
        layers = [layer for path in ends for layer in self.stacks[path]]
        try:
            for path, end in ends.items():
                for layer in self.stacks[path]:
                    layer.instead = Tensor(to_device(end, layer.device), requires_grad=False)
            yield
        finally:
            for layer in layers:
                layer.instead = None

    # ---- gradients ---------------------------------------------------------------------------------------------------

    def gradients(self, loss: Callable[[Any], Tensor]) -> tuple[float, dict[str, np.ndarray]]:
        """The loss, one number made of the scores, and its gradient with respect to the vector of each word, (B, T, C).

        A word that stands in several places has a gradient in each of them; those of one word, added up, are what
        training would give its row of the table for having been read.
        """
        try:
            for words in self._words.values():
                words.leaf = None
                words.traced = True
            value = loss(self.run(self.model))
            value.backward()
            return value.item(), {path: _gradient(self._words[path].leaf) for path in self.words}
        finally:
            for words in self._words.values():
                words.traced, words.leaf = False, None

    def table(self, path: str) -> np.ndarray:
        """The word vectors (V, C) behind `words[path]`."""
        return to_host(self._words[path].weight.data)


def noted(model: Module) -> Any:
    """A copy of `model` whose tensors are the same arrays without gradients; its layers and words leave notes."""
    light = copy.deepcopy(model, {id(tensor): tensor.detach() for tensor in model.parameters()})
    for _, owner in _owners(light, "layers"):
        owner.layers = [NotedLayer(layer) for layer in owner.layers]
    for _, owner in _owners(light, "words"):
        if isinstance(owner.words, Module):
            owner.words = NotedWords(owner.words)
    return light


class _Noted:
    """Something in the place of a module, which it still has, and answers for."""

    def __init__(self, module: Any):
        self.module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)


class NotedLayer(_Noted):
    """A layer: what `entered` and what `left` it, the first time; `instead`, if there is such, is what it gives."""

    def __init__(self, layer: Module):
        own = copy.copy(layer)                                 # where layers share one block, each has its own notes
        self.attentions = {name: NotedAttention(part) for name, part in vars(layer).items()
                           if isinstance(part, Module) and callable(getattr(type(part), "weights", None))}
        vars(own).update(self.attentions)
        super().__init__(own)
        self.entered: Any = None
        self.left: Any = None
        self.device = "cpu"
        self.instead: Tensor | None = None

    def __call__(self, x, *others, **more) -> Tensor:
        if self.instead is not None:
            return self.instead
        out = self.module(x, *others, **more)
        if self.left is None:
            self.entered, self.left, self.device = to_host(x.data), to_host(out.data), x.device
        return out


class NotedAttention(_Noted):
    """An attention: with what it was called the first time."""

    call: inspect.BoundArguments | None = None

    def __call__(self, *given, **named) -> Tensor:
        if self.call is None:
            self.call = inspect.signature(type(self.module).__call__).bind(self.module, *given, **named)
        return self.module(*given, **named)

    def seen(self) -> np.ndarray:
        """The weights of that call: all of its arguments that `weights` takes too."""
        assert self.call is not None
        wanted = inspect.signature(type(self.module).weights).parameters
        given = {name: value for name, value in self.call.arguments.items() if name in wanted and name != "self"}
        return to_host(self.module.weights(**given).data)


class NotedWords(_Noted):
    """A table of word vectors: which `ids` were looked up first; `traced`, their vectors are a `leaf` of the graph."""

    def __init__(self, table: Module):
        super().__init__(table)
        self.ids: np.ndarray | None = None
        self.traced = False
        self.leaf: Any = None

    def __call__(self, ids) -> Tensor:
        out = self.module(ids)
        self.ids = to_host(ids) if self.ids is None else self.ids
        if not self.traced:
            return out
        self.leaf = Tensor(out.data)
        return self.leaf


def _owners(model: Module, name: str) -> list[tuple[str, Any]]:
    """The modules with an attribute of this name, each once, and the dotted path of what it names."""
    found = {id(owner): (f"{path}.{name}" if path else name, owner) for path, owner in reversed([*modules_in(model)])
             if name in vars(owner)}
    return list(reversed(found.values()))


def _arrays(scores: Any) -> Any:
    """The numbers of a tensor, or of each of several."""
    return tuple(to_host(s.data) for s in scores) if isinstance(scores, tuple) else to_host(scores.data)


def _gradient(leaf: Tensor) -> np.ndarray:
    """Zeros where none arrived: the loss does not depend on these words."""
    return np.zeros(leaf.shape, leaf.dtype) if leaf.grad is None else to_host(leaf.grad)
