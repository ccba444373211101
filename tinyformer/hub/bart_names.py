"""What are the parameters of an encoder and a decoder called elsewhere?  BART's published layout.

Two things make it more than a list of names.  Their position tables begin with two rows that no position uses: in the
program that BART was trained with, positions were counted from the id of the padding token (1) plus one, and row 1
belonged to padding.  Ours begin at position 0, so the two rows are cut off on the way in and written as zeros on the
way out.  And their files repeat the word vectors, under up to four names.
"""

from collections.abc import Iterator

import numpy as np

from tinyformer.errors import CheckpointError
from tinyformer.models.config import Seq2SeqConfig

UNUSED_POSITIONS = 2
PREFIX = "model."
POSITIONS = (f"{PREFIX}encoder.embed_positions.weight", f"{PREFIX}decoder.embed_positions.weight")
NO_BIAS = "final_logits_bias"                 # added to their logits and never trained: it must be zero to open here
WORDS = f"{PREFIX}shared.weight"
REPEATED = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight")

# Lewis et al.'s names, as transformers' BartForConditionalGeneration has them: of one layer, .weight and .bias each.
LAYER = [
    ("attend.project",                  "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    ("attend.out",                      "self_attn.out_proj"),
    ("attend_norm",                     "self_attn_layer_norm"),
    ("feed.widen",                      "fc1"),
    ("feed.narrow",                     "fc2"),
    ("feed_norm",                       "final_layer_norm"),
]
CROSS = [                                     # in the decoder alone
    ("cross.query",                     "encoder_attn.q_proj"),
    ("cross.project",                   "encoder_attn.k_proj", "encoder_attn.v_proj"),
    ("cross.out",                       "encoder_attn.out_proj"),
    ("cross_norm",                      "encoder_attn_layer_norm"),
]


def lines(config: Seq2SeqConfig, encoder_alone: bool = False) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """(our name, their names, False: none is turned) for every parameter, or for those of an encoder below a head."""
    yield "encoder." * encoder_alone + "words.weight", (WORDS,), False
    halves = ("encoder", config.layers, LAYER), ("decoder", config.decoder_layers, LAYER + CROSS)
    for half, layers, table in halves[:1] if encoder_alone else halves:
        yield f"{half}.positions.weight", (f"{PREFIX}{half}.embed_positions.weight",), False
        yield from _weight_and_bias(f"{half}.norm", f"{PREFIX}{half}.layernorm_embedding")
        for n in range(layers):
            for our, *theirs in table:
                yield from _weight_and_bias(f"{half}.layers.{n}.{our}",
                                            *(f"{PREFIX}{half}.layers.{n}.{name}" for name in theirs))


def _weight_and_bias(our: str, *theirs: str) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    yield our + (".gain" if our.endswith("norm") else ".weight"), tuple(f"{name}.weight" for name in theirs), False
    yield our + ".bias", tuple(f"{name}.bias" for name in theirs), False


def as_published(theirs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same arrays with the unused rows in front of the positions, and the bias that BART carries and never uses."""
    for name in set(POSITIONS) & set(theirs):
        table = theirs[name]
        theirs[name] = np.concatenate([np.zeros((UNUSED_POSITIONS, table.shape[1]), table.dtype), table])
    if POSITIONS[1] in theirs:                                 # with a decoder, and so with logits
        words = theirs[WORDS]
        theirs[NO_BIAS] = np.zeros((1, len(words)), words.dtype)
    return theirs


def as_ours(theirs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Published arrays without what stands there twice, the prefix set, and the positions counted from 0."""
    found, copies = {}, {}
    for name, array in theirs.items():
        if name == NO_BIAS and array.any():
            raise CheckpointError(f"{NO_BIAS} has numbers other than 0; this model adds no bias to its logits, and "
                                  "would give other ones")
        if name == NO_BIAS or name.endswith(".version"):
            continue
        if name.removeprefix(PREFIX) in REPEATED:
            copies[name] = array
            continue
        if name.startswith(("shared.", "encoder.", "decoder.")):
            name = PREFIX + name
        found[name] = array[UNUSED_POSITIONS:] if name in POSITIONS and array.ndim == 2 else array
    for name, array in copies.items():                         # of a file that holds copies alone, the first is it
        if not np.array_equal(found.setdefault(WORDS, array), array):
            raise CheckpointError(f"{name} differs from the word vectors that stand before it, and this model has one "
                                  "matrix for all (tie_word_embeddings)")
    return found
