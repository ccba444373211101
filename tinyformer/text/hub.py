"""How do we open the one-file form, tokenizer.json, that recent libraries write in place of the older files?

It spells out a whole pipeline.  Two pipelines are ours, BERT's and GPT-2's; anything else is refused by name
rather than read as something it is not.
"""

from pathlib import Path

from tinyformer.errors import InputError

from .base import Tokenizer
from .bpe import ByteLevelBPE
from .files import read_json, tokens_in_order
from .wordpiece import WordPieceTokenizer


def read_tokenizer_json(path: Path) -> Tokenizer:
    """The WordPiece or byte-level BPE tokenizer in a tokenizer.json; an InputError for any other kind."""
    whole = read_json(path)
    model, normalizer, splitter = (whole.get(key) or {} for key in ("model", "normalizer", "pre_tokenizer"))
    kinds = tuple(part.get("type") for part in (model, normalizer, splitter))
    try:
        added = {token["content"]: token["id"] for token in whole.get("added_tokens", [])}
        tokens = tokens_in_order(model.get("vocab", {}) | added, path)
        if kinds == ("WordPiece", "BertNormalizer", "BertPreTokenizer"):
            return WordPieceTokenizer(tokens, lower_case=normalizer["lowercase"],
                                      strip_accents=normalizer["strip_accents"],
                                      split_chinese=normalizer["handle_chinese_chars"])
        if kinds == ("BPE", None, "ByteLevel") and not splitter["add_prefix_space"]:
            merges = [pair.split(" ") if isinstance(pair, str) else pair for pair in model["merges"]]
            return ByteLevelBPE(tokens, merges)
    except InputError as error:
        raise error if str(path) in str(error) else InputError(f"{path}: {error}") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: the description of the tokenizer is incomplete ({error!r}); "
                         "save it again from the library that wrote it") from None
    raise InputError(f"{path}: model, normalizer and pre_tokenizer are {kinds}; only BERT's (WordPiece, "
                     "BertNormalizer, BertPreTokenizer) and GPT-2's (BPE, None, ByteLevel without a space in "
                     "front) can be read")
