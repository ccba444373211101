"""How does a model lie in a folder that no library in use has a class for?  word2vec and ELMo: in a form of our own.

The form is that of all folders here, config.json beside model.safetensors; model_type is the paper, the sizes stand
under "tinyformer", and the parameters under our names.
"""

from collections.abc import Mapping, Set
from dataclasses import fields
from typing import Any

from tinyformer.errors import CheckpointError, InputError
from tinyformer.models import heads
from tinyformer.models.heads import Head
from tinyformer.models.parts.reader import Reader
from tinyformer.models.parts.size import least_numbers
from tinyformer.nn.module import Module
from tinyformer.opening import Table

PAPERS = Table({                              # model_type -> the class
    "word2vec": "tinyformer.models.word2vec:WordVectors",
    "elmo": "tinyformer.models.elmo:ELMo",
})
HEADS = ("TextClassifier", "MultiLabelClassifier", "TokenTagger", "PairClassifier", "PairScorer", "SpanFinder")


def reader_in(model: Module) -> Reader | None:
    """The reader that a model is, or that stands below its head; None for others."""
    found = getattr(model, "encoder", model)
    return found if isinstance(found, Reader) else None


def described(model: Module) -> dict:
    """config.json of such a model."""
    reader: Any = reader_in(model)
    kind = next(name for name, paper in PAPERS.items() if isinstance(reader, paper))
    hub = {"model_type": kind, "architectures": [type(model).__name__], "tinyformer": reader.config.to_dict()}
    labels = getattr(model, "labels", ())
    return hub | ({"id2label": {str(number): label for number, label in enumerate(labels)}} if labels else {})


def described_config(hub: dict, config_class: type, kind: str, needed: Set[str], arrays: Mapping[str, Any]) -> Any:
    """The sizes under "tinyformer"; CheckpointError where they are not those of a `kind`, or far too large."""
    sizes, known = hub.get("tinyformer"), {item.name for item in fields(config_class)}
    if not isinstance(sizes, dict) or not needed <= {*sizes} <= known:
        among = f", among them {', '.join(sorted(needed))}" if needed else ""
        raise CheckpointError(f"\"tinyformer\" is {str(sizes)[:200]}; it must name sizes of a {kind}{among}: "
                              f"{', '.join(sorted(known))}")
    try:
        config = config_class(**sizes)
    except (InputError, TypeError) as error:
        raise CheckpointError(str(error)) from None
    least, held = least_numbers(config), sum(array.size for array in arrays.values())
    if least > 4 * max(held, 1_000_000):
        raise CheckpointError(f"it describes a model of at least {least:,} numbers, and the weights hold {held:,}; one "
                              "of the two files belongs to another model")
    return config


def empty_model(hub: dict, arrays: Mapping[str, Any]) -> Module:
    """The model that such a config.json describes, its parameters unwritten; CheckpointError where it cannot be."""
    paper = PAPERS[hub["model_type"]]
    config = described_config(hub, paper.config_class, hub["model_type"], {"vocabulary"}, arrays)
    name = " ".join(map(str, hub.get("architectures") or []))
    if name == paper.__name__:
        found = paper(config, None)
        return found.below_head(None) if any(each.startswith("pooler.") for each in arrays) else found
    if name not in HEADS:
        raise CheckpointError(f"architectures is {name!r}; it must be {paper.__name__}, or one of: {', '.join(HEADS)}")
    labels = hub.get("id2label") or {}
    if not isinstance(labels, dict) or {*labels} != {str(number) for number in range(len(labels))}:
        raise CheckpointError(f"id2label is {str(labels)[:200]}; it must name the outputs 0, 1, 2, ... without a gap")
    head: type[Head] = getattr(heads, name)
    return head(paper(config, None).below_head(None), [str(labels[str(n)]) for n in range(len(labels))], None)
