"""Which model stands in this folder, and is it the kind that was asked for?"""

from pathlib import Path
from types import UnionType
from typing import Any, get_args

from tinyformer.backend import choose_device
from tinyformer.errors import InputError
from tinyformer.text import Tokenizer

COMMANDS = {"GPT": "generate", "Seq2Seq": "generate", "BertForPretraining": "fill", "Head": "predict"}


def open_folder(folder: str) -> tuple[Any, Tokenizer]:
    """The model and the tokenizer in `folder`; InputError where there is no such folder or no vocabulary in it."""
    from tinyformer.train.checkpoints import load_model
    if not Path(folder).is_dir():
        raise InputError(f"{folder}: no such folder; --model takes the folder of a trained model: the tour makes "
                         "runs/tour/bert and runs/tour/gpt, pretrain makes one in its --out")
    several = [] if (Path(folder) / "config.json").exists() else sorted(Path(folder).glob("seed-*/config.json"))
    if several:
        raise InputError(f"{folder}: holds the runs of several seeds and no model of its own; name one of them, such "
                         f"as {several[0].parent}")
    model, tokenizer = load_model(folder)
    if not hasattr(model.config, "vocabulary"):
        raise InputError(f"{folder}: holds a {type(model).__name__}, which reads no text; a model that does is needed")
    if tokenizer is None:
        raise InputError(f"{folder}: has a model but no vocabulary; put vocab.txt, or vocab.json and merges.txt, "
                         "beside the weights")
    if len(tokenizer) > model.config.vocabulary:
        raise InputError(f"{folder}: the vocabulary has {len(tokenizer)} tokens and the model "
                         f"{model.config.vocabulary} word vectors; they do not belong together")
    return model, tokenizer


def open_model(folder: str, kind: type | UnionType, device: str = "cpu") -> tuple[Any, Tokenizer]:
    """The model and the tokenizer in `folder`, moved to the device; InputError where it is another kind of model."""
    model, tokenizer = open_folder(folder)
    fits = isinstance(model, kind)
    if not fits:
        other = next((COMMANDS[one.__name__] for one in type(model).__mro__ if one.__name__ in COMMANDS), None)
        hint = f"; for this one try: python -m tinyformer {other} --model {folder}" if other else ""
        kinds: Any = get_args(kind) or (kind,)
        wanted = " or a ".join(one.__name__ for one in kinds)
        raise InputError(f"{folder}: holds a {type(model).__name__}, and a {wanted} is needed{hint}")
    return model.to(choose_device(device)[0]), tokenizer
