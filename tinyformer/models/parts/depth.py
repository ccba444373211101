"""How deep does a parameter lie, and how much should it still move?  Frozen layers, and slower ones below.

What lies near the words is of use for any task and need not change much; what lies near the head must.  So the lower
layers of a fine-tuned model may be frozen, or learn more slowly the deeper they lie: the rate of depth d is
decay^(top - d) of the head's (Howard and Ruder 2018, section 3.2; Clark et al. 2020, table 7).
"""

import re
from typing import Any

from tinyformer.errors import InputError
from tinyformer.models.heads import Head


def depth(name: str, layers: int) -> int:
    """0 for the embeddings, n + 1 for layer n, `layers` + 1 for what stands on top of them, by a parameter's name."""
    layer = re.search(r"(?:^|\.)layers\.(\d+)\.", name)
    if layer:
        return int(layer[1]) + 1
    below = re.search(r"(?:^|\.)(words|positions|segments|widen)\.", name) or re.fullmatch(r"encoder\.norm\..*", name)
    return 0 if below else layers + 1


def depths(model: Any) -> dict[str, int]:
    """The depth of every parameter of a model with a head, by name."""
    layers = model.config.layers
    found = {name: depth(name, layers) for name in model.named_parameters()}
    if getattr(model.config, "norm", None) == "pre":           # GPT-2's norm stands above the layers, BERT's below them
        found |= {name: layers + 1 for name in found if name.startswith("encoder.norm.")}
    return found


def freeze(head: Head, layers: int | str) -> None:
    """Stop the encoder from learning: "all" of it, or the embeddings and the lowest `layers` layers; 0 frees all.

    What is frozen gets no gradient, and where everything is, nothing is computed backwards through the encoder.  What
    no pre-training has taught learns in any case: a pooler that is new with the head, as are layers on word2vec and
    ELMo.
    """
    untaught = tuple(f"encoder.{name}" for name in getattr(head.encoder, "untaught", ()))
    most = head.config.layers
    if layers != "all" and not (isinstance(layers, int) and 0 <= layers <= most):
        raise InputError(f"freeze is {layers!r}; it must be all, or a number of layers from 0 to {most}")
    for name, level in depths(head).items():
        frozen = name.startswith("encoder.") if isinstance(layers, str) else layers > 0 and level <= layers
        head.named_parameters()[name].requires_grad = not frozen or name.startswith(untaught)


def layer_rates(head: Head, decay: float) -> dict[str, float]:
    """The share of the learning rate that each parameter gets, decay^(top - depth), by name."""
    if not 0 < decay <= 1:
        raise InputError(f"layer decay is {decay}; it must be above 0 and at most 1, such as 0.9")
    top = head.config.layers + 1
    return {name: decay ** (top - level) for name, level in depths(head).items()}
