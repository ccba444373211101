"""What learns where a model is tuned a little?  Small products beside its own, its head, and nothing else: LoRA."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from tinyformer.backend import to_host
from tinyformer.errors import InputError
from tinyformer.hub import adapter_form
from tinyformer.hub.tensor_names import has_published_names
from tinyformer.models.heads import Head
from tinyformer.models.parts.depth import freeze
from tinyformer.models.parts.more_words import TABLES
from tinyformer.nn import Module
from tinyformer.nn.lora import adapted, add_lora, merge
from tinyformer.places import say
from tinyformer.rng import stream
from tinyformer.tasks.finetuning_settings import SETTINGS, Finetuning
from tinyformer.train.adapters import MERGED, is_adapter
from tinyformer.train.checkpoints import save_model
from tinyformer.train.circumstances import BASE
from tinyformer.train.durable import write_json


def tune_a_little(model: Any, known: int, options: Finetuning) -> None:
    """Freeze a model but for its head, and put the additions beside its products that --lora asks for.

    The base knew `known` tokens; where the model has more, the vectors of all of them learn.  It knows its base from
    then on, and is saved beside it.  InputError for a rank or a product that cannot be.
    """
    if is_adapter(Path(str(options.model))):
        raise InputError(f"{options.model}: is an adapter, beside which no other can be kept; take the whole model, "
                         "which finetune writes with --merge")
    if isinstance(model, Head):
        freeze(model, "all")
    else:
        for p in model.parameters():
            p.requires_grad = False
    if model.config.vocabulary > known:
        for name in TABLES:
            if name in model.named_parameters():
                model.named_parameters()[name].requires_grad = True
    named = tuple(name.strip() for name in options.lora_on.split(","))
    add_lora(model, int(options.lora or 0), stream(options.seed, "lora"), alpha=options.lora_alpha, on=named,
             packed=has_published_names(model) and adapter_form.packed(model))
    model.base_folder = str(options.model)


def of_the_base(model: Module) -> dict[str, str]:
    """The SHA-256 of what stays where additions learn beside it: no run goes on beside another base."""
    if not adapted(model):
        return {}
    found = hashlib.sha256()
    for p in model.parameters():
        if not p.requires_grad:
            found.update(np.ascontiguousarray(to_host(p.data)).data)
    return {BASE: found.hexdigest()}


def save_whole(out: Path, prepared: Any) -> None:
    """Add what was added to the weights, in place, and write the whole model to `merged/` in the folder of the run."""
    merge(prepared.model)
    folder = save_model(out / MERGED, prepared.model, prepared.tokenizer, overwrite=True)
    write_json(folder / SETTINGS, prepared.settings.to_dict())
    say(f"the whole model, with what was added in its weights, is in {folder}")


def learning(model: Module) -> str:
    """How many of a model's numbers learn, in words."""
    count = trained(model)
    return f"{count:,} of {model.count():,} numbers learn ({100 * count / model.count():.2f} %)"


def part_that_learns(model: Module) -> dict[str, int]:
    """The same for metrics.json, where it is not all of them."""
    count = trained(model)
    return {"trained": count} if count < model.count() else {}


def trained(model: Module) -> int:
    """How many of a model's numbers learn."""
    return sum(p.size for p in model.parameters() if p.requires_grad)
