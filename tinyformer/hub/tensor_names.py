"""How do arrays under published names become our parameters, and back?  The names themselves stand in layouts.py."""

from collections.abc import Iterator

import numpy as np

from tinyformer.errors import CheckpointError
from tinyformer.hub import bart_names, llama_form, t5_form
from tinyformer.hub.layouts import (
    BUFFERS,
    CLASSIFIER,
    GPT_CLASSIFIER,
    NEXT_SENTENCE,
    OLD_ENDINGS,
    SPANS,
    TURNED,
    layout_of,
)
from tinyformer.hub.misfits import misfits, odd_numbers
from tinyformer.hub.readers import reader_in
from tinyformer.models.bert import Bert, BertForPretraining
from tinyformer.models.config import Seq2SeqConfig
from tinyformer.models.gpt import GPT
from tinyformer.models.heads import Head, SpanFinder
from tinyformer.models.parts.encoders import encoder_of
from tinyformer.models.seq2seq import Seq2Seq
from tinyformer.models.t5 import T5Config
from tinyformer.nn.lora import additions, merged
from tinyformer.nn.module import Module


def has_published_names(model: Module) -> bool:
    """Whether a published layout has a place for everything in this model; in a model of one's own nothing has one."""
    if not isinstance(model, Bert | BertForPretraining | GPT | Head | Seq2Seq) or reader_in(model) is not None:
        return False
    named = model.named_parameters().keys() | model.named_buffers().keys()
    return named - additions(model).keys() <= {our for our, _, _ in lines(model)}


def to_published(model: Module) -> dict[str, np.ndarray]:
    """The parameters of a model under their published names and in the published shapes, each contiguous.

    A model of one's own keeps its names.  A part that the layout has and the model has not is written as what changes
    nothing: a bias as zeros, ALBERT's widening of the embedding as the identity.  Low-rank additions are added to the
    weights beside which they stand.
    """
    ours, theirs = merged(model), {}
    if not has_published_names(model):
        return ours
    for our, names, turned in lines(model):
        array = ours[our] if our in ours else _neutral(our, model)
        array = array.T if turned else array
        for name, part in zip(names, np.split(array, len(names)), strict=True):
            theirs[name] = np.ascontiguousarray(part)
    return bart_names.as_published(theirs) if layout_of(model.config).model_type == "bart" else theirs


def from_published(theirs: dict[str, np.ndarray], model: Module) -> dict[str, np.ndarray]:
    """Arrays under published names -> arrays for `model.load`; CheckpointError lists all that does not fit.

    Copies of tied weights, old buffers and a pooler that nobody reads are passed over, and the names of older files
    are understood.
    """
    if not has_published_names(model):
        wrong = odd_numbers({name: theirs[name] for name in model.named_parameters() if name in theirs})
        if wrong:
            raise CheckpointError(f"{len(wrong)} tensors are no weights\n  " + "\n  ".join(wrong))
        return theirs
    theirs, wrong = _as_today(theirs, model)
    mine, table = model.named_parameters(), list(lines(model))
    wanted, silent = {}, {}                                    # shapes that must be there, numbers that may be there
    for our, names, turned in table:
        if our in mine:
            first, *rest = mine[our].shape
            shape = (first // len(names), *rest)
            wanted |= dict.fromkeys(names, shape[::-1] if turned else shape)
        else:                                                  # a bias that this model does without
            silent |= zip(names, np.split(_neutral(our, model), len(names)), strict=True)
    wrong += misfits(wanted, {name: array.shape for name, array in theirs.items() if name not in silent})
    wrong += odd_numbers({name: theirs[name] for name in wanted if name in theirs})
    wrong += [f"{name}: config.json says that the model does without, but it is not neutral"
              for name, neutral in silent.items() if not np.array_equal(theirs.get(name, neutral), neutral)]
    if wrong:
        raise CheckpointError(f"{len(wrong)} tensors do not fit {type(model).__name__}\n  " + "\n  ".join(wrong))
    return {our: _joined(theirs, names, turned) for our, names, turned in table if our in mine}


def lines(model: Module) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """(our name, their names, turned?) for every line of the tables, every layer, with the prefixes of this model."""
    c, layout = model.config, layout_of(model.config)
    if isinstance(c, T5Config):
        yield from t5_form.lines(c)
        return
    if isinstance(c, Seq2SeqConfig):
        yield from bart_names.lines(c, encoder_alone=isinstance(model, Head))
        yield from ((our, (their,), False) for our, their in _head_table(model))
        return
    in_front = "bert." if isinstance(model, BertForPretraining) else "encoder." if isinstance(model, Head) else ""
    layers = 1 if getattr(c, "shared", False) else c.layers
    for our_prefix, their_prefix, table in ((in_front, _prefix(model), layout.encoder), ("", "", _head_table(model))):
        for our, *theirs in table:
            turned = theirs[-1] == TURNED
            names = theirs[:-1] if turned else theirs
            if our.startswith("pooler.") and (_pooler_above(model) or not _pooled(model)):
                continue
            for n in range(layers if "{n}" in our else 1):
                yield (our_prefix + our.format(n=n), tuple(their_prefix + name.format(n=n) for name in names), turned)


def _prefix(model: Module) -> str:
    """What stands in front of the encoder's names in a file of this model."""
    return "" if isinstance(model, Bert) else layout_of(model.config).prefix


def _head_table(model: Module) -> list[tuple[str, str]]:
    """The lines of what stands on top of the encoder."""
    if _pooler_above(model) and _pooled(model):
        pool, name = layout_of(model.config).whole_text
        return [(f"{ours}.{part}", f"{theirs}.{part}") for ours, theirs in (("encoder.pooler", pool), ("linear", name))
                for part in ("weight", "bias")]
    if isinstance(model, Head):
        on_gpt = isinstance(model.encoder, GPT)
        name = GPT_CLASSIFIER if on_gpt else SPANS if isinstance(model, SpanFinder) else CLASSIFIER
        return [("linear.weight", f"{name}.weight")] + ([] if on_gpt else [("linear.bias", f"{name}.bias")])
    if getattr(model, "head", None) is not None:               # a Llama with word vectors of its own going out
        return [llama_form.WORD_HEAD]
    if isinstance(model, BertForPretraining):
        return [line for line in layout_of(model.config).heads if model.pair or not line[0].startswith("pair.")]
    return []


def _pooler_above(model: Module) -> bool:
    """Whether the published pooler of such a model is the head's and not the encoder's."""
    return isinstance(model, Head) and bool(layout_of(model.config).whole_text)


def _pooled(model: Module) -> bool:
    return getattr(encoder_of(model), "pooler", None) is not None


def _joined(theirs: dict, names: tuple, turned: bool) -> np.ndarray:
    array = np.concatenate([theirs[name] for name in names]) if len(names) > 1 else theirs[names[0]]
    return array.T if turned else array


def _neutral(our: str, model: Module) -> np.ndarray:
    """What changes nothing in the place of a parameter that the model does without."""
    owner, _, what = our.rpartition(".")
    named = model.named_parameters()
    dtype = next(iter(named.values())).dtype
    if owner.endswith("widen") and "feed" not in owner:        # ALBERT's widening, where the words are wide already
        return (np.eye if what == "weight" else np.zeros)(model.config.width, dtype=dtype)
    partner = named[f"{owner}.gain" if f"{owner}.gain" in named else f"{owner}.weight"]
    return np.zeros(partner.shape[0], dtype)


def _as_today(theirs: dict[str, np.ndarray], model: Module) -> tuple[dict[str, np.ndarray], list[str]]:
    """The arrays under the names that a file of this model has today, and what is wrong with those left out."""
    if isinstance(model.config, T5Config):
        return t5_form.as_ours(theirs, model.config), []
    if isinstance(model.config, Seq2SeqConfig):
        return bart_names.as_ours(theirs), []
    layout, in_front = layout_of(model.config), _prefix(model)
    parts = {names[0].partition(".")[0] for _, *names in layout.encoder}       # embeddings, encoder, pooler; wte, h ...
    today, wrong = {}, []
    for name, array in theirs.items():
        for old, new in OLD_ENDINGS.items():
            name = name.removesuffix(old) + new if name.endswith(old) else name
        bare = name.removeprefix(layout.prefix)
        if name.endswith(BUFFERS) or bare.startswith("pooler.") and (_pooler_above(model) or not _pooled(model)):
            continue
        if isinstance(model, Head):                            # next sentence, as any relation of a pair
            name = name.replace(NEXT_SENTENCE, CLASSIFIER)
        today[in_front + bare if bare.partition(".")[0] in parts else name] = array
    apart = {name for _, name in _head_table(model)}           # what is no copy here
    for copy, original in layout.copies.items():
        if copy in today and copy not in apart:
            array = today.pop(copy)
            original = in_front + original if original.partition(".")[0] in parts else original
            if not np.array_equal(today.setdefault(original, array), array):
                wrong.append(f"{copy} differs from {original}; this model has one tensor for both")
    return today, wrong
