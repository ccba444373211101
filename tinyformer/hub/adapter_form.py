"""How does a published adapter folder describe a model that was tuned a little?  In the form of the library PEFT.

    adapter_config.json          the base, the rank, alpha, and which products have an addition
    adapter_model.safetensors    of each such product `lora_A` (r, in), our `down`, and `lora_B` (out, r), our `up`; and
                                 whole, under their own names, the layers that are not the base's: the head

A product is one by their count: BERT's query, key and value are three, and each may have an addition; GPT-2's are one,
`c_attn`, and have one together.  (Mangrulkar et al. 2022, PEFT.)
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tinyformer.errors import CheckpointError
from tinyformer.hub import config_json
from tinyformer.hub.architectures import QUESTION, SEQUENCE, TOKENS
from tinyformer.hub.layouts import layout_of
from tinyformer.hub.misfits import odd_numbers
from tinyformer.hub.tensor_names import from_published, lines, to_published
from tinyformer.models.gpt import GPT
from tinyformer.models.heads import Head, SpanFinder, TokenTagger
from tinyformer.models.seq2seq import Seq2Seq
from tinyformer.nn.lora import LowRank, adapted, additions
from tinyformer.nn.module import Module

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
BASE = "base_model_name_or_path"
FRONT, DOWN, UP = "base_model.model.", ".lora_A.weight", ".lora_B.weight"
HEADS = {"SEQ_CLS": SEQUENCE, "TOKEN_CLS": TOKENS, "QUESTION_ANS": QUESTION}           # task_type -> end of a class
LAST = (".classifier.weight", ".classifier.out_proj.weight", ".score.weight")          # of a head, with a row a label
ALLOWED = {                                   # what else their config may say; other values mean other formulas
    "peft_type": ("LORA",), "bias": ("none",), "use_dora": (False,), "lora_bias": (False,), "use_qalora": (False,),
    "init_lora_weights": (True, False, "gaussian", "eva", "orthogonal"), "layer_replication": (None,),
    "alora_invocation_tokens": (None,), "trainable_token_indices": (None,), "target_parameters": (None, []),
}


# ---- ours to theirs --------------------------------------------------------------------------------------------------


def packed(model: Module) -> bool:
    """Whether query, key and value are one product in the published layout of this model."""
    return any(our.endswith("attend.project.weight") and len(theirs) == 1 for our, theirs, _ in lines(model))


def names(model: Module) -> dict[str, str]:
    """Their name of every parameter that learns: additions, and what is saved whole."""
    found, mine = {}, model.named_parameters()
    for our, inside, part, _ in _beside(model):
        found |= {f"{our}.lora.{part}.down": FRONT + inside + DOWN, f"{our}.lora.{part}.up": FRONT + inside + UP}
    for our, theirs, _ in lines(model):
        if our in mine and mine[our].requires_grad:
            found[our] = FRONT + theirs[0]
    return found


def described(model: Module, base: str) -> dict[str, Any]:
    """adapter_config.json of a model whose additions are all of one rank, as here they are."""
    beside = list(_beside(model))
    *_, low = beside[0]
    rank, prefix = len(low.down), layout_of(model.config).prefix
    products = {name.removesuffix(".weight") for _, theirs, _ in lines(model) for name in theirs
                if name.endswith(".weight")}
    whole = [theirs.removeprefix(FRONT).removeprefix(prefix).partition(".")[0] for our, theirs in names(model).items()
             if our not in additions(model)]
    alpha = low.scale * rank
    turned = {our.removesuffix(".weight") for our, _, turns in lines(model) if turns}
    return {"peft_type": "LORA", "task_type": _task_type(model), BASE: base, "revision": None, "r": rank,
            "lora_alpha": int(alpha) if alpha == int(alpha) else alpha, "lora_dropout": 0.0, "bias": "none",
            "target_modules": _short({inside for _, inside, _, _ in beside}, products),
            "modules_to_save": list(dict.fromkeys(whole)) or None,
            "fan_in_fan_out": any(our in turned for our, *_ in beside), "init_lora_weights": True,
            "use_rslora": False, "use_dora": False, "rank_pattern": {}, "alpha_pattern": {}, "inference_mode": True}


def _beside(model: Module) -> Iterator[tuple[str, str, str, LowRank]]:
    """(our layer, the module of theirs, our product, its addition) for every addition."""
    layers = dict(adapted(model))
    for our, theirs, _ in lines(model):
        path = our.removesuffix(".weight")
        if path in layers and path != our:
            share = len(layers[path].weight) // len(theirs)
            for part, low in layers[path].lora.items():
                yield path, theirs[low.first // share].removesuffix(".weight"), part, low


def _short(chosen: set[str], products: set[str]) -> list[str]:
    """The last words of the names of modules, where they mean these and no others; else the names themselves."""
    def last(name: str) -> str:
        return name.rpartition(".")[2]

    clear = {word for word in map(last, chosen) if {name for name in products if last(name) == word} <= chosen}
    return sorted({last(name) if last(name) in clear else name for name in chosen})


def _task_type(model: Module) -> str | None:
    if isinstance(model, Head):
        ending = QUESTION if isinstance(model, SpanFinder) else TOKENS if isinstance(model, TokenTagger) else SEQUENCE
        return next(kind for kind, theirs in HEADS.items() if theirs == ending)
    return "SEQ_2_SEQ_LM" if isinstance(model, Seq2Seq) else "CAUSAL_LM" if isinstance(model, GPT) else None


# ---- theirs to ours --------------------------------------------------------------------------------------------------


def check(said: Mapping[str, Any]) -> None:
    """CheckpointError where an adapter_config.json asks for another formula than that of low-rank additions."""
    for key, allowed in ALLOWED.items():
        value = said.get(key, allowed[0])
        if value not in allowed:
            raise CheckpointError(f"{CONFIG}: {key} is {repr(value)[:60]}, and only {allowed[0]!r} can be opened; "
                                  "merge the adapter into its base with the library that made it, and open that")
    rank, alpha = said.get("r"), said.get("lora_alpha")
    for key, value in (("r", rank), ("lora_alpha", alpha)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            raise CheckpointError(f"{CONFIG}: {key} is {repr(value)[:60]}; it must be a number above 0")
    for key in ("rank_pattern", "alpha_pattern"):
        found = said.get(key) or {}
        if not isinstance(found, dict) or any(re.search(r"[^\w.-]", name) for name in found):
            raise CheckpointError(f"{CONFIG}: {key} is {repr(found)[:60]}; it must be an object {{...}} with the names "
                                  "of modules, or how these end, and no regular expressions")
    if not isinstance(said.get(BASE), str):
        raise CheckpointError(f"{CONFIG}: {BASE} is {repr(said.get(BASE))[:60]}; it must be the folder of the model "
                              "that was tuned: write it there")


def whole_config(base: Mapping[str, Any], said: Mapping[str, Any], saved: Mapping[str, np.ndarray]) -> dict:
    """The config.json of base and adapter together, where the adapter's folder has none: a head says its outputs."""
    ending = HEADS.get(str(said.get("task_type")))
    if ending is None:
        return dict(base)
    old = str(next(iter(base.get("architectures") or []), ""))
    family = re.sub("(Model|LMHeadModel|For[A-Z].*)$", "", old)
    last = [array for name, array in saved.items() if name.endswith(LAST) and array.ndim == 2]
    labels = {str(number): f"LABEL_{number}" for number in range(len(last[-1]) if last else 0)}
    known = base.get("id2label") or {}
    return {**base, "architectures": [family + ending],
            **({"id2label": labels} if labels and len(labels) != len(known) else {})}


def applied(base: Module, hub: dict, said: Mapping[str, Any], saved: Mapping[str, np.ndarray]) -> Module:
    """The model that `hub`, a config.json, describes: the base with all additions added, and what was saved whole.

    CheckpointError for what has no place in it, or is of other shapes than the base's.
    """
    prefix = layout_of(base.config).prefix

    def bare(name: str) -> str:
        return name.removeprefix(FRONT).removeprefix(prefix)

    theirs = {bare(name): array for name, array in to_published(base).items()}
    downs = {bare(name.removesuffix(DOWN)): array for name, array in saved.items() if name.endswith(DOWN)}
    ups = {bare(name.removesuffix(UP)): array for name, array in saved.items() if name.endswith(UP)}
    whole = {bare(name): array for name, array in saved.items() if not name.endswith((DOWN, UP))}
    model = config_json.empty_model(hub, {**theirs, **whole}).to(dtype=base.parameters()[0].dtype)
    table = [(bare(name), name, turned) for _, names, turned in lines(model) for name in names]
    turned = {name for name, _, turns in table if turns}
    wrong = odd_numbers(dict(saved))
    wrong += [f"{name} has no place in it" for name in whole if name not in {name for name, *_ in table}]
    wrong += [f"{name} has {DOWN[1:] if name in downs else UP[1:]} alone" for name in downs.keys() ^ ups.keys()]
    theirs |= whole
    for name in downs.keys() & ups.keys():
        weight, down, up = theirs.get(f"{name}.weight"), downs[name], ups[name]
        if weight is None:
            wrong.append(f"there is no {name}")
            continue
        turns = f"{name}.weight" in turned
        inputs, outputs = weight.shape if turns else weight.shape[::-1]
        rank = _number(said, "r", "rank_pattern", name, prefix)
        if down.shape != (rank, inputs) or up.shape != (outputs, rank):
            wrong.append(f"{name}: lora_A is {down.shape} and lora_B {up.shape}; beside a product of {inputs} to "
                         f"{outputs}, at rank {rank}, they must be {(rank, inputs)} and {(outputs, rank)}")
            continue
        alpha = _number(said, "lora_alpha", "alpha_pattern", name, prefix)
        scale = alpha / (math.sqrt(rank) if said.get("use_rslora") else rank)
        added = scale * (up.astype(weight.dtype) @ down.astype(weight.dtype))
        theirs[f"{name}.weight"] = weight + (added.T if turns else added)
    if wrong:
        raise CheckpointError(f"the adapter does not fit its base, {said[BASE]}: {len(wrong)} misfits; is it another "
                              f"one's?  Write the right folder as {BASE} in {CONFIG}\n  " + "\n  ".join(sorted(wrong)))
    return model.load(from_published({name: theirs[short] for short, name, _ in table if short in theirs}, model))


def _number(said: Mapping[str, Any], key: str, patterns: str, name: str, prefix: str) -> float:
    """The rank or alpha of a module: that of the first pattern which its name ends in, or that of all."""
    for pattern, value in (said.get(patterns) or {}).items():
        if f".{prefix}{name}".endswith(f".{pattern}"):
            return value
    return said[key]
