"""How does a model of pictures or of sound lie in a folder?  With its class and its sizes, and under our own names.

No library in use has a class for these, so the form is our own: model_type is "vectors", architectures names one of
`MODELS`, its configuration stands under "tinyformer".  Such a class says which configuration it is built from,
`config_class`, and is built by `Class(config, None)`, with parameters that are still unwritten.
"""

from collections.abc import Mapping
from typing import Any

from tinyformer.errors import CheckpointError
from tinyformer.hub.readers import described_config
from tinyformer.nn.module import Module
from tinyformer.opening import Table

KIND = "vectors"
MODELS = Table({                              # the name of the class -> the class
    "VectorEncoder": "tinyformer.models.vectors:VectorEncoder",
    "MaskedVectors": "tinyformer.models.vectors:MaskedVectors",
    "NextVectors": "tinyformer.models.predictive_coding:NextVectors",
    "Hubert": "tinyformer.models.hubert:Hubert",
    "SimCLR": "tinyformer.models.simclr:SimCLR",
    "BYOL": "tinyformer.models.byol:BYOL",
    "MaskedPatches": "tinyformer.models.hidden_patches:MaskedPatches",
    "PlacedPatches": "tinyformer.models.hidden_patches:PlacedPatches",
    "PictureEncoder": "tinyformer.models.pictures:PictureEncoder",
})


def described(model: Module) -> dict | None:
    """config.json of such a model; None where the model is none of `MODELS`."""
    name = type(model).__name__
    if name not in MODELS or type(model) is not MODELS[name]:
        return None
    return {"model_type": KIND, "architectures": [name], "tinyformer": model.config.to_dict()}


def empty_model(hub: dict, arrays: Mapping[str, Any]) -> Module:
    """The model that such a config.json describes, its parameters unwritten; CheckpointError where it cannot be."""
    name = " ".join(map(str, hub.get("architectures") or []))
    if name not in MODELS:
        raise CheckpointError(f"architectures is {name!r}; of model_type {KIND!r} it must be one of: "
                              f"{', '.join(MODELS)}")
    config = described_config(hub, MODELS[name].config_class, name, set(), arrays)
    return MODELS[name](config, None)
